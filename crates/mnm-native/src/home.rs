//! Opening a home: directory, lock, key, database, migrations, in that order.
//!
//! Missing parts are made so that after a crash they are complete or absent: the key and the
//! database are made under another name, synced, and renamed. The key is on disk before the
//! database is begun. Existing files are never overwritten: every doubt is an [`OpenError`].

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Once;

use mnm_engine::OpenError;
use mnm_engine::vault::database::{
    self, AUTO_VACUUM_INCREMENTAL, KEY_BYTES, Key, PAGE_BYTES, SALT_BYTES,
};
use mnm_engine::vault::rows::Reopen;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use zeroize::Zeroizing;

use crate::file::{
    self, create_private, exists, io, length, private, remove_if_there, show, sync_directory,
};
use crate::lock::Lock;
use crate::wal;

/// Largest store that is rewritten on opening so that it can shrink, bytes.
const REWRITE_BYTES_MAX: u64 = 16 << 20;

/// The files of a home.
struct Home {
    dir: PathBuf,
    key: PathBuf,
    db: PathBuf,
}

/// Opens the store in `dir`, making what is missing. The lock must outlive the connection.
pub(crate) fn open(dir: &Path) -> Result<(Connection, Lock), OpenError> {
    let home = Home::new(dir);
    make_directory(&home)?;
    let lock = Lock::take(dir)?;
    home.refuse_remains()?;
    let key = home.key()?;
    if !exists(&home.db)? {
        home.make_database(&key)?;
    }
    check_length(&home.db)?;
    home.check_log(lock.same_boot())?;
    let mut db = home.connect(&home.db, &key)?;
    home.migrate(&mut db)?;
    home.let_shrink(&db);
    if let Err(error) = home.keep_salt() {
        tracing::warn!(%error, "the salt of the store is not kept a second time");
    }
    if let Err(error) = lock.note_boot() {
        tracing::warn!(%error, "it is not noted in which run of the machine the store was open");
    }
    Ok((db, lock))
}

/// The copy of a store's salt, in case the first page is damaged.
pub(crate) fn salt_path(dir: &Path) -> PathBuf {
    dir.join("vault.salt")
}

/// The key of the store in `dir`.
pub(crate) fn key_of(dir: &Path) -> Result<Key, OpenError> {
    read_key(&Home::new(dir).key)
}

/// A store opened for checking: nothing is written to it, whatever its state.
#[derive(Debug)]
pub(crate) struct AsItIs {
    // Declared before the lock, so that it is closed before the lock is released.
    pub(crate) db: Connection,
    /// The version of its schema.
    pub(crate) version: i64,
    dir: PathBuf,
    _lock: Lock,
}

impl Reopen for AsItIs {
    fn db(&self) -> &Connection {
        &self.db
    }

    fn reopen(&mut self) -> Result<(), OpenError> {
        reopen(&mut self.db, &self.dir)?;
        read_only(&self.db).map_err(|e| Home::new(&self.dir).db_error(e))
    }
}

/// Reopens the connection of a store whose lock the caller holds.
pub(crate) fn reopen(db: &mut Connection, dir: &Path) -> Result<(), OpenError> {
    let home = Home::new(dir);
    let key = read_key(&home.key)?;
    // The old connection must be closed first: it has exclusive access to the file.
    drop(std::mem::replace(db, Connection::open_in_memory().map_err(|e| home.db_error(e))?));
    *db = home.connect(&home.db, &key)?;
    Ok(())
}

/// Makes a connection writable, without foreign key checks.
pub(crate) fn writable(db: &Connection) -> rusqlite::Result<()> {
    db.execute_batch("PRAGMA query_only = OFF; PRAGMA foreign_keys = OFF;")
}

/// Makes a connection read-only, without a checkpoint on closing.
fn read_only(db: &Connection) -> rusqlite::Result<()> {
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    db.execute_batch("PRAGMA query_only = ON")
}

/// Removes an empty home that was just made.
pub(crate) fn remove_home(dir: &Path) -> Result<(), OpenError> {
    for name in ["vault.db", "vault.db-wal", "vault.key", "lock"] {
        remove_if_there(&dir.join(name))?;
    }
    fs::remove_dir(dir).map_err(|source| io(dir, source))
}

/// Opens the store in `dir` for checking.
pub(crate) fn open_as_it_is(dir: &Path) -> Result<AsItIs, OpenError> {
    let home = Home::new(dir);
    home.refuse_remains()?;
    if !exists(&home.db)? {
        return Err(OpenError::NoStore { home: show(dir) });
    }
    let lock = Lock::take(dir)?;
    let key = home.key()?;
    // SQLite takes an empty file for a new database. Other truncated files are checked page by
    // page.
    if length(&home.db)? < PAGE_BYTES {
        check_length(&home.db)?;
    }
    let db = home.connect(&home.db, &key)?;
    read_only(&db).map_err(|e| home.db_error(e))?;
    let version = database::version(&db).map_err(|e| home.db_error(e))?;
    if version > database::latest() {
        let (db, known) = (show(&home.db), database::latest());
        return Err(OpenError::Newer { db, found: version, known });
    }
    Ok(AsItIs { db, version, dir: dir.to_owned(), _lock: lock })
}

/// Makes a store with the schema of `version` in `dir`, which has none.
pub(crate) fn make_at_version(dir: &Path, version: i64) -> Result<AsItIs, OpenError> {
    let home = Home::new(dir);
    make_directory(&home)?;
    let lock = Lock::take(dir)?;
    home.refuse_remains()?;
    if exists(&home.db)? || exists(&home.key)? {
        return Err(OpenError::StoreExists { home: show(dir) });
    }
    let key = home.key()?;
    create_private(&home.db).map_err(|source| io(&home.db, source))?;
    let mut db = home.connect(&home.db, &key)?;
    database::migrate_to(&mut db, version).map_err(|e| home.db_error(e))?;
    Ok(AsItIs { db, version, dir: dir.to_owned(), _lock: lock })
}

impl Home {
    fn new(dir: &Path) -> Self {
        Self { dir: dir.to_owned(), key: dir.join("vault.key"), db: dir.join("vault.db") }
    }

    /// Refuses a home without a store if leftovers of a finished store show that there was one: a
    /// new store would look as if nothing had ever been written.
    fn refuse_remains(&self) -> Result<(), OpenError> {
        if exists(&self.db)? {
            return Ok(());
        }
        for remains in [salt_path(&self.dir), self.dir.join("vault.db-wal")] {
            if exists(&remains)? {
                return Err(OpenError::StoreMissing {
                    db: show(&self.db),
                    remains: show(&remains),
                });
            }
        }
        Ok(())
    }

    /// Reads the key, or makes one if neither key nor database exists.
    fn key(&self) -> Result<Key, OpenError> {
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

    /// Refuses a damaged log: SQLite would skip what follows the damage, and then overwrite it. If
    /// the machine may have lost power since (not `same_boot`), that is taken for the cause: chunks
    /// of large files are not synced, and may reach the disk in any order.
    fn check_log(&self, same_boot: bool) -> Result<(), OpenError> {
        match wal::lost_commits(&self.dir).map_err(|source| io(&self.dir, source))? {
            0 => Ok(()),
            lost if !same_boot => {
                tracing::warn!(lost, "changes behind a gap in the log are passed over");
                Ok(())
            }
            lost => Err(OpenError::Damaged {
                db: show(&self.db),
                reason: format!(
                    "its log, vault.db-wal, can't be read up to its end, and the last {lost} changes are behind that place"
                ),
                nothing_left: false,
            }),
        }
    }

    /// Makes the database under another name, so that an existing database is complete.
    fn make_database(&self, key: &[u8; KEY_BYTES]) -> Result<(), OpenError> {
        let draft = self.dir.join("vault.db.new");
        for suffix in ["", "-journal", "-wal", "-shm"] {
            remove_if_there(&self.dir.join(format!("vault.db.new{suffix}")))?;
        }
        create_private(&draft).map_err(|source| io(&draft, source))?;
        let mut db = self.connect(&draft, key)?;
        self.migrate(&mut db)?;
        // Closing the only connection checkpoints the log into the file.
        db.close().map_err(|(_, source)| self.db_error(source))?;
        File::open(&draft).and_then(|file| file.sync_all()).map_err(|source| io(&draft, source))?;
        self.publish(&draft, &self.db)
    }

    /// Renames a finished file to its name, durably. The lock keeps others from doing the same.
    fn publish(&self, draft: &Path, name: &Path) -> Result<(), OpenError> {
        fs::rename(draft, name).map_err(|source| io(name, source))?;
        sync_directory(&self.dir)
    }

    /// The salt is not secret, and never changes.
    fn keep_salt(&self) -> std::io::Result<()> {
        let mut salt = [0; SALT_BYTES];
        File::open(&self.db)?.read_exact(&mut salt)?;
        let path = salt_path(&self.dir);
        if fs::read(&path).is_ok_and(|kept| kept == salt) {
            return Ok(());
        }
        let mut options = OpenOptions::new();
        private(options.write(true).create(true).truncate(true)).open(&path)?.write_all(&salt)
    }

    fn connect(&self, path: &Path, key: &[u8; KEY_BYTES]) -> Result<Connection, OpenError> {
        begin_library();
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let db = Connection::open_with_flags(path, flags).map_err(|e| self.db_error(e))?;
        database::configure(&db, key).map_err(|e| self.db_error(e))?;
        Ok(db)
    }

    fn migrate(&self, db: &mut Connection) -> Result<(), OpenError> {
        let found = database::version(db).map_err(|e| self.db_error(e))?;
        let known = database::latest();
        if found > known {
            return Err(OpenError::Newer { db: show(&self.db), found, known });
        }
        database::migrate(db).map_err(|e| self.db_error(e))
    }

    /// Rewrites a small store that was made before stores could shrink. A large one is left as it
    /// is and reuses its free pages.
    fn let_shrink(&self, db: &Connection) {
        let small = fs::metadata(&self.db).is_ok_and(|file| file.len() <= REWRITE_BYTES_MAX);
        let mode = db.query_row("PRAGMA auto_vacuum", [], |row| row.get(0));
        let room = file::free_bytes(&self.dir).is_none_or(|free| free >= 4 * REWRITE_BYTES_MAX);
        if !small || !room || mode == Ok(AUTO_VACUUM_INCREMENTAL) {
            return;
        }
        if let Err(error) = db.execute_batch("PRAGMA auto_vacuum = INCREMENTAL; VACUUM;") {
            tracing::warn!(%error, "the store keeps the form in which it can't shrink");
        }
    }

    fn db_error(&self, source: rusqlite::Error) -> OpenError {
        let db = show(&self.db);
        match source.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => OpenError::KeyMismatch { db, key: show(&self.key) },
            Some(ErrorCode::DatabaseCorrupt) => {
                let reason = "the list of what is in it can't be read".into();
                OpenError::Damaged { db, reason, nothing_left: false }
            }
            Some(ErrorCode::DiskFull) => OpenError::DiskFull { db },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                OpenError::InUse { home: show(&self.dir) }
            }
            _ => OpenError::Db { db, source },
        }
    }
}

/// Initialises SQLCipher, which the first connection of a process does. A concurrent second
/// connection would find it half initialised, and its key refused.
fn begin_library() {
    static BEGIN: Once = Once::new();
    // If even this fails, so does the next open, which reports it.
    BEGIN.call_once(|| drop(Connection::open_in_memory()));
}

fn read_key(path: &Path) -> Result<Key, OpenError> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(KEY_BYTES + 1));
    File::open(path)
        .and_then(|file| file.take(KEY_BYTES as u64 + 1).read_to_end(&mut bytes))
        .map_err(|source| io(path, source))?;
    let damaged = || OpenError::KeyDamaged { key: show(path), found: bytes.len() };
    let key: [u8; KEY_BYTES] = bytes.as_slice().try_into().map_err(|_| damaged())?;
    Ok(Zeroizing::new(key))
}

/// Refuses a truncated file; SQLite would notice only at the missing page.
fn check_length(db: &Path) -> Result<(), OpenError> {
    let length = length(db)?;
    if length == 0 || length % PAGE_BYTES != 0 {
        return Err(OpenError::Damaged {
            db: show(db),
            reason: format!("it is cut short, at {length} bytes"),
            nothing_left: length < PAGE_BYTES,
        });
    }
    Ok(())
}

/// Makes the directory, or accepts one that is empty or a home already.
fn make_directory(home: &Home) -> Result<(), OpenError> {
    let dir = home.dir.as_path();
    if exists(dir)? && !exists(&home.db)? && holds_other_things(dir)? {
        return Err(OpenError::NotAHome { home: show(dir) });
    }
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir).map_err(|source| io(dir, source))?;
    // One with another umask is made private too; the target of a symbolic link is left as it is.
    // The files in it are private in any case.
    #[cfg(unix)]
    if !fs::symlink_metadata(dir).map_err(|source| io(dir, source))?.is_symlink() {
        fs::set_permissions(dir, std::os::unix::fs::PermissionsExt::from_mode(0o700))
            .map_err(|source| io(dir, source))?;
    }
    Ok(())
}

/// Whether the directory holds files other than leftovers of an interrupted start.
fn holds_other_things(dir: &Path) -> Result<bool, OpenError> {
    for entry in fs::read_dir(dir).map_err(|source| io(dir, source))? {
        let name = entry.map_err(|source| io(dir, source))?.file_name();
        let name = name.to_string_lossy();
        let ours = name == "lock"
            || ["vault.", "app.json"].iter().any(|beginning| name.starts_with(beginning));
        if !ours {
            return Ok(true);
        }
    }
    Ok(false)
}
