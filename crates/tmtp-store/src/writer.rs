//! Writer: group commit, so that many callers share one sync.
//!
//! It takes everything in the commit queue, gives the bodies their places, appends one record with
//! bodies and rows to the log, syncs that, and answers all. While it syncs the next group gathers, so the
//! busier the service the more messages share a sync. Acknowledgements ride along at most every 50 ms.
//!
//! A second later at the latest, or when the log has grown long, comes the *checkpoint*: bodies
//! that are still alive are written to their segments, these are synced, the rows that are still there
//! go to the engine in one commit, and a new epoch of the log begins with it.
//!
//! It is a state machine that never waits: [`Writer::step`] does what is due and says when to come
//! again. A thread drives it; in a simulation a task does, on simulated time.
//!
//! A queue is copied to a new device in slices between two groups (`copy`).
//!
//! Whatever fails, a commit is whole or absent: it is one record. Bodies are erased after the rows
//! that name them are durably gone.

mod checkpoint;
pub(crate) mod commit_queue;
mod copy;
mod copying;
mod group;
pub(crate) mod prepared;
mod queue;
pub(crate) mod release;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use tmtp_telemetry::Throttle;
use tmtp_telemetry::warn_limited;

use crate::body::Bodies;
use crate::body::eraser::Eraser;
use crate::body::segment::Appender;
use crate::counts::Counts;
use crate::engine::Engine;
use crate::error::StoreError;
use crate::message_cache::MessageCache;
use crate::rows::Rows;
use crate::wal::Wal;
use commit_queue::{CommitQueue, Due, Group, Task, Work};
use copying::Copying;

/// How long the queue must be idle before the writer cleans up.
const IDLE: Duration = Duration::from_secs(1);
/// Pause before acknowledgements, or a checkpoint, are tried again after a failure.
const RETRY: Duration = Duration::from_millis(500);

pub(crate) struct Writer {
    pub(crate) rows: Arc<Rows<dyn Engine>>,
    pub(crate) wal: Wal,
    pub(crate) bodies: Arc<Bodies>,
    pub(crate) appender: Appender,
    pub(crate) eraser: Eraser,
    pub(crate) commit_queue: Arc<CommitQueue>,
    pub(crate) counts: Arc<Counts>,
    pub(crate) cache: Arc<MessageCache>,
    /// Why acknowledgements could not be committed, and when they are tried again.
    pub(crate) ack_failure: Option<(Instant, StoreError)>,
    /// When the next checkpoint is due.
    pub(crate) checkpoint_at: Option<Instant>,
    /// Why the last checkpoint failed. Until one succeeds no new messages are taken.
    pub(crate) checkpoint_failure: Option<StoreError>,
    /// Queues that are being copied.
    pub(crate) copies: VecDeque<Copying>,
    pub(crate) copy_slice: usize,
    /// When to clean up if no work comes.
    pub(crate) tidy_at: Option<Instant>,
}

/// The result of a step of the writer.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Step {
    /// It did something; there may be more.
    Worked,
    /// There is nothing to do until work comes or until this time.
    Idle(Option<Instant>),
    /// The commit queue is closed and all its work is done.
    Ended,
}

impl Writer {
    /// Does what is due at `now`: at most one group of tasks, and a slice of a queue that is copied.
    pub(crate) fn step(&mut self, now: Instant) -> Step {
        if self.checkpoint_at.is_some_and(|at| at <= now) || self.is_wal_long() {
            // Messages that are acknowledged by now need not be stored by the checkpoint.
            self.commit_group(Vec::new(), true);
            self.checkpoint();
        }
        let retry_at = self.ack_failure.as_ref().map(|(at, _)| *at);
        let is_last = match self.commit_queue.poll(now, retry_at) {
            Ok(Group { tasks, ack, last }) => {
                self.handle(tasks, ack);
                self.write_some();
                self.copy_some();
                self.tidy_at = Some(Instant::now() + IDLE);
                last
            }
            Err(Due(_)) if self.failure().is_none() && self.copy_some() => false,
            Err(Due(_)) if self.tidy_at.is_some_and(|at| at <= now) => {
                self.tidy();
                false
            }
            Err(Due(due)) if self.failure().is_none() => {
                let due = [due, self.tidy_at, self.checkpoint_at];
                return Step::Idle(due.into_iter().flatten().min());
            }
            Err(Due(_)) => false,
        };
        // After such a failure only a restart helps. Whoever supervises the process starts it
        // again.
        if is_last || self.failure().is_some() { self.end() } else { Step::Worked }
    }

    fn failure(&self) -> Option<StoreError> {
        self.wal.failure().or_else(|| self.rows.engine().failure())
    }

    /// No work came for a while: memory and files that are no longer needed are freed.
    fn tidy(&mut self) {
        self.tidy_at = None;
        self.appender.rest();
        self.cache.clear();
        self.checkpoint();
        let is_checked = self.checkpoint_failure.clone().map_or(Ok(()), Err);
        if let Err(error) = is_checked.and_then(|()| self.wal.erase()) {
            static WAITS: Throttle = Throttle::new(10);
            warn_limited!(WAITS, %error, "erasing the write-ahead log waits");
            self.tidy_at = Some(Instant::now() + RETRY);
        }
    }

    fn end(&mut self) -> Step {
        self.commit_queue.abandon();
        // Callers that wait for a copy get the error that the store is closed.
        self.copies.clear();
        self.eraser.finish();
        self.appender.retire();
        if self.failure().is_none() {
            match self.close_wal() {
                Ok(()) => {}
                Err(error) => {
                    tracing::warn!(%error, "the next start works through the write-ahead log")
                }
            }
        }
        Step::Ended
    }

    fn handle(&mut self, mut tasks: Vec<Task>, ack: bool) {
        // Work that is computed from rows is a group of its own, after all work before it.
        if let [Task { work: Work::Commit(_), .. }, ..] | [] = tasks.as_slice() {
            return self.commit_group(tasks, ack);
        }
        self.commit_group(Vec::new(), ack);
        for Task { work, answer } in tasks.drain(..) {
            let done = match work {
                Work::GiveUp(prepared) => {
                    self.give_up(prepared, answer);
                    continue;
                }
                Work::CopyQueue { from, to, rows } => {
                    self.begin_copy(from, to, rows, answer);
                    continue;
                }
                Work::DropQueue { device, rows } => self.drop_queue(device, rows),
                Work::Checkpoint => {
                    self.checkpoint();
                    self.failure().or_else(|| self.checkpoint_failure.clone()).map_or(Ok(()), Err)
                }
                Work::Flush | Work::Commit(_) => {
                    self.ack_failure.clone().map_or(Ok(()), |(_, error)| Err(error))
                }
            };
            answer.finish(done);
        }
    }
}

impl Drop for Writer {
    /// Answers everyone who waits, however the thread ends.
    fn drop(&mut self) {
        self.commit_queue.abandon();
    }
}
