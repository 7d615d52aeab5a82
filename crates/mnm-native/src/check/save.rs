//! Recovery: writes all readable rows of a damaged store to a new one.

use std::collections::HashSet;
use std::path::Path;

use mnm_engine::OpenError;
use mnm_engine::vault::database;
use mnm_engine::vault::rows::{self, Reopen, Table};
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use super::loose::Loose;
use super::{Checked, look};
use crate::file;
use crate::home::{self, AsItIs};

/// Rows written in one transaction.
const ROWS: usize = 200;

/// Writes everything readable of the store in `home` to a new one in `to`, and reports its content
/// and what is lost. The old store is not changed. If it is damaged, this temporarily needs as much
/// space again.
///
/// # Errors
/// The old store is in use, its key does not fit, or the new one cannot be written.
pub fn save(home: &Path, to: &Path) -> Result<Checked, OpenError> {
    match home::open_as_it_is(home) {
        Ok(mut old) => {
            let mut checked = look(&mut old, home)?;
            let mut new = home::make_at_version(to, old.version)?;
            if checked.is_whole() {
                let lost = copy_all(&mut old, &new, &mut checked, to)?;
                checked.count_lost(&mut old, Some(&mut new), &lost.letters);
            } else {
                rescue(home, &mut new, &mut checked, to)?;
            }
            finish(new, to)?;
            Ok(checked)
        }
        Err(
            error
            @ (OpenError::Damaged { nothing_left: false, .. } | OpenError::KeyMismatch { .. }),
        ) => {
            let mut new = home::make_at_version(to, database::latest())?;
            let mut checked = Checked::default();
            checked.findings.push(error.to_string());
            let rescued = rescue(home, &mut new, &mut checked, to);
            if rescued.is_err() || (checked.accounts == 0 && checked.letters == 0) {
                // Leave nothing that looks like a home.
                drop(new);
                home::remove_home(to)?;
                return Err(rescued.err().unwrap_or(error));
            }
            finish(new, to)?;
            Ok(checked)
        }
        Err(error) => Err(error),
    }
}

/// The copied rows, and the tables that are incomplete.
struct Copied {
    letters: HashSet<i64>,
    lost: Vec<Table>,
}

fn copy_all(
    old: &mut dyn Reopen,
    new: &AsItIs,
    checked: &mut Checked,
    to: &Path,
) -> Result<Copied, OpenError> {
    let failed = |source| file::db(to, source);
    new.db.execute_batch("PRAGMA foreign_keys = OFF").map_err(failed)?;
    let mut copied = Copied { letters: HashSet::new(), lost: Vec::new() };
    for table in rows::tables(&new.db) {
        let note = &mut |row: &[Value]| checked.note(&table, row, &mut copied.letters);
        let whole = copy(old, &new.db, &table, note).map_err(failed)?;
        checked.note_end(&table, whole);
        if !whole {
            copied.lost.push(table);
        }
    }
    Ok(copied)
}

/// Copies the reachable rows of a damaged store, then those on unreachable pages.
fn rescue(
    home: &Path,
    new: &mut AsItIs,
    checked: &mut Checked,
    to: &Path,
) -> Result<(), OpenError> {
    let failed = |source| file::db(to, source);
    let mut loose = Loose::gather(home, to)?;
    checked.damaged_pages = checked.damaged_pages.max(loose.damaged);
    let mut copied = if loose.opens {
        copy_all(&mut loose, new, checked, to)?
    } else {
        checked.others_lost = true;
        Copied { letters: HashSet::new(), lost: rows::tables(&new.db) }
    };
    let (db, letters) = (&new.db, &mut copied.letters);
    db.execute_batch("PRAGMA foreign_keys = OFF").map_err(failed)?;
    let found = loose.read(&copied.lost, db, &mut |table, row| {
        checked.note(table, &row, letters);
        db.prepare_cached(&insertion(table))?.execute(params_from_iter(row)).map(drop)
    });
    found.map_err(failed)?;
    checked.accounts = count_accounts(db).map_err(failed)?;
    if loose.opens {
        checked.count_lost(&mut loose, Some(new), letters);
    } else {
        checked.count_lost(new, None, letters);
    }
    Ok(())
}

fn count_accounts(db: &Connection) -> rusqlite::Result<u64> {
    db.query_row("SELECT count(*) FROM account", [], |row| row.get(0))
}

/// Completes the new store.
fn finish(new: AsItIs, to: &Path) -> Result<(), OpenError> {
    let failed = |source| file::db(to, source);
    home::writable(&new.db).map_err(failed)?;
    mend(&new.db).map_err(failed)?;
    drop(new);
    // Runs the migrations that the old store had not run.
    let (db, _lock) = home::open(to)?;
    db.execute_batch(RECOUNT).map_err(failed)
}

/// Rows maintained by triggers were copied, and then created again.
const RECOUNT: &str = "
    UPDATE thread SET
        messages = (SELECT count(*) FROM message WHERE message.thread = thread.id),
        files = (SELECT count(*) FROM message JOIN attachment ON attachment.message = message.id
                 WHERE message.thread = thread.id),
        unread = (SELECT count(*) FROM message
                  WHERE message.thread = thread.id AND message.unread = 1),
        stars = (SELECT count(*) FROM message
                 WHERE message.thread = thread.id AND starred = 1 AND trashed_ms IS NULL);
    UPDATE account SET unread =
        (SELECT coalesce(sum(thread.unread), 0) FROM thread WHERE thread.account = account.id
             AND archived = 0 AND muted = 0 AND trashed_ms IS NULL),
        waiting = (SELECT count(*) FROM ping
                   WHERE ping.account = account.id AND incoming = 1 AND state = 'waiting')";

fn copy(
    old: &mut dyn Reopen,
    new: &Connection,
    table: &Table,
    note: &mut dyn FnMut(&[Value]),
) -> rusqlite::Result<bool> {
    let mut insert = new.prepare(&insertion(table))?;
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

fn insertion(table: &Table) -> String {
    let places = vec!["?"; table.columns.len()].join(", ");
    let (name, columns) = (&table.name, table.columns.join(", "));
    format!("INSERT OR IGNORE INTO {name} ({columns}) VALUES ({places})")
}

/// Repairs references of copied rows: letters get a thread and an account, files without bytes keep
/// their name, and rows without meaning of their own are deleted.
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
         CREATE TEMP TABLE lost AS SELECT id FROM attachment WHERE blob NOT IN (SELECT id FROM blob)
             OR (SELECT size FROM blob WHERE id = attachment.blob) <>
                (SELECT coalesce(sum(length(bytes)), 0) FROM blob_chunk
                 WHERE blob_chunk.blob = attachment.blob);",
    )?;
    // Older schemas may have no column for it.
    if rows::tables(new).iter().any(|table| table.name == "absent_file") {
        new.execute_batch(
            "INSERT OR IGNORE INTO absent_file (message, ord, name, size, ffn)
                 SELECT message, ord, 'u:' || name, 0, '' FROM attachment
                 WHERE id IN (SELECT id FROM lost) AND message IN (SELECT id FROM message);",
        )?;
    }
    new.execute_batch("DELETE FROM attachment WHERE id IN (SELECT id FROM lost); DROP TABLE lost")?;
    // An incomplete copy of a thread cannot be forwarded.
    if rows::tables(new).iter().any(|table| table.name == "forward_copy") {
        new.execute_batch(
            "DELETE FROM forward_copy WHERE blob NOT IN (SELECT id FROM blob)
                 OR (SELECT size FROM blob WHERE id = forward_copy.blob) <>
                    (SELECT coalesce(sum(length(bytes)), 0) FROM blob_chunk
                     WHERE blob_chunk.blob = forward_copy.blob);
             DELETE FROM outbox WHERE kind = 'forward' AND body ->> '$.copy_bytes' > 0
                 AND id NOT IN (SELECT outbox FROM forward_copy);",
        )?;
    }
    // Deleting an orphan may orphan others.
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
