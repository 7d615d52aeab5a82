//! Prepared commits: checked on the thread of the caller, as there is one writer and many callers.

use std::sync::Arc;

use bytes::Bytes;
use smallvec::SmallVec;

use crate::batch::Batch;
use crate::body::MAX_SMALL_BYTES;
use crate::body::large::StoredBody;
use crate::counts::{Counts, QueuedBytes, Submitted};
use crate::error::StoreError;
use crate::message::{NewData, NewMessage};
use crate::position::{Class, DeviceNumber, Position};
use crate::row::RESERVED_PREFIXES;
use crate::store::Commit;

/// What is committed together.
#[derive(Debug)]
pub(crate) struct Prepared {
    /// Nearly always one.
    pub(crate) messages: SmallVec<[PreparedMessage; 1]>,
    pub(crate) rows: Batch,
    pub(crate) gives_up: Vec<(DeviceNumber, Position)>,
    pub(crate) submitted: Submitted,
}

/// A message that has its position.
#[derive(Debug)]
pub(crate) struct PreparedMessage {
    pub(crate) position: Position,
    pub(crate) class: Class,
    pub(crate) head: Bytes,
    pub(crate) data: PreparedData,
    /// In rising order, each once.
    pub(crate) devices: Vec<DeviceNumber>,
    /// The sum of the head, and of the data if it is in the same extent.
    pub(crate) crc32c: u32,
}

#[derive(Debug)]
pub(crate) enum PreparedData {
    Inline(Bytes),
    Large(StoredBody),
}

impl Prepared {
    /// Messages at `first` and the positions after it.
    ///
    /// # Errors
    /// [`StoreError::TooLong`], [`StoreError::ReservedKey`], [`StoreError::OtherStore`].
    pub(crate) fn new(
        first: Position,
        commit: Commit,
        counts: &Arc<Counts>,
    ) -> Result<Self, StoreError> {
        let Commit { messages, rows, gives_up } = commit;
        check_keys(&rows)?;
        let place = |(at, message)| PreparedMessage::new(first.plus(at), message);
        let messages: SmallVec<[PreparedMessage; 1]> =
            messages.into_iter().enumerate().map(place).collect::<Result<_, _>>()?;
        let stored = messages.iter().filter(|message| !message.devices.is_empty());
        let queued = stored.clone().flat_map(PreparedMessage::queued).collect();
        let submitted = Submitted::new(counts, stored.count() as u64, queued);
        Ok(Self { messages, rows, gives_up, submitted })
    }

    /// Bytes it holds in memory while it waits.
    pub(crate) fn weight(&self) -> usize {
        let messages = self.messages.iter().map(PreparedMessage::weight);
        messages.sum::<usize>() + self.rows.weight() + size_of_val(self.gives_up.as_slice())
    }
}

impl PreparedMessage {
    fn new(position: Position, message: NewMessage) -> Result<Self, StoreError> {
        let NewMessage { class, head, data, mut devices } = message;
        let data = match data {
            NewData::Inline(bytes) => PreparedData::Inline(bytes),
            NewData::Large(body) => PreparedData::Large(body.into_held()?),
        };
        let len = head.len().max(data.inline().len());
        if len > MAX_SMALL_BYTES {
            return Err(StoreError::TooLong { len, max: MAX_SMALL_BYTES });
        }
        let crc32c = crc32c::crc32c_append(crc32c::crc32c(&head), data.inline());
        devices.sort_unstable();
        devices.dedup();
        Ok(Self { position, class, head, data, devices, crc32c })
    }

    fn queued(&self) -> impl Iterator<Item = QueuedBytes> {
        let bytes = self.head.len() as u64 + self.data.len();
        self.devices.iter().map(move |device| (*device, bytes))
    }

    fn weight(&self) -> usize {
        self.head.len() + self.data.inline().len() + self.devices.len() * 4
    }
}

impl PreparedData {
    /// Bytes of all of it.
    fn len(&self) -> u64 {
        match self {
            Self::Inline(bytes) => bytes.len() as u64,
            Self::Large(body) => body.reference().len,
        }
    }

    /// The part of it that is in memory.
    fn inline(&self) -> &[u8] {
        match self {
            Self::Inline(bytes) => bytes,
            Self::Large(_) => &[],
        }
    }
}

pub(crate) fn check_keys(rows: &Batch) -> Result<(), StoreError> {
    rows.keys()
        .find_map(|key| key.first().filter(|byte| RESERVED_PREFIXES.contains(byte)))
        .map_or(Ok(()), |byte| Err(StoreError::ReservedKey { prefix: char::from(*byte) }))
}
