//! Session of a command with the engine: in the running app through its loopback server, or in this
//! process if no app runs. Commands are written once, against [`Session`].
//!
//! The home's lock decides. `app.json` is only a hint where its holder may be: the app must prove
//! itself first (a stale file's port may belong to another program by now), and without it the
//! engine is opened here. A lock whose holder does not answer usually means an app that is starting
//! or another command that is ending, so it is retried for a while.
//!
//! A command that goes on serves the home itself meanwhile ([`host`]): other commands reach its engine.

/// Runs a command that has one kind of reply.
macro_rules! ask {
    ($session:expr, $command:expr, $kind:ident) => {{
        let reply = $session.command($command).await?;
        let mnm_engine::command::Reply::$kind(value) = reply else {
            return Err($crate::session::unexpected(&reply));
        };
        value
    }};
}
pub(crate) use ask;

mod host;
mod remote;

use std::{
    pin::Pin,
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use mnm_engine::{
    Engine, OpenError, Options,
    command::{Command, Reply},
    event::Event,
    view::{Attachment, AttachmentId, Draft, DraftId, Link},
};
use tokio::{
    fs::File,
    io::AsyncRead,
    sync::broadcast::{self, error::RecvError},
};
use tokio_util::sync::CancellationToken;

use crate::{exit::Failure, home::Home, serve::stop_on_signals};
use host::Host;
use remote::RemoteEvents;
pub(crate) use remote::{Remote, unexpected};

/// How long a holder of the lock may not answer.
const LOCK_PATIENCE: Duration = Duration::from_secs(5);
/// How long a command on its own waits for its links, and then for events to pause.
pub(crate) const LINK_PATIENCE: Duration = Duration::from_secs(5);
const NEWS_PAUSE: Duration = Duration::from_millis(400);

/// What a command needs of the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// Only the store.
    Disk,
    /// Links to the services.
    Links,
    /// Links, and the messages that wait at the services.
    News,
    /// Links, and a server that other commands reach, until the command is told to end.
    Lasting,
    /// A store may be made if there is none.
    Beginning,
}

/// The engine, wherever it runs.
pub(crate) enum Session {
    /// In the running app.
    Remote(Remote),
    /// In this process.
    Local(Local),
}

/// The engine in this process.
pub(crate) struct Local {
    engine: Engine,
    /// Serves other commands meanwhile.
    host: Option<Host>,
    /// More messages were arriving when the wait ended.
    cut_short: AtomicBool,
}

impl Local {
    async fn open(engine: Engine, home: &Home, need: Need) -> Result<Self, Failure> {
        let host = match need {
            Need::Lasting => match Host::start(engine.clone(), home).await {
                Ok(host) => Some(host),
                Err(failure) => {
                    engine.close().await;
                    return Err(failure);
                }
            },
            Need::Disk | Need::Links | Need::News | Need::Beginning => None,
        };
        Ok(Self { engine, host, cut_short: AtomicBool::new(false) })
    }
}

impl Session {
    /// Connects to the running app, or opens the engine here.
    pub(crate) async fn open(home: &Home, need: Need) -> Result<Self, Failure> {
        if need != Need::Beginning && !home.has_store() {
            return Err(home.no_store());
        }
        let until = Instant::now() + LOCK_PATIENCE;
        loop {
            if let Some(remote) = Remote::find(home).await {
                remote.check_version()?;
                return Ok(Self::Remote(remote));
            }
            let session = match open_engine(home, need != Need::Disk).await? {
                Some(engine) => Self::Local(Local::open(engine, home, need).await?),
                None if Instant::now() >= until => return Err(home.in_use()),
                None => {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            };
            if need == Need::News
                && let Err(failure) = session.settle().await
            {
                session.close().await;
                return Err(failure);
            }
            return Ok(session);
        }
    }

    /// Runs a command.
    pub(crate) async fn command(&self, command: Command) -> Result<Reply, Failure> {
        match self {
            Self::Remote(remote) => remote.command(&command).await,
            Self::Local(local) => Ok(local.engine.command(command).await?),
        }
    }

    /// Runs a command whose reply is `Done`.
    pub(crate) async fn done(&self, command: Command) -> Result<(), Failure> {
        let reply = self.command(command).await?;
        if reply == Reply::Done { Ok(()) } else { Err(unexpected(&reply)) }
    }

    /// All events from now on.
    pub(crate) async fn events(&self) -> Result<Events, Failure> {
        Ok(match self {
            Self::Remote(remote) => Events::Remote(remote.events().await?),
            Self::Local(local) => Events::Local(local.engine.events()),
        })
    }

    /// Streams a file into a draft; `size` is its length, if known.
    pub(crate) async fn attach(
        &self,
        draft: DraftId,
        name: &str,
        size: Option<u64>,
        file: File,
    ) -> Result<Draft, Failure> {
        match self {
            Self::Remote(remote) => remote.attach(draft, name, size, file).await,
            Self::Local(local) => Ok(local.engine.attach(draft, name, size, file).await?),
        }
    }

    /// The bytes of an attachment, as a stream.
    pub(crate) async fn attachment(
        &self,
        attachment: &Attachment,
    ) -> Result<Pin<Box<dyn AsyncRead + Send>>, Failure> {
        let id: AttachmentId = attachment.id;
        match self {
            Self::Remote(remote) => remote.attachment(id).await,
            Self::Local(local) => Ok(Box::pin(local.engine.attachment(id).await?.1)),
        }
    }

    /// Ends the engine if it runs here.
    pub(crate) async fn close(self) {
        let Self::Local(local) = self else { return };
        match local.host {
            Some(host) => host.end().await,
            None => local.engine.close().await,
        }
    }

    /// A note for people about the server of a command that goes on.
    pub(crate) fn notice(&self) -> Option<&str> {
        match self {
            Self::Local(Local { host: Some(host), .. }) => host.notice.as_deref(),
            Self::Local(_) | Self::Remote(_) => None,
        }
    }

    /// What ends a command that goes on: a signal, or `mnm stop` where this process serves the home. From
    /// here on signals do not kill the process.
    pub(crate) fn stop(&self) -> Result<CancellationToken, Failure> {
        if let Self::Local(Local { host: Some(host), .. }) = self {
            return Ok(host.stop());
        }
        let stop = CancellationToken::new();
        stop_on_signals(&stop).map_err(|error| Failure::io("Can't listen to signals", &error))?;
        Ok(stop)
    }

    /// Gives an engine that was just opened here time to connect and to receive waiting messages; a
    /// running app has had it. A service does not say when it has sent everything, so a pause of
    /// events counts as the end, but not while a message is being received. Later messages are seen
    /// by the next command.
    pub(crate) async fn settle(&self) -> Result<(), Failure> {
        let Self::Local(local) = self else { return Ok(()) };
        let until = tokio::time::Instant::now() + LINK_PATIENCE;
        let mut events = self.events().await?;
        while self.is_connecting().await? {
            let Ok(Some(_)) = tokio::time::timeout_at(until, events.next()).await else {
                return Ok(());
            };
        }
        if self.is_online().await? {
            loop {
                let now = tokio::time::Instant::now();
                if now >= until {
                    local.cut_short.store(true, Ordering::Relaxed);
                    break;
                }
                let pause = (now + NEWS_PAUSE).min(until);
                match tokio::time::timeout_at(pause, events.next()).await {
                    Ok(Some(_)) => {}
                    Ok(None) => break,
                    Err(_) if pause == until || local.engine.is_receiving() => {}
                    Err(_) => break,
                }
            }
        }
        Ok(())
    }

    /// Whether more messages were arriving when the wait ended.
    pub(crate) fn is_cut_short(&self) -> bool {
        match self {
            Self::Remote(_) => false,
            Self::Local(local) => local.cut_short.load(Ordering::Relaxed),
        }
    }

    async fn is_connecting(&self) -> Result<bool, Failure> {
        self.any_link(|link| matches!(link, Link::Connecting)).await
    }

    async fn is_online(&self) -> Result<bool, Failure> {
        self.any_link(|link| matches!(link, Link::Online { .. })).await
    }

    async fn any_link(&self, wanted: impl Fn(&Link) -> bool) -> Result<bool, Failure> {
        let state = ask!(self, Command::State, State);
        Ok(state.accounts.iter().any(|account| wanted(&account.link)))
    }
}

/// The engine in this process; none while another process holds the home.
pub(crate) async fn open_engine(home: &Home, connect: bool) -> Result<Option<Engine>, Failure> {
    let options = Options { home: home.path().to_owned(), connect };
    match mnm_native::open(options).await {
        Ok(engine) => Ok(Some(engine)),
        Err(OpenError::InUse { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// A stream of the engine's events.
pub(crate) enum Events {
    /// From the running app.
    Remote(RemoteEvents),
    /// From this process.
    Local(broadcast::Receiver<Event>),
}

impl Events {
    /// The next event; none when the engine has ended.
    pub(crate) async fn next(&mut self) -> Option<Event> {
        match self {
            Self::Remote(events) => events.next().await,
            Self::Local(events) => match events.recv().await {
                Ok(event) => Some(event),
                Err(RecvError::Lagged(_)) => Some(Event::Lagged),
                Err(RecvError::Closed) => None,
            },
        }
    }
}
