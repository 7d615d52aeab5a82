//! The vault on a thread of its own.
//!
//! The vault blocks on the disk, so it must not run on the runtime's threads. Whoever needs it
//! sends a closure over a bounded channel and awaits its result; closures run one at a time, in
//! order. One that was sent runs to its end even if nobody awaits it any more.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tokio::sync::{broadcast, mpsc, oneshot, watch};

use crate::error::{Error, ErrorCode, OpenError, VaultError};
use crate::event::Event;
use crate::vault::{Change, Vault};

/// Closures that may wait; more make their senders wait.
const QUEUE: usize = 64;
/// Events a watcher may lag behind before it is told to ask for everything again.
const EVENTS: usize = 4096;

/// How long the end of the process waits for a vault that is still open.
const FINISH_TIME: Duration = Duration::from_secs(5);

/// Threads of vaults, so that [`finish`] can wait for them.
static THREADS: Mutex<Vec<JoinHandle<()>>> = Mutex::new(Vec::new());

/// Waits until the threads of vaults that nobody holds any more are gone, at most 5 seconds. To be
/// called last of all: the cryptographic library frees what it keeps for a thread when the thread
/// ends, and everything when the process ends, and does not bear both at once.
pub fn finish() {
    let deadline = Instant::now() + FINISH_TIME;
    let threads = std::mem::take(&mut *THREADS.lock().unwrap_or_else(PoisonError::into_inner));
    for thread in threads {
        while !thread.is_finished() && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(1));
        }
        if thread.is_finished() {
            // A panic in it was told when it happened.
            let _ = thread.join();
        }
    }
}

/// A closure to run; none closes the vault.
type Job = Option<Box<dyn FnOnce(&mut Vault) + Send>>;

/// The vault, from any task. Clones share it; it closes when the last is gone and what was sent
/// has run.
#[derive(Clone)]
pub(crate) struct Store {
    jobs: mpsc::Sender<Job>,
    events: broadcast::Sender<Event>,
    closed: watch::Receiver<bool>,
}

impl Store {
    /// Opens the vault of a home on a new thread.
    pub(crate) async fn open(home: PathBuf) -> Result<Self, OpenError> {
        let (jobs, mut queue) = mpsc::channel::<Job>(QUEUE);
        let (opened, opening) = oneshot::channel();
        let (closing, closed) = watch::channel(false);
        let spawned = thread::Builder::new().name("vault".into()).spawn(move || {
            let mut vault = match Vault::open(&home) {
                Ok(vault) => vault,
                Err(error) => {
                    // Nobody waits any more: then nobody misses the vault.
                    let _ = opened.send(Err(error));
                    return;
                }
            };
            if opened.send(Ok(())).is_ok() {
                while let Some(Some(job)) = queue.blocking_recv() {
                    job(&mut vault);
                }
            }
            drop(vault);
            closing.send_replace(true);
        });
        let no_thread = |source| OpenError::Io { path: "the thread of the store".into(), source };
        let thread = spawned.map_err(no_thread)?;
        THREADS.lock().unwrap_or_else(PoisonError::into_inner).push(thread);
        opening.await.map_err(|_| no_thread(std::io::Error::other("it ended at once")))??;
        Ok(Self { jobs, events: broadcast::channel(EVENTS).0, closed })
    }

    /// Runs `act` with the vault.
    ///
    /// # Errors
    /// When the vault was closed, or the thread is gone, which takes a panic in it.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        act: impl FnOnce(&mut Vault) -> T + Send + 'static,
    ) -> Result<T, Error> {
        let (give, take) = oneshot::channel();
        let job = move |vault: &mut Vault| {
            // The one who asked may have given up.
            let _ = give.send(act(vault));
        };
        self.jobs.send(Some(Box::new(job))).await.map_err(|_| gone())?;
        take.await.map_err(|_| gone())
    }

    /// Runs a read.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        act: impl FnOnce(&mut Vault) -> Result<T, VaultError> + Send + 'static,
    ) -> Result<T, Error> {
        self.run(act).await?.map_err(told)
    }

    /// Runs a write and publishes what it changed, before any later write does so.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        act: impl FnOnce(&mut Vault) -> Result<Change<T>, VaultError> + Send + 'static,
    ) -> Result<T, Error> {
        let events = self.events.clone();
        self.read(move |vault| {
            let change = act(vault)?;
            change.events.into_iter().for_each(|event| publish(&events, event));
            Ok(change.value)
        })
        .await
    }

    /// Changes what is only in memory, and publishes it likewise.
    pub(crate) async fn note(
        &self,
        act: impl FnOnce(&mut Vault) -> Result<Vec<Event>, VaultError> + Send + 'static,
    ) -> Result<(), Error> {
        self.write(|vault| act(vault).map(|events| Change { value: (), events })).await
    }

    /// Everything that happens from now on.
    pub(crate) fn events(&self) -> broadcast::Receiver<Event> {
        self.events.subscribe()
    }

    /// Closes the vault after what was sent so far; returns once the home is free for others.
    pub(crate) async fn close(&self) {
        // It may be closed already, and then it is gone or soon will be.
        let _ = self.jobs.send(None).await;
        let _ = self.closed.clone().wait_for(|closed| *closed).await;
    }
}

/// Nobody watching is no failure.
fn publish(events: &broadcast::Sender<Event>, event: Event) {
    let _ = events.send(event);
}

/// Logs the cause of what people are told in general terms.
fn told(error: VaultError) -> Error {
    if let Some(cause) = std::error::Error::source(&error) {
        tracing::error!(%cause, "the store failed");
    }
    error.into()
}

fn gone() -> Error {
    Error::new(
        ErrorCode::Internal,
        "The app is ending, or its store has stopped because of a fault. Nothing that was saved is lost; start the app again.",
    )
}
