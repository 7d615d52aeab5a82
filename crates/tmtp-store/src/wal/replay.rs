//! Replay of the WAL that a crash left: which commits are in it, and whether it is what was
//! written.
//!
//! Records follow one another from the beginning of the file. The first that is not whole ends them:
//! a power cut interrupted it before anybody was told that it is stored. But if a whole record
//! comes *behind* it, it was durable once, and it has been damaged since.

use std::io;
use std::path::Path;

use bytes::Bytes;

use super::record::{Record, Run};
use super::{Epoch, GROWTH_BYTES, file_name};
use crate::batch::Change;
use crate::disk::{Disk, Open};
use crate::engine::ReadRows;
use crate::error::StoreError;
use crate::row::WAL_KEY;

/// What the engine and the segments do not have yet.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Replay {
    /// In the order in which they were made.
    pub(crate) changes: Vec<Change>,
    /// Bodies that the segments may not have yet, dead ones among them.
    pub(crate) runs: Vec<Run<Bytes>>,
    /// Whether the newest record is incomplete.
    pub(crate) is_torn: bool,
}

/// How the log differs from what was written.
#[derive(Debug, PartialEq, Eq)]
enum LogDamage {
    /// The file is shorter than it was.
    CutOff,
    /// The record at this offset.
    Record(usize),
}

impl Replay {
    /// Reads what `rows` say is in the WAL of `data_dir`.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when it is missing or damaged.
    pub(crate) fn read(
        disk: &dyn Disk,
        data_dir: &Path,
        rows: &(impl ReadRows + ?Sized),
    ) -> Result<Self, StoreError> {
        let Some(row) = rows.get(WAL_KEY)? else { return Ok(Self::default()) };
        let Epoch { file, salt, min_len } = Epoch::decode(&row)?;
        let name = file_name(file);
        let failed = |error: io::Error| {
            if error.kind() == io::ErrorKind::NotFound {
                return StoreError::corrupt(format!("{name} is missing"));
            }
            StoreError::io("reading the write-ahead log", error)
        };
        let file = disk.open(&data_dir.join(name), Open::Read).map_err(failed)?;
        let mut bytes = vec![0; file.len().map_err(failed)? as usize];
        file.read_exact_at(&mut bytes, 0).map_err(failed)?;
        let cut = || StoreError::corrupt(format!("{name} has been cut off"));
        if (bytes.len() as u64) < min_len {
            return Err(cut());
        }
        Self::of(&bytes.into(), salt).map_err(|damage| match damage {
            LogDamage::CutOff => cut(),
            LogDamage::Record(at) => StoreError::corrupt(format!(
                "{name}, the record at offset {at} is not what was written, and others follow it"
            )),
        })
    }

    /// The records in `bytes`.
    fn of(bytes: &Bytes, salt: u64) -> Result<Self, LogDamage> {
        let mut replay = Self::default();
        let (mut at, mut count, mut last) = (0, 0, 0);
        while let Some((record, len)) = Record::decode(&bytes.slice(at..), salt)
            && record.number == count
        {
            replay.changes.extend(record.changes);
            replay.runs.extend(record.run);
            last = at;
            at += len;
            count += 1;
        }
        let mark = salt.to_be_bytes();
        replay.is_torn = bytes.slice(at..).starts_with(&mark);
        // A record is only begun when those before it are durable, and so is the length they
        // needed.
        let durable = if replay.is_torn { at } else { last };
        if bytes.len() < durable.next_multiple_of(GROWTH_BYTES as usize) {
            return Err(LogDamage::CutOff);
        }
        let rest = bytes.slice((at + 1).min(bytes.len())..);
        let is_later = |place: usize| {
            Record::decode(&rest.slice(place..), salt)
                .is_some_and(|(record, _)| record.number > count)
        };
        let mut marks = rest.windows(mark.len()).enumerate().filter(|(_, window)| *window == mark);
        if marks.any(|(place, _)| is_later(place)) {
            Err(LogDamage::Record(at))
        } else {
            Ok(replay)
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::super::record::encode;
    use super::*;

    const SALT: u64 = 77 << 40;

    /// Three records, then what an older epoch left.
    fn wal() -> (Vec<u8>, Vec<usize>) {
        let (mut bytes, mut starts) = (Vec::new(), Vec::new());
        let mut record = Vec::new();
        for (number, salt) in [(0, SALT), (1, SALT), (2, SALT), (3, SALT - 1), (4, SALT - 1)] {
            let changes = [Change::Put([number as u8; 3][..].into(), b"value".into())];
            let run = Run { segment: 1, offset: number, bytes: [b"body".as_slice()].into_iter() };
            encode(&mut record, salt, number, &changes, Some(run)).unwrap();
            starts.push(bytes.len());
            bytes.extend_from_slice(&record);
        }
        bytes.resize(GROWTH_BYTES as usize, 0);
        (bytes, starts)
    }

    fn keys(replay: &Replay) -> Vec<u8> {
        replay.changes.iter().map(|change| change.key()[0]).collect()
    }

    #[test]
    fn the_records_of_the_epoch_are_read() {
        let (bytes, _) = wal();
        let replay = Replay::of(&bytes.into(), SALT).unwrap();
        assert_eq!((keys(&replay), replay.runs.len(), replay.is_torn), (vec![0, 1, 2], 3, false));
        let none = Replay::of(&Bytes::new(), SALT).unwrap();
        assert_eq!(none, Replay::default());
    }

    #[test]
    fn a_damaged_record_is_named_unless_it_is_the_last() {
        let (bytes, starts) = wal();
        for at in 0..starts[3] * 8 {
            let mut flipped = bytes.clone();
            flipped[at / 8] ^= 1 << (at % 8);
            let record = starts.iter().rposition(|start| *start <= at / 8).unwrap();
            let in_mark = at / 8 - starts[record] < 8;
            match Replay::of(&flipped.into(), SALT) {
                Ok(replay) if in_mark => assert_eq!(keys(&replay), [0, 1, 2], "bit {at}"),
                Ok(replay) => {
                    assert_eq!((record, keys(&replay)), (2, vec![0, 1]), "bit {at}");
                    assert!(replay.is_torn);
                }
                Err(damage) => {
                    assert!(record < 2, "bit {at}");
                    assert_eq!(damage, LogDamage::Record(starts[record]), "bit {at}");
                }
            }
        }
    }

    #[test]
    fn a_wal_that_is_cut_off_is_known_by_its_length() {
        const RECORDS: u32 = 30;
        let (mut bytes, mut record, mut starts) = (Vec::new(), Vec::new(), Vec::new());
        for number in 0..RECORDS {
            let change = Change::Put(b"key"[..].into(), vec![b'v'; 20_000]);
            encode(&mut record, SALT, number, &[change], None::<Run<std::iter::Empty<_>>>).unwrap();
            starts.push(bytes.len());
            bytes.extend_from_slice(&record);
        }
        let growth = GROWTH_BYTES as usize;
        let end = bytes.len();
        bytes.resize(end.next_multiple_of(growth), 0);
        let bytes = Bytes::from(bytes);
        let mut found = 0;
        for len in
            (growth..end).step_by(512).chain(starts.iter().copied().filter(|at| *at > growth))
        {
            match Replay::of(&bytes.slice(..len), SALT) {
                Err(damage) => {
                    assert_eq!(damage, LogDamage::CutOff);
                    found += 1;
                }
                Ok(replay) => {
                    let next = replay.changes.len();
                    // Or the cut is in the first record that needed more of the file.
                    let crosses = starts[next.saturating_sub(1)] / growth < len / growth;
                    assert!(
                        next == RECORDS as usize - 1 || crosses,
                        "cut at {len}: {next} records"
                    );
                }
            }
        }
        assert!(found > 500, "{found}");
    }

    #[test]
    fn a_body_cannot_pass_for_a_record() {
        // An author of a body who knows the whole format, but not the salt.
        let mut forged = Vec::new();
        let none = None::<Run<std::iter::Empty<_>>>;
        encode(&mut forged, 0, 9, &[Change::Delete(b"d/m/admin"[..].into())], none).unwrap();
        let mut bytes = Vec::new();
        let run = Run { segment: 1, offset: 0, bytes: [forged.as_slice()].into_iter() };
        encode(&mut bytes, SALT, 0, &[], Some(run)).unwrap();
        let cut = bytes.len() - 1;
        let replay = Replay::of(&bytes[..cut].to_vec().into(), SALT).unwrap();
        assert_eq!((replay.changes.len(), replay.is_torn), (0, true));
    }
}
