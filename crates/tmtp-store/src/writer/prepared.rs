//! Prepared commits: checked on the caller's own thread, for there is one writer and many callers.

use smallvec::SmallVec;

use crate::body::MAX_SMALL_BYTES;
use crate::engine::Batch;
use crate::error::StoreError;
use crate::message::NewMessage;
use crate::row::RESERVED_PREFIXES;

/// Messages and rows to be committed together.
#[derive(Debug)]
pub(crate) struct Prepared {
    /// Nearly always one.
    pub(crate) messages: SmallVec<[Summed; 1]>,
    pub(crate) rows: Batch,
}

/// A message whose devices are in rising order, each once.
#[derive(Debug)]
pub(crate) struct Summed {
    pub(crate) message: NewMessage,
    /// Of the head, and of the data if that lies behind it in the same extent.
    pub(crate) crc32c: u32,
}

impl Prepared {
    /// # Errors
    /// [`StoreError::TooLong`], [`StoreError::ReservedKey`].
    pub(crate) fn new(
        messages: impl IntoIterator<Item = NewMessage>,
        rows: Batch,
    ) -> Result<Self, StoreError> {
        check_keys(&rows)?;
        let messages = messages.into_iter().map(Summed::new).collect::<Result<_, _>>()?;
        Ok(Self { messages, rows })
    }

    /// Bytes it holds in memory while it waits.
    pub(crate) fn weight(&self) -> usize {
        let messages = self.messages.iter().map(|summed| summed.message.weight());
        messages.sum::<usize>() + self.rows.weight()
    }
}

impl Summed {
    fn new(mut message: NewMessage) -> Result<Self, StoreError> {
        let data = message.data.inline();
        let len = message.head.len().max(data.len());
        if len > MAX_SMALL_BYTES {
            return Err(StoreError::TooLong { len, max: MAX_SMALL_BYTES });
        }
        let crc32c = crc32c::crc32c_append(crc32c::crc32c(&message.head), data);
        message.devices.sort_unstable();
        message.devices.dedup();
        Ok(Self { message, crc32c })
    }
}

pub(crate) fn check_keys(rows: &Batch) -> Result<(), StoreError> {
    rows.keys()
        .find_map(|key| key.first().filter(|byte| RESERVED_PREFIXES.contains(byte)))
        .map_or(Ok(()), |byte| Err(StoreError::ReservedKey { prefix: char::from(*byte) }))
}
