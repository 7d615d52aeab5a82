//! The running app: the engine with all its links, and the loopback server for its pages.
//!
//! Flow: lock the home, listen on 127.0.0.1, write `app.json`, print and open the address, serve
//! until a signal or `mnm stop`; then end the event streams, give open requests a moment, and close
//! the engine.

pub(crate) mod answer;
pub(crate) mod api;
pub(crate) mod app;
pub(crate) mod assets;
pub(crate) mod auth;
pub(crate) mod browser;
pub(crate) mod events;
pub(crate) mod files;
pub(crate) mod headers;
pub(crate) mod notice_pages;
pub(crate) mod notices;
#[cfg(test)]
mod page_types;
pub(crate) mod pages;
pub(crate) mod peer;
pub(crate) mod port;
pub(crate) mod worker;

use std::{
    io,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware,
    routing::{get, post},
};
use mnm_engine::{Engine, view::Notice};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::{
    exit::Failure,
    home::{Announcement, AppFile, Home},
    notice,
    opener::open_browser,
    tray,
};
use app::App;
use auth::Auth;
use notice_pages::Pages;
use peer::OwnListener;

/// How long open requests may take after a stop.
const FAREWELL: Duration = Duration::from_secs(1);

/// A server that listens and can be found, but does not serve yet.
pub(crate) struct Server {
    /// A note for people about its port.
    pub(crate) notice: Option<String>,
    listener: OwnListener,
    app: Arc<App>,
    announcement: Announcement,
}

impl Server {
    /// Listens on 127.0.0.1; port 0 means the home's own. From here on signals stop the server in
    /// order instead of killing the process.
    pub(crate) async fn bind(engine: Engine, home: &Home, port: u16) -> Result<Self, Failure> {
        let (listener, notice) = port::listen(&engine, port).await?;
        let port = listener
            .local_addr()
            .map_err(|error| Failure::io("Can't tell which port was taken", &error))?
            .port();
        let auth = Auth::new().map_err(no_random)?;
        let announcement = home.announce(&AppFile {
            port,
            token: auth.bearer_text(),
            pid: std::process::id(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            home: home.whole_path(),
        })?;
        let app = App {
            engine,
            auth,
            port,
            hosts: [format!("127.0.0.1:{port}"), format!("localhost:{port}")],
            stop: CancellationToken::new(),
            pages: Pages::default(),
        };
        stop_on_signals(&app.stop)
            .map_err(|error| Failure::io("Can't listen to signals", &error))?;
        let listener = OwnListener::new(listener)
            .map_err(|error| Failure::io("Can't tell which port was taken", &error))?;
        Ok(Self { notice, listener, app: Arc::new(app), announcement })
    }

    /// What stops it: a signal, or `mnm stop`.
    pub(crate) fn stop(&self) -> CancellationToken {
        self.app.stop.clone()
    }

    /// An address that opens the pages, once.
    pub(crate) fn opening_url(&self) -> Result<String, Failure> {
        self.app.opening_url(Instant::now()).map_err(no_random)
    }

    /// Serves until the process is told to stop, then closes the engine.
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let opening = Arc::clone(&self.app);
        let desktop = notice::start(move |place| open_pages(&opening, place));
        show_notices(&self.app, Some(desktop)).await?;
        show_tray_icon(&self.app);
        self.serve().await
    }

    /// As [`Self::run`], for a command in a terminal: nothing is shown on the desktop.
    pub(crate) async fn run_beside(self) -> Result<(), Failure> {
        show_notices(&self.app, None).await?;
        self.serve().await
    }

    async fn serve(self) -> Result<(), Failure> {
        let stop = self.app.stop.clone();
        let serving = axum::serve(self.listener, router(&self.app))
            .with_graceful_shutdown(stop.clone().cancelled_owned());
        let out_of_patience = async {
            stop.cancelled().await;
            tokio::time::sleep(FAREWELL).await;
        };
        let served = tokio::select! {
            served = serving => served,
            () = out_of_patience => Ok(()),
        };
        // New commands no longer find this process; then open requests are finished.
        drop(self.announcement);
        self.app.engine.close().await;
        served.map_err(|error| Failure::io("The server of the pages failed", &error))
    }
}

/// Shows what comes by an open page, or else by the desktop if there is one, until the engine closes.
async fn show_notices(
    app: &Arc<App>,
    desktop: Option<mpsc::Sender<Notice>>,
) -> Result<(), Failure> {
    let mut notices = app.engine.notices().await?;
    let app = Arc::clone(app);
    tokio::spawn(async move {
        while let Some(notice) = notices.recv().await {
            if let Some(notice) = app.pages.give(notice)
                && let Some(desktop) = &desktop
            {
                // A desktop that does not take them has enough to show.
                let _ = desktop.try_send(notice);
            }
        }
    });
    Ok(())
}

/// Shows what is unread in the desktop's tray, until the server stops.
fn show_tray_icon(app: &Arc<App>) {
    let asked = Arc::clone(app);
    tray::start(&app.engine, &app.stop, move |request| match request {
        tray::Request::Open => open_pages(&asked, ""),
        tray::Request::Quit => asked.stop.cancel(),
    });
}

/// Opens the pages at a place in the system's browser.
fn open_pages(app: &App, place: &str) {
    match app.opening_url(Instant::now()) {
        Ok(url) if open_browser(&format!("{url}{place}")) => {}
        Ok(_) => tracing::warn!("no browser could be started"),
        Err(error) => tracing::error!(%error, "no address for the pages"),
    }
}

fn router(app: &Arc<App>) -> Router {
    Router::new()
        .route("/api/command", post(api::command).layer(DefaultBodyLimit::max(api::COMMAND_MAX)))
        .route("/api/events", get(events::watch))
        .route("/api/notices", get(notices::watch))
        .route("/api/browser/hello", post(browser::hello).layer(small()))
        .route("/api/browser/enter", post(browser::enter).layer(small()))
        .route("/api/browser/register", post(browser::register).layer(small()))
        .route("/api/drafts/{id}/attachments", post(files::upload))
        .route("/api/attachments/{id}", get(files::download))
        .route("/api/url", post(api::url))
        .route("/api/stop", post(api::stop))
        .fallback(assets::serve)
        .layer(middleware::from_fn_with_state(Arc::clone(app), headers::gate))
        .with_state(Arc::clone(app))
}

/// For requests that authenticate a browser.
fn small() -> DefaultBodyLimit {
    DefaultBodyLimit::max(4096)
}

/// Ctrl-C, and on Unix SIGTERM too, cancel `stop`; a second one changes nothing.
pub(crate) fn stop_on_signals(stop: &CancellationToken) -> io::Result<()> {
    let stop = stop.clone();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::spawn(async move {
            tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
            stop.cancel();
        });
    }
    #[cfg(not(unix))]
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            stop.cancel();
        }
    });
    Ok(())
}

fn no_random(error: getrandom::Error) -> Failure {
    Failure::io("The system gives no random numbers", &io::Error::from(error))
}
