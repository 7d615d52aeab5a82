//! Inspection of a file of rows without changing it: redb works on a copy that is only in memory
//! where it differs.
//!
//! Needed because redb repairs while it checks: over a damaged newest commit it would go back to
//! the one before, as after a power cut, and call that well. Whoever asks gets to know it instead.

use std::collections::BTreeMap;
use std::io;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use redb::{Database, DatabaseError, RepairSession, StorageBackend};

use super::file::Pages;
use super::table::{failure, get_many, scan};
use crate::disk::DiskFile;
use crate::engine::{KeyRange, ReadRows, Visitor};
use crate::error::StoreError;

const DOING: &str = "checking the rows";
const BLOCK_BYTES: u64 = 4096;
/// Progress at which redb's repair says that it found the newest commit incomplete: above 0, which it
/// reports first for every file that was not closed in order, and below 0.6, where the rest begins.
const UNDOING: Range<f64> = 0.1..0.5;

/// Whether redb undoes the newest commit at this step of a repair.
pub(super) fn is_undoing(session: &RepairSession) -> bool {
    UNDOING.contains(&session.progress())
}

/// What redb's own sums say about a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It was closed in order, and all that can be reached in it is what was written.
    Whole,
    /// It was not closed in order; what can be reached is what was written.
    Unclosed,
    /// It was not closed in order and its newest commit is incomplete, as a kill or a power cut in the
    /// middle of it leaves it. The rows are those of the commit before.
    Undone,
}

/// Whether a file that was closed in order is whole. `None`: it was not, so that redb verifies
/// it when it opens it.
///
/// # Errors
/// [`StoreError::Corrupt`] when it is damaged.
pub(super) fn verify_closed(
    file: Arc<dyn DiskFile>,
    pages: Pages,
    cache_bytes: usize,
) -> Result<Option<()>, StoreError> {
    guarded(|| match open(file, pages, cache_bytes, RepairSession::abort) {
        Err(DatabaseError::RepairAborted) => Ok(None),
        Err(error) => Err(failure(DOING, error)),
        Ok(database) => check(database).map(|_| Some(())),
    })
}

fn check(mut database: Database) -> Result<Database, StoreError> {
    match database.check_integrity() {
        Ok(true) => Ok(database),
        Ok(false) => Err(StoreError::corrupt("rows.redb does not match its sums")),
        Err(error) => Err(failure(DOING, error)),
    }
}

/// Rows that can only be read.
pub(crate) struct RowsInspected {
    database: Database,
    /// What its sums said when it was opened.
    pub(crate) verdict: Verdict,
}

impl RowsInspected {
    /// Opens a file that nobody has open for writing.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when nothing in it can be trusted.
    pub(crate) fn open(file: Arc<dyn DiskFile>, cache_bytes: usize) -> Result<Self, StoreError> {
        let (repaired, undone) = <(Arc<AtomicBool>, Arc<AtomicBool>)>::default();
        let seen = (repaired.clone(), undone.clone());
        guarded(move || {
            let note = move |session: &mut RepairSession| {
                seen.0.store(true, Ordering::Relaxed);
                seen.1.fetch_or(is_undoing(session), Ordering::Relaxed);
            };
            let database = open(file, Pages::default(), cache_bytes, note)
                .map_err(|error| failure(DOING, error))?;
            let verdict = match (repaired.load(Ordering::Relaxed), undone.load(Ordering::Relaxed)) {
                (false, _) => Verdict::Whole,
                (true, false) => Verdict::Unclosed,
                (true, true) => Verdict::Undone,
            };
            // A repair has verified everything.
            let database = if verdict == Verdict::Whole { check(database)? } else { database };
            Ok(Self { database, verdict })
        })
    }
}

impl ReadRows for RowsInspected {
    fn get_many(&self, keys: &[&[u8]]) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        get_many(&self.database, keys)
    }

    fn scan(&self, range: KeyRange<'_>, visit: &mut Visitor<'_>) -> Result<(), StoreError> {
        scan(&self.database, range, visit)
    }
}

/// redb trusts a file that says it was closed in order, and on damage may panic over what it finds
/// before its sums are compared. Nothing that it has touched is used after that.
fn guarded<T>(work: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        Err(StoreError::corrupt("rows.redb is so damaged that it cannot be taken apart"))
    })
}

fn open(
    file: Arc<dyn DiskFile>,
    pages: Pages,
    cache_bytes: usize,
    on_repair: impl Fn(&mut RepairSession) + 'static,
) -> Result<Database, DatabaseError> {
    let len = file.len().map_err(redb::StorageError::from)?;
    if len == 0 {
        // redb would make a new database of it.
        return Err(redb::StorageError::Corrupted("the file is empty".into()).into());
    }
    let copy = Copy { file, pages, changed: Mutex::new(Changed { len, blocks: BTreeMap::new() }) };
    Database::builder()
        .set_cache_size(cache_bytes)
        .set_repair_callback(on_repair)
        .create_with_backend(copy)
}

/// A file with changes that are only in memory.
#[derive(Debug)]
struct Copy {
    file: Arc<dyn DiskFile>,
    pages: Pages,
    changed: Mutex<Changed>,
}

#[derive(Debug)]
struct Changed {
    len: u64,
    blocks: BTreeMap<u64, Vec<u8>>,
}

impl Copy {
    fn changed(&self) -> MutexGuard<'_, Changed> {
        self.changed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Fills `out` from the file, with zeros behind its end.
    fn read_file(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let there = self.file.len()?.saturating_sub(offset).min(out.len() as u64) as usize;
        let (there, beyond) = out.split_at_mut(there);
        beyond.fill(0);
        if there.is_empty() {
            return Ok(());
        }
        self.file.read_exact_at(there, offset)?;
        self.pages.check(offset, there).map_err(|_| io::ErrorKind::InvalidData.into())
    }
}

/// The parts of `offset..offset + len` by block: number of the block, place in it, place in the
/// whole, length.
fn parts(offset: u64, len: usize) -> impl Iterator<Item = (u64, usize, usize, usize)> {
    let mut done = 0;
    std::iter::from_fn(move || {
        let at = offset + done as u64;
        let within = (at % BLOCK_BYTES) as usize;
        let part = (BLOCK_BYTES as usize - within).min(len - done);
        let found = (part > 0).then_some((at / BLOCK_BYTES, within, done, part));
        done += part;
        found
    })
}

impl StorageBackend for Copy {
    fn len(&self) -> io::Result<u64> {
        Ok(self.changed().len)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let changed = self.changed();
        if offset + out.len() as u64 > changed.len {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.read_file(offset, out)?;
        for (block, within, at, len) in parts(offset, out.len()) {
            if let Some(bytes) = changed.blocks.get(&block) {
                out[at..at + len].copy_from_slice(&bytes[within..within + len]);
            }
        }
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.changed().len = len;
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut changed = self.changed();
        for (block, within, at, len) in parts(offset, data.len()) {
            let mut bytes = match changed.blocks.remove(&block) {
                Some(bytes) => bytes,
                None => {
                    let mut bytes = vec![0; BLOCK_BYTES as usize];
                    self.read_file(block * BLOCK_BYTES, &mut bytes)?;
                    bytes
                }
            };
            bytes[within..within + len].copy_from_slice(&data[at..at + len]);
            changed.blocks.insert(block, bytes);
        }
        Ok(())
    }
}
