//! Executor of the writer and of orphan collection: threads, or one task on simulated time.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep};

use crate::body::orphan_gc::OrphanGc;
use crate::error::StoreError;
use crate::writer::{Step, Writer};

/// How the store works while it is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Executor {
    /// A thread writes, one erases, one collects orphans at start.
    Threads,
    /// A task of the current tokio runtime writes and erases; orphans are collected at open. With the
    /// runtime's time paused and a simulated disk, the same seed gives the same run.
    Task {
        /// How long after work came the writer begins with what has gathered.
        commit_after: Duration,
    },
}

/// What runs, until [`Running::finish`].
pub(crate) enum Running {
    Threads(Vec<JoinHandle<()>>),
    Task { writer: Arc<Mutex<Writer>>, task: AbortHandle },
}

impl Running {
    pub(crate) fn start(
        executor: Executor,
        mut writer: Writer,
        gc: OrphanGc,
    ) -> Result<Self, StoreError> {
        let thread = |name: &str| std::thread::Builder::new().name(name.into());
        match executor {
            Executor::Threads => {
                let collecting = thread("store-orphan-gc")
                    .spawn(move || gc.run())
                    .map_err(|error| StoreError::io("starting the orphan GC", error))?;
                let writing = thread("store-writer")
                    .spawn(move || while step_or_wait(&mut writer) {})
                    .map_err(|error| StoreError::io("starting the writer", error))?;
                Ok(Self::Threads(vec![writing, collecting]))
            }
            Executor::Task { commit_after } => {
                gc.run();
                let writer = Arc::new(Mutex::new(writer));
                let task = tokio::spawn(run_as_task(writer.clone(), commit_after));
                Ok(Self::Task { writer, task: task.abort_handle() })
            }
        }
    }

    /// Waits until all submitted work is done. The commit queue must be closed.
    pub(crate) fn finish(self) {
        match self {
            Self::Threads(threads) => {
                for thread in threads {
                    if thread.join().is_err() {
                        tracing::error!("a thread of the store failed");
                    }
                }
            }
            Self::Task { writer, task } => {
                task.abort();
                let mut writer = lock(&writer);
                while !matches!(writer.step(Instant::now()), Step::Ended) {}
            }
        }
    }
}

fn step_or_wait(writer: &mut Writer) -> bool {
    match writer.step(Instant::now()) {
        Step::Worked => true,
        Step::Idle(until) => {
            writer.commit_queue.wait(until);
            true
        }
        Step::Ended => false,
    }
}

async fn run_as_task(writer: Arc<Mutex<Writer>>, commit_after: Duration) {
    let commit_queue = lock(&writer).commit_queue.clone();
    loop {
        let step = lock(&writer).step(Instant::now());
        match step {
            Step::Worked => {}
            Step::Idle(until) => commit_queue.changed(until).await,
            Step::Ended => return,
        }
        sleep(commit_after).await;
    }
}

fn lock(writer: &Mutex<Writer>) -> MutexGuard<'_, Writer> {
    writer.lock().unwrap_or_else(PoisonError::into_inner)
}
