//! Row formats: keys in the order they are read, values in a fixed binary form.
//!
//! | key | value |
//! |---|---|
//! | `m` position | a [`MessageRow`]: one for each message that still waits for a device |
//! | `q` device class position | nothing: this message waits for this device |
//! | `s/format` | the format of the data directory, 4 bytes |
//! | `s/last` | the highest position ever committed, 8 bytes |
//! | `s/journal` | which file the log is in, and its salt: [`Epoch`](crate::wal::Epoch); not there in a store that was closed in order |
//!
//! Numbers are big-endian, so that keys sort as numbers do. Rows never hold content: the head and
//! the data of a message are in its body.

use crate::error::StoreError;
use crate::extent::{BodyRef, Extent, LargeRef};
use crate::message::Locator;
use crate::position::{Class, DeviceNumber, Position};

/// First bytes of keys that belong to the store; every other prefix is the caller's.
pub const RESERVED_PREFIXES: [u8; 3] = [MESSAGE, QUEUE, STORE];

const MESSAGE: u8 = b'm';
pub(crate) const QUEUE: u8 = b'q';
const STORE: u8 = b's';

pub(crate) const FORMAT_KEY: &[u8] = b"s/format";
pub(crate) const LAST_POSITION_KEY: &[u8] = b"s/last";
pub(crate) const WAL_KEY: &[u8] = b"s/journal";

/// A message and for how many devices it waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MessageRow {
    pub(crate) class: Class,
    /// Queued rows that name this message.
    pub(crate) remaining: u32,
    pub(crate) body: Body,
}

/// Where the content of a message lies: head and data in one extent when the data is small.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Body {
    pub(crate) head_len: u32,
    pub(crate) small: Extent,
    pub(crate) large: Option<LargeRef>,
}

/// Locator of a body in a segment: five numbers.
const SMALL_LOCATOR_BYTES: usize = 20;
/// Locator of a large body: the same, then id, length and checksum of its file.
const LOCATOR_BYTES: usize = SMALL_LOCATOR_BYTES + 20;

impl Body {
    pub(crate) fn data_len(&self) -> u64 {
        self.large
            .map_or(u64::from(self.small.len.saturating_sub(self.head_len)), |large| large.len)
    }

    /// Bytes of head and data.
    pub(crate) fn len(&self) -> u64 {
        u64::from(self.small.len).saturating_add(self.large.map_or(0, |large| large.len))
    }

    /// Its locator, which finds the body again.
    pub(crate) fn locator(&self) -> Locator {
        let mut bytes = [0; LOCATOR_BYTES];
        let Extent { segment, offset, len, crc32c } = self.small;
        let numbers = [self.head_len, segment, offset, len, crc32c];
        for (place, number) in bytes.chunks_exact_mut(4).zip(numbers) {
            place.copy_from_slice(&number.to_be_bytes());
        }
        let Some(large) = self.large else {
            return Locator::from_slice(&bytes[..SMALL_LOCATOR_BYTES]);
        };
        let (_, rest) = bytes.split_at_mut(SMALL_LOCATOR_BYTES);
        rest[..8].copy_from_slice(&large.id.to_be_bytes());
        rest[8..16].copy_from_slice(&large.len.to_be_bytes());
        rest[16..].copy_from_slice(&large.crc32c.to_be_bytes());
        Locator::from_slice(&bytes)
    }

    /// The body with this locator.
    pub(crate) fn located(mut bytes: &[u8]) -> Option<Self> {
        let mut number = || take(&mut bytes).map(u32::from_be_bytes);
        let head_len = number()?;
        let small =
            Extent { segment: number()?, offset: number()?, len: number()?, crc32c: number()? };
        let large = match bytes {
            [] => None,
            _ => Some(LargeRef {
                id: u64::from_be_bytes(take(&mut bytes)?),
                len: u64::from_be_bytes(take(&mut bytes)?),
                crc32c: u32::from_be_bytes(take(&mut bytes)?),
            }),
        };
        let fits = if large.is_some() { head_len == small.len } else { head_len <= small.len };
        (fits && bytes.is_empty()).then_some(Self { head_len, small, large })
    }

    pub(crate) fn parts(&self) -> impl Iterator<Item = BodyRef> + use<> {
        [Some(BodyRef::Small(self.small)), self.large.map(BodyRef::Large)].into_iter().flatten()
    }
}

impl MessageRow {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let locator = self.body.locator();
        let mut row = Vec::with_capacity(5 + locator.len());
        row.push(self.class.byte());
        row.extend_from_slice(&self.remaining.to_be_bytes());
        row.extend_from_slice(&locator);
        row
    }

    pub(crate) fn decode(row: &[u8]) -> Result<Self, StoreError> {
        Self::parse(row).ok_or_else(|| StoreError::corrupt("a message row has an unknown form"))
    }

    fn parse(mut row: &[u8]) -> Option<Self> {
        let class = Class::from_byte(*row.split_off_first()?)?;
        let remaining = take(&mut row).map(u32::from_be_bytes)?;
        Some(Self { class, remaining, body: Body::located(row)? })
    }
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (number, after) = rest.split_first_chunk::<N>()?;
    *rest = after;
    Some(*number)
}

const MESSAGE_KEY_BYTES: usize = 9;

pub(crate) fn message_key(position: Position) -> [u8; MESSAGE_KEY_BYTES] {
    let mut key = [MESSAGE; MESSAGE_KEY_BYTES];
    key[1..].copy_from_slice(&position.to_be_bytes());
    key
}

/// From the first to behind the last message row.
pub(crate) const MESSAGES: (&[u8], &[u8]) = (&[MESSAGE], &[MESSAGE + 1]);

/// From the first to behind the last queue row.
pub(crate) const QUEUES: (&[u8], &[u8]) = (&[QUEUE], &[QUEUE + 1]);

pub(crate) fn message_of(key: &[u8]) -> Result<Position, StoreError> {
    match key {
        [MESSAGE, position @ ..] => position.try_into().map(Position::from_be_bytes).ok(),
        _ => None,
    }
    .ok_or_else(|| StoreError::corrupt("a message row has an unknown key"))
}

pub(crate) const QUEUE_KEY_BYTES: usize = 14;

pub(crate) fn queue_key(
    device: DeviceNumber,
    class: Class,
    position: Position,
) -> [u8; QUEUE_KEY_BYTES] {
    let mut key = [QUEUE; QUEUE_KEY_BYTES];
    key[1..5].copy_from_slice(&device.to_be_bytes());
    key[5] = class.byte();
    key[6..].copy_from_slice(&position.to_be_bytes());
    key
}

/// The key of a message or a queue row, parted into the position and what is before it.
pub(crate) fn position_of_key(key: &[u8]) -> Option<(&[u8], Position)> {
    let (start, position) = key.split_last_chunk()?;
    match (key.first()?, key.len()) {
        (&MESSAGE, MESSAGE_KEY_BYTES) | (&QUEUE, QUEUE_KEY_BYTES) => {
            Some((start, Position::from_be_bytes(*position)))
        }
        _ => None,
    }
}

/// Device, class and message of a queue row.
pub(crate) fn parse_queue_key(key: &[u8]) -> Result<(DeviceNumber, Class, Position), StoreError> {
    let parse = || {
        let mut rest = key.strip_prefix(&[QUEUE])?;
        let device = u32::from_be_bytes(take(&mut rest)?);
        let class = Class::from_byte(*rest.split_off_first()?)?;
        let position = Position::from_be_bytes(take(&mut rest)?);
        rest.is_empty().then_some((device, class, position))
    };
    parse().ok_or_else(|| StoreError::corrupt("a queue row has an unknown key"))
}

/// The first and the last key that the queue of `device` can have.
pub(crate) fn queue_range(device: DeviceNumber) -> [[u8; QUEUE_KEY_BYTES]; 2] {
    [
        queue_key(device, Class::User, Position::default()),
        queue_key(device, Class::Rest, Position::MAX),
    ]
}
