//! Store: the interface through which messages are queued for their devices, and rows are kept.
//!
//! [`EmbeddedStore`](crate::EmbeddedStore) is the one that comes with the service. Another, such as
//! one that several nodes share, implements the same trait and passes the same suite of tests
//! (`tmtp-testkit`, `store::conformance`).
//!
//! Functions that change something return a [`Receipt`] at once: the order of calls is the order of
//! commits, and the caller may hold a lock meanwhile. Functions that read are awaited. Only counts
//! are answered at once.

use std::path::Path;

use async_trait::async_trait;
use tokio::sync::OwnedSemaphorePermit;

use crate::batch::{Batch, Row};
use crate::error::StoreError;
use crate::message::{BodyWriter, MessageReader, NewMessage, Queued};
use crate::metrics::StoreMetrics;
use crate::position::{Class, Cursor, DeviceNumber, Position};
use crate::read::Read;
use crate::receipt::Receipt;

/// A commit: durable as a whole or not at all.
#[derive(Debug, Default)]
pub struct Commit {
    /// Messages, in the order of their positions.
    pub messages: Vec<NewMessage>,
    /// Rows that change with them.
    pub rows: Batch,
    /// Messages to delete from the queues of these devices. If one of them was acknowledged before,
    /// the whole commit is [`StoreError::Gone`], and the caller decides again. Each pair may be
    /// named once.
    pub gives_up: Vec<(DeviceNumber, Position)>,
}

/// Writes the commit, given the position of its first message; the others follow it. It is called
/// at most once, must not block, and must not ask the store for anything.
pub type WriteCommit = Box<dyn FnOnce(Position) -> Result<Commit, StoreError> + Send>;

/// The durable store of a service.
#[async_trait]
pub trait Store: QueueLengths + std::fmt::Debug + 'static {
    /// Messages that come get positions behind `last`: a service begins with the time of day, so that a
    /// store that was copied back gives no position twice.
    fn start_behind(&self, last: Position);

    /// Waits until `bytes` more may be held in memory until they are durable. To be asked before a body is
    /// read into memory and before it is computed who gets it; [`Store::commit`] itself does not wait.
    async fn room(&self, bytes: usize) -> Room;

    /// Starts a body that is too long to be held in memory: write it piece by piece, finish it, commit
    /// a message that has it. This is not async, as nothing is stored before the first piece.
    fn large_body(&self) -> Box<dyn BodyWriter>;

    /// Gives positions, has `write` write what is to be committed, and commits it: durable when the
    /// receipt says so, with the position of the first message. The order of calls is the order of
    /// positions and of commits: a reader that has seen a position never looks for a smaller one.
    ///
    /// A commit that gives messages up works on a full disk too, as it makes room.
    fn commit(&self, write: WriteCommit) -> Receipt;

    /// Commits rows, in order with everything else.
    fn submit(&self, rows: Batch) -> Receipt {
        self.commit(Box::new(|_| Ok(Commit { rows, ..Commit::default() })))
    }

    /// `device` has acknowledged these messages: it does not get them again, and with the last device a
    /// message is erased. Those that do not wait for it are ignored.
    ///
    /// Readers see it at once, the disk soon after. A crash before that delivers again.
    fn ack(&self, device: DeviceNumber, messages: &[Position]);

    /// Adds the queue of `from`, as it is at this place in the order of commits, to that of `to`. `begin`
    /// is committed first; the receipt answers when all is durable. What `from` acknowledges meanwhile
    /// is copied too.
    ///
    /// After a failure or a crash a part may be there: drop the queue of `to`.
    fn copy_queue(&self, from: DeviceNumber, to: DeviceNumber, begin: Batch) -> Receipt;

    /// Forgets everything that waits for `device`. `rows` go with the first commit of possibly several;
    /// after a crash in between, call it again.
    fn drop_queue(&self, device: DeviceNumber, rows: Batch) -> Receipt;

    /// Answers when everything before it is durable, acknowledgements included.
    fn flush(&self) -> Receipt;

    /// The first `limit` messages that wait for `device` behind `cursor`, in order of delivery, and how
    /// far that is: behind everything that is committed by now, where that is all. What is committed later
    /// lies behind that; only [`Store::copy_queue`] adds what is older, and it has to come first.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    fn next(
        &self,
        device: DeviceNumber,
        cursor: Cursor,
        limit: usize,
    ) -> Read<(Vec<Queued>, Cursor)>;

    /// The first message of `class` behind `after` that waits for `device`, however long the queue is.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    async fn next_queued(
        &self,
        device: DeviceNumber,
        class: Class,
        after: Option<Position>,
    ) -> Result<Option<Position>, StoreError>;

    /// The message at `position`, if it waits for `device`.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    async fn queued_at(
        &self,
        device: DeviceNumber,
        class: Class,
        position: Position,
    ) -> Result<Option<Queued>, StoreError>;

    /// Opens a message that waits for a device.
    ///
    /// # Errors
    /// [`StoreError::Gone`] if it was erased meanwhile, [`StoreError::Corrupt`] if it is damaged.
    fn read(&self, queued: &Queued) -> Read<MessageReader>;

    /// The oldest message that waits for any device.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    async fn oldest(&self) -> Result<Option<Position>, StoreError>;

    /// The position of the last message that was committed, erased ones included; 0 when there was none.
    async fn last(&self) -> Result<Position, StoreError>;

    /// The value of a row.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    async fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;

    /// The first `limit` rows whose keys start with `prefix` (at least one byte) and lie behind `after`,
    /// in rising order of key, all of one moment.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    async fn scan(
        &self,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError>;

    /// Copies the store as it is at one moment into `dir` of this machine, which must be empty or missing,
    /// with the keys that lie beside it; durable when it returns. The service goes on; only what is
    /// acknowledged meanwhile is erased when the copy is made.
    ///
    /// After a restore, messages that were delivered since the copy was made are delivered again, at the
    /// same positions. Apps drop them as duplicates.
    ///
    /// # Errors
    /// [`StoreError::NotEmpty`]; or when the disk refuses: then what is in `dir` is no store.
    async fn backup(&self, dir: &Path) -> Result<Copied, StoreError>;

    /// How much waits for each device that has a queue, in no order; from memory, as [`QueueLengths`].
    fn queues(&self) -> Vec<(DeviceNumber, Queue)>;

    /// Current size of the store; from memory.
    fn stats(&self) -> Stats;

    /// What the store counts, from its opening.
    fn metrics(&self) -> &StoreMetrics;

    /// Ready once nothing is stored here any more: after [`Store::close`], or a failure after which
    /// only a new start knows what is stored. The process should end then, or open it anew.
    async fn ended(&self);

    /// Finishes what waits, erases what is due and releases the store. What is submitted afterwards is
    /// refused.
    ///
    /// # Errors
    /// When acknowledgements could not be committed; their messages will be delivered again.
    async fn close(&self) -> Result<(), StoreError>;
}

/// How much waits for devices, as far as it is submitted; what is not stored then is taken back.
///
/// It is asked while a request is decided, under the caller's locks, so it is answered from memory. A
/// store that several nodes share answers by what its node has heard.
pub trait QueueLengths: Send + Sync {
    /// For one of them.
    fn queue(&self, device: DeviceNumber) -> Queue;

    /// The queues of all these devices together.
    fn queues_together(&self, devices: &[DeviceNumber]) -> Queue;

    /// Those of `devices` whose queue has at least `messages` messages, or at least `bytes` bytes.
    fn queues_over(&self, devices: &[DeviceNumber], messages: u64, bytes: u64)
    -> Vec<DeviceNumber>;
}

/// Length of the queue of a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Queue {
    /// Messages.
    pub messages: u64,
    /// Bytes of their heads and data.
    pub bytes: u64,
}

/// Current size of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stats {
    /// Messages that wait for at least one device.
    pub messages: u64,
    /// The same, counted once for each device.
    pub queued: u64,
    /// Bytes of their content.
    pub body_bytes: u64,
    /// Files of small bodies.
    pub segments: u64,
}

/// What was copied.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Copied {
    /// Rows of every kind.
    pub rows: u64,
    /// Messages.
    pub messages: u64,
    /// Bytes of their bodies.
    pub body_bytes: u64,
    /// Messages whose bodies are damaged here, and so are in the copy.
    pub damaged: Vec<Position>,
}

/// Leave to hold bodies in memory until they are durable. Drop it when the receipt has answered.
#[derive(Debug)]
pub struct Room {
    _permit: Option<OwnedSemaphorePermit>,
}

impl Room {
    /// Out of a bound that is kept as a semaphore; none where there is no bound.
    pub fn new(permit: Option<OwnedSemaphorePermit>) -> Self {
        Self { _permit: permit }
    }
}

/// Rows read at once by [`each_row`].
const PAGE_ROWS: usize = 1_024;

/// Shows all rows whose keys start with `prefix`, in rising order of key, a page at a time.
///
/// # Errors
/// What `visit` says, or [`StoreError`] when the store cannot be read.
pub async fn each_row(
    store: &dyn Store,
    prefix: &[u8],
    mut visit: impl FnMut(&[u8], &[u8]) -> Result<(), StoreError> + Send,
) -> Result<(), StoreError> {
    let mut after: Option<Vec<u8>> = None;
    loop {
        let rows = store.scan(prefix, after.as_deref(), PAGE_ROWS).await?;
        for (key, value) in &rows {
            visit(key, value)?;
        }
        match rows.into_iter().nth(PAGE_ROWS - 1) {
            Some((last, _)) => after = Some(last),
            None => return Ok(()),
        }
    }
}

impl Queue {
    /// Whether it has as many messages as `other`, or as many bytes.
    #[must_use]
    pub fn reaches(self, other: Self) -> bool {
        self.messages >= other.messages || self.bytes >= other.bytes
    }

    /// One message more.
    pub fn add(&mut self, bytes: u64) {
        self.messages += 1;
        self.bytes = self.bytes.saturating_add(bytes);
    }

    /// One message less.
    pub fn remove(&mut self, bytes: u64) {
        self.messages = self.messages.saturating_sub(1);
        self.bytes = self.bytes.saturating_sub(bytes);
    }
}
