//! The vault, run by its platform.
//!
//! The vault blocks on the disk, so on a computer it has a thread of its own. Whoever needs it
//! sends a closure over a bounded channel and awaits its result; closures run one at a time, in
//! order. One that was sent runs to its end even if nobody awaits it any more. Between closures the
//! vault tidies up.

pub(crate) mod arriving;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc::error::TryRecvError;
use tokio::sync::{broadcast, mpsc, oneshot, watch};

use crate::error::{Error, ErrorCode, OpenError, VaultError};
use crate::event::Event;
use crate::platform::{Platform, Worker};
use crate::time;
use crate::vault::{Change, Vault};
use arriving::Arriving;

/// Closures that may wait; more make their senders wait.
const QUEUE: usize = 64;
/// Events a watcher may lag behind before it is told to ask for everything again.
const EVENTS: usize = 4096;
/// How long closing may go on tidying up; the next start does the rest.
const TIDY_TIME: Duration = Duration::from_millis(500);

/// A closure to run; none closes the vault.
type Job = Option<Act>;
type Act = Box<dyn FnOnce(&mut Vault) + Send>;

/// The vault, from any task. Clones share it; it closes when the last is gone and what was sent
/// has run.
#[derive(Clone)]
pub(crate) struct Store {
    shared: Arc<Shared>,
}

struct Shared {
    /// Declared before the worker, which has no more to do when it is dropped.
    jobs: mpsc::Sender<Job>,
    worker: Mutex<Option<Box<dyn Worker>>>,
    events: broadcast::Sender<Event>,
    closed: watch::Receiver<bool>,
    platform: Arc<dyn Platform>,
    arriving: Arriving,
}

impl Store {
    /// Opens the vault of a home.
    pub(crate) async fn open(
        home: PathBuf,
        platform: Arc<dyn Platform>,
    ) -> Result<Self, OpenError> {
        let (jobs, queue) = mpsc::channel(QUEUE);
        let (closing, closed) = watch::channel(false);
        let (opened, opening) = oneshot::channel();
        let events = broadcast::channel(EVENTS).0;
        let work = Work { queue, events: events.clone(), opened, closing };
        let no_worker = |source| OpenError::Io { path: "the thread of the store".into(), source };
        let worker = platform.run_vault(Box::pin(work.run(Arc::clone(&platform), home.clone())));
        let worker = worker.map_err(no_worker)?;
        let ended = || Err(no_worker(std::io::Error::other("it ended at once")));
        if let Err(error) = opening.await.unwrap_or_else(|_| ended()) {
            worker.ended().await;
            return Err(error);
        }
        let mark = platform.home_mark(&home);
        let worker = Mutex::new(Some(worker));
        let arriving = Arriving::default();
        let shared = Shared { jobs, worker, events, closed, platform, arriving };
        let store = Self { shared: Arc::new(shared) };
        if let Some(mark) = mark
            && let Err(error) = store.write(move |vault| vault.recognise(&mark)).await
        {
            // A full disk, say: what is here can be read all the same.
            tracing::warn!(%error, "whether this home is a copy is not known");
        }
        Ok(store)
    }

    /// Now, Unix milliseconds.
    pub(crate) fn now_ms(&self) -> i64 {
        self.shared.platform.now_ms()
    }

    /// What is in the middle of coming in.
    pub(crate) fn arriving(&self) -> &Arriving {
        &self.shared.arriving
    }

    /// Where clock, random numbers and links come from.
    pub(crate) fn platform(&self) -> &dyn Platform {
        &*self.shared.platform
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
        self.send(Some(Box::new(job))).await?;
        take.await.map_err(|_| gone())
    }

    /// Runs a read, or a write of which nothing is published.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        act: impl FnOnce(&mut Vault) -> Result<T, VaultError> + Send + 'static,
    ) -> Result<T, Error> {
        let done = self.run(|vault| {
            let done = act(vault);
            vault.recover(&done);
            done
        });
        done.await?.map_err(told)
    }

    /// Runs a write and publishes what it changed, before any later write does so.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        act: impl FnOnce(&mut Vault) -> Result<Change<T>, VaultError> + Send + 'static,
    ) -> Result<T, Error> {
        let events = self.shared.events.clone();
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
        self.shared.events.subscribe()
    }

    /// Closes the vault after what was sent so far; returns once the home is free for others and
    /// nothing of the work is left.
    pub(crate) async fn close(&self) {
        // It may be closed already, and then it is gone or soon will be.
        let _ = self.send(None).await;
        let worker = self.shared.worker.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(worker) = worker {
            worker.ended().await;
        }
        let _ = self.shared.closed.clone().wait_for(|closed| *closed).await;
    }

    async fn send(&self, job: Job) -> Result<(), Error> {
        self.shared.jobs.send(job).await.map_err(|_| gone())
    }
}

/// The vault's work, from opening to closing.
struct Work {
    queue: mpsc::Receiver<Job>,
    events: broadcast::Sender<Event>,
    opened: oneshot::Sender<Result<(), OpenError>>,
    closing: watch::Sender<bool>,
}

impl Work {
    async fn run(self, platform: Arc<dyn Platform>, home: PathBuf) {
        let Self { mut queue, events, opened, closing } = self;
        let mut vault = match platform.open_vault(&home) {
            Ok(vault) => vault,
            Err(error) => {
                // Nobody waits any more: then nobody misses the vault.
                let _ = opened.send(Err(error));
                return;
            }
        };
        drop(platform);
        if opened.send(Ok(())).is_ok() {
            while let Some(job) = next_job(&mut vault, &mut queue, &events).await {
                job(&mut vault);
            }
            let until = time::now() + TIDY_TIME;
            while time::now() < until && tidy(&mut vault, &events) {}
        }
        drop(vault);
        closing.send_replace(true);
    }
}

/// The next closure to run; while there is none, the vault tidies up, a slice at a time.
async fn next_job(
    vault: &mut Vault,
    queue: &mut mpsc::Receiver<Job>,
    events: &broadcast::Sender<Event>,
) -> Option<Act> {
    loop {
        match queue.try_recv() {
            Ok(job) => return job,
            Err(TryRecvError::Disconnected) => return None,
            // Others have their turns where they share a thread with the vault.
            Err(TryRecvError::Empty) if tidy(vault, events) => tokio::task::yield_now().await,
            Err(TryRecvError::Empty) => return queue.recv().await.flatten(),
        }
    }
}

/// Does one slice of what is left to do, and publishes what it changed; true while there is more.
fn tidy(vault: &mut Vault, events: &broadcast::Sender<Event>) -> bool {
    let Change { value: more, events: changed } = vault.tidy();
    changed.into_iter().for_each(|event| publish(events, event));
    more
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

#[cfg(test)]
#[path = "store/store_tests.rs"]
mod tests;
