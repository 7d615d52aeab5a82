//! The engine: one vault, one link per account, commands in, events out.
//!
//! Every command commits in the vault before it is answered. What it queued is sent by the
//! account's task ([`crate::account`]), which it wakes. Commands that need the service's answer
//! wait for it, with a timeout.

mod awake;
mod browser;
mod dispatch;
mod files;
mod forward;
mod join;
mod letter;
mod notify;
mod people;
mod put_away;
mod rest;
mod search;
mod service;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tmtp::event::Outcome;
use tmtp::request::Request;
use tokio::sync::{Mutex as AsyncMutex, broadcast, oneshot};

use crate::account::{self, Handle, reason};
use crate::error::{Error, ErrorCode, OpenError};
use crate::event::Event;
use crate::inbox::waiters::Waiters;
use crate::link::writer::Ask;
use crate::platform::Platform;
use crate::reason::in_words;
use crate::store::Store;
use crate::task::JoinHandle;
use crate::time::{self, timeout};
use crate::view::{AccountId, Link};
pub use files::AttachmentReader;

/// How long a command waits for a service, including connecting.
const ANSWER_TIME: Duration = Duration::from_secs(20);
/// How long links may take to log out.
const CLOSE_TIME: Duration = Duration::from_secs(2);

/// How to open an engine.
#[derive(Debug, Clone)]
pub struct Options {
    /// The home directory; made if missing.
    pub home: PathBuf,
    /// Whether to connect the accounts. Without links everything that only needs the store works,
    /// and so do [`crate::command::Command::Join`] and
    /// [`crate::command::Command::JoinDevice`].
    pub connect: bool,
}

/// A handle to the engine; all clones share one vault and its links.
///
/// [`Engine::close`] stops it in order. If the last clone is dropped without that, links are cut
/// and the home is released a moment later; nothing committed is lost.
#[derive(Clone)]
pub struct Engine {
    shared: Arc<Shared>,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").finish_non_exhaustive()
    }
}

struct Shared {
    store: Store,
    waiters: Arc<Waiters>,
    connect: bool,
    /// Held while an account is added, moved or removed.
    changing: AsyncMutex<()>,
    links: Mutex<BTreeMap<AccountId, (Handle, JoinHandle<()>)>>,
}

impl Drop for Shared {
    fn drop(&mut self) {
        let links = self.links.get_mut().unwrap_or_else(PoisonError::into_inner);
        links.values().for_each(|(_, task)| task.abort());
    }
}

impl Engine {
    /// Opens the home on a platform, and connects its accounts if `options` say so. Must be called in a
    /// tokio runtime, with what the platform needs of it.
    ///
    /// # Errors
    /// [`OpenError::InUse`] when another process, or another engine of this one, has the home.
    pub async fn open(options: Options, platform: Arc<dyn Platform>) -> Result<Self, OpenError> {
        let store = Store::open(options.home, platform).await?;
        let engine = Self {
            shared: Arc::new(Shared {
                store,
                waiters: Arc::default(),
                connect: options.connect,
                changing: AsyncMutex::default(),
                links: Mutex::default(),
            }),
        };
        match engine.store().read(|vault| vault.accounts()).await {
            Ok(accounts) => {
                for account in accounts {
                    engine.start_link(account.id).await;
                }
            }
            // Every command will return this error.
            Err(error) => tracing::error!(%error, "the accounts cannot be read"),
        }
        engine.finish_removals();
        if engine.shared.connect {
            engine.watch_network();
            engine.watch_trash();
            engine.watch_rest();
        }
        Ok(engine)
    }

    /// All events from now on. A receiver that falls behind gets
    /// [`broadcast::error::RecvError::Lagged`] and should reload everything.
    pub fn events(&self) -> broadcast::Receiver<Event> {
        self.store().events()
    }

    /// Whether a message is being received, which no event reports.
    pub fn is_receiving(&self) -> bool {
        self.store().arriving().any()
    }

    /// Logs out everywhere, within a few seconds, and closes the store; the home is free when this
    /// returns. Later commands fail.
    pub async fn close(&self) {
        let links: Vec<_> = std::mem::take(&mut *self.links()).into_values().collect();
        links.iter().for_each(|(handle, _)| handle.stop());
        let deadline = time::now() + CLOSE_TIME;
        for (_, mut task) in links {
            if time::timeout_at(deadline, &mut task).await.is_err() {
                task.abort();
            }
        }
        self.store().close().await;
    }

    fn store(&self) -> &Store {
        &self.shared.store
    }

    fn links(&self) -> MutexGuard<'_, BTreeMap<AccountId, (Handle, JoinHandle<()>)>> {
        self.shared.links.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn handle(&self, account: AccountId) -> Option<Handle> {
        self.links().get(&account).map(|(handle, _)| handle.clone())
    }

    /// Connects an account, or shows it as not connected.
    async fn start_link(&self, account: AccountId) {
        if self.shared.connect {
            let waiters = Arc::clone(&self.shared.waiters);
            let link = account::start(self.store().clone(), account, waiters);
            self.links().insert(account, link);
            return;
        }
        let offline = Link::Offline { error: WITHOUT_LINKS.into(), retry_at_ms: i64::MAX };
        let shown = self.store().note(move |vault| Ok(vec![vault.set_link(account, offline)?]));
        if let Err(error) = shown.await {
            tracing::warn!(account, %error, "the state of a link was not noted");
        }
    }

    /// Ends an account's link and waits for its task.
    async fn stop_link(&self, account: AccountId) {
        let link = self.links().remove(&account);
        let Some((handle, mut task)) = link else { return };
        handle.stop();
        if timeout(CLOSE_TIME, &mut task).await.is_err() {
            task.abort();
            // The task may end as aborted.
            let _ = task.await;
        }
    }

    /// Has an account's link check the outbox and the presence settings.
    fn wake(&self, account: AccountId) {
        if let Some(handle) = self.handle(account) {
            handle.wake();
        }
    }

    /// Connects an account again, with its backoff reset.
    async fn reconnect(&self, account: AccountId) -> Result<(), Error> {
        self.store().read(move |vault| vault.account(account)).await?;
        if let Some(handle) = self.handle(account) {
            handle.reconnect();
        }
        Ok(())
    }

    /// Has all accounts without a connection try now.
    fn nudge(&self) {
        self.links().values().for_each(|(handle, _)| handle.wake());
    }

    /// Sends a request without data and waits for its answer; a refusal is an error.
    async fn ask(&self, account: AccountId, request: Request) -> Result<(), Error> {
        let Some(handle) = self.handle(account) else {
            // Distinguishes a missing account from an engine without links.
            self.store().read(move |vault| vault.account(account)).await?;
            return Err(Error::new(ErrorCode::Offline, WITHOUT_LINKS));
        };
        let (give, take) = oneshot::channel();
        let sent = Arc::<AtomicBool>::default();
        let ask = Ask { request, give, sent: Arc::clone(&sent) };
        let asking = async {
            handle.ask(ask).await;
            take.await
        };
        match timeout(ANSWER_TIME, asking).await {
            Ok(Ok(Outcome::Refused { error, .. })) => Err(Error::new(
                ErrorCode::Refused,
                format!(
                    "The service refused: {}. Nothing was changed; correct it and try again.",
                    in_words(&error)
                ),
            )),
            Ok(Ok(Outcome::Done | Outcome::Posted { .. })) => Ok(()),
            Ok(Err(_)) | Err(_) if sent.load(Ordering::SeqCst) => Err(Error::new(
                ErrorCode::Timeout,
                "The service did not answer in time, so it may or may not have done it. Look again in a moment, and try again if it has not.",
            )),
            Ok(Err(_)) | Err(_) => Err(self.unasked(account).await),
        }
    }

    /// Why a request was not sent.
    async fn unasked(&self, account: AccountId) -> Error {
        let link = self.store().read(move |vault| vault.account(account)).await;
        match link.map(|account| account.link) {
            Ok(Link::Offline { error, .. }) => Error::new(
                ErrorCode::Offline,
                format!("{} Nothing was done; try again when the service is back.", reason(&error)),
            ),
            Ok(Link::Refused { error, .. }) => Error::new(ErrorCode::Refused, error),
            Ok(Link::Online { .. } | Link::Connecting) => Error::new(
                ErrorCode::Timeout,
                "The service could not be asked in time. Nothing was done; try again in a moment.",
            ),
            Err(error) => error,
        }
    }
}

const WITHOUT_LINKS: &str =
    "This command works without connecting. Start the app to connect to the service.";
