//! Indexing of messages and file names that were stored before the index was as it is now: a chore,
//! newest first, in slices that survive a crash.
//!
//! The one row of `reindex` says up to which message and which file there is something left to
//! index; triggers index what is stored above that, and take out only what is in the index.

use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;

use super::{Result, Vault};
use crate::error::VaultError;
use crate::search;

/// Messages indexed in one slice, and bytes of their texts after which it ends.
const ROWS: i64 = 100;
const BYTES_MAX: i64 = 256 << 10;

/// Registers the function by which texts are indexed; triggers call it.
pub(super) fn register(db: &Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8
        | FunctionFlags::SQLITE_DETERMINISTIC
        | FunctionFlags::SQLITE_INNOCUOUS;
    db.create_scalar_function("search_tokens", 1, flags, |context| {
        let text = context.get_raw(0).as_str_or_null()?.unwrap_or_default();
        Ok(search::indexed(text))
    })
}

impl Vault {
    /// Whether something is left to index, so that a search may not find all.
    pub fn is_indexing(&self) -> Result<bool> {
        Ok(self
            .db
            .prepare_cached("SELECT message > 0 OR file > 0 FROM reindex")?
            .query_row([], |row| row.get(0))?)
    }

    /// Checks the index: its own structure, and that it has as many messages and files as it should.
    pub(super) fn check_index(&self) -> Result<()> {
        let unfit = || VaultError::Damaged("the search index does not fit the messages".into());
        for (index, of, left) in
            [("message_index", "message", "message"), ("file_index", "attachment", "file")]
        {
            let check = format!("INSERT INTO {index} ({index}) VALUES ('integrity-check')");
            self.db.execute_batch(&check).map_err(|_| unfit())?;
            let count = format!(
                "SELECT (SELECT count(*) FROM {index}_docsize)
                     = (SELECT count(*) FROM {of} WHERE id > (SELECT {left} FROM reindex))"
            );
            let fits = self.db.query_row(&count, [], |row| row.get::<_, bool>(0));
            if !fits.map_err(|_| unfit())? {
                return Err(unfit());
            }
        }
        Ok(())
    }

    /// Indexes a slice; true while there is more.
    pub(super) fn index_slice(&mut self) -> Result<bool> {
        self.unsynced(|vault| {
            let tx = vault.db.transaction()?;
            let (message, file): (i64, i64) =
                tx.query_row("SELECT message, file FROM reindex", [], |row| {
                    Ok((row.get(0)?, row.get(1)?))
                })?;
            if message > 0 {
                let left = index(&tx, &MESSAGES, message)?;
                tx.prepare_cached("UPDATE reindex SET message = ?1")?.execute([left])?;
            } else if file > 0 {
                let left = index(&tx, &FILES, file)?;
                tx.prepare_cached("UPDATE reindex SET file = ?1")?.execute([left])?;
            } else {
                return Ok(false);
            }
            tx.commit()?;
            Ok(true)
        })
    }
}

/// What is indexed, and how.
struct Indexed {
    /// Row numbers and bytes, from a number down.
    rows: &'static str,
    insert: &'static str,
}

const MESSAGES: Indexed = Indexed {
    rows: "SELECT id, octet_length(text) FROM message WHERE id <= ?1 ORDER BY id DESC LIMIT ?2",
    insert: "INSERT INTO message_index (rowid, subject, text)
        SELECT id, search_tokens(subject), search_tokens(text) FROM message WHERE id = ?1",
};
const FILES: Indexed = Indexed {
    rows: "SELECT id, octet_length(name) FROM attachment WHERE id <= ?1 ORDER BY id DESC LIMIT ?2",
    insert: "INSERT INTO file_index (rowid, name)
        SELECT id, search_tokens(name) FROM attachment WHERE id = ?1",
};

/// Indexes some rows up to a number; returns up to which number there are more.
fn index(db: &Connection, what: &Indexed, from: i64) -> Result<i64> {
    let mut statement = db.prepare_cached(what.rows)?;
    let mut rows = statement.query([from, ROWS])?;
    let (mut left, mut bytes) = (0, 0);
    let mut some = Vec::new();
    while bytes < BYTES_MAX
        && let Some(row) = rows.next()?
    {
        let id: i64 = row.get(0)?;
        bytes += row.get::<_, i64>(1)?;
        some.push(id);
        left = id - 1;
    }
    for id in some {
        db.prepare_cached(what.insert)?.execute([id])?;
    }
    Ok(left)
}
