//! Messages: those to be stored, those in a queue, and reading one.

use bytes::Bytes;

use crate::body::large::{FinishedBody, LargeReader};
use crate::error::StoreError;
use crate::row::{Body, Class, DeviceNumber, MessageId};

/// A message to be stored for its devices.
#[derive(Debug)]
pub struct NewMessage {
    /// Its id, above all ids submitted before.
    pub id: MessageId,
    /// What it is, for the order of delivery.
    pub class: Class,
    /// Everything the receiver gets before the data. The store does not read it.
    pub head: Bytes,
    /// What follows the head.
    pub data: NewData,
    /// Who is owed it. Nobody: nothing is stored, only the extra rows.
    pub devices: Vec<DeviceNumber>,
}

/// The data of a new message.
#[derive(Debug)]
pub enum NewData {
    /// At most [`MAX_SMALL_BYTES`](super::MAX_SMALL_BYTES) bytes.
    Inline(Bytes),
    /// A body that was streamed to the disk before.
    Large(FinishedBody),
}

impl NewData {
    /// What of it is in memory.
    pub(crate) fn inline(&self) -> &[u8] {
        match self {
            NewData::Inline(bytes) => bytes,
            NewData::Large(_) => &[],
        }
    }
}

impl NewMessage {
    /// Bytes this message holds in memory while it waits.
    pub(crate) fn weight(&self) -> usize {
        self.head.len() + self.data.inline().len() + self.devices.len() * 4
    }
}

/// A message that a device is owed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Queued {
    pub(crate) device: DeviceNumber,
    pub(crate) class: Class,
    pub(crate) id: MessageId,
    pub(crate) body: Body,
}

impl Queued {
    /// Id of the message.
    pub fn id(&self) -> MessageId {
        self.id
    }

    /// Its class.
    pub fn class(&self) -> Class {
        self.class
    }

    /// Length of the head in bytes.
    pub fn head_len(&self) -> u32 {
        self.body.head_len
    }

    /// Length of the data in bytes.
    pub fn data_len(&self) -> u64 {
        self.body.data_len()
    }
}

/// How far a reader of one device's queue has come: the last message of each class.
///
/// One for each class, because a `user` message that arrives after the reader went on to the rest
/// must still be found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Position {
    last: [Option<MessageId>; 2],
}

impl Position {
    /// Before the first message.
    pub fn start() -> Self {
        Self::default()
    }

    /// Goes behind the message `id` of `class`, if it is not there yet.
    pub(crate) fn advance(&mut self, class: Class, id: MessageId) {
        let last = &mut self.last[class as usize];
        *last = (*last).max(Some(id));
    }

    pub(crate) fn after(&self, class: Class) -> Option<MessageId> {
        self.last[class as usize]
    }
}

/// Reads one message, front to back. Blocks on the disk where the page cache has it no more.
#[derive(Debug)]
pub struct MessageReader {
    id: MessageId,
    head: Bytes,
    data: Data,
    data_len: u64,
}

#[derive(Debug)]
enum Data {
    Small(Bytes),
    Large(LargeReader),
}

impl MessageReader {
    pub(crate) fn small(id: MessageId, mut bytes: Bytes, head_len: u32) -> Self {
        let head = bytes.split_to(bytes.len().min(head_len as usize));
        Self { id, head, data_len: bytes.len() as u64, data: Data::Small(bytes) }
    }

    pub(crate) fn cached(id: MessageId, head: Bytes, data: Bytes) -> Self {
        Self { id, head, data_len: data.len() as u64, data: Data::Small(data) }
    }

    pub(crate) fn large(id: MessageId, head: Bytes, reader: LargeReader, data_len: u64) -> Self {
        Self { id, head, data: Data::Large(reader), data_len }
    }

    /// The head as it was posted.
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
    /// Data that does not match its sum is an error before its last piece: whoever forwards the
    /// pieces can never complete a damaged message.
    pub fn chunk(&mut self, max: usize) -> Result<Option<Bytes>, StoreError> {
        match &mut self.data {
            Data::Small(bytes) if bytes.is_empty() => Ok(None),
            Data::Small(bytes) => Ok(Some(bytes.split_to(bytes.len().min(max.max(1))))),
            Data::Large(reader) => reader.next(max).map_err(|error| error.of_message(self.id)),
        }
    }
}
