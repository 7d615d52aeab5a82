//! The app itself: start, find, stop.

use std::time::{Duration, Instant};

use clap::Args;
use mnm_engine::Engine;
use serde_json::json;

use super::Context;
use crate::{
    exit::{Exit, Failure},
    opener::{open_browser, open_window},
    print::{Answer, json as document, print, warn},
    serve::Server,
    session::{Remote, open_engine},
};

/// How long another process may hold the home.
const START_PATIENCE: Duration = Duration::from_secs(10);
/// How long an app may take to stop.
const STOP_PATIENCE: Duration = Duration::from_secs(20);
/// Longest `tmtp:` link, bytes.
const LINK_MAX: usize = 2048;
const PAUSE: Duration = Duration::from_millis(100);

/// Options of the app itself.
#[derive(Debug, Clone, Args)]
pub(crate) struct Serve {
    /// Do not open a browser
    #[arg(long)]
    no_open: bool,
    /// Open the pages in a window of their own, where there is Chromium or one of its kin
    #[arg(long, conflicts_with_all = ["no_open", "background"])]
    window: bool,
    /// Run as a service: open no browser, and print nothing
    #[arg(long, conflicts_with_all = ["no_open", "link"])]
    background: bool,
    /// Open the pages where a tmtp: link leads. Without one, as desktops call it: just open them
    #[arg(long, value_name = "LINK", num_args = 0..=1, default_missing_value = "")]
    link: Option<String>,
    /// Port on 127.0.0.1 [default: this home's own, chosen once]
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    port: u16,
}

impl Serve {
    /// Whether any of them was given.
    pub(super) fn is_set(&self) -> bool {
        self.no_open || self.window || self.background || self.link.is_some() || self.port != 0
    }

    /// The place in the pages to open.
    fn place(&self) -> Result<String, Failure> {
        match self.link.as_deref() {
            None | Some("") => Ok(String::new()),
            Some(link) => place_of(link),
        }
    }
}

/// The place in the pages where a link leads: joining the service that it names.
fn place_of(link: &str) -> Result<String, Failure> {
    let is_ours = link.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("tmtp:"));
    if !is_ours || link.len() > LINK_MAX {
        let why = "This is no tmtp: link. One looks like tmtp://=club.example:5050#74fc…, and leads to \
                   a service. Ask for it again where you have it from.";
        return Err(Failure::usage(why));
    }
    let mut place = String::from("#/join/");
    for byte in link.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                place.push(char::from(byte));
            }
            byte => place.push_str(&format!("%{byte:02X}")),
        }
    }
    Ok(place)
}

/// `mnm` without a command: runs the app, or opens the pages of the running one.
pub(super) async fn run(context: &Context, options: Serve) -> Result<Exit, Failure> {
    let place = options.place()?;
    let until = Instant::now() + START_PATIENCE;
    loop {
        if let Some(remote) = Remote::find(&context.home).await {
            remote.check_version()?;
            if !options.background {
                open(context, &options, &(remote.opening_url().await? + &place))?;
            }
            return Ok(Exit::Ok);
        }
        if let Some(engine) = open_engine(&context.home, true).await? {
            let served = serve(context, &options, &place, engine.clone()).await;
            engine.close().await;
            return served.map(|()| Exit::Ok);
        }
        if Instant::now() >= until {
            return Err(context.home.in_use());
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Serves the pages until the process is told to stop.
async fn serve(
    context: &Context,
    options: &Serve,
    place: &str,
    engine: Engine,
) -> Result<(), Failure> {
    let server = Server::bind(engine, &context.home, options.port).await?;
    if let Some(notice) = &server.notice {
        warn(notice);
    }
    if options.background {
        return server.run().await;
    }
    open(context, options, &(server.opening_url()? + place))?;
    if !context.json {
        print(
            "Leave this running: it keeps you connected. Ctrl-C, or `mnm stop` elsewhere, ends it.",
        )?;
    }
    server.run().await
}

/// `mnm url`.
pub(super) async fn url(context: &Context) -> Result<Answer, Failure> {
    let app = running(context).await?;
    app.check_version()?;
    let url = app.opening_url().await?;
    Ok(Answer::new(&json!({ "url": url }), url.clone()))
}

/// `mnm stop`: returns when the app has ended.
pub(super) async fn stop(context: &Context) -> Result<Answer, Failure> {
    running(context).await?.stop().await?;
    let until = Instant::now() + STOP_PATIENCE;
    // The lock shows that it has finished, not only stopped answering.
    loop {
        if let Some(engine) = open_engine(&context.home, false).await? {
            engine.close().await;
            return Ok(Answer::new(&json!({ "stopped": true }), "The app has ended."));
        }
        if Instant::now() >= until {
            let why = "The app was asked to end but still holds its home directory.";
            return Err(Failure::new(Exit::Failed, "timeout", why));
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn running(context: &Context) -> Result<Remote, Failure> {
    let why = format!("No app is running on {}. Start it: mnm", context.home.path().display());
    Remote::find(&context.home).await.ok_or_else(|| Failure::new(Exit::NotFound, "not_found", why))
}

fn open(context: &Context, options: &Serve, url: &str) -> Result<(), Failure> {
    if context.json {
        print(&document(&json!({ "url": url })))?;
    } else {
        print(&format!("open: {url}"))?;
    }
    if options.window && open_window(url) {
        return Ok(());
    }
    if options.window {
        warn("No browser was found that has windows without tabs, such as Chromium.");
    }
    if !options.no_open && !open_browser(url) {
        tracing::warn!("no browser could be started");
    }
    Ok(())
}
