//! Messages: those to be stored, those in a queue, and their bodies.

use std::any::Any;
use std::future::poll_fn;
use std::task::{Context, Poll};

use async_trait::async_trait;
use bytes::Bytes;
use smallvec::SmallVec;

use crate::error::StoreError;
use crate::position::{Class, DeviceNumber, Position};

/// A message to be stored for its devices.
#[derive(Debug)]
pub struct NewMessage {
    /// Its class, which decides the order of delivery.
    pub class: Class,
    /// Everything the receiver gets before the data. The store does not read it.
    pub head: Bytes,
    /// What follows the head.
    pub data: NewData,
    /// The devices that get it. A device that is named twice gets it once. If there is none, only
    /// the rows beside the message are stored.
    pub devices: Vec<DeviceNumber>,
}

/// The data of a new message.
#[derive(Debug)]
pub enum NewData {
    /// At most [`MAX_SMALL_BYTES`](super::MAX_SMALL_BYTES) bytes.
    Inline(Bytes),
    /// A body that was written to the store before.
    Large(FinishedBody),
}

/// A large body being received. Dropped unfinished, it leaves nothing.
#[async_trait]
pub trait BodyWriter: std::fmt::Debug + Send {
    /// Appends `bytes`; pieces of 16 to 256 KiB are best. While it is pending, none of them is taken: call
    /// it again with the same bytes once the task is woken. It is ready when more may be written, which
    /// need not mean that these are on a disk.
    ///
    /// The embedded store is ready at once. It may block on the disk; other tasks of a runtime with
    /// several threads continue meanwhile.
    ///
    /// # Errors
    /// [`StoreError`] when they cannot be stored; the body is of no use then.
    fn poll_write(
        &mut self,
        bytes: &[u8],
        context: &mut Context<'_>,
    ) -> Poll<Result<(), StoreError>>;

    /// Makes the body durable. No message has it yet: commit one that does, or drop it.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be made durable.
    async fn finish(self: Box<Self>) -> Result<FinishedBody, StoreError>;
}

impl dyn BodyWriter {
    /// Like [`BodyWriter::poll_write`], awaited.
    ///
    /// # Errors
    /// As of [`BodyWriter::poll_write`].
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        poll_fn(|context| self.poll_write(bytes, context)).await
    }
}

/// A large body that no message has yet. Dropped, it is gone.
#[derive(Debug)]
pub struct FinishedBody {
    len: u64,
    held: Box<dyn Any + Send + Sync>,
}

impl FinishedBody {
    /// A body of `len` bytes. `held` identifies it to the store; when that is dropped, the body is
    /// deleted.
    pub fn new(len: u64, held: impl Any + Send + Sync) -> Self {
        Self { len, held: Box::new(held) }
    }

    /// Its length in bytes.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether it has no bytes.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// What `held` was.
    ///
    /// # Errors
    /// [`StoreError::OtherStore`] when another store made it.
    pub fn into_held<T: Any>(self) -> Result<T, StoreError> {
        self.held.downcast().map(|held| *held).map_err(|_| StoreError::OtherStore)
    }
}

/// How a store finds a queued message.
pub type Locator = SmallVec<[u8; 40]>;

/// A message that waits for a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queued {
    /// The device.
    pub device: DeviceNumber,
    /// Its class.
    pub class: Class,
    /// Its position.
    pub position: Position,
    /// Length of the head in bytes.
    pub head_len: u32,
    /// Length of the data in bytes.
    pub data_len: u64,
    /// What the store finds it by, for the store alone.
    pub locator: Locator,
}

/// Reads one message, front to back.
#[derive(Debug)]
pub struct MessageReader {
    head: Bytes,
    data: Data,
    data_len: u64,
}

#[derive(Debug)]
enum Data {
    Small(Bytes),
    Large(Box<dyn BodyReader>),
}

/// Reads a large body from the front.
pub trait BodyReader: std::fmt::Debug + Send {
    /// The next piece, at most `max` bytes; `None` at the end.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] before the last piece if the whole does not match its sum: whoever forwards
    /// the pieces can never complete a damaged message.
    fn poll_next(
        &mut self,
        max: usize,
        context: &mut Context<'_>,
    ) -> Poll<Result<Option<Bytes>, StoreError>>;
}

impl MessageReader {
    /// A message that is in memory.
    pub fn small(head: Bytes, data: Bytes) -> Self {
        Self { head, data_len: data.len() as u64, data: Data::Small(data) }
    }

    /// A message with a large body.
    pub fn large(head: Bytes, reader: Box<dyn BodyReader>, data_len: u64) -> Self {
        Self { head, data: Data::Large(reader), data_len }
    }

    /// The head as it was committed.
    pub fn head(&self) -> &Bytes {
        &self.head
    }

    /// Length of head and data in bytes.
    pub fn total_len(&self) -> u64 {
        self.head.len() as u64 + self.data_len
    }

    /// Length of the whole data in bytes.
    pub fn data_len(&self) -> u64 {
        self.data_len
    }

    /// The next piece of the data, at most `max` bytes; `None` at the end.
    ///
    /// # Errors
    /// As of [`BodyReader::poll_next`].
    pub fn poll_chunk(
        &mut self,
        max: usize,
        context: &mut Context<'_>,
    ) -> Poll<Result<Option<Bytes>, StoreError>> {
        match &mut self.data {
            Data::Small(bytes) if bytes.is_empty() => Poll::Ready(Ok(None)),
            Data::Small(bytes) => {
                Poll::Ready(Ok(Some(bytes.split_to(bytes.len().min(max.max(1))))))
            }
            Data::Large(reader) => reader.poll_next(max, context),
        }
    }

    /// Like [`MessageReader::poll_chunk`], awaited.
    ///
    /// # Errors
    /// As of [`BodyReader::poll_next`].
    pub async fn chunk(&mut self, max: usize) -> Result<Option<Bytes>, StoreError> {
        poll_fn(|context| self.poll_chunk(max, context)).await
    }
}
