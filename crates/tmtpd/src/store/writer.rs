//! The writer: many callers share one sync.
//!
//! It takes everything that waits, gives the bodies their places, appends one record with bodies and
//! rows to the journal, syncs that, and answers all. While it syncs the next group gathers, so the
//! busier the service the more messages share a sync. Acknowledgements ride along at most every 50 ms.
//!
//! A second later at the latest, or when the journal has grown long, comes the *checkpoint*: bodies
//! that are still alive are written to their segments, these are synced, the rows that are still there
//! go to the engine in one commit, and a new epoch of the journal begins with it.
//!
//! It is a state machine that never waits: [`Writer::step`] does what is due and says when to come
//! again. A thread drives it; in a simulation a task does, on simulated time.
//!
//! A queue is copied to a new device in slices between two groups (`copy`).
//!
//! Whatever fails, a commit is whole or absent: it is one record. Bodies are erased after the rows
//! that name them are durably gone.

mod checkpoint;
pub(crate) mod copy;
mod group;
mod queue;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::log::throttle::Throttle;
use crate::log::warn_limited;

use super::body::Bodies;
use super::body::eraser::Eraser;
use super::body::segment::Appender;
use super::counts::Counts;
use super::engine::Engine;
use super::error::StoreError;
use super::inbox::{Due, Group, Inbox, Task, Work};
use super::journal::Journal;
use super::recent::Recents;
use super::rows::Rows;
use copy::Copying;

/// How long nothing must have come before the writer tidies up.
const IDLE: Duration = Duration::from_secs(1);
/// Pause before acknowledgements, or a checkpoint, are tried again after a failure.
const RETRY: Duration = Duration::from_millis(500);

pub(crate) struct Writer {
    pub(crate) rows: Arc<Rows<dyn Engine>>,
    pub(crate) journal: Journal,
    pub(crate) bodies: Arc<Bodies>,
    pub(crate) appender: Appender,
    pub(crate) eraser: Eraser,
    pub(crate) inbox: Arc<Inbox>,
    pub(crate) counts: Arc<Counts>,
    pub(crate) recents: Arc<Recents>,
    /// Why acknowledgements could not be committed, and when they are tried again.
    pub(crate) settle_failure: Option<(Instant, StoreError)>,
    /// When what is in the journal goes to its place.
    pub(crate) checkpoint_at: Option<Instant>,
    /// Why it could not; until it can, no new messages are taken.
    pub(crate) checkpoint_failure: Option<StoreError>,
    /// Queues that are being copied.
    pub(crate) copies: VecDeque<Copying>,
    pub(crate) copy_slice: usize,
    /// When to tidy up if nothing comes.
    pub(crate) tidy_at: Option<Instant>,
}

/// What a step of the writer came to.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Step {
    /// It did something; there may be more.
    Worked,
    /// There is nothing to do until something comes or it is this time.
    Idle(Option<Instant>),
    /// The inbox is closed and all of it done.
    Ended,
}

impl Writer {
    /// Does what is due at `now`: at most one group of tasks, and a slice of a queue that is copied.
    pub(crate) fn step(&mut self, now: Instant) -> Step {
        if self.checkpoint_at.is_some_and(|at| at <= now) || self.is_journal_long() {
            // What is acknowledged by now need not be stored for that.
            self.commit_group(Vec::new(), true);
            self.checkpoint();
        }
        let retry_at = self.settle_failure.as_ref().map(|(at, _)| *at);
        let is_last = match self.inbox.poll(now, retry_at) {
            Ok(Group { tasks, settle, last }) => {
                self.handle(tasks, settle);
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
        // After a failure only a new start can help, and whoever watches the process gives it one.
        if is_last || self.failure().is_some() { self.end() } else { Step::Worked }
    }

    fn failure(&self) -> Option<StoreError> {
        self.journal.failure().or_else(|| self.rows.engine().failure())
    }

    /// Nothing came for a while: what is not needed any more goes.
    fn tidy(&mut self) {
        self.tidy_at = None;
        self.appender.rest();
        self.recents.clear();
        self.checkpoint();
        let is_checked = self.checkpoint_failure.clone().map_or(Ok(()), Err);
        if let Err(error) = is_checked.and_then(|()| self.journal.erase()) {
            static WAITS: Throttle = Throttle::new(10);
            warn_limited!(WAITS, %error, "erasing the journal waits");
            self.tidy_at = Some(Instant::now() + RETRY);
        }
    }

    fn end(&mut self) -> Step {
        self.inbox.abandon();
        // Who waits for them is told that the store is closed.
        self.copies.clear();
        self.eraser.finish();
        self.appender.retire();
        if self.failure().is_none() {
            match self.close_journal() {
                Ok(()) => {}
                Err(error) => tracing::warn!(%error, "the next start works through the journal"),
            }
        }
        Step::Ended
    }

    fn handle(&mut self, mut tasks: Vec<Task>, settle: bool) {
        // What is computed from rows comes alone, after all before it.
        if let [Task { work: Work::Commit(_), .. }, ..] | [] = tasks.as_slice() {
            return self.commit_group(tasks, settle);
        }
        self.commit_group(Vec::new(), settle);
        for Task { work, answer } in tasks.drain(..) {
            let done = match work {
                Work::GiveUp { owed, notices } => {
                    self.give_up(owed, Task { work: Work::Commit(notices), answer });
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
                    self.settle_failure.clone().map_or(Ok(()), |(_, error)| Err(error))
                }
            };
            let _ = answer.send(done);
        }
    }
}

impl Drop for Writer {
    /// However the thread ends, nobody waits for it in vain.
    fn drop(&mut self) {
        self.inbox.abandon();
    }
}
