//! The durable engine: one redb table, one file (`rows.redb`).
//!
//! A redb database that met one failed write refuses everything from then on. Here a failure that
//! leaves the file whole (no room) closes the database and opens it again at the last commit, so
//! that the service goes on by itself; a failed *sync* does not, because the kernel may have
//! dropped pages that later reads would still show: that needs a restart and a person. So does a
//! page that is not what was written: see `redb/file.rs`, and `redb/inspect.rs` for the check at open.

mod file;
mod inspect;
mod table;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use redb::{Database, Durability, ReadableDatabase, ReadableTableMetadata, RepairSession};

use self::file::{Broken, Pages, RowFile};
pub(crate) use self::inspect::{RowsInspected, Verdict};
use self::table::{ROWS, failure, get_many, scan};
use crate::batch::Change;
use crate::disk::{Disk, Open};
use crate::engine::{Engine, KeyRange, ReadRows, Visitor};
use crate::error::StoreError;

/// A file shorter than this is never compacted.
const SPARSE_FROM_BYTES: u64 = 16 * 1024 * 1024;
/// A file with more than this for each row is mostly empty: rows take about 60 bytes.
const SPARSE_ROW_BYTES: u64 = 1024;

/// Rows in a redb file.
pub(crate) struct RedbEngine {
    disk: Arc<dyn Disk>,
    path: PathBuf,
    cache_bytes: usize,
    pages: Pages,
    broken: Broken,
    /// `None` while a reopen failed; the next call tries again.
    database: RwLock<Option<Database>>,
}

impl RedbEngine {
    /// Like [`RedbEngine::open_on`], on the disk of this machine.
    #[cfg(test)]
    pub(crate) fn open(path: &Path, cache_bytes: usize) -> Result<Self, StoreError> {
        Self::open_on(Arc::new(crate::disk::SystemDisk), path, cache_bytes)
    }

    /// Opens or creates the database at `path`, keeping at most about `cache_bytes` of it in memory.
    ///
    /// The caller holds the lock of the data directory: the file itself is not locked.
    pub(crate) fn open_on(
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
            pages: Pages::default(),
            broken: Broken::default(),
            database: RwLock::new(None),
        };
        engine.verify()?;
        engine.reopen()?;
        engine.compact_if_sparse()?;
        Ok(engine)
    }

    /// Closes the file in order.
    pub(crate) fn close(self) -> Result<(), StoreError> {
        match self.database.into_inner().unwrap_or_else(PoisonError::into_inner) {
            Some(database) => database.close().map_err(|error| failure("closing the rows", error)),
            None => Err(StoreError::Closed),
        }
    }

    /// Finds damage before anything is done with the rows. Reads all of them.
    fn verify(&self) -> Result<(), StoreError> {
        let file = self
            .disk
            .open(&self.path, Open::Read)
            .map_err(|error| StoreError::io("opening the rows", error))?;
        // Not closed in order: redb itself verifies when it opens the file.
        inspect::verify_closed(file, self.pages.clone(), self.cache_bytes).map(|_| ())
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
        if let Some(reason) = self.broken.reason() {
            return Err(reason);
        }
        let mut database = self.database.write().unwrap_or_else(PoisonError::into_inner);
        *database = None;
        let file = self
            .disk
            .open(&self.path, Open::Edit)
            .map_err(|error| StoreError::io("opening the rows", error))?;
        let backend = RowFile { file, pages: self.pages.clone(), broken: self.broken.clone() };
        let opened = Database::builder()
            .set_cache_size(self.cache_bytes)
            .set_repair_callback(note_undone)
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
            Err(_) if self.broken.reason().is_some() => {
                Err(self.broken.reason().unwrap_or(StoreError::Closed))
            }
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

impl ReadRows for RedbEngine {
    fn get_many(&self, keys: &[&[u8]]) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        self.with(true, |database| get_many(database, keys))
    }

    fn scan(&self, range: KeyRange<'_>, visit: &mut Visitor<'_>) -> Result<(), StoreError> {
        // Not tried again after a failure: `visit` has already seen a part.
        self.with(false, |database| scan(database, range, visit))
    }
}

impl Engine for RedbEngine {
    fn failure(&self) -> Option<StoreError> {
        self.broken.reason()
    }

    fn commit(&self, changes: &[Change]) -> Result<(), StoreError> {
        const DOING: &str = "committing rows";
        self.with(false, |database| {
            let mut write = database.begin_write().map_err(|error| failure(DOING, error))?;
            write.set_durability(Durability::Immediate).map_err(|error| failure(DOING, error))?;
            let mut table = write.open_table(ROWS).map_err(|error| failure(DOING, error))?;
            for change in changes {
                match change.value() {
                    Some(value) => table.insert(change.key(), value).map(drop),
                    None => table.remove(change.key()).map(drop),
                }
                .map_err(|error| failure(DOING, error))?;
            }
            drop(table);
            write.commit().map_err(|error| failure(DOING, error))
        })
    }
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
    let backend =
        RowFile { file: made.clone(), pages: Pages::default(), broken: Broken::default() };
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

fn note_undone(session: &mut RepairSession) {
    if inspect::is_undoing(session) {
        log_undone();
    }
}

/// Logs that the newest commit is incomplete and undone. It is ordinary: only a store that was not
/// closed in order has one, and a commit is acknowledged when it is complete on the disk.
pub(crate) fn log_undone() {
    tracing::info!(
        "the service was killed or lost power during a commit, which is undone: that is ordinary, \
         and nothing that was acknowledged is lost. After anything else, check the disk"
    );
}
