//! WAL record: what one commit changed in the rows, and the bodies it brought.
//!
//! | bytes | |
//! |---|---|
//! | 8 | the salt of the epoch, by which a search finds records again |
//! | 4 | number of the record in its epoch, from 0 |
//! | 4 | length of what follows the sum |
//! | 4 | CRC-32C of the *expected* salt and of all other fields: a record of another epoch is none |
//! | 4 | number of changes |
//! | | for each: 1 byte, 0 for a row that goes and 1 for one that is written; length of the key; for a row that is written length of the value; the key; the value |
//! | | if there are bodies: segment and offset, 4 bytes each, and the bytes that go there |
//!
//! Lengths are 4 bytes, numbers big-endian.

use std::collections::BTreeSet;

use bytes::Bytes;

use crate::batch::Change;
use crate::extent::Extent;

/// Bytes before the changes.
const HEADER_BYTES: usize = 20;
const SALT_BYTES: usize = 8;
const SUM_AT: usize = 16;

const GONE: u8 = 0;
const WRITTEN: u8 = 1;

/// Bodies that lie one after the other in a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Run<B> {
    pub(crate) segment: u32,
    pub(crate) offset: u32,
    pub(crate) bytes: B,
}

impl Run<Bytes> {
    /// Those of `alive` that lie in it, with their bytes.
    pub(crate) fn extents<'a>(
        &'a self,
        alive: &'a BTreeSet<Extent>,
    ) -> impl Iterator<Item = (Extent, Bytes)> + 'a {
        let at = |offset| Extent { segment: self.segment, offset, len: 0, crc32c: 0 };
        alive.range(at(self.offset)..at(u32::MAX)).map_while(|extent| {
            let from = (extent.offset - self.offset) as usize;
            let to = from + extent.len as usize;
            (to <= self.bytes.len()).then(|| (*extent, self.bytes.slice(from..to)))
        })
    }
}

/// A record as it was read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) number: u32,
    pub(super) changes: Vec<Change>,
    pub(super) run: Option<Run<Bytes>>,
}

/// Writes a record into `out`, in place of what is there. `None` when it would be too long.
pub(super) fn encode<'b>(
    out: &mut Vec<u8>,
    salt: u64,
    number: u32,
    changes: &[Change],
    run: Option<Run<impl Iterator<Item = &'b [u8]>>>,
) -> Option<()> {
    out.clear();
    out.extend_from_slice(&salt.to_be_bytes());
    out.extend_from_slice(&number.to_be_bytes());
    out.extend_from_slice(&[0; 8]);
    out.extend_from_slice(&length(changes.len())?);
    for change in changes {
        let (key, value) = (change.key(), change.value());
        out.push(if value.is_some() { WRITTEN } else { GONE });
        out.extend_from_slice(&length(key.len())?);
        if let Some(value) = value {
            out.extend_from_slice(&length(value.len())?);
        }
        out.extend_from_slice(key);
        out.extend_from_slice(value.unwrap_or_default());
    }
    if let Some(run) = run {
        out.extend_from_slice(&run.segment.to_be_bytes());
        out.extend_from_slice(&run.offset.to_be_bytes());
        run.bytes.for_each(|bytes| out.extend_from_slice(bytes));
    }
    let len = length(out.len() - HEADER_BYTES)?;
    out.get_mut(12..SUM_AT)?.copy_from_slice(&len);
    let sum = sum(salt, out)?;
    out.get_mut(SUM_AT..HEADER_BYTES)?.copy_from_slice(&sum.to_be_bytes());
    Some(())
}

fn length(len: usize) -> Option<[u8; 4]> {
    u32::try_from(len).ok().map(u32::to_be_bytes)
}

/// The sum of a whole record, under `salt`.
fn sum(salt: u64, record: &[u8]) -> Option<u32> {
    let sum = crc32c::crc32c(&salt.to_be_bytes());
    let sum = crc32c::crc32c_append(sum, record.get(SALT_BYTES..SUM_AT)?);
    Some(crc32c::crc32c_append(sum, record.get(HEADER_BYTES..)?))
}

impl Record {
    /// The record at the beginning of `bytes` and its length; `None` when none lies there whole.
    pub(super) fn decode(bytes: &Bytes, salt: u64) -> Option<(Self, usize)> {
        let mut header = bytes.get(SALT_BYTES..HEADER_BYTES)?;
        let (number, len, expected) = (take(&mut header)?, take(&mut header)?, take(&mut header)?);
        let end = HEADER_BYTES.checked_add(len as usize)?;
        let whole = bytes.get(..end)?;
        if sum(salt, whole)? != expected {
            return None;
        }
        let mut rest = whole.get(HEADER_BYTES..)?;
        let changes = (0..take(&mut rest)?).map(|_| change(&mut rest)).collect::<Option<_>>()?;
        let run = match rest {
            [] => None,
            _ => {
                let (segment, offset) = (take(&mut rest)?, take(&mut rest)?);
                Some(Run { segment, offset, bytes: bytes.slice_ref(rest) })
            }
        };
        Some((Self { number, changes, run }, end))
    }
}

fn change(rest: &mut &[u8]) -> Option<Change> {
    let kind = *rest.split_off_first()?;
    let key_len = take(rest)? as usize;
    let value_len = if kind == WRITTEN { take(rest)? as usize } else { 0 };
    let key = rest.split_off(..key_len)?.into();
    let value = rest.split_off(..value_len)?.to_vec();
    match kind {
        GONE => Some(Change::Delete(key)),
        WRITTEN => Some(Change::Put(key, value)),
        _ => None,
    }
}

fn take(rest: &mut &[u8]) -> Option<u32> {
    let (number, after) = rest.split_first_chunk()?;
    *rest = after;
    Some(u32::from_be_bytes(*number))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    const SALT: u64 = 0x0123_4567_89ab_cdef;

    fn record() -> (Vec<u8>, Record) {
        let changes = vec![
            Change::Put(b"key"[..].into(), b"value".into()),
            Change::Delete(b"other"[..].into()),
            Change::Put(b""[..].into(), b"".into()),
        ];
        let bytes = [b"<body>".as_slice(), b"<body>"].into_iter();
        let mut out = b"of before".to_vec();
        encode(&mut out, SALT, 3, &changes, Some(Run { segment: 7, offset: 9, bytes })).unwrap();
        let run = Run { segment: 7, offset: 9, bytes: Bytes::from_static(b"<body><body>") };
        (out, Record { number: 3, changes, run: Some(run) })
    }

    #[test]
    fn what_is_written_is_read() {
        let (mut bytes, record) = record();
        let len = bytes.len();
        bytes.extend_from_slice(b"what follows");
        assert_eq!(Record::decode(&bytes.clone().into(), SALT), Some((record, len)));
        assert_eq!(Record::decode(&bytes.into(), SALT + 1), None, "of another epoch");
    }

    #[test]
    fn a_record_that_is_not_whole_is_none() {
        let (bytes, record) = record();
        for cut in 0..bytes.len() {
            assert_eq!(Record::decode(&bytes[..cut].to_vec().into(), SALT), None, "cut at {cut}");
        }
        for at in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[at / 8] ^= 1 << (at % 8);
            let decoded = Record::decode(&flipped.into(), SALT).map(|(record, _)| record);
            // The salt that is written is only there to be found.
            assert_eq!(decoded.is_some(), at / 8 < SALT_BYTES, "bit {at}");
            assert!(decoded.is_none_or(|decoded| decoded == record), "bit {at}");
        }
    }
}
