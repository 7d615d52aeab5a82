//! Write-ahead log (WAL): one short file that makes a commit durable, with one sync. On the disk it
//! keeps the names of format 2: the files `journal.0` and `journal.1`, and the row `s/journal`.
//!
//! A commit is one record, appended and synced: the rows it changes and the bodies it brings. The
//! engine and the segments get the same a little later, for many commits at once (a *checkpoint*, see
//! `writer.rs`); until then the log is replayed after a crash. Two files take turns, an *epoch* each.
//! That row, written with every checkpoint, says which file is in use, how long it is at
//! least, and the salt of its records. So a checkpoint ends an epoch in the very commit that makes its
//! records superfluous, and what an earlier epoch left in a file is no record.
//!
//! Files keep their blocks when their content is overwritten, because syncing a file that does not
//! grow costs half as much (`docs/decisions/0013`), and because a file that has become shorter is
//! known to be damaged. Bodies of messages that were delivered meanwhile are overwritten with zeros
//! when the service is idle, or by the records of the next epoch but one.

pub(crate) mod record;
pub(crate) mod replay;

use std::path::Path;
use std::sync::Arc;

use self::record::{Run, encode};
use crate::batch::Change;
use crate::disk::{Disk, DiskFile, Open};
use crate::error::StoreError;

/// By how much files grow. They are never shorter than that while rows name them.
const GROWTH_BYTES: u64 = 256 * 1024;
/// By how much a file is written at once. The kernel keeps bytes that are written together as one
/// folio in memory: large ones are cheaper when much is written, but rewriting a part of one marks
/// the whole as dirty (the disk only gets the part).
const PIECE_BYTES: usize = 16 * 1024;
/// How many zeros are written at once.
const ZEROS_BYTES: usize = 64 * 1024;
/// Length that an empty file may keep.
const KEPT_BYTES: u64 = 8 * 1024 * 1024;
/// Length that the buffer for one record may keep.
const RECORD_BYTES: usize = 256 * 1024;

const FILES: [&str; 2] = ["journal.0", "journal.1"];

pub(super) fn file_name(file: FileNumber) -> &'static str {
    match file {
        FileNumber::First => FILES[0],
        FileNumber::Second => FILES[1],
    }
}

/// Which of the two files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FileNumber {
    First,
    Second,
}

/// Where the records since the last checkpoint are, and how they are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Epoch {
    file: FileNumber,
    /// Nobody can guess it, so that the author of a body cannot put a forged record into it.
    salt: u64,
    /// The length that the file durably has.
    min_len: u64,
}

impl Epoch {
    /// For the row `s/journal`: the number of the file, the salt, and the least length.
    pub(crate) fn encode(self) -> Vec<u8> {
        let mut row = vec![u8::from(self.file == FileNumber::Second)];
        row.extend_from_slice(&self.salt.to_be_bytes());
        row.extend_from_slice(&self.min_len.to_be_bytes());
        row
    }

    fn decode(row: &[u8]) -> Result<Self, StoreError> {
        let parse = || {
            let (file, rest) = row.split_first()?;
            let file = [FileNumber::First, FileNumber::Second].get(usize::from(*file))?;
            let (salt, rest) = rest.split_first_chunk()?;
            // The first stores of format 2 have none.
            let min_len = if rest.is_empty() { [0; 8] } else { rest.try_into().ok()? };
            let [salt, min_len] = [*salt, min_len].map(u64::from_be_bytes);
            Some(Self { file: *file, salt, min_len })
        };
        parse().ok_or_else(|| {
            StoreError::corrupt("the row of the write-ahead log has an unknown form")
        })
    }
}

/// The WAL, as the writer uses it.
#[derive(Debug)]
pub(crate) struct Wal {
    disk: Arc<dyn Disk>,
    first: WalFile,
    second: WalFile,
    epoch: Epoch,
    /// The number of the next record.
    number: u32,
    /// The offset of the next record.
    end: u64,
    record: Vec<u8>,
    failure: Option<StoreError>,
}

/// One file.
#[derive(Debug)]
struct WalFile {
    file: Arc<dyn DiskFile>,
    /// Its length.
    len: u64,
    /// The end of what may be something other than zeros.
    used: u64,
    /// Whether zeros were written that are not synced yet.
    is_zeroed: bool,
}

impl Wal {
    /// Opens the files in `data_dir` and empties them. Their records have been replayed.
    pub(crate) fn open(disk: Arc<dyn Disk>, data_dir: &Path) -> Result<Self, StoreError> {
        let open = |name| {
            let file = disk.open(&data_dir.join(name), Open::EditOrMake).map_err(opening)?;
            let len = file.len().map_err(opening)?;
            Ok(WalFile { file, len, used: len, is_zeroed: false })
        };
        let [first, second] = FILES.map(open);
        let (first, second) = (first?, second?);
        disk.sync_dir(data_dir).map_err(opening)?;
        // Until an epoch begins nothing is appended.
        let epoch = Epoch { file: FileNumber::Second, salt: 0, min_len: 0 };
        let (number, end, record, failure) = (0, 0, Vec::new(), None);
        Ok(Self { disk, first, second, epoch, number, end, record, failure })
    }

    /// The epoch to begin with the next checkpoint.
    ///
    /// # Errors
    /// [`StoreError::Uncertain`] when the length of its file is not known.
    pub(crate) fn next_epoch(&mut self) -> Result<Epoch, StoreError> {
        let beginning = |error| StoreError::io("beginning a write-ahead log", error);
        let (file, number) = match self.epoch.file {
            FileNumber::First => (&mut self.second, FileNumber::Second),
            FileNumber::Second => (&mut self.first, FileNumber::First),
        };
        if file.len < GROWTH_BYTES {
            file.grow(GROWTH_BYTES).map_err(beginning)?;
            file.file.sync_data().map_err(|_| StoreError::Uncertain)?;
        }
        let salt = self.disk.unguessable().map_err(beginning)?;
        Ok(Epoch { file: number, salt, min_len: GROWTH_BYTES })
    }

    /// Begins `epoch`, which the rows name now.
    pub(crate) fn begin(&mut self, epoch: Epoch) {
        let end = std::mem::take(&mut self.end);
        let left = self.file();
        // The next epoch does not overwrite what an older one left behind the records of this one.
        if left.zero(end, left.used).is_ok() {
            left.used = end.min(left.used);
        }
        self.epoch = epoch;
        self.number = 0;
    }

    /// Appends a record and makes it durable.
    ///
    /// # Errors
    /// When the record could not be written it is not stored, as far as can be known. When it could
    /// not be synced only a restart can tell: see [`Wal::failure`].
    pub(crate) fn append<'b>(
        &mut self,
        changes: &[Change],
        run: Option<Run<impl Iterator<Item = &'b [u8]>>>,
    ) -> Result<(), StoreError> {
        self.failure.clone().map_or(Ok(()), Err)?;
        let mut record = std::mem::take(&mut self.record);
        let done = encode(&mut record, self.epoch.salt, self.number, changes, run)
            .ok_or(StoreError::TooLong { len: record.len(), max: u32::MAX as usize })
            .and_then(|()| self.write(&record));
        record.clear();
        record.shrink_to(RECORD_BYTES);
        self.record = record;
        done
    }

    fn write(&mut self, record: &[u8]) -> Result<(), StoreError> {
        let at = self.end;
        let end = at + record.len() as u64;
        let file = self.file();
        file.grow(end).map_err(writing)?;
        file.used = file.used.max(end);
        file.file.write_all_at(record, at).map_err(writing)?;
        if let Err(error) = file.file.sync_data() {
            file.file.forget_cached();
            self.fail(StoreError::io("syncing the write-ahead log", error));
            return Err(StoreError::Uncertain);
        }
        self.end = end;
        self.number += 1;
        Ok(())
    }

    /// It is no longer known what is stored.
    pub(crate) fn fail(&mut self, error: StoreError) {
        tracing::error!(error = %tmtp_telemetry::chain(&error), "nothing is stored any more until a restart");
        self.failure = Some(error);
    }

    /// Why only a restart can tell what is stored; `None` as long as it is known.
    pub(crate) fn failure(&self) -> Option<StoreError> {
        self.failure.clone()
    }

    /// Bytes of the records since the last checkpoint.
    pub(crate) fn bytes(&self) -> u64 {
        self.end
    }

    /// Overwrites all records, which must be older than the last checkpoint, and frees memory.
    pub(crate) fn erase(&mut self) -> Result<(), StoreError> {
        self.record = Vec::new();
        if self.end > 0 {
            return Ok(()); // it is still needed
        }
        for file in [&mut self.first, &mut self.second] {
            file.erase().map_err(|error| StoreError::io("erasing the write-ahead log", error))?;
        }
        Ok(())
    }

    /// Whether its files take space that they could free.
    pub(crate) fn is_long(&self) -> bool {
        self.first.len.max(self.second.len) > GROWTH_BYTES
    }

    /// Empties the files. The rows no longer name an epoch.
    pub(crate) fn close(&mut self) -> Result<(), StoreError> {
        self.end = 0;
        self.cut(0)
    }

    /// Frees the space of the files with their records, which must be older than the last
    /// checkpoint.
    pub(crate) fn give_back(&mut self) -> Result<(), StoreError> {
        if self.end > 0 {
            return Ok(()); // it is still needed
        }
        self.cut(GROWTH_BYTES)
    }

    fn cut(&mut self, len: u64) -> Result<(), StoreError> {
        for file in [&mut self.first, &mut self.second] {
            file.cut(len).map_err(|error| StoreError::io("emptying the write-ahead log", error))?;
        }
        Ok(())
    }

    fn file(&mut self) -> &mut WalFile {
        match self.epoch.file {
            FileNumber::First => &mut self.first,
            FileNumber::Second => &mut self.second,
        }
    }
}

fn opening(error: std::io::Error) -> StoreError {
    StoreError::io("opening the write-ahead log", error)
}

fn writing(error: std::io::Error) -> StoreError {
    StoreError::io("writing the write-ahead log", error)
}

impl WalFile {
    /// Makes the file long enough for records up to `end`.
    fn grow(&mut self, end: u64) -> std::io::Result<()> {
        let end = end.next_multiple_of(GROWTH_BYTES);
        while self.len < end {
            self.file.write_all_at(&[0; PIECE_BYTES], self.len)?;
            self.len += PIECE_BYTES as u64;
        }
        Ok(())
    }

    fn zero(&mut self, from: u64, to: u64) -> std::io::Result<()> {
        self.is_zeroed |= from < to;
        let zeros = [0; ZEROS_BYTES];
        let mut at = from;
        while at < to {
            let len = (to - at).min(zeros.len() as u64);
            self.file.write_all_at(&zeros[..len as usize], at)?;
            at += len;
        }
        Ok(())
    }

    fn erase(&mut self) -> std::io::Result<()> {
        self.cut(if self.len > KEPT_BYTES { GROWTH_BYTES } else { self.len })
    }

    /// Cuts the file to `len` and overwrites the rest with zeros.
    fn cut(&mut self, len: u64) -> std::io::Result<()> {
        if self.len <= len && self.used == 0 && !self.is_zeroed {
            return Ok(());
        }
        if self.len > len {
            self.file.set_len(len)?;
            (self.len, self.used) = (len, self.used.min(len));
        }
        self.zero(0, self.used)?;
        self.file.sync_data()?;
        (self.used, self.is_zeroed) = (0, false);
        Ok(())
    }
}
