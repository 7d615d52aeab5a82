//! The durable engine: one redb table, one file (`rows.redb`).
//!
//! A redb database that met one failed write refuses everything from then on. Here a failure that
//! leaves the file whole (no room) closes the database and opens it again at the last commit, so
//! that the service goes on by itself; a failed *sync* does not, because the kernel may have
//! dropped pages that later reads would still show: that needs a restart and a person.

use std::fmt;
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use redb::{
    Database, Durability, ReadableDatabase, ReadableTable, ReadableTableMetadata, StorageBackend,
    TableDefinition,
};

use super::disk::{Disk, DiskFile, Open, SystemDisk};
use super::engine::{Batch, Change, Conflict, Engine, KeyRange, Outcomes, Precondition, Visitor};
use super::error::StoreError;
use super::memory::is_empty;

const ROWS: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("rows");

/// A file shorter than this is never compacted.
const SPARSE_FROM_BYTES: u64 = 16 * 1024 * 1024;
/// A file with more than this for each row is mostly empty: rows take about 60 bytes.
const SPARSE_ROW_BYTES: u64 = 1024;

/// Rows in a redb file.
pub struct RedbEngine {
    disk: Arc<dyn Disk>,
    path: PathBuf,
    cache_bytes: usize,
    /// A sync failed: what the page cache shows may not be what the disk holds.
    sync_failed: Arc<AtomicBool>,
    /// `None` while a reopen failed; the next call tries again.
    database: RwLock<Option<Database>>,
}

impl RedbEngine {
    /// Opens or creates the database at `path`, keeping at most about `cache_bytes` of it in memory.
    ///
    /// The caller holds the lock of the data directory: the file itself is not locked.
    pub fn open(path: &Path, cache_bytes: usize) -> Result<Self, StoreError> {
        Self::open_on(Arc::new(SystemDisk), path, cache_bytes)
    }

    /// Like [`RedbEngine::open`], on any disk.
    pub fn open_on(
        disk: Arc<dyn Disk>,
        path: &Path,
        cache_bytes: usize,
    ) -> Result<Self, StoreError> {
        match disk.open(path, Open::Read) {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => create(&*disk, path)?,
            Err(error) => return Err(StoreError::io("opening the rows", error)),
        }
        let engine = Self {
            disk,
            path: path.to_owned(),
            cache_bytes,
            sync_failed: Arc::default(),
            database: RwLock::new(None),
        };
        engine.reopen()?;
        engine.compact_if_sparse()?;
        Ok(engine)
    }

    /// Gives back what a long queue once took: redb itself hardly ever shortens its file.
    fn compact_if_sparse(&self) -> Result<(), StoreError> {
        const DOING: &str = "compacting the rows";
        let bytes = self
            .disk
            .open(&self.path, Open::Read)
            .and_then(|file| file.len())
            .map_err(|error| StoreError::io(DOING, error))?;
        let mut database = self.database.write().unwrap_or_else(PoisonError::into_inner);
        let Some(database) = database.as_mut() else { return Ok(()) };
        let read = database.begin_read().map_err(|error| failure(DOING, error))?;
        let table = read.open_table(ROWS).map_err(|error| failure(DOING, error))?;
        let rows = table.len().map_err(|error| failure(DOING, error))?;
        drop((table, read));
        if bytes < SPARSE_FROM_BYTES || bytes / SPARSE_ROW_BYTES < rows {
            return Ok(());
        }
        match database.compact() {
            Ok(_) => Ok(()),
            Err(redb::CompactionError::Storage(error)) => Err(failure(DOING, error)),
            // Only forbidden by other transactions or savepoints, and there are none.
            Err(error) => {
                Err(StoreError::Io { doing: DOING, source: Arc::new(io::Error::other(error)) })
            }
        }
    }

    /// Closes the database after a failure and opens it at its last commit.
    fn reopen(&self) -> Result<(), StoreError> {
        if self.sync_failed.load(Ordering::Acquire) {
            return Err(sync_failed());
        }
        let mut database = self.database.write().unwrap_or_else(PoisonError::into_inner);
        *database = None;
        let file = self
            .disk
            .open(&self.path, Open::Edit)
            .map_err(|error| StoreError::io("opening the rows", error))?;
        let backend = RowFile { file, sync_failed: self.sync_failed.clone() };
        let opened = Database::builder()
            .set_cache_size(self.cache_bytes)
            .create_with_backend(backend)
            .map_err(|error| failure("opening the rows", error))?;
        *database = Some(opened);
        Ok(())
    }

    /// Runs `work` on the open database; after a failure opens it again, and a read tries once more.
    fn with<T>(
        &self,
        retry: bool,
        mut work: impl FnMut(&Database) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut attempt = |again: &dyn Fn() -> Result<(), StoreError>| {
            let result = {
                let database = self.database.read().unwrap_or_else(PoisonError::into_inner);
                database.as_ref().map(&mut work)
            };
            match result {
                Some(result) => result,
                None => again().and_then(|()| {
                    let database = self.database.read().unwrap_or_else(PoisonError::into_inner);
                    database.as_ref().map_or(Err(StoreError::Closed), &mut work)
                }),
            }
        };
        let result = attempt(&|| self.reopen());
        match result {
            Err(StoreError::Full | StoreError::Io { .. }) => {
                let reopened = self.reopen();
                if retry && reopened.is_ok() { attempt(&|| Ok(())) } else { result }
            }
            result => result,
        }
    }
}

impl fmt::Debug for RedbEngine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedbEngine").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Engine for RedbEngine {
    fn get_many(&self, keys: &[&[u8]]) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        const DOING: &str = "reading rows";
        self.with(true, |database| {
            let read = database.begin_read().map_err(|error| failure(DOING, error))?;
            let table = read.open_table(ROWS).map_err(|error| failure(DOING, error))?;
            keys.iter()
                .map(|key| {
                    let value = table.get(*key).map_err(|error| failure(DOING, error))?;
                    Ok(value.map(|value| value.value().to_vec()))
                })
                .collect()
        })
    }

    fn scan(&self, range: KeyRange<'_>, visit: &mut Visitor<'_>) -> Result<(), StoreError> {
        const DOING: &str = "reading rows";
        if is_empty(range) {
            return Ok(());
        }
        // Not tried again after a failure: `visit` has already seen a part.
        self.with(false, |database| {
            let read = database.begin_read().map_err(|error| failure(DOING, error))?;
            let table = read.open_table(ROWS).map_err(|error| failure(DOING, error))?;
            for row in table.range::<&[u8]>(range).map_err(|error| failure(DOING, error))? {
                let (key, value) = row.map_err(|error| failure(DOING, error))?;
                if let ControlFlow::Break(()) = visit(key.value(), value.value()) {
                    break;
                }
            }
            Ok(())
        })
    }

    fn commit(&self, batches: &[Batch]) -> Result<Outcomes, StoreError> {
        const DOING: &str = "committing rows";
        self.with(false, |database| {
            let mut write = database.begin_write().map_err(|error| failure(DOING, error))?;
            write.set_durability(Durability::Immediate).map_err(|error| failure(DOING, error))?;
            let mut table = write.open_table(ROWS).map_err(|error| failure(DOING, error))?;
            let outcomes =
                batches.iter().map(|batch| apply(&mut table, batch)).collect::<Result<_, _>>();
            drop(table);
            let outcomes = outcomes.map_err(|error| failure(DOING, error))?;
            write.commit().map_err(|error| failure(DOING, error))?;
            Ok(outcomes)
        })
    }
}

type Rows<'txn> = redb::Table<'txn, &'static [u8], &'static [u8]>;

/// Applies one batch: every precondition first, so that a refused batch leaves no trace.
fn apply(table: &mut Rows<'_>, batch: &Batch) -> Result<Result<(), Conflict>, redb::StorageError> {
    for (precondition, required) in batch.preconditions.iter().enumerate() {
        let holds = match required {
            Precondition::Absent(key) => table.get(key.as_slice())?.is_none(),
            Precondition::Equals(key, value) => {
                table.get(key.as_slice())?.is_some_and(|found| found.value() == value)
            }
        };
        if !holds {
            return Ok(Err(Conflict { precondition }));
        }
    }
    for change in &batch.changes {
        match change {
            Change::Put(key, value) => {
                table.insert(key.as_slice(), value.as_slice())?;
            }
            Change::Delete(key) => {
                table.remove(key.as_slice())?;
            }
        }
    }
    Ok(Ok(()))
}

/// Makes an empty file of rows, so that a crash leaves all of it or none: a half made one could
/// never be opened.
fn create(disk: &dyn Disk, path: &Path) -> Result<(), StoreError> {
    const DOING: &str = "making the rows";
    let unfinished = path.with_added_extension("new");
    match disk.unlink(&unfinished) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(StoreError::io(DOING, error));
        }
        _ => {}
    }
    let made = disk.open(&unfinished, Open::Make).map_err(|error| StoreError::io(DOING, error))?;
    let backend = RowFile { file: made.clone(), sync_failed: Arc::default() };
    let database =
        Database::builder().create_with_backend(backend).map_err(|error| failure(DOING, error))?;
    let write = database.begin_write().map_err(|error| failure(DOING, error))?;
    write.open_table(ROWS).map_err(|error| failure(DOING, error))?;
    write.commit().map_err(|error| failure(DOING, error))?;
    drop(database);
    let dir = path.parent().unwrap_or(Path::new("/"));
    made.sync_data()
        .and_then(|()| disk.rename(&unfinished, path))
        .and_then(|()| disk.sync_dir(dir))
        .map_err(|error| StoreError::io(DOING, error))
}

fn sync_failed() -> StoreError {
    StoreError::Io {
        doing: "syncing the rows; what is stored is only certain after a restart",
        source: Arc::new(io::Error::other("an earlier sync failed")),
    }
}

/// Sorts what redb reports.
fn failure(doing: &'static str, error: impl Into<redb::Error>) -> StoreError {
    match error.into() {
        redb::Error::Io(error) => StoreError::io(doing, error),
        redb::Error::Corrupted(what) => StoreError::corrupt(format!("rows: {what}")),
        redb::Error::UpgradeRequired(version) => {
            StoreError::corrupt(format!("rows: file format {version} is too old"))
        }
        error => StoreError::Io { doing, source: Arc::new(io::Error::other(error)) },
    }
}

/// The file under redb. Unlike redb's own it takes no locks (the data directory has one) and
/// remembers a failed sync.
#[derive(Debug)]
struct RowFile {
    file: Arc<dyn DiskFile>,
    sync_failed: Arc<AtomicBool>,
}

impl StorageBackend for RowFile {
    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.file.read_exact_at(out, offset)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.file.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.file.sync_data().inspect_err(|_| self.sync_failed.store(true, Ordering::Release))
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.file.write_all_at(data, offset)
    }
}
