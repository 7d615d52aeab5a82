//! A vault's database as every platform opens it: key, settings and migrations.

use std::time::Duration;

use rusqlite::Connection;
use zeroize::Zeroizing;

pub use super::chore::AUTO_VACUUM_INCREMENTAL;
pub use super::migration::{latest, migrate, migrate_to, version};

/// Bytes of a key.
pub const KEY_BYTES: usize = 32;
/// Bytes of a page in SQLCipher; every database file is a multiple of it.
pub const PAGE_BYTES: u64 = 4096;
/// Unencrypted bytes at the beginning of the file, without which no page can be authenticated.
pub const SALT_BYTES: usize = 16;

/// The key of a database: random, and zeroised when dropped.
pub type Key = Zeroizing<[u8; KEY_BYTES]>;

/// Sets key and pragmas. The first read, which verifies the key, follows at once.
///
/// # Errors
/// `NotADatabase` for a wrong key; or another error of the database.
pub fn configure(db: &Connection, key: &[u8; KEY_BYTES]) -> rusqlite::Result<()> {
    unlock(db, key, &[])?;
    // Only effective before the first read: no `-shm` file, and a stray sqlite shell cannot write
    // meanwhile.
    db.execute_batch("PRAGMA locking_mode = EXCLUSIVE")?;
    db.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
    // Only effective in an empty database, which can then shrink.
    let pages: i64 = db.query_row("PRAGMA page_count", [], |row| row.get(0))?;
    if pages == 0 {
        db.execute_batch("PRAGMA auto_vacuum = INCREMENTAL")?;
    }
    // Pages beyond this cache, in KiB, are decrypted again. It is allocated as needed.
    // `cipher_memory_security` (locking and wiping every allocation) stays off: it is slow, and an
    // attacker who reads this process's memory also reads the messages on the screen.
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

/// Sets the key of a connection and, for a new file, this salt if given.
///
/// # Errors
/// Those of the database.
pub fn unlock(db: &Connection, key: &[u8; KEY_BYTES], salt: &[u8]) -> rusqlite::Result<()> {
    // A raw key: it is random, so key stretching would only cost time. SQLCipher's own log would go
    // to the terminal; failures are returned as errors anyway.
    let hex = data_encoding::HEXLOWER;
    let key = Zeroizing::new(hex.encode(key));
    db.execute_batch(&Zeroizing::new(format!(
        "PRAGMA cipher_log_level = NONE; PRAGMA key = \"x'{}{}'\"",
        *key,
        hex.encode(salt)
    )))
}
