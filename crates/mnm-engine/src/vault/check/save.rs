//! Everything that can be read, in a store of its own.

use std::collections::HashSet;
use std::path::Path;

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use super::{Checked, look, rows};
use crate::error::OpenError;
use crate::vault::Vault;
use crate::vault::open::{self, Reopen};

/// Rows written in one transaction.
const ROWS: usize = 200;

/// Saves everything that can be read of the store in `home` into a new one in `to`, and tells what
/// is in it and what is lost. The old one is left as it is.
///
/// # Errors
/// When the old store is in use or does not open at all, or the new one can't be written.
pub fn save(home: &Path, to: &Path) -> Result<Checked, OpenError> {
    let mut old = open::open_as_it_is(home)?;
    let mut checked = look(&mut old);
    let mut new = open::make_at_version(to, old.version)?;
    let failed = |source| OpenError::Db { db: to.display().to_string(), source };
    new.db.execute_batch("PRAGMA foreign_keys = OFF").map_err(failed)?;
    let mut letters = HashSet::new();
    for table in rows::tables(&new.db) {
        let note = &mut |row: &[Value]| checked.note(&table, row, &mut letters);
        let whole = copy(&mut old, &new.db, &table, note).map_err(failed)?;
        checked.note_end(&table, whole);
    }
    checked.count_lost(&mut old, Some(&mut new), &letters);
    open::writable(&new.db).map_err(failed)?;
    mend(&new.db).map_err(failed)?;
    drop(new);
    // It takes the steps that the old one had not taken.
    let vault = Vault::open(to)?;
    vault.db.execute_batch(RECOUNT).map_err(failed)?;
    Ok(checked)
}

/// What triggers keep was copied, and then kept a second time.
const RECOUNT: &str = "
    UPDATE thread SET
        messages = (SELECT count(*) FROM message WHERE message.thread = thread.id),
        files = (SELECT count(*) FROM message JOIN attachment ON attachment.message = message.id
                 WHERE message.thread = thread.id)";

fn copy(
    old: &mut dyn Reopen,
    new: &Connection,
    table: &rows::Table,
    note: &mut dyn FnMut(&[Value]),
) -> rusqlite::Result<bool> {
    let places: Vec<&str> = table.columns.iter().map(|_| "?").collect();
    let insert = format!(
        "INSERT OR IGNORE INTO {} ({}) VALUES ({})",
        table.name,
        table.columns.join(", "),
        places.join(", ")
    );
    let mut insert = new.prepare(&insert)?;
    let mut written = 0;
    new.execute_batch("BEGIN")?;
    let whole = rows::read(old, table, &mut |row| {
        note(&row);
        insert.execute(params_from_iter(row))?;
        written += 1;
        if written % ROWS == 0 {
            new.execute_batch("COMMIT; BEGIN")?;
        }
        Ok(())
    })?;
    new.execute_batch("COMMIT")?;
    Ok(whole)
}

/// Makes rows that lost what they belong to fit again: letters get a thread and an account, files
/// without their bytes go, as does what means nothing by itself.
fn mend(new: &Connection) -> rusqlite::Result<()> {
    new.execute_batch(
        "BEGIN;
         INSERT OR IGNORE INTO thread (id, account, subject, last_at_ms)
             SELECT thread, account, '', max(at_ms) FROM message
             WHERE thread NOT IN (SELECT id FROM thread) GROUP BY thread;
         INSERT OR IGNORE INTO account (id, address, service, uid, node, joined_ms)
             SELECT DISTINCT account, '=lost:1', 'lost account ' || account, 'LOST' || account, '', 0
             FROM thread WHERE account NOT IN (SELECT id FROM account);
         UPDATE draft SET thread = NULL WHERE thread NOT IN (SELECT thread FROM message);
         DELETE FROM thread WHERE id NOT IN (SELECT thread FROM message);
         DELETE FROM attachment WHERE blob NOT IN (SELECT id FROM blob)
             OR (SELECT size FROM blob WHERE id = attachment.blob) <>
                (SELECT coalesce(sum(length(bytes)), 0) FROM blob_chunk
                 WHERE blob_chunk.blob = attachment.blob);",
    )?;
    // What belongs to nothing any more may be what others belong to.
    while remove_orphans(new)? > 0 {}
    new.execute_batch("COMMIT")
}

fn remove_orphans(new: &Connection) -> rusqlite::Result<usize> {
    let mut removed = 0;
    for table in rows::tables(new) {
        let keys = new
            .prepare(
                "SELECT \"table\", group_concat(\"from\"), group_concat(coalesce(\"to\", 'id'))
                 FROM pragma_foreign_key_list(?1) GROUP BY id",
            )?
            .query_map([&table.name], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
            .collect::<rusqlite::Result<Vec<(String, String, String)>>>()?;
        for (parent, from, to) in keys {
            let one = from.split(',').next().unwrap_or_default();
            removed += new.execute(
                &format!(
                    "DELETE FROM {} WHERE {one} IS NOT NULL
                     AND ({from}) NOT IN (SELECT {to} FROM {parent})",
                    table.name
                ),
                [],
            )?;
        }
    }
    Ok(removed)
}
