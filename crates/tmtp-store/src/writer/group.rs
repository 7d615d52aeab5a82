//! Group commit: bodies, rows and acknowledgements of many callers in one record.

use bytes::Bytes;
use smallvec::SmallVec;
use tokio::time::Instant;

use super::checkpoint::CHECKPOINT_WITHIN;
use super::{RETRY, Writer};
use crate::batch::{Batch, Change};
use crate::body::large::StoredBody;
use crate::counts::{QueuedBytes, Submitted};
use crate::error::StoreError;
use crate::extent::BodyRef;
use crate::message_cache::CachedMessage;
use crate::position::Position;
use crate::receipt::Answer;
use crate::row::{Body, LAST_POSITION_KEY, MessageRow, message_key, queue_key};
use crate::writer::commit_queue::{Task, Work};
use crate::writer::prepared::{Prepared, PreparedData, PreparedMessage};
use crate::writer::release::{Release, release};
use tmtp_telemetry::Throttle;
use tmtp_telemetry::{error_limited, warn_limited};

/// A task whose bodies are appended and whose rows are about to be committed.
pub(super) struct Staged {
    answer: Answer,
    pub(super) batch: Batch,
    // Nearly always one of each.
    bodies: SmallVec<[BodyRef; 1]>,
    finished: Vec<StoredBody>,
    /// Messages for the cache: readers will most likely read them first.
    cached: SmallVec<[(Position, CachedMessage); 1]>,
    /// The highest position given with the task. It is stored in a row.
    pub(super) last_position: Option<Position>,
    submitted: Submitted,
}

impl Writer {
    pub(super) fn commit_group(&mut self, tasks: Vec<Task>, ack: bool) {
        let room = if tasks.is_empty() { Ok(()) } else { self.room() };
        let mut staged = self.append_bodies(tasks, room);
        let mut batches: Vec<Batch> =
            staged.iter_mut().map(|staged| std::mem::take(&mut staged.batch)).collect();
        let last_position = staged.iter().filter_map(|staged| staged.last_position).max();
        if let Some(last_position) = last_position {
            let mut batch = Batch::new();
            batch.put(LAST_POSITION_KEY, last_position.to_be_bytes());
            batches.push(batch);
        }
        let released = if ack { self.release_acked() } else { None };
        let dead = released.map(|released| {
            batches.push(released.batch);
            (released.dead, released.queued, released.gone, released.inherited)
        });
        if batches.iter().all(Batch::is_empty) {
            staged.into_iter().for_each(|staged| staged.answer(Ok(())));
            if dead.is_some() {
                self.acked();
            }
            return;
        }
        match self.commit(batches, last_position) {
            Ok(()) => {
                self.keep(staged);
                if let Some((dead, queued, gone, inherited)) = dead {
                    self.released(&queued, &gone);
                    self.counts.add(0, &inherited);
                    self.acked();
                    self.eraser.erase(dead);
                }
            }
            Err(error) => {
                self.fail(staged, &error);
                if dead.is_some() {
                    self.ack_later(&error);
                }
            }
        }
    }

    /// Makes `batches` and the bodies of the group durable, and shows them to readers.
    fn commit(
        &mut self,
        batches: Vec<Batch>,
        last_position: Option<Position>,
    ) -> Result<(), StoreError> {
        let mut changes = Vec::with_capacity(batches.iter().map(|batch| batch.changes.len()).sum());
        batches.into_iter().for_each(|batch| changes.extend(batch.changes));
        // Rows that cannot be trusted must not be changed any further.
        let whole = self.failure().map_or(Ok(()), Err);
        let appended = whole.and_then(|()| self.append(&changes));
        // Before readers see the rows that name its bodies.
        self.appender.end_group();
        appended?;
        if !changes.is_empty() {
            self.rows.apply(changes, last_position);
            self.checkpoint_at.get_or_insert_with(|| Instant::now() + CHECKPOINT_WITHIN);
        }
        Ok(())
    }

    fn append(&mut self, changes: &[Change]) -> Result<(), StoreError> {
        if changes.is_empty() {
            return Ok(());
        }
        let appended = self.append_record(changes);
        if !matches!(appended, Err(StoreError::Full)) {
            return appended;
        }
        self.checkpoint(); // which empties the log
        self.append_record(changes)
    }

    fn append_record(&mut self, changes: &[Change]) -> Result<(), StoreError> {
        let Self { wal, appender, bodies, .. } = self;
        bodies.metrics.commits.time(|| wal.append(changes, appender.group()))
    }

    /// Appends the bodies of all tasks, if there is `room`. If that fails all tasks are answered
    /// and removed.
    pub(super) fn append_bodies(
        &mut self,
        tasks: Vec<Task>,
        room: Result<(), StoreError>,
    ) -> Vec<Staged> {
        if tasks.is_empty() {
            return Vec::new();
        }
        let mut staged = Vec::with_capacity(tasks.len());
        let mut failure = room.err();
        for Task { work, answer } in tasks {
            let Work::Commit(prepared) = work else { continue };
            let Prepared { messages, rows, gives_up: _, submitted } = prepared;
            let mut task = Staged::new(answer, rows, submitted);
            if failure.is_none() {
                failure = self.append_messages(messages, &mut task).err();
            }
            staged.push(task);
        }
        let Some(error) = failure else { return staged };
        self.appender.end_group();
        let mut dead = Vec::new();
        for staged in staged {
            dead.extend_from_slice(&staged.bodies);
            staged.answer(Err(error.clone()));
        }
        self.eraser.erase(dead);
        Vec::new()
    }

    fn append_messages(
        &mut self,
        messages: SmallVec<[PreparedMessage; 1]>,
        task: &mut Staged,
    ) -> Result<(), StoreError> {
        for PreparedMessage { position, class, head, data, devices, crc32c } in messages {
            task.last_position = Some(position);
            if devices.is_empty() {
                continue;
            }
            let inline = match &data {
                PreparedData::Inline(bytes) => bytes.clone(),
                PreparedData::Large(_) => Bytes::new(),
            };
            let small = self.appender.append([head.clone(), inline], crc32c)?;
            let head_len = head.len() as u32;
            let cached = match &data {
                PreparedData::Inline(bytes) => Some((head, bytes.clone())),
                PreparedData::Large(_) => None,
            };
            task.bodies.push(BodyRef::Small(small));
            let large = match data {
                PreparedData::Inline(_) => None,
                PreparedData::Large(finished) => {
                    let large = finished.reference();
                    self.bodies.add_live(&BodyRef::Large(large));
                    task.bodies.push(BodyRef::Large(large));
                    task.finished.push(finished);
                    Some(large)
                }
            };
            let body = Body { head_len, small, large };
            if let Some((head, data)) = cached {
                task.cached.push((position, CachedMessage { body, head, data }));
            }
            let row = MessageRow { class, remaining: devices.len() as u32, body };
            task.batch.insert(message_key(position), row.encode());
            for device in &devices {
                task.batch.insert(queue_key(*device, class, position), []);
            }
        }
        Ok(())
    }

    /// Rows name these bodies now.
    pub(super) fn keep(&self, mut staged: Vec<Staged>) {
        // Before devices are woken that will read them.
        self.cache.put(staged.iter_mut().flat_map(|staged| staged.cached.drain(..)));
        for mut staged in staged {
            staged.finished.drain(..).for_each(StoredBody::keep);
            staged.stored();
        }
    }

    /// Rows of acknowledged messages are gone.
    pub(super) fn released(&self, queued: &[QueuedBytes], gone: &[Position]) {
        self.counts.remove(gone.len() as u64, queued);
        self.cache.forget(gone);
    }

    /// A commit failed. Nearly always nothing of it happened; but after a failed sync its record may
    /// be whole, and then the next start finds all of it there.
    pub(super) fn fail(&self, staged: Vec<Staged>, error: &StoreError) {
        static FAILED: Throttle = Throttle::new(10);
        error_limited!(FAILED, %error, tasks = staged.len(), "a commit failed");
        let is_known = self.wal.failure().is_none();
        let mut dead = Vec::new();
        for mut staged in staged {
            if is_known {
                dead.extend(staged.bodies.drain(..));
            } else {
                // Large bodies are not in the record.
                staged.finished.drain(..).for_each(StoredBody::keep);
            }
            staged.answer(Err(error.clone()));
        }
        self.eraser.erase(dead);
    }

    fn release_acked(&mut self) -> Option<Release> {
        match release(&*self.rows, self.commit_queue.take_settling(), self.copies.iter()) {
            Ok(release) => Some(release),
            Err(error) => {
                self.ack_later(&error);
                None
            }
        }
    }

    fn ack_later(&mut self, error: &StoreError) {
        static WAIT: Throttle = Throttle::new(10);
        warn_limited!(WAIT, %error, "acknowledgements wait to be committed");
        self.commit_queue.ack_again();
        self.ack_failure = Some((Instant::now() + RETRY, error.clone()));
    }

    fn acked(&mut self) {
        self.commit_queue.acked();
        self.ack_failure = None;
    }

    pub(super) fn commit_one(
        &mut self,
        batch: Batch,
        last_position: Option<Position>,
    ) -> Result<(), StoreError> {
        self.commit(vec![batch], last_position)
    }
}

impl Staged {
    fn new(answer: Answer, batch: Batch, submitted: Submitted) -> Self {
        Self {
            answer,
            batch,
            bodies: SmallVec::new(),
            finished: Vec::new(),
            cached: SmallVec::new(),
            last_position: None,
            submitted,
        }
    }

    /// Answers that it is durable.
    fn stored(self) {
        let Self { answer, submitted, .. } = self;
        submitted.keep();
        answer.finish(Ok(()));
    }

    /// Answers the caller, which may have gone. Large bodies that were not stored are unlinked
    /// here.
    fn answer(self, answer: Result<(), StoreError>) {
        let Self { answer: caller, finished, submitted, .. } = self;
        drop((finished, submitted));
        caller.finish(answer);
    }
}
