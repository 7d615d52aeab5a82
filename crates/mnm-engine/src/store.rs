//! Async access to the vault, which its platform runs.
//!
//! The vault blocks on the disk, so on a computer it has a thread of its own. Callers send closures
//! over a bounded channel and await the results; closures run one at a time, in order. A closure
//! that was sent runs to its end even if nobody awaits it. Between closures the vault does its
//! chores.

pub(crate) mod arriving;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc::error::TryRecvError;
use tokio::sync::{broadcast, mpsc, oneshot, watch};

use crate::error::{Error, ErrorCode, OpenError, VaultError};
use crate::event::Event;
use crate::platform::{Platform, Worker};
use crate::vault::{Change, Vault};
use crate::{task, time};
use arriving::Arriving;

/// Closures that may be queued; further senders wait.
const QUEUE: usize = 64;
/// Events that a receiver may fall behind before it has to reload everything.
const EVENTS: usize = 4096;
/// How long chores may continue at closing; the next start does the rest.
const TIDY_TIME: Duration = Duration::from_millis(500);

/// A closure to run; none closes the vault.
type Job = Option<Act>;
type Act = Box<dyn FnOnce(&mut Vault) + Send>;

/// A handle to the vault, for any task. Clones share it; it closes when the last is dropped and the
/// queued closures have run.
#[derive(Clone)]
pub(crate) struct Store {
    shared: Arc<Shared>,
}

struct Shared {
    /// Declared before the worker, whose work ends when this is dropped.
    jobs: mpsc::Sender<Job>,
    worker: Mutex<Option<Box<dyn Worker>>>,
    events: broadcast::Sender<Event>,
    closed: watch::Receiver<bool>,
    platform: Arc<dyn Platform>,
    arriving: Arriving,
    /// Closures sent so far.
    asked: AtomicU64,
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
        let asked = AtomicU64::new(0);
        let shared = Shared { jobs, worker, events, closed, platform, arriving, asked };
        let store = Self { shared: Arc::new(shared) };
        if let Some(mark) = mark
            && let Err(error) = store.write(move |vault| vault.recognise(&mark)).await
        {
            // A full disk, for example: everything can be read all the same.
            tracing::warn!(%error, "whether this home is a copy is not known");
        }
        Ok(store)
    }

    /// Now, Unix milliseconds.
    pub(crate) fn now_ms(&self) -> i64 {
        self.shared.platform.now_ms()
    }

    /// How often the vault was asked so far.
    pub(crate) fn asked(&self) -> u64 {
        self.shared.asked.load(Ordering::Relaxed)
    }

    /// Messages being received.
    pub(crate) fn arriving(&self) -> &Arriving {
        &self.shared.arriving
    }

    /// The platform of the engine.
    pub(crate) fn platform(&self) -> &dyn Platform {
        &*self.shared.platform
    }

    /// Runs `act` with the vault.
    ///
    /// # Errors
    /// The vault was closed, or its thread has panicked.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        act: impl FnOnce(&mut Vault) -> T + Send + 'static,
    ) -> Result<T, Error> {
        let (give, take) = oneshot::channel();
        let job = move |vault: &mut Vault| {
            // The caller may have gone away.
            let _ = give.send(act(vault));
        };
        self.send(Some(Box::new(job))).await?;
        take.await.map_err(|_| gone())
    }

    /// Runs a read, or a write without events.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        act: impl FnOnce(&mut Vault) -> Result<T, VaultError> + Send + 'static,
    ) -> Result<T, Error> {
        let done = self.run(|vault| {
            let done = act(vault);
            vault.recover(&done);
            done
        });
        done.await?.map_err(logged)
    }

    /// Runs a write and publishes its events, before those of any later write.
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

    /// Changes state in memory, and publishes the events in the same order.
    pub(crate) async fn note(
        &self,
        act: impl FnOnce(&mut Vault) -> Result<Vec<Event>, VaultError> + Send + 'static,
    ) -> Result<(), Error> {
        self.write(|vault| act(vault).map(|events| Change { value: (), events })).await
    }

    /// All events from now on.
    pub(crate) fn events(&self) -> broadcast::Receiver<Event> {
        self.shared.events.subscribe()
    }

    /// Closes the vault after the closures queued so far; returns once the home is free for others
    /// and the work has ended.
    pub(crate) async fn close(&self) {
        // If it is closed already, it is gone or will be soon.
        let _ = self.send(None).await;
        let worker = self.shared.worker.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(worker) = worker {
            worker.ended().await;
        }
        let _ = self.shared.closed.clone().wait_for(|closed| *closed).await;
    }

    async fn send(&self, job: Job) -> Result<(), Error> {
        self.shared.asked.fetch_add(1, Ordering::Relaxed);
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
                // The caller of `open` has gone away, so the vault is not needed.
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

/// The next closure; while there is none, the vault does its chores, a slice at a time.
async fn next_job(
    vault: &mut Vault,
    queue: &mut mpsc::Receiver<Job>,
    events: &broadcast::Sender<Event>,
) -> Option<Act> {
    loop {
        match queue.try_recv() {
            Ok(job) => return job,
            Err(TryRecvError::Disconnected) => return None,
            // Yields where other tasks share a thread with the vault.
            Err(TryRecvError::Empty) if tidy(vault, events) => task::yield_now().await,
            Err(TryRecvError::Empty) => return queue.recv().await.flatten(),
        }
    }
}

/// Does one slice of the chores and publishes its events; true while there is more.
fn tidy(vault: &mut Vault, events: &broadcast::Sender<Event>) -> bool {
    let Change { value: more, events: changed } = vault.tidy();
    changed.into_iter().for_each(|event| publish(events, event));
    more
}

/// Having no receivers is no error.
fn publish(events: &broadcast::Sender<Event>, event: Event) {
    let _ = events.send(event);
}

/// Logs the cause of an error that people see in general terms.
fn logged(error: VaultError) -> Error {
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
