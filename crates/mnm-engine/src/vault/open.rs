//! Opening the home: directory, lock, key, database, migrations; in that order.
//!
//! What is missing is made so that a crash at any moment leaves either nothing or something whole:
//! the key and the database are made under another name, synced, and renamed. The key is on disk
//! before the database is begun. What exists is never overwritten: every doubt is an [`OpenError`].

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags};
use zeroize::Zeroizing;

use super::migration;
use crate::error::{OpenError, VaultError};

const KEY_BYTES: usize = 32;
/// SQLCipher's default page; every database file is a multiple of it.
const PAGE_BYTES: u64 = 4096;

/// The files of a home.
struct Home {
    dir: PathBuf,
    key: PathBuf,
    db: PathBuf,
}

/// Opens the store in `dir`, making what is missing. The file returned holds the lock and must
/// outlive the connection.
pub(super) fn open(dir: &Path) -> Result<(Connection, File), OpenError> {
    let home = Home { dir: dir.to_owned(), key: dir.join("vault.key"), db: dir.join("vault.db") };
    make_directory(dir)?;
    let lock = lock(dir)?;
    let key = home.key()?;
    if !exists(&home.db)? {
        home.make_database(&key)?;
    }
    check_length(&home.db)?;
    let mut db = home.connect(&home.db, &key)?;
    home.migrate(&mut db)?;
    Ok((db, lock))
}

impl Home {
    /// Reads the key, or makes one when neither key nor database exist.
    fn key(&self) -> Result<Zeroizing<[u8; KEY_BYTES]>, OpenError> {
        if exists(&self.key)? {
            return read_key(&self.key);
        }
        if exists(&self.db)? {
            return Err(OpenError::KeyMissing { db: show(&self.db), key: show(&self.key) });
        }
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        getrandom::fill(key.as_mut_slice()).map_err(OpenError::Random)?;
        let draft = self.dir.join("vault.key.new");
        remove_if_there(&draft)?;
        create_private(&draft)
            .and_then(|mut file| {
                file.write_all(key.as_slice())?;
                file.sync_all()
            })
            .map_err(|source| io(&draft, source))?;
        self.publish(&draft, &self.key)?;
        Ok(key)
    }

    /// Makes the database beside its final place, so that a database that exists is whole.
    fn make_database(&self, key: &[u8; KEY_BYTES]) -> Result<(), OpenError> {
        let draft = self.dir.join("vault.db.new");
        for suffix in ["", "-journal", "-wal", "-shm"] {
            remove_if_there(&self.dir.join(format!("vault.db.new{suffix}")))?;
        }
        create_private(&draft).map_err(|source| io(&draft, source))?;
        let mut db = self.connect(&draft, key)?;
        self.migrate(&mut db)?;
        // Closing the only connection moves everything from the log into the file.
        db.close().map_err(|(_, source)| self.db_error(source))?;
        File::open(&draft).and_then(|file| file.sync_all()).map_err(|source| io(&draft, source))?;
        self.publish(&draft, &self.db)
    }

    /// Gives a finished file its name, durably. The lock keeps others from doing the same.
    fn publish(&self, draft: &Path, name: &Path) -> Result<(), OpenError> {
        fs::rename(draft, name).map_err(|source| io(name, source))?;
        sync_directory(&self.dir)
    }

    fn connect(&self, path: &Path, key: &[u8; KEY_BYTES]) -> Result<Connection, OpenError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let db = Connection::open_with_flags(path, flags).map_err(|e| self.db_error(e))?;
        configure(&db, key).map_err(|e| self.db_error(e))?;
        Ok(db)
    }

    fn migrate(&self, db: &mut Connection) -> Result<(), OpenError> {
        let found = migration::version(db).map_err(|e| self.db_error(e))?;
        let known = migration::latest();
        if found > known {
            return Err(OpenError::Newer { db: show(&self.db), found, known });
        }
        migration::run(db).map_err(|e| self.db_error(e))
    }

    fn db_error(&self, source: rusqlite::Error) -> OpenError {
        let db = show(&self.db);
        match source.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => OpenError::KeyMismatch { db, key: show(&self.key) },
            Some(ErrorCode::DatabaseCorrupt) => {
                OpenError::Damaged { db, reason: "its pages contradict each other".into() }
            }
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                OpenError::InUse { home: show(&self.dir) }
            }
            _ => OpenError::Db { db, source },
        }
    }
}

/// Sets key and pragmas. The first read, which proves the key, comes right after it.
fn configure(db: &Connection, key: &[u8; KEY_BYTES]) -> rusqlite::Result<()> {
    let hex = Zeroizing::new(data_encoding::HEXLOWER.encode(key));
    // A raw key: it is random already, so stretching it would only cost time. Exclusive, which
    // counts only before the first read: no `-shm` file, and a stray sqlite shell cannot write
    // beside us. Its own log would go to the terminal; failures come back as errors anyway.
    db.execute_batch(&Zeroizing::new(format!(
        "PRAGMA cipher_log_level = NONE;
         PRAGMA key = \"x'{}'\";
         PRAGMA locking_mode = EXCLUSIVE;",
        *hex
    )))?;
    db.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
    // Memory security (locking and wiping every allocation) stays off: it costs much, and whoever
    // reads this process's memory reads the messages on the screen as well.
    db.execute_batch(
        "PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL;
         PRAGMA foreign_keys = ON;
         PRAGMA secure_delete = ON;
         PRAGMA temp_store = MEMORY;
         PRAGMA journal_size_limit = 67108864;
         PRAGMA trusted_schema = OFF;",
    )?;
    db.busy_timeout(Duration::from_secs(5))?;
    db.set_prepared_statement_cache_capacity(128);
    Ok(())
}

fn lock(dir: &Path) -> Result<File, OpenError> {
    let path = dir.join("lock");
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    let file = private(&mut options).open(&path).map_err(|source| io(&path, source))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse { home: show(dir) }),
        Err(TryLockError::Error(source)) => Err(io(&path, source)),
    }
}

fn read_key(path: &Path) -> Result<Zeroizing<[u8; KEY_BYTES]>, OpenError> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(KEY_BYTES + 1));
    File::open(path)
        .and_then(|file| file.take(KEY_BYTES as u64 + 1).read_to_end(&mut bytes))
        .map_err(|source| io(path, source))?;
    let damaged = || OpenError::KeyDamaged { key: show(path), found: bytes.len() };
    let key: [u8; KEY_BYTES] = bytes.as_slice().try_into().map_err(|_| damaged())?;
    Ok(Zeroizing::new(key))
}

/// Refuses a file that was cut short; the database would only notice on reaching the cut.
fn check_length(db: &Path) -> Result<(), OpenError> {
    let length = fs::metadata(db).map_err(|source| io(db, source))?.len();
    if length == 0 || length % PAGE_BYTES != 0 {
        return Err(OpenError::Damaged {
            db: show(db),
            reason: format!("it is cut short, at {length} bytes"),
        });
    }
    Ok(())
}

fn make_directory(dir: &Path) -> Result<(), OpenError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir).map_err(|source| io(dir, source))?;
    // One made by somebody else's umask is closed to others as well.
    #[cfg(unix)]
    fs::set_permissions(dir, std::os::unix::fs::PermissionsExt::from_mode(0o700))
        .map_err(|source| io(dir, source))?;
    Ok(())
}

fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

fn create_private(path: &Path) -> std::io::Result<File> {
    private(OpenOptions::new().write(true).create_new(true)).open(path)
}

fn sync_directory(dir: &Path) -> Result<(), OpenError> {
    // Only Unix lets a directory be opened and synced.
    #[cfg(unix)]
    File::open(dir).and_then(|file| file.sync_all()).map_err(|source| io(dir, source))?;
    Ok(())
}

fn remove_if_there(path: &Path) -> Result<(), OpenError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(io(path, error)),
        _ => Ok(()),
    }
}

fn exists(path: &Path) -> Result<bool, OpenError> {
    path.try_exists().map_err(|source| io(path, source))
}

fn io(path: &Path, source: std::io::Error) -> OpenError {
    OpenError::Io { path: show(path), source }
}

fn show(path: &Path) -> String {
    path.display().to_string()
}

/// The error of a store that opened but could not be prepared.
pub(super) fn unusable(dir: &Path, error: VaultError) -> OpenError {
    let db = show(&dir.join("vault.db"));
    match error {
        VaultError::Db(source) => OpenError::Db { db, source },
        other => OpenError::Damaged { db, reason: other.to_string() },
    }
}
