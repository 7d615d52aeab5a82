//! Commit queue: work for the writer in the order it was submitted, and acknowledgements.
//!
//! Submitting never waits, so that a caller can do it under its own lock and thereby fix the order:
//! **the order of submission is the order of commit**. Callers that hold bodies in memory first ask
//! for [`room`](crate::Store::room). Without that, the queue refuses work when too much waits.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::batch::Batch;
use crate::error::StoreError;
use crate::position::{DeviceNumber, Position};
use crate::receipt::{Answer, Receipt};
use crate::writer::prepared::Prepared;

/// How long an acknowledgement may wait for others to share its commit.
const ACK_WITHIN: Duration = Duration::from_millis(50);
/// With so many acknowledgements a commit is due.
const ACK_AT: usize = 8_192;
/// About how many bytes of work share a commit, so that nobody waits long for the messages of
/// others.
const GROUP_BYTES: usize = 2 * 1024 * 1024;
/// What a task counts in addition to its bytes.
const TASK_BYTES: usize = 256;
/// One thing for the writer to do.
#[derive(Debug)]
pub(crate) struct Task {
    pub(crate) work: Work,
    pub(crate) answer: Answer,
}

#[derive(Debug)]
pub(crate) enum Work {
    /// Messages and rows, in one atomic batch.
    Commit(Prepared),
    /// Rows, and then one device's queue added to another's.
    CopyQueue { from: DeviceNumber, to: DeviceNumber, rows: Batch },
    /// Deletes the whole queue of one device, with rows.
    DropQueue { device: DeviceNumber, rows: Batch },
    /// Deletes expired messages from queues, with rows.
    GiveUp(Prepared),
    /// Does nothing, and is answered when all work before it is done, acknowledgements included.
    Flush,
    /// A checkpoint.
    Checkpoint,
}

impl Work {
    fn weight(&self) -> usize {
        TASK_BYTES
            + match self {
                Work::Commit(prepared) | Work::GiveUp(prepared) => prepared.weight(),
                Work::CopyQueue { rows, .. } | Work::DropQueue { rows, .. } => rows.weight(),
                Work::Flush | Work::Checkpoint => 0,
            }
    }
}

/// Acknowledged messages of each device whose rows still exist. Ordered, because the course of a
/// simulation depends on it.
pub(crate) type Acking = BTreeMap<DeviceNumber, Vec<Position>>;

/// What the writer does next.
#[derive(Debug, Default)]
pub(crate) struct Group {
    pub(crate) tasks: Vec<Task>,
    /// Whether acknowledgements are committed with it.
    pub(crate) ack: bool,
    /// The store is being closed and this is the last group.
    pub(crate) last: bool,
}

/// When there is something to do even if no work comes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Due(pub(crate) Option<Instant>);

#[derive(Debug)]
pub(crate) struct CommitQueue {
    state: Mutex<State>,
    /// A writer thread waits on the first, a writer task on the second.
    ready: Condvar,
    ready_task: Notify,
    /// The writer is gone.
    ended: CancellationToken,
    max_bytes: usize,
}

#[derive(Debug)]
struct State {
    /// Each with its weight.
    tasks: VecDeque<(Task, usize)>,
    bytes: usize,
    closed: bool,
    /// Whether work came since the writer last looked.
    woken: bool,
    /// Whether a writer thread sleeps. Waking costs a system call even when no thread sleeps.
    sleeping: bool,
    acking: Acking,
    acking_len: usize,
    ack_since: Option<Instant>,
    /// Acknowledgements that the writer is committing. Readers do not see their messages.
    committing: Acking,
}

impl CommitQueue {
    pub(crate) fn new(max_bytes: usize) -> Self {
        let state = State {
            tasks: VecDeque::new(),
            bytes: 0,
            closed: false,
            woken: false,
            sleeping: false,
            acking: Acking::new(),
            acking_len: 0,
            ack_since: None,
            committing: Acking::new(),
        };
        Self {
            state: Mutex::new(state),
            ready: Condvar::new(),
            ready_task: Notify::new(),
            ended: CancellationToken::new(),
            max_bytes,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues `work`, whose first message is at `first`; the receipt says how it went.
    pub(crate) fn submit(&self, work: Work, first: Option<Position>) -> Receipt {
        let (answer, receipt) = Receipt::beginning_at(first);
        let weight = work.weight();
        let mut state = self.state();
        match state.admit(weight, self.max_bytes) {
            Ok(()) => {
                state.bytes += weight;
                state.tasks.push_back((Task { work, answer }, weight));
                self.wake(state);
            }
            Err(error) => {
                drop(state); // dropping `work` may unlink a file: not while holding the lock
                drop(work); // what it counted is taken back before anybody hears of it
                answer.finish(Err(error));
            }
        }
        receipt
    }

    pub(crate) fn ack(&self, device: DeviceNumber, positions: &[Position]) {
        if positions.is_empty() {
            return;
        }
        let mut state = self.state();
        state.acking.entry(device).or_default().extend_from_slice(positions);
        state.acking_len += positions.len();
        let wake = state.ack_since.is_none() || state.acking_len >= ACK_AT;
        state.ack_since.get_or_insert_with(Instant::now);
        if wake {
            self.wake(state);
        }
    }

    /// Messages that `device` acknowledged and whose rows may still be there. Sorted.
    pub(crate) fn acking(&self, device: DeviceNumber) -> Vec<Position> {
        let state = self.state();
        let mut positions: Vec<Position> = [&state.acking, &state.committing]
            .into_iter()
            .filter_map(|acking| acking.get(&device))
            .flatten()
            .copied()
            .collect();
        drop(state);
        positions.sort_unstable();
        positions
    }

    /// The work to do now, or when acknowledgements will be due if no work comes before. `retry_at`
    /// delays them after a failure.
    pub(crate) fn poll(&self, now: Instant, retry_at: Option<Instant>) -> Result<Group, Due> {
        let mut state = self.state();
        state.woken = false;
        match state.group(now, self.max_bytes, retry_at) {
            Some(group) => Ok(group),
            None => Err(Due(state.ack_due(retry_at))),
        }
    }

    /// Blocks until work has come since the last [`CommitQueue::poll`], or until `until`.
    pub(crate) fn wait(&self, until: Option<Instant>) {
        let mut state = self.state();
        while !state.woken {
            state.sleeping = true;
            state = match until.map(|until| until.saturating_duration_since(Instant::now())) {
                Some(Duration::ZERO) => return,
                Some(left) => {
                    self.ready.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0
                }
                None => self.ready.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }

    /// Like [`CommitQueue::wait`], for one task.
    pub(crate) async fn changed(&self, until: Option<Instant>) {
        let due = async {
            match until {
                Some(until) => sleep_until(until).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = self.ready_task.notified() => {}
            () = due => {}
        }
    }

    /// Takes the acknowledgements to commit them; readers still see them as gone.
    pub(crate) fn take_settling(&self) -> Vec<(DeviceNumber, Position)> {
        let mut state = self.state();
        let taken = std::mem::take(&mut state.acking);
        state.acking_len = 0;
        state.ack_since = None;
        for (device, mut positions) in taken {
            state.committing.entry(device).or_default().append(&mut positions);
        }
        state
            .committing
            .iter()
            .flat_map(|(device, positions)| positions.iter().map(|position| (*device, *position)))
            .collect()
    }

    /// The acknowledgements that were taken are committed.
    pub(crate) fn acked(&self) {
        self.state().committing = Acking::new();
    }

    /// The acknowledgements that were taken could not be committed: they are due again later.
    pub(crate) fn ack_again(&self) {
        let mut state = self.state();
        state.ack_since.get_or_insert_with(Instant::now);
    }

    /// The writer has ended: waiting work is answered with "closed".
    pub(crate) fn abandon(&self) {
        let mut state = self.state();
        state.closed = true;
        let tasks = std::mem::take(&mut state.tasks);
        drop(state);
        drop(tasks);
        self.ended.cancel();
    }

    /// Ready once the writer has ended.
    pub(crate) async fn ended(&self) {
        self.ended.cancelled().await;
    }

    /// Refuses work from now on. Waiting work is still done.
    pub(crate) fn close(&self) {
        let mut state = self.state();
        state.closed = true;
        self.wake(state);
    }

    fn wake(&self, mut state: MutexGuard<'_, State>) {
        state.woken = true;
        let sleeping = std::mem::take(&mut state.sleeping);
        drop(state);
        if sleeping {
            self.ready.notify_one();
        }
        self.ready_task.notify_one();
    }
}

impl State {
    fn admit(&self, weight: usize, max_bytes: usize) -> Result<(), StoreError> {
        if self.closed {
            return Err(StoreError::Closed);
        }
        // Room for bodies is asked for in advance, so only floods of rows reach this limit.
        if self.bytes + weight > max_bytes.saturating_mul(2) && self.bytes > 0 {
            return Err(StoreError::Busy);
        }
        Ok(())
    }

    fn ack_due(&self, retry_at: Option<Instant>) -> Option<Instant> {
        self.ack_since.map(|since| {
            let due = if self.acking_len >= ACK_AT { since } else { since + ACK_WITHIN };
            retry_at.map_or(due, |retry_at| due.max(retry_at))
        })
    }

    fn group(
        &mut self,
        now: Instant,
        max_bytes: usize,
        retry_at: Option<Instant>,
    ) -> Option<Group> {
        let mut ack = self.ack_due(retry_at).is_some_and(|due| now >= due);
        if self.tasks.is_empty() && !ack && !self.closed {
            return None;
        }
        let mut tasks = Vec::new();
        let mut bytes = 0;
        while let Some((task, weight)) = self.tasks.front() {
            let alone = !matches!(task.work, Work::Commit(_));
            // Work that is computed from rows runs by itself, when all work before it is committed.
            if (alone && !tasks.is_empty()) || bytes > max_bytes.min(GROUP_BYTES) {
                break;
            }
            bytes += weight;
            tasks.extend(self.tasks.pop_front().map(|(task, _)| task));
            if alone {
                ack = true;
                break;
            }
        }
        self.bytes = self.bytes.saturating_sub(bytes);
        let last = self.closed && self.tasks.is_empty();
        Some(Group { tasks, ack: ack || last, last })
    }
}
