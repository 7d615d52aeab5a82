//! The vault, on a thread of its own.
//!
//! The vault blocks on the disk, so it must not run on the runtime's threads. Whoever needs it
//! sends a closure over a bounded channel and awaits its result; closures run one at a time, in
//! order. One that was sent runs to its end even if nobody awaits it any more. Between closures the
//! vault tidies up.
//!
//! The thread is joined by [`Store::close`], or else when the last handle is dropped. A process must
//! not end before: the cryptographic library frees what it keeps for a thread when the thread ends,
//! and everything when the process ends, and does not bear both at once.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::sync::mpsc::error::TryRecvError;
use tokio::sync::{broadcast, mpsc, oneshot, watch};

use crate::edge::Edge;
use crate::error::{Error, ErrorCode, OpenError, VaultError};
use crate::event::Event;
use crate::link::arriving::Arriving;
use crate::vault::{Change, Vault};

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
    /// Dropped before the thread is joined, which ends when it has no more to do.
    jobs: Option<mpsc::Sender<Job>>,
    events: broadcast::Sender<Event>,
    closed: watch::Receiver<bool>,
    thread: Mutex<Option<Thread>>,
    edge: Arc<dyn Edge>,
    arriving: Arriving,
}

/// The vault's thread; joined when this is dropped.
struct Thread(Option<thread::JoinHandle<()>>);

impl Thread {
    /// Joins without holding up the runtime's own threads.
    async fn join(self) {
        // Fails when the runtime ends, which drops and thereby joins it.
        let _ = tokio::task::spawn_blocking(move || drop(self)).await;
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        let own = |handle: &thread::JoinHandle<()>| handle.thread().id() == thread::current().id();
        // A closure may hold the last handle on the vault that runs it; its thread ends behind it.
        if let Some(handle) = self.0.take().filter(|handle| !own(handle)) {
            // A panic in it was told when it happened.
            let _ = handle.join();
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.jobs = None;
        let thread = self.thread.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        let Some(thread) = thread else { return };
        match Handle::try_current() {
            // A runtime that ends drops, and thereby joins, what it does not run any more.
            Ok(runtime) => drop(runtime.spawn_blocking(move || drop(thread))),
            Err(_) => drop(thread),
        }
    }
}

impl Store {
    /// Opens the vault of a home, on a new thread if the edge has threads.
    pub(crate) async fn open(home: PathBuf, edge: Arc<dyn Edge>) -> Result<Self, OpenError> {
        let dir = home.clone();
        let (jobs, queue) = mpsc::channel(QUEUE);
        let (closing, closed) = watch::channel(false);
        let events = broadcast::channel(EVENTS).0;
        let thread = if edge.has_threads() {
            Some(open_on_thread(home, queue, events.clone(), closing).await?)
        } else {
            tokio::spawn(work_as_task(Vault::open(&home)?, queue, events.clone(), closing));
            None
        };
        let mark = edge.home_mark(&dir);
        let (jobs, thread) = (Some(jobs), Mutex::new(thread));
        let arriving = Arriving::default();
        let shared = Shared { jobs, events, closed, thread, edge, arriving };
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
        self.shared.edge.now_ms()
    }

    /// What is in the middle of coming in.
    pub(crate) fn arriving(&self) -> &Arriving {
        &self.shared.arriving
    }

    /// Where clock, random numbers and links come from.
    pub(crate) fn edge(&self) -> &dyn Edge {
        &*self.shared.edge
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
    /// the thread has ended.
    pub(crate) async fn close(&self) {
        // It may be closed already, and then it is gone or soon will be.
        let _ = self.send(None).await;
        let thread = self.shared.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            thread.join().await;
        }
        let _ = self.shared.closed.clone().wait_for(|closed| *closed).await;
    }

    async fn send(&self, job: Job) -> Result<(), Error> {
        // Only dropping the last handle takes the way to the vault away.
        let Some(jobs) = &self.shared.jobs else { return Err(gone()) };
        jobs.send(job).await.map_err(|_| gone())
    }
}

/// Opens the vault on a new thread and has it work there.
async fn open_on_thread(
    home: PathBuf,
    mut queue: mpsc::Receiver<Job>,
    events: broadcast::Sender<Event>,
    closing: watch::Sender<bool>,
) -> Result<Thread, OpenError> {
    let (opened, opening) = oneshot::channel();
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
            while let Some(job) = next_job(&mut vault, &mut queue, &events) {
                job(&mut vault);
            }
            let until = Instant::now() + TIDY_TIME;
            while Instant::now() < until && tidy(&mut vault, &events) {}
        }
        drop(vault);
        closing.send_replace(true);
    });
    let no_thread = |source| OpenError::Io { path: "the thread of the store".into(), source };
    let thread = Thread(Some(spawned.map_err(no_thread)?));
    let opened =
        opening.await.unwrap_or_else(|_| Err(no_thread(std::io::Error::other("it ended at once"))));
    match opened {
        Ok(()) => Ok(thread),
        Err(error) => {
            thread.join().await;
            Err(error)
        }
    }
}

/// The next closure to run; while there is none, the vault tidies up, a slice at a time.
fn next_job(
    vault: &mut Vault,
    queue: &mut mpsc::Receiver<Job>,
    events: &broadcast::Sender<Event>,
) -> Option<Act> {
    loop {
        match queue.try_recv() {
            Ok(job) => return job,
            Err(TryRecvError::Disconnected) => return None,
            Err(TryRecvError::Empty) if tidy(vault, events) => {}
            Err(TryRecvError::Empty) => return queue.blocking_recv().flatten(),
        }
    }
}

/// As the thread does, on the runtime's.
async fn work_as_task(
    mut vault: Vault,
    mut queue: mpsc::Receiver<Job>,
    events: broadcast::Sender<Event>,
    closing: watch::Sender<bool>,
) {
    while let Some(Some(job)) = queue.recv().await {
        job(&mut vault);
        while tidy(&mut vault, &events) {}
    }
    drop(vault);
    closing.send_replace(true);
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
