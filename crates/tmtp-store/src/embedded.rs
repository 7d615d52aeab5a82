//! Embedded store: rows and bodies in the data directory of one process.
//!
//! How a message passes: a commit writes its body and a row for the message and for each device
//! into the write-ahead log (`wal.rs`), syncs, and answers. A link reads its device's queue. An
//! acknowledgement takes the row of the queue away; with the last one the message's row goes, and then
//! the bytes are erased. What is still queued a second later is brought from the log to the engine and the
//! segments.

mod limits;
mod open;
mod queues;
mod reading;
mod shared;

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;

use crate::backup;
use crate::batch::{Batch, Row};
use crate::blocking::on_thread;
use crate::body::large::LargeBody;
use crate::disk::{Disk, SystemDisk};
use crate::engine::ReadRows;
use crate::error::StoreError;
use crate::executor::Executor;
use crate::message::{BodyWriter, MessageReader, Queued};
use crate::metrics::StoreMetrics;
use crate::position::{Class, Cursor, DeviceNumber, Position};
use crate::read::Read;
use crate::receipt::Receipt;
use crate::store::{Copied, Queue, Room, Stats, Store, WriteCommit};
use crate::writer::commit_queue::Work;
use crate::writer::prepared::{Prepared, check_keys};
pub use limits::StoreLimits;
use shared::Shared;

/// The store in a data directory. It closes when [`Store::close`] is called or it is dropped.
#[derive(Debug)]
pub struct EmbeddedStore {
    shared: Arc<Shared>,
}

impl EmbeddedStore {
    /// Opens the data directory, making it on first use, and starts erasing what a crash left. Blocks for
    /// as long as it takes to read which messages there are.
    ///
    /// # Errors
    /// Only one process at a time: [`StoreError::InUse`] otherwise. [`StoreError::NewerFormat`],
    /// [`StoreError::Corrupt`], or what the system says.
    pub fn open(data_dir: &Path, limits: StoreLimits) -> Result<Self, StoreError> {
        Self::open_on(Arc::new(SystemDisk), data_dir, limits, Executor::Threads)
    }

    /// Like [`EmbeddedStore::open`], on any disk, and driven by threads or by a task.
    ///
    /// # Errors
    /// As of [`EmbeddedStore::open`].
    pub fn open_on(
        disk: Arc<dyn Disk>,
        data_dir: &Path,
        limits: StoreLimits,
        executor: Executor,
    ) -> Result<Self, StoreError> {
        let shared = open::open(disk, data_dir, &limits, executor)?;
        Ok(Self { shared: Arc::new(shared) })
    }

    /// The last position that was given to a commit, which may be still on its way.
    pub fn last_given(&self) -> Position {
        *self.shared.last_given()
    }

    fn last_committed(&self) -> Position {
        self.shared.rows.last_position()
    }
}

#[async_trait]
impl Store for EmbeddedStore {
    fn start_behind(&self, last: Position) {
        let mut last_given = self.shared.last_given();
        *last_given = last.max(*last_given);
    }

    async fn room(&self, bytes: usize) -> Room {
        let permits = bytes.min(self.shared.queue_bytes).try_into().unwrap_or(u32::MAX);
        // The semaphore is never closed; without a permit the commit queue still has its own bound.
        Room::new(self.shared.room.clone().acquire_many_owned(permits).await.ok())
    }

    fn large_body(&self) -> Box<dyn BodyWriter> {
        Box::new(LargeBody::new(self.shared.bodies.clone()))
    }

    fn commit(&self, write: WriteCommit) -> Receipt {
        let mut last_given = self.shared.last_given();
        let first = last_given.plus(1);
        let prepared = match write(first)
            .and_then(|commit| Prepared::new(first, commit, &self.shared.counts))
        {
            Ok(prepared) => prepared,
            Err(error) => return Receipt::refused(error),
        };
        let last = last_given.plus(prepared.messages.len());
        if last == Position::MAX && !prepared.messages.is_empty() {
            return Receipt::refused(StoreError::corrupt(
                "the last position is none that was given",
            ));
        }
        *last_given = last;
        let first = (!prepared.messages.is_empty()).then_some(first);
        let work = if prepared.gives_up.is_empty() {
            Work::Commit(prepared)
        } else {
            Work::GiveUp(prepared)
        };
        self.shared.commit_queue.submit(work, first)
    }

    fn ack(&self, device: DeviceNumber, messages: &[Position]) {
        self.shared.commit_queue.ack(device, messages);
    }

    fn copy_queue(&self, from: DeviceNumber, to: DeviceNumber, begin: Batch) -> Receipt {
        match check_keys(&begin) {
            Ok(()) => {
                self.shared.commit_queue.submit(Work::CopyQueue { from, to, rows: begin }, None)
            }
            Err(error) => Receipt::refused(error),
        }
    }

    fn drop_queue(&self, device: DeviceNumber, rows: Batch) -> Receipt {
        match check_keys(&rows) {
            Ok(()) => self.shared.commit_queue.submit(Work::DropQueue { device, rows }, None),
            Err(error) => Receipt::refused(error),
        }
    }

    fn flush(&self) -> Receipt {
        self.shared.commit_queue.submit(Work::Flush, None)
    }

    // Reads are served from memory or from the page cache of the system, so they are ready at once.

    fn next(
        &self,
        device: DeviceNumber,
        cursor: Cursor,
        limit: usize,
    ) -> Read<(Vec<Queued>, Cursor)> {
        Read::done(self.queued_behind(device, cursor, limit))
    }

    async fn next_queued(
        &self,
        device: DeviceNumber,
        class: Class,
        after: Option<Position>,
    ) -> Result<Option<Position>, StoreError> {
        self.first_behind(device, class, after)
    }

    async fn queued_at(
        &self,
        device: DeviceNumber,
        class: Class,
        position: Position,
    ) -> Result<Option<Queued>, StoreError> {
        if self.first_behind(device, class, position.before())? != Some(position) {
            return Ok(None);
        }
        Ok(self.with_bodies(device, &[(class, position)])?.pop())
    }

    fn read(&self, queued: &Queued) -> Read<MessageReader> {
        Read::done(self.open_message(queued))
    }

    async fn oldest(&self) -> Result<Option<Position>, StoreError> {
        self.oldest_message()
    }

    async fn last(&self) -> Result<Position, StoreError> {
        Ok(self.last_committed())
    }

    async fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.shared.rows.get(key)
    }

    async fn scan(
        &self,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        self.rows_behind(prefix, after, limit)
    }

    async fn backup(&self, dir: &Path) -> Result<Copied, StoreError> {
        let (shared, dir) = (self.shared.clone(), dir.to_owned());
        let copy = move || {
            let checkpoint = || shared.commit_queue.submit(Work::Checkpoint, None).wait().map(drop);
            backup::copy(shared.rows.engine(), &shared.bodies, checkpoint, &dir)
        };
        tokio::task::spawn_blocking(copy).await.unwrap_or(Err(StoreError::Closed))
    }

    fn queues(&self) -> Vec<(DeviceNumber, Queue)> {
        self.all_queues()
    }

    fn stats(&self) -> Stats {
        self.count_all()
    }

    fn metrics(&self) -> &StoreMetrics {
        &self.shared.bodies.metrics
    }

    async fn ended(&self) {
        self.shared.commit_queue.ended().await;
    }

    async fn close(&self) -> Result<(), StoreError> {
        let shared = self.shared.clone();
        on_thread(move || shared.close()).await.unwrap_or(Err(StoreError::Closed))
    }
}

#[cfg(test)]
#[path = "embedded/embedded_tests.rs"]
mod tests;
