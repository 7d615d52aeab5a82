//! The store as its callers see it: one handle, shared by clones.

mod open;
mod overdue;
mod queues;

use std::ops::{Bound, ControlFlow};
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::metrics::StoreMetrics;

use crate::backup::{self, Copied};
use crate::body::Bodies;
use crate::body::large::LargeBody;
use crate::body::large::LargeReader;
use crate::counts::Counts;
use crate::disk::{Disk, Lock, SystemDisk};
use crate::engine::{Batch, Engine, ReadRows, prefix_end};
use crate::error::StoreError;
use crate::executor::{Executor, Running};
use crate::message::{MessageReader, NewMessage, Position, Queued};
use crate::message_cache::{CachedMessage, MessageCache};
use crate::row::{
    Body, Class, DeviceNumber, MessageId, MessageRow, message_key, owed_key, owed_of,
};
use crate::rows::Rows;
use crate::writer::commit_queue::{CommitQueue, Receipt, Work};
use crate::writer::prepared::{Prepared, check_keys};

/// What the store may use.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Rows kept in memory, in bytes.
    pub cache_bytes: usize,
    /// Bodies and rows that may wait for the disk, in bytes, and about the size of one commit.
    pub queue_bytes: usize,
    /// Room that new messages leave free on the disk, in bytes, so that acknowledgements can be
    /// committed even when it is full.
    pub reserve_bytes: u64,
    /// Messages of a queue that are copied to a new device between two commits of others.
    pub copy_slice: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            cache_bytes: 16 * 1024 * 1024,
            queue_bytes: 8 * 1024 * 1024,
            reserve_bytes: 32 * 1024 * 1024,
            copy_slice: 500,
        }
    }
}

/// A handle on the store; clones share it. It closes when [`Store::close`] is called or the last
/// handle is dropped.
#[derive(Debug, Clone)]
pub struct Store {
    shared: Arc<Shared>,
}

struct Shared {
    rows: Arc<Rows<dyn Engine>>,
    bodies: Arc<Bodies>,
    commit_queue: Arc<CommitQueue>,
    counts: Arc<Counts>,
    cache: Arc<MessageCache>,
    room: Arc<Semaphore>,
    queue_bytes: usize,
    /// `None` once it is closed.
    running: Mutex<Option<Running>>,
    /// Held locked as long as the store is open.
    lock: Mutex<Option<Box<dyn Lock>>>,
}

/// Leave to hold bodies in memory until they are durable. Drop it when the receipt has answered.
#[derive(Debug)]
pub struct Room {
    _permit: Option<OwnedSemaphorePermit>,
}

/// What the store holds at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stats {
    /// Messages owed to at least one device.
    pub messages: u64,
    /// Queued rows: one for each message and device.
    pub owed: u64,
    /// Bytes of their content.
    pub body_bytes: u64,
    /// Segment files of small bodies.
    pub segments: u64,
}

impl Store {
    /// Opens the data directory, making it on first use, and starts erasing what a crash left.
    ///
    /// Only one process at a time: [`StoreError::InUse`] otherwise.
    pub fn open(data_dir: &Path, limits: Limits) -> Result<Self, StoreError> {
        Self::open_on(Arc::new(SystemDisk), data_dir, limits, Executor::Threads)
    }

    /// Like [`Store::open`], on any disk, and driven by threads or by a task.
    pub fn open_on(
        disk: Arc<dyn Disk>,
        data_dir: &Path,
        limits: Limits,
        executor: Executor,
    ) -> Result<Self, StoreError> {
        open::open(disk, data_dir, &limits, executor)
    }

    /// Like [`Store::open`], with the rows in an engine of the caller's (bodies stay files).
    pub fn open_with(
        data_dir: &Path,
        limits: Limits,
        engine: Arc<dyn Engine>,
    ) -> Result<Self, StoreError> {
        open::open_with(data_dir, &limits, engine)
    }

    /// The highest message id ever committed here, erased messages included; 0 when there was none.
    pub fn last_message_id(&self) -> MessageId {
        self.shared.rows.last_id()
    }

    /// Waits until `bytes` more may wait for the disk. Ask before reading a body into memory, and
    /// before computing who is owed it: [`Store::post`] itself does not wait.
    pub async fn room(&self, bytes: usize) -> Room {
        let permits = bytes.min(self.shared.queue_bytes).try_into().unwrap_or(u32::MAX);
        // The semaphore is never closed; without a permit the commit_queue still has its own bound.
        Room { _permit: self.shared.room.clone().acquire_many_owned(permits).await.ok() }
    }

    /// Starts a large body: write it piece by piece, `finish` it, post it.
    pub fn large_body(&self) -> Result<LargeBody, StoreError> {
        LargeBody::create(self.shared.bodies.clone())
    }

    /// Stores one message and `extra` rows, all or nothing. See [`Store::post_all`].
    pub fn post(&self, message: NewMessage, extra: Batch) -> Receipt {
        self.commit([message], extra)
    }

    /// Stores messages and `extra` rows in one atomic commit: durable when the receipt says `Ok`.
    ///
    /// Never waits; the order of calls is the order of commits. Ids must rise from call to call
    /// ([`StoreError::IdNotRising`]): a reader that has seen an id never looks for a smaller one.
    pub fn post_all(&self, messages: Vec<NewMessage>, extra: Batch) -> Receipt {
        self.commit(messages, extra)
    }

    /// Commits rows of the caller's, in order with everything else.
    pub fn submit(&self, rows: Batch) -> Receipt {
        self.commit([], rows)
    }

    fn commit(&self, messages: impl IntoIterator<Item = NewMessage>, rows: Batch) -> Receipt {
        match Prepared::new(messages, rows) {
            Ok(prepared) => self.shared.commit_queue.submit(Work::Commit(prepared)),
            Err(error) => Receipt::refused(error),
        }
    }

    /// The first `limit` messages that `device` is owed behind `after`, in order of delivery.
    pub fn queued(
        &self,
        device: DeviceNumber,
        mut after: Position,
        limit: usize,
    ) -> Result<Vec<Queued>, StoreError> {
        self.next(device, &mut after, limit)
    }

    /// Like [`Store::queued`], and goes behind what was found; behind everything that is committed by
    /// now, where that is all. What is posted later lies behind that; only
    /// [`Store::copy_queue`] makes a device owed what is older, and it has to come first.
    pub fn next(
        &self,
        device: DeviceNumber,
        position: &mut Position,
        limit: usize,
    ) -> Result<Vec<Queued>, StoreError> {
        // Before the scan: what is committed meanwhile is then missing from it,
        let acking = self.shared.commit_queue.acking(device);
        // or is found although it is behind this.
        let committed = self.shared.rows.last_id();
        let mut found = Vec::new();
        for class in Class::ALL {
            let after = position.after(class);
            let (from, to) = (
                owed_key(device, class, after.unwrap_or(0)),
                owed_key(device, class, MessageId::MAX),
            );
            let from = match after {
                Some(_) => Bound::Excluded(from.as_slice()),
                None => Bound::Included(from.as_slice()),
            };
            if found.len() >= limit {
                break;
            }
            let mut bad = None;
            let range = (from, Bound::Included(to.as_slice()));
            self.shared.rows.scan_behind(after, range, &mut |key, _| {
                match owed_of(key) {
                    Ok((_, class, id)) if acking.binary_search(&id).is_err() => {
                        found.push((class, id));
                    }
                    Ok(_) => {}
                    Err(error) => bad = Some(error),
                }
                match bad.is_some() || found.len() >= limit {
                    true => ControlFlow::Break(()),
                    false => ControlFlow::Continue(()),
                }
            })?;
            bad.map_or(Ok(()), Err)?;
            if let Some((found_class, id)) = found.last()
                && *found_class == class
            {
                position.advance(class, *id);
            }
            if found.len() < limit {
                position.advance(class, committed);
            }
        }
        self.with_bodies(device, &found)
    }

    fn with_bodies(
        &self,
        device: DeviceNumber,
        found: &[(Class, MessageId)],
    ) -> Result<Vec<Queued>, StoreError> {
        let mut bodies = self.shared.cache.bodies(found.iter().map(|(_, id)| *id));
        if bodies.contains(&None) {
            bodies = self.look_up(found, bodies)?;
        }
        let owed = found.iter().zip(bodies);
        // A row that is gone was acked between the two reads.
        let owed = owed.filter_map(|((class, id), body)| Some((*class, *id, body?)));
        Ok(owed.map(|(class, id, body)| Queued { device, class, id, body }).collect())
    }

    /// Completes `bodies` of the messages `found` from their rows.
    fn look_up(
        &self,
        found: &[(Class, MessageId)],
        bodies: Vec<Option<Body>>,
    ) -> Result<Vec<Option<Body>>, StoreError> {
        let missing = found.iter().zip(&bodies).filter(|(_, body)| body.is_none());
        let keys: Vec<_> = missing.map(|((_, id), _)| message_key(*id)).collect();
        let keys: Vec<&[u8]> = keys.iter().map(<[u8; 9]>::as_slice).collect();
        let mut rows = self.shared.rows.get_many(&keys)?.into_iter();
        let look_up = |body: Option<Body>| match (body, body.is_none().then(|| rows.next())) {
            (None, Some(Some(Some(row)))) => Ok(Some(MessageRow::decode(&row)?.body)),
            (body, _) => Ok(body),
        };
        bodies.into_iter().map(look_up).collect()
    }

    /// Opens an owed message for reading. [`StoreError::Gone`] if it was erased meanwhile.
    pub fn read(&self, owed: &Queued) -> Result<MessageReader, StoreError> {
        self.open_body(owed).or_else(|error| match error {
            StoreError::Corrupt { .. } if !self.still_there(owed)? => Err(StoreError::Gone),
            error => Err(error.of_message(owed.id)),
        })
    }

    fn open_body(&self, owed: &Queued) -> Result<MessageReader, StoreError> {
        if let Some(CachedMessage { head, data, .. }) = self.shared.cache.get(owed.id) {
            return Ok(MessageReader::cached(owed.id, head, data));
        }
        let head = self.shared.bodies.read_small(&owed.body.small)?;
        match owed.body.large {
            None => Ok(MessageReader::small(owed.id, head, owed.body.head_len)),
            Some(large) => {
                let reader = LargeReader::open(&self.shared.bodies, large)?;
                Ok(MessageReader::large(owed.id, head, reader, large.len))
            }
        }
    }

    fn still_there(&self, owed: &Queued) -> Result<bool, StoreError> {
        Ok(self.shared.rows.get(&message_key(owed.id))?.is_some())
    }

    /// `device` has acknowledged `ids`: it is not owed them any more, and with the last device the
    /// message is erased. Ids it was not owed are ignored.
    ///
    /// Readers see it at once; the disk within 50 ms or so. A crash before that delivers again.
    pub fn ack(&self, device: DeviceNumber, ids: &[MessageId]) {
        self.shared.commit_queue.ack(device, ids);
    }

    /// Makes `to` owed everything that `from` is owed at this place in the order of commits. `begin` is
    /// committed first; then the queue is copied in slices, between the commits of others, and the
    /// receipt answers when all of it is durable. What `from` acknowledges meanwhile is copied too.
    ///
    /// After a failure or a crash a part may be there: drop the queue of `to`.
    pub fn copy_queue(&self, from: DeviceNumber, to: DeviceNumber, begin: Batch) -> Receipt {
        match check_keys(&begin) {
            Ok(()) => self.shared.commit_queue.submit(Work::CopyQueue { from, to, rows: begin }),
            Err(error) => Receipt::refused(error),
        }
    }

    /// Forgets everything `device` is owed. `extra` goes with the first commit of possibly several;
    /// after a crash in between, call it again.
    pub fn drop_queue(&self, device: DeviceNumber, extra: Batch) -> Receipt {
        match check_keys(&extra) {
            Ok(()) => self.shared.commit_queue.submit(Work::DropQueue { device, rows: extra }),
            Err(error) => Receipt::refused(error),
        }
    }

    /// Answers when everything before it is durable, acknowledgements included.
    pub fn flush(&self) -> Receipt {
        self.shared.commit_queue.submit(Work::Flush)
    }

    /// The value of a row.
    pub fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.shared.rows.get(key)
    }

    /// Shows all rows whose key starts with `prefix` (at least one byte), in rising order of key,
    /// as long as `visit` answers true.
    pub fn scan(
        &self,
        prefix: &[u8],
        mut visit: impl FnMut(&[u8], &[u8]) -> bool,
    ) -> Result<(), StoreError> {
        let end = prefix_end(prefix);
        let to = end.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
        self.shared.rows.scan((Bound::Included(prefix), to), &mut |key, value| {
            if visit(key, value) { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })
    }

    /// What the store holds.
    pub fn stats(&self) -> Stats {
        let alive = self.shared.bodies.alive();
        let small: u64 = alive.segments.values().map(|live| live.bytes).sum();
        Stats {
            messages: self.shared.counts.messages.load(Ordering::Relaxed),
            owed: self.shared.counts.owed.load(Ordering::Relaxed),
            body_bytes: small + alive.large_bytes,
            segments: alive.segments.len() as u64,
        }
    }

    /// What the store counts, from its opening.
    pub fn metrics(&self) -> &StoreMetrics {
        &self.shared.bodies.metrics
    }

    /// Copies the store as it is at one moment into `dir`, which must be empty or missing, with the
    /// keys that lie beside it; durable when it returns. Blocks for as long as reading and writing
    /// all of it takes. The service goes on; only what is acknowledged meanwhile is erased when the
    /// copy is made.
    ///
    /// What has been delivered since the copy was made is delivered again from it, under the same
    /// ids, which apps drop; ids of new messages follow the clock, not the copy.
    ///
    /// # Errors
    /// [`StoreError::NotEmpty`]; or when the disk refuses: then what is in `dir` is no store.
    pub fn backup(&self, dir: &Path) -> Result<Copied, StoreError> {
        let checkpoint = || self.shared.commit_queue.submit(Work::Checkpoint).wait();
        backup::copy(self.shared.rows.engine(), &self.shared.bodies, checkpoint, dir)
    }

    /// Ready once nothing is stored here any more: after [`Store::close`], or a failure after which
    /// only a new start knows what is on the disk. The process should end then, or start it anew.
    pub async fn ended(&self) {
        self.shared.commit_queue.ended().await;
    }

    /// Finishes what waits, erases what is due and releases the data directory. Blocks until that
    /// is done. Handles that are left can still read; what they submit is refused.
    ///
    /// # Errors
    /// When acknowledgements could not be committed; their messages will be delivered again.
    pub fn close(&self) -> Result<(), StoreError> {
        self.shared.close()
    }
}

impl Shared {
    fn close(&self) -> Result<(), StoreError> {
        let acked = self.commit_queue.submit(Work::Flush);
        self.commit_queue.close();
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(running) = running else { return Ok(()) }; // closed before
        running.finish();
        self.bodies.close();
        *self.lock.lock().unwrap_or_else(PoisonError::into_inner) = None;
        acked.try_now()
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        if let Err(error) = self.close() {
            tracing::error!(%error, "the store was not closed in order");
        }
    }
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("bodies", &self.bodies.dir()).finish_non_exhaustive()
    }
}
