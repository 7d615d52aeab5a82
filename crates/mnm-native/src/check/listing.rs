//! Listing of a damaged store: letters, subjects, files and whether these are complete.

use mnm_engine::vault::rows::{Reopen, read, scan, tables};
use rusqlite::types::Value;
use rusqlite::{Connection, Row};

/// Pairs of numbers that a query returns, as far as readable.
pub(super) fn pairs(store: &mut dyn Reopen, sql: &str) -> Vec<(i64, i64)> {
    let mut found = Vec::new();
    let mut stopped = false;
    let give = &mut |row: &Row<'_>| {
        found.push((row.get(0)?, row.get(1)?));
        Ok(())
    };
    let listed = scan(store, sql, &[], give, &mut stopped);
    tracing::debug!(whole = !stopped && listed.is_ok(), "pairs were listed");
    found
}

/// The subject of a thread; empty if unreadable.
pub(super) fn subject(store: &mut dyn Reopen, thread: i64) -> String {
    let mut found = String::new();
    let mut stopped = false;
    let give = &mut |row: &Row<'_>| {
        found = row.get(0)?;
        Ok(())
    };
    let sql = "SELECT subject FROM thread WHERE id = ?1";
    let read = scan(store, sql, &[&thread], give, &mut stopped);
    tracing::debug!(whole = !stopped && read.is_ok(), "a subject was read");
    found
}

/// A listed file.
pub(super) struct File {
    pub(super) name: String,
    /// The number of its blob.
    pub(super) blob: i64,
    /// Its letter; none for one of a draft.
    pub(super) message: Option<i64>,
}

/// The listed files, as far as readable.
pub(super) fn files(store: &mut dyn Reopen) -> Vec<File> {
    let mut found = Vec::new();
    let Some(table) = tables(store.db()).into_iter().find(|table| table.name == "attachment")
    else {
        return found;
    };
    let place = |name| table.columns.iter().position(|column| column == name).unwrap_or(0);
    let (name, blob, message) = (place("name"), place("blob"), place("message"));
    let read = read(store, &table, &mut |row| {
        let message = match row.get(message) {
            Some(Value::Integer(message)) => Some(*message),
            _ => None,
        };
        if let (Some(Value::Text(name)), Some(Value::Integer(blob))) =
            (row.get(name), row.get(blob))
        {
            found.push(File { name: name.clone(), blob: *blob, message });
        }
        Ok(())
    });
    tracing::debug!(whole = matches!(read, Ok(true)), "files were listed");
    found
}

/// Whether all bytes of a file are readable.
pub(super) fn is_whole(store: &mut dyn Reopen, blob: i64) -> bool {
    let read = |db: &Connection| -> rusqlite::Result<bool> {
        let size: i64 =
            db.query_row("SELECT size FROM blob WHERE id = ?1", [blob], |row| row.get(0))?;
        let mut chunks =
            db.prepare_cached("SELECT bytes FROM blob_chunk WHERE blob = ?1 ORDER BY seq")?;
        let mut rows = chunks.query([blob])?;
        let mut bytes = 0;
        while let Some(row) = rows.next()? {
            bytes += row.get_ref(0)?.as_blob()?.len() as i64;
        }
        Ok(bytes == size)
    };
    read(store.db()).unwrap_or_else(|error| {
        // In either case the next one is read.
        let reopened = store.reopen();
        tracing::debug!(%error, whole = reopened.is_ok(), "a file can't be read");
        false
    })
}
