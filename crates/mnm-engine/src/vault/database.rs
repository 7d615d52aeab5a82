//! A vault's database as every platform opens it: key, settings, and the steps that lead to its schema.

use std::time::Duration;

use rusqlite::Connection;
use zeroize::Zeroizing;

pub use super::chore::AUTO_VACUUM_INCREMENTAL;
pub use super::migration::{latest, migrate, migrate_to, version};

/// Bytes of a key.
pub const KEY_BYTES: usize = 32;
/// Bytes of a page, as SQLCipher has them; every database file is a multiple of it.
pub const PAGE_BYTES: u64 = 4096;
/// Bytes at the beginning of the file that are not encrypted; without them no page can be proved.
pub const SALT_BYTES: usize = 16;

/// The key of a database: random, and wiped when it is dropped.
pub type Key = Zeroizing<[u8; KEY_BYTES]>;

/// Sets key and pragmas. The first read, which proves the key, comes right after it.
///
/// # Errors
/// `NotADatabase` when the key does not fit; whatever the database says otherwise.
pub fn configure(db: &Connection, key: &[u8; KEY_BYTES]) -> rusqlite::Result<()> {
    unlock(db, key, &[])?;
    // Counts only before the first read: no `-shm` file, and a stray sqlite shell cannot write beside us.
    db.execute_batch("PRAGMA locking_mode = EXCLUSIVE")?;
    db.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
    // Taken on only by a store that is still empty; it can then give room back to the disk.
    let pages: i64 = db.query_row("PRAGMA page_count", [], |row| row.get(0))?;
    if pages == 0 {
        db.execute_batch("PRAGMA auto_vacuum = INCREMENTAL")?;
    }
    // A page that is not in the cache, of so many KiB, is decrypted again. It is taken as it is needed.
    // Memory security (locking and wiping every allocation) stays off: it costs much, and whoever
    // reads this process's memory reads the messages on the screen as well.
    db.execute_batch(
        "PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL;
         PRAGMA foreign_keys = ON;
         PRAGMA secure_delete = ON;
         PRAGMA temp_store = MEMORY;
         PRAGMA cache_size = -16384;
         PRAGMA journal_size_limit = 4194304;
         PRAGMA trusted_schema = OFF;",
    )?;
    db.busy_timeout(Duration::from_secs(5))?;
    db.set_prepared_statement_cache_capacity(128);
    Ok(())
}

/// Has a connection use a key, and, where a file is begun, this salt if there is one.
///
/// # Errors
/// What the database says.
pub fn unlock(db: &Connection, key: &[u8; KEY_BYTES], salt: &[u8]) -> rusqlite::Result<()> {
    // A raw key: it is random already, so stretching it would only cost time. The library's own log
    // would go to the terminal; failures come back as errors anyway.
    let hex = data_encoding::HEXLOWER;
    let key = Zeroizing::new(hex.encode(key));
    db.execute_batch(&Zeroizing::new(format!(
        "PRAGMA cipher_log_level = NONE; PRAGMA key = \"x'{}{}'\"",
        *key,
        hex.encode(salt)
    )))
}
