//! Row formats: keys in the order they are read, values in a fixed binary form.
//!
//! | key | value |
//! |---|---|
//! | `m` id | a [`MessageRow`]: one for each message that is still owed to anybody |
//! | `q` device class id | nothing: this device is owed this message |
//! | `s/format` | the format of the data directory, 4 bytes |
//! | `s/last` | the highest message id ever committed, 8 bytes |
//! | `s/journal` | which file the log is in, and its salt: [`Epoch`](crate::wal::Epoch); not there in a store that was closed in order |
//!
//! Numbers are big-endian, so that keys sort as numbers do. Rows never hold content: the head and
//! the data of a message are in its body.

use crate::error::StoreError;
use crate::extent::{BodyRef, Extent, LargeRef};

/// Number of a device, given by the directory and never given again.
pub type DeviceNumber = u32;

/// Id of a message: rising over the whole service.
pub type MessageId = u64;

/// First bytes of keys that belong to the store; every other prefix is the caller's.
pub const RESERVED_PREFIXES: [u8; 3] = [MESSAGE, OWED, STORE];

const MESSAGE: u8 = b'm';
pub(crate) const OWED: u8 = b'q';
const STORE: u8 = b's';

pub(crate) const FORMAT_KEY: &[u8] = b"s/format";
pub(crate) const LAST_ID_KEY: &[u8] = b"s/last";
pub(crate) const JOURNAL_KEY: &[u8] = b"s/journal";

/// What goes first when a device catches up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Who the member is and what changed about the account: before anything else.
    User,
    /// Everything else, in the order it was posted.
    Rest,
}

impl Class {
    /// Both, in order of delivery.
    pub(crate) const ALL: [Class; 2] = [Class::User, Class::Rest];

    fn byte(self) -> u8 {
        match self {
            Class::User => 0,
            Class::Rest => 1,
        }
    }

    fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            0 => Some(Class::User),
            1 => Some(Class::Rest),
            _ => None,
        }
    }
}

/// A message and how many devices it is still owed to.
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

impl Body {
    pub(crate) fn data_len(&self) -> u64 {
        self.large
            .map_or(u64::from(self.small.len.saturating_sub(self.head_len)), |large| large.len)
    }

    /// Bytes of head and data.
    pub(crate) fn len(&self) -> u64 {
        u64::from(self.small.len).saturating_add(self.large.map_or(0, |large| large.len))
    }

    pub(crate) fn parts(&self) -> impl Iterator<Item = BodyRef> + use<> {
        [Some(BodyRef::Small(self.small)), self.large.map(BodyRef::Large)].into_iter().flatten()
    }
}

const SMALL_ROW_BYTES: usize = 25;
const LARGE_ROW_BYTES: usize = 45;

impl MessageRow {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let len = if self.body.large.is_some() { LARGE_ROW_BYTES } else { SMALL_ROW_BYTES };
        let mut row = Vec::with_capacity(len);
        row.push(self.class.byte());
        for number in [
            self.remaining,
            self.body.head_len,
            self.body.small.segment,
            self.body.small.offset,
            self.body.small.len,
            self.body.small.crc32c,
        ] {
            row.extend_from_slice(&number.to_be_bytes());
        }
        if let Some(large) = self.body.large {
            row.extend_from_slice(&large.id.to_be_bytes());
            row.extend_from_slice(&large.len.to_be_bytes());
            row.extend_from_slice(&large.crc32c.to_be_bytes());
        }
        row
    }

    pub(crate) fn decode(row: &[u8]) -> Result<Self, StoreError> {
        Self::parse(row).ok_or_else(|| StoreError::corrupt("a message row has an unknown form"))
    }

    fn parse(row: &[u8]) -> Option<Self> {
        let mut rest = row;
        let class = Class::from_byte(*rest.split_off_first()?)?;
        let mut number = || take(&mut rest).map(u32::from_be_bytes);
        let (remaining, head_len) = (number()?, number()?);
        let small =
            Extent { segment: number()?, offset: number()?, len: number()?, crc32c: number()? };
        let large = match row.len() {
            SMALL_ROW_BYTES => None,
            LARGE_ROW_BYTES => Some(LargeRef {
                id: u64::from_be_bytes(take(&mut rest)?),
                len: u64::from_be_bytes(take(&mut rest)?),
                crc32c: u32::from_be_bytes(take(&mut rest)?),
            }),
            _ => return None,
        };
        let fits = if large.is_some() { head_len == small.len } else { head_len <= small.len };
        fits.then_some(Self { class, remaining, body: Body { head_len, small, large } })
    }
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (number, after) = rest.split_first_chunk::<N>()?;
    *rest = after;
    Some(*number)
}

const MESSAGE_KEY_BYTES: usize = 9;

pub(crate) fn message_key(id: MessageId) -> [u8; MESSAGE_KEY_BYTES] {
    let mut key = [MESSAGE; MESSAGE_KEY_BYTES];
    key[1..].copy_from_slice(&id.to_be_bytes());
    key
}

/// From the first to behind the last message row.
pub(crate) const MESSAGES: (&[u8], &[u8]) = (&[MESSAGE], &[MESSAGE + 1]);

/// From the first to behind the last owed row.
pub(crate) const QUEUES: (&[u8], &[u8]) = (&[OWED], &[OWED + 1]);

pub(crate) fn message_of(key: &[u8]) -> Result<MessageId, StoreError> {
    match key {
        [MESSAGE, id @ ..] => id.try_into().map(u64::from_be_bytes).ok(),
        _ => None,
    }
    .ok_or_else(|| StoreError::corrupt("a message row has an unknown key"))
}

pub(crate) const OWED_KEY_BYTES: usize = 14;

pub(crate) fn owed_key(device: DeviceNumber, class: Class, id: MessageId) -> [u8; OWED_KEY_BYTES] {
    let mut key = [OWED; OWED_KEY_BYTES];
    key[1..5].copy_from_slice(&device.to_be_bytes());
    key[5] = class.byte();
    key[6..].copy_from_slice(&id.to_be_bytes());
    key
}

/// The key of a message or an owed row, parted into the id and what is before it.
pub(crate) fn id_of_key(key: &[u8]) -> Option<(&[u8], MessageId)> {
    let (start, id) = key.split_last_chunk()?;
    match (key.first()?, key.len()) {
        (&MESSAGE, MESSAGE_KEY_BYTES) | (&OWED, OWED_KEY_BYTES) => {
            Some((start, MessageId::from_be_bytes(*id)))
        }
        _ => None,
    }
}

/// Device, class and message of an owed row.
pub(crate) fn owed_of(key: &[u8]) -> Result<(DeviceNumber, Class, MessageId), StoreError> {
    let parse = || {
        let mut rest = key.strip_prefix(&[OWED])?;
        let device = u32::from_be_bytes(take(&mut rest)?);
        let class = Class::from_byte(*rest.split_off_first()?)?;
        let id = u64::from_be_bytes(take(&mut rest)?);
        rest.is_empty().then_some((device, class, id))
    };
    parse().ok_or_else(|| StoreError::corrupt("an owed row has an unknown key"))
}

/// The first and the last key that the queue of `device` can have.
pub(crate) fn queue_range(device: DeviceNumber) -> [[u8; OWED_KEY_BYTES]; 2] {
    [owed_key(device, Class::User, 0), owed_key(device, Class::Rest, MessageId::MAX)]
}
