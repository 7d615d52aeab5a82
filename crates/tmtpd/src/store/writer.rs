//! The writer: many callers share one sync.
//!
//! It takes everything that waits, writes the bodies to their segment, appends one record with bodies
//! and rows to the journal, syncs that, and answers all. While it syncs the next group gathers, so the
//! busier the service the more messages share a sync. Acknowledgements ride along at most every 50 ms.
//!
//! A second later at the latest, or when the journal has grown long, comes the *checkpoint*: segments
//! are synced, the rows that are still there go to the engine in one commit, and a new epoch of the
//! journal begins with it.
//!
//! It is a state machine that never waits: [`Writer::step`] does what is due and says when to come
//! again. A thread drives it; in a simulation a task does, on simulated time.
//!
//! Whatever fails, a commit is whole or absent: it is one record. Bodies are erased after the rows
//! that name them are durably gone.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;

use super::body::eraser::Eraser;
use super::body::large::FinishedBody;
use super::body::segment::Appender;
use super::body::{Bodies, BodyRef};
use super::counts::{Counts, OwedBytes};
use super::engine::{Batch, Change, Engine, Outcomes};
use super::error::StoreError;
use super::inbox::{Due, Group, Inbox, Task, Work};
use super::journal::Journal;
use super::message::{NewData, NewMessage};
use super::recent::{Recent, Recents};
use super::release::{Release, copy_queue, owed_ids, release};
use super::row::{Body, LAST_ID_KEY, MessageId, MessageRow, message_key, owed_key};
use super::rows::Rows;
use crate::log::story;
use crate::log::throttle::Throttle;

/// How long nothing must have come before the writer tidies up.
const IDLE: Duration = Duration::from_secs(1);
/// How long a commit may be in the journal alone.
const CHECKPOINT_WITHIN: Duration = Duration::from_secs(1);
/// A journal of so many bytes is long enough for a checkpoint. Much more than comes in while
/// acknowledgements gather, so that most rows are gone before they have to be stored.
const CHECKPOINT_AT: u64 = 32 * 1024 * 1024;
/// So many bytes of memory for rows that wait for the checkpoint are enough for one.
const WAITING_BYTES: usize = 8 * 1024 * 1024;
/// Pause before acknowledgements, or a checkpoint, are tried again after a failure.
const RETRY: Duration = Duration::from_millis(500);
/// Owed rows dropped with one commit when a whole queue goes.
const DROP_ROWS: usize = 8_192;

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

/// A task whose bodies are appended and whose rows are about to be committed.
struct Staged {
    answer: oneshot::Sender<Result<(), StoreError>>,
    batch: Batch,
    bodies: Vec<BodyRef>,
    finished: Vec<FinishedBody>,
    /// What readers will ask for first.
    recent: Vec<(MessageId, Recent)>,
    /// The highest id given with the task, for the row that remembers it.
    last_id: Option<MessageId>,
    messages: u64,
    owed: Vec<OwedBytes>,
}

impl Writer {
    /// Does what is due at `now`: at most one group of tasks.
    pub(crate) fn step(&mut self, now: Instant) -> Step {
        if self.checkpoint_at.is_some_and(|at| at <= now) || self.is_journal_long() {
            self.checkpoint();
        }
        let retry_at = self.settle_failure.as_ref().map(|(at, _)| *at);
        let is_last = match self.inbox.poll(now, retry_at) {
            Ok(Group { tasks, settle, last }) => {
                self.handle(tasks, settle);
                self.tidy_at = Some(Instant::now() + IDLE);
                last
            }
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
        if let Err(error) = self.journal.erase() {
            tracing::warn!(%error, "erasing the journal is left to the next time");
        }
    }

    fn end(&mut self) -> Step {
        self.inbox.abandon();
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

    /// Leaves a store that needs no journal.
    fn close_journal(&mut self) -> Result<(), StoreError> {
        self.bodies.sync_segments()?;
        self.rows.checkpoint(None)?;
        self.journal.close()
    }

    fn is_journal_long(&self) -> bool {
        let is_long =
            self.journal.bytes() >= CHECKPOINT_AT || self.rows.waiting_bytes() >= WAITING_BYTES;
        is_long && self.checkpoint_failure.is_none()
    }

    /// Brings what is in the journal to its place.
    fn checkpoint(&mut self) {
        self.checkpoint_at = None;
        self.bodies.sync_discarded();
        if self.journal.bytes() == 0 || self.failure().is_some() {
            return;
        }
        let started = Instant::now();
        if let Err(error) = self.bodies.sync_segments() {
            // What the segments hold is not known now; the journal has all of it for the next start.
            return self.journal.fail(error);
        }
        let epoch = self.journal.next_epoch();
        match epoch.and_then(|epoch| self.rows.checkpoint(Some(epoch)).map(|()| epoch)) {
            Ok(epoch) => {
                self.journal.begin(epoch);
                self.checkpoint_failure = None;
                self.bodies.metrics.checkpoints.note(started.elapsed());
            }
            // Which of the two journals counts is only known after a restart.
            Err(error @ StoreError::Uncertain) => self.journal.fail(error),
            Err(error) => {
                static STAY: Throttle = Throttle::new(10);
                story!(warn, STAY, %error, "commits stay in the journal for now");
                self.checkpoint_failure = Some(error);
                self.checkpoint_at = Some(Instant::now() + RETRY);
            }
        }
    }

    fn handle(&mut self, mut tasks: Vec<Task>, settle: bool) {
        // What is computed from rows comes alone, after all before it.
        if let [Task { work: Work::Commit { .. }, .. }, ..] | [] = tasks.as_slice() {
            return self.commit_group(tasks, settle);
        }
        self.commit_group(Vec::new(), settle);
        for Task { work, answer } in tasks.drain(..) {
            let done = match work {
                Work::GiveUp { owed, messages, rows } => {
                    self.give_up(owed, Task { work: Work::Commit { messages, rows }, answer });
                    continue;
                }
                Work::CopyQueue { from, to, rows } => self.copy_queue(from, to, rows),
                Work::DropQueue { device, rows } => self.drop_queue(device, rows),
                Work::Checkpoint => {
                    self.checkpoint();
                    self.failure().or_else(|| self.checkpoint_failure.clone()).map_or(Ok(()), Err)
                }
                Work::Flush | Work::Commit { .. } => {
                    self.settle_failure.clone().map_or(Ok(()), |(_, error)| Err(error))
                }
            };
            let _ = answer.send(done);
        }
    }

    fn commit_group(&mut self, tasks: Vec<Task>, settle: bool) {
        let room = if tasks.is_empty() { Ok(()) } else { self.room() };
        let mut staged = self.append_bodies(tasks, room);
        let mut batches: Vec<Batch> =
            staged.iter_mut().map(|staged| std::mem::take(&mut staged.batch)).collect();
        let last_id = staged.iter().filter_map(|staged| staged.last_id).max();
        if let Some(last_id) = last_id {
            let mut batch = Batch::new();
            batch.put(LAST_ID_KEY, last_id.to_be_bytes());
            batches.push(batch);
        }
        let released = if settle { self.release_settled() } else { None };
        let dead = released.map(|released| {
            batches.push(released.batch);
            (released.dead, released.owed, released.gone)
        });
        if batches.iter().all(Batch::is_empty) {
            staged.into_iter().for_each(|staged| staged.answer(Ok(())));
            if dead.is_some() {
                self.settled();
            }
            return;
        }
        match self.commit(batches, last_id) {
            Ok(outcomes) => {
                let mut refused = Vec::new();
                for (staged, outcome) in staged.into_iter().zip(outcomes) {
                    match outcome {
                        Ok(()) => self.keep(staged),
                        Err(conflict) => {
                            refused.extend_from_slice(&staged.bodies);
                            staged.answer(Err(StoreError::Conflict(conflict)));
                        }
                    }
                }
                self.eraser.erase(refused);
                if let Some((dead, owed, gone)) = dead {
                    self.released(&owed, &gone);
                    self.settled();
                    self.eraser.erase(dead);
                }
            }
            Err(error) => {
                self.fail(staged, &error);
                if dead.is_some() {
                    self.settle_later(&error);
                }
            }
        }
    }

    /// Makes `batches` and the bodies of the group durable, and shows them to readers.
    fn commit(
        &mut self,
        batches: Vec<Batch>,
        last_id: Option<MessageId>,
    ) -> Result<Outcomes, StoreError> {
        // Nothing is built on rows that cannot be trusted.
        let whole = self.failure().map_or(Ok(()), Err);
        let done = whole.and_then(|()| self.rows.judge(batches)).and_then(|(outcomes, changes)| {
            if changes.is_empty() {
                return Ok(outcomes);
            }
            let mut appended = self.append(&changes);
            if matches!(appended, Err(StoreError::Full)) {
                self.checkpoint(); // which makes the journal short
                appended = self.append(&changes);
            }
            appended?;
            self.rows.apply(changes, last_id);
            self.checkpoint_at.get_or_insert_with(|| Instant::now() + CHECKPOINT_WITHIN);
            Ok(outcomes)
        });
        self.appender.end_group();
        done
    }

    fn append(&mut self, changes: &[Change]) -> Result<(), StoreError> {
        let Self { journal, appender, bodies, .. } = self;
        bodies.metrics.commits.time(|| journal.append(changes, appender.group().as_ref()))
    }

    /// Whether new messages can be taken.
    fn room(&mut self) -> Result<(), StoreError> {
        let room = self.bodies.check_room();
        let is_full = matches!(room, Err(StoreError::Full)) && self.journal.has_files();
        if !is_full && self.checkpoint_failure.is_none() {
            return room;
        }
        self.checkpoint();
        self.checkpoint_failure.clone().map_or(Ok(()), Err)?;
        self.journal.give_back()?;
        self.bodies.check_room()
    }

    /// Appends and writes the bodies of all tasks, if there is `room`. When that fails all are
    /// answered and none is left.
    fn append_bodies(&mut self, tasks: Vec<Task>, room: Result<(), StoreError>) -> Vec<Staged> {
        if tasks.is_empty() {
            return Vec::new();
        }
        let mut staged = Vec::with_capacity(tasks.len());
        let mut failure = room.err();
        for Task { work, answer } in tasks {
            let Work::Commit { messages, rows } = work else { continue };
            let mut task = Staged::new(answer, rows);
            if failure.is_none() {
                failure = self.append_messages(messages, &mut task).err();
            }
            staged.push(task);
        }
        match failure.map_or_else(|| self.appender.write(), Err) {
            Ok(()) => staged,
            Err(error) => {
                self.appender.abandon();
                let mut dead = Vec::new();
                for staged in staged {
                    dead.extend_from_slice(&staged.bodies);
                    staged.answer(Err(error.clone()));
                }
                self.eraser.erase(dead);
                Vec::new()
            }
        }
    }

    fn append_messages(
        &mut self,
        messages: Vec<NewMessage>,
        task: &mut Staged,
    ) -> Result<(), StoreError> {
        for message in messages {
            let NewMessage { id, class, head, data, mut devices } = message;
            devices.sort_unstable();
            devices.dedup();
            task.last_id = Some(id);
            if devices.is_empty() {
                continue;
            }
            let inline: &[u8] = match &data {
                NewData::Inline(bytes) => bytes,
                NewData::Large(_) => &[],
            };
            let small = self.appender.append([&head, inline])?;
            let recent = match &data {
                NewData::Inline(bytes) => Some((head.clone(), bytes.clone())),
                NewData::Large(_) => None,
            };
            task.bodies.push(BodyRef::Small(small));
            let large = match data {
                NewData::Inline(_) => None,
                NewData::Large(finished) => {
                    let large = finished.reference();
                    self.bodies.add_live(&BodyRef::Large(large));
                    task.bodies.push(BodyRef::Large(large));
                    task.finished.push(finished);
                    Some(large)
                }
            };
            let body = Body { head_len: head.len() as u32, small, large };
            if let Some((head, data)) = recent {
                task.recent.push((id, Recent { body, head, data }));
            }
            let row = MessageRow { class, remaining: devices.len() as u32, body };
            task.batch.insert(message_key(id), row.encode());
            for device in &devices {
                task.batch.insert(owed_key(*device, class, id), []);
            }
            task.messages += 1;
            task.owed.extend(devices.iter().map(|device| (*device, body.len())));
        }
        Ok(())
    }

    /// Rows name these bodies now.
    fn keep(&self, mut staged: Staged) {
        self.counts.add(staged.messages, &staged.owed);
        staged.finished.drain(..).for_each(FinishedBody::keep);
        // Before anybody is woken who will ask for them.
        self.recents.put(std::mem::take(&mut staged.recent));
        staged.answer(Ok(()));
    }

    /// Rows of acknowledged messages are gone.
    fn released(&self, owed: &[OwedBytes], gone: &[MessageId]) {
        self.counts.remove(gone.len() as u64, owed);
        self.recents.forget(gone);
    }

    /// A commit failed. Nearly always nothing of it happened; but after a failed sync its record may
    /// be whole, and then the next start finds all of it there.
    fn fail(&self, staged: Vec<Staged>, error: &StoreError) {
        static FAILED: Throttle = Throttle::new(10);
        story!(error, FAILED, %error, tasks = staged.len(), "a commit failed");
        let is_known = self.journal.failure().is_none();
        let mut dead = Vec::new();
        for mut staged in staged {
            if is_known {
                dead.append(&mut staged.bodies);
            } else {
                // Large bodies are not in the record.
                staged.finished.drain(..).for_each(FinishedBody::keep);
            }
            staged.answer(Err(error.clone()));
        }
        self.eraser.erase(dead);
    }

    fn release_settled(&mut self) -> Option<Release> {
        match release(&*self.rows, self.inbox.take_settling()) {
            Ok(release) => Some(release),
            Err(error) => {
                self.settle_later(&error);
                None
            }
        }
    }

    fn settle_later(&mut self, error: &StoreError) {
        static WAIT: Throttle = Throttle::new(10);
        story!(warn, WAIT, %error, "acknowledgements wait to be committed");
        self.inbox.settle_again();
        self.settle_failure = Some((Instant::now() + RETRY, error.clone()));
    }

    fn settled(&mut self) {
        self.inbox.settled();
        self.settle_failure = None;
    }

    fn copy_queue(&mut self, from: u32, to: u32, rows: Batch) -> Result<(), StoreError> {
        self.bodies.check_room()?;
        let mut batch = rows;
        let added = copy_queue(&*self.rows, from, to, &mut batch)?;
        self.commit_one(batch, None)?;
        self.counts.add(0, &added);
        Ok(())
    }

    fn drop_queue(&mut self, device: u32, mut rows: Batch) -> Result<(), StoreError> {
        loop {
            let ids = owed_ids(&*self.rows, device, DROP_ROWS)?;
            let more = ids.len() == DROP_ROWS;
            let settled = ids.into_iter().map(|id| (device, id)).collect();
            let Release { mut batch, dead, owed, gone } = release(&*self.rows, settled)?;
            rows.changes.append(&mut batch.changes);
            self.commit_one(std::mem::take(&mut rows), None)?;
            self.released(&owed, &gone);
            self.eraser.erase(dead);
            if !more {
                return Ok(());
            }
        }
    }

    /// Takes owed rows away in the commit of what tells of it. It makes room, so none is asked for.
    fn give_up(&mut self, owed: Vec<(u32, MessageId)>, task: Task) {
        let pairs = owed.len();
        let released = match release(&*self.rows, owed) {
            Ok(released) if released.owed.len() == pairs => released,
            Ok(_) => return drop(task.answer.send(Err(StoreError::Gone))),
            Err(error) => return drop(task.answer.send(Err(error))),
        };
        let Some(mut staged) = self.append_bodies(vec![task], Ok(())).pop() else { return };
        let mut batch = std::mem::take(&mut staged.batch);
        let Release { batch: mut release, dead, owed, gone } = released;
        batch.changes.append(&mut release.changes);
        if let Some(last) = staged.last_id {
            batch.put(LAST_ID_KEY, last.to_be_bytes());
        }
        match self.commit_one(batch, staged.last_id) {
            Ok(()) => {
                self.released(&owed, &gone);
                self.keep(staged);
                self.eraser.erase(dead);
            }
            Err(error) => self.fail(vec![staged], &error),
        }
    }

    fn commit_one(&mut self, batch: Batch, last_id: Option<MessageId>) -> Result<(), StoreError> {
        match self.commit(vec![batch], last_id)?.pop() {
            Some(Err(conflict)) => Err(StoreError::Conflict(conflict)),
            _ => Ok(()),
        }
    }
}

impl Drop for Writer {
    /// However the thread ends, nobody waits for it in vain.
    fn drop(&mut self) {
        self.inbox.abandon();
    }
}

impl Staged {
    fn new(answer: oneshot::Sender<Result<(), StoreError>>, batch: Batch) -> Self {
        Self {
            answer,
            batch,
            bodies: Vec::new(),
            finished: Vec::new(),
            recent: Vec::new(),
            last_id: None,
            messages: 0,
            owed: Vec::new(),
        }
    }

    /// Answers the caller, who may be gone. Large bodies that were not kept are unlinked here.
    fn answer(self, answer: Result<(), StoreError>) {
        let Self { answer: caller, finished, .. } = self;
        drop(finished);
        let _ = caller.send(answer);
    }
}
