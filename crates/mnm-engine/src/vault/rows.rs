//! Scan of a damaged table: every readable row, and none twice.

use rusqlite::types::Value;
use rusqlite::{Connection, Row};

use crate::error::OpenError;

/// Rows that are skipped one by one; after that the steps grow.
const ONE_BY_ONE: i64 = 500;

/// A connection that is reopened after it hit a damaged page: until then SQLCipher refuses every
/// access.
pub trait Reopen {
    /// The connection.
    fn db(&self) -> &Connection;

    /// Reopens it.
    ///
    /// # Errors
    /// It cannot be opened; it is unusable then.
    fn reopen(&mut self) -> Result<(), OpenError>;
}

/// A table, described for reading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// Its columns, in order.
    pub columns: Vec<String>,
    /// Columns of the primary key, in order.
    pub key: Vec<String>,
    /// Whether the key is one integer, by which each row can be queried.
    pub numbered: bool,
}

impl Table {
    /// The integer key of a row.
    pub fn number(&self, row: &[Value]) -> Option<i64> {
        let place = self.columns.iter().position(|column| self.key.first() == Some(column))?;
        match row.get(place) {
            Some(Value::Integer(number)) => Some(*number),
            _ => None,
        }
    }
}

/// The tables with rows of their own, parents before children. Full-text indexes are rebuilt by
/// triggers.
pub fn tables(db: &Connection) -> Vec<Table> {
    let read = || -> rusqlite::Result<Vec<Table>> {
        let names = db
            .prepare(
                "SELECT s.name, l.wr FROM sqlite_schema s JOIN pragma_table_list l USING (name)
                 WHERE l.schema = 'main' AND l.type = 'table' AND s.name NOT LIKE 'sqlite_%'
                 ORDER BY s.rowid",
            )?
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<rusqlite::Result<Vec<(String, bool)>>>()?;
        names.into_iter().map(|(name, keyed)| table(db, name, keyed)).collect()
    };
    read().unwrap_or_default()
}

fn table(db: &Connection, name: String, keyed: bool) -> rusqlite::Result<Table> {
    let columns = db
        .prepare("SELECT name, pk FROM pragma_table_info(?1)")?
        .query_map([&name], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<Vec<(String, i64)>>>()?;
    let mut key: Vec<_> = columns.iter().filter(|(_, place)| *place > 0).cloned().collect();
    key.sort_by_key(|(_, place)| *place);
    let key: Vec<String> = key.into_iter().map(|(name, _)| name).collect();
    let columns = columns.into_iter().map(|(name, _)| name).collect();
    Ok(Table { name, columns, numbered: !keyed && key.len() == 1, key })
}

/// Reads every readable row and passes it on. False if some are unreadable.
///
/// # Errors
/// Errors of `give`. A row may be passed twice.
pub fn read(
    store: &mut dyn Reopen,
    table: &Table,
    give: &mut dyn FnMut(Vec<Value>) -> rusqlite::Result<()>,
) -> rusqlite::Result<bool> {
    if table.numbered { read_numbered(store, table, give) } else { read_keyed(store, table, give) }
}

/// Row by row, skipping unreadable ones. After very many in sequence, readable rows between two
/// damaged pages may be skipped too.
fn read_numbered(
    store: &mut dyn Reopen,
    table: &Table,
    give: &mut dyn FnMut(Vec<Value>) -> rusqlite::Result<()>,
) -> rusqlite::Result<bool> {
    let (columns, name, id) = (table.columns.join(", "), &table.name, table.key.join(""));
    let onward =
        format!("SELECT {id}, {columns} FROM {name} NOT INDEXED WHERE {id} >= ?1 ORDER BY {id}");
    // By a new lookup, since the path from the previous row may be damaged.
    let probe =
        format!("SELECT {id} FROM {name} NOT INDEXED WHERE {id} >= ?1 ORDER BY {id} LIMIT 1");
    let end = last(store, name, &id);
    let (mut from, mut whole) = (1, true);
    loop {
        let (mut stopped, begin) = (false, from);
        scan(
            store,
            &onward,
            &[&begin],
            &mut |row| {
                from = row.get::<_, i64>(0)?.saturating_add(1);
                give(values(row, 1, table.columns.len())?)
            },
            &mut stopped,
        )?;
        if !stopped {
            return Ok(whole);
        }
        whole = false;
        match next_readable(store, &probe, from, end) {
            Some(next) => from = next,
            None => return Ok(false),
        }
    }
}

/// The next integer key after `bad`, an unreadable row, from which reading continues.
fn next_readable(store: &mut dyn Reopen, probe: &str, bad: i64, end: Option<i64>) -> Option<i64> {
    let (first, end) = (bad, end.unwrap_or(i64::MAX));
    let (mut bad, mut step) = (bad, 1);
    let mut good = loop {
        if bad >= end {
            return None;
        }
        let next = bad.saturating_add(step).min(end);
        if can_be_read(store, probe, next) {
            break next;
        }
        bad = next;
        if bad - first > ONE_BY_ONE {
            step = step.saturating_mul(2);
        }
    };
    while good - bad > 1 {
        let between = bad + (good - bad) / 2;
        if can_be_read(store, probe, between) { good = between } else { bad = between }
    }
    Some(good)
}

fn can_be_read(store: &mut dyn Reopen, probe: &str, from: i64) -> bool {
    let mut stopped = false;
    // The closure cannot fail.
    scan(store, probe, &[&from], &mut |_| Ok(()), &mut stopped).is_ok() && !stopped
}

/// The largest integer key in use.
fn last(store: &mut dyn Reopen, table: &str, id: &str) -> Option<i64> {
    let counter = format!("SELECT seq FROM sqlite_sequence WHERE name = '{table}'");
    let largest = format!("SELECT max({id}) FROM {table}");
    [counter, largest].iter().find_map(|sql| listed(store, sql).first().copied())
}

/// Reads a table with a compound key: from both ends, then the rows of each record that the first column
/// of the key refers to.
fn read_keyed(
    store: &mut dyn Reopen,
    table: &Table,
    give: &mut dyn FnMut(Vec<Value>) -> rusqlite::Result<()>,
) -> rusqlite::Result<bool> {
    let (columns, name) = (table.columns.join(", "), &table.name);
    let mut stopped = false;
    let mut take = |row: &Row<'_>| give(values(row, 0, table.columns.len())?);
    scan(
        store,
        &format!("SELECT {columns} FROM {name} NOT INDEXED"),
        &[],
        &mut take,
        &mut stopped,
    )?;
    if !stopped {
        return Ok(true);
    }
    let back: Vec<String> = table.key.iter().map(|column| format!("{column} DESC")).collect();
    let backward = format!("SELECT {columns} FROM {name} NOT INDEXED ORDER BY {}", back.join(", "));
    scan(store, &backward, &[], &mut take, &mut stopped)?;
    // The first part of every key here is the number of an account, a thread or a draft.
    let Some(first) = table.key.first() else { return Ok(false) };
    let parents = listed(store, &format!("SELECT id FROM {first}"));
    for parent in parents {
        let of = format!("SELECT {columns} FROM {name} NOT INDEXED WHERE {first} = ?1");
        scan(store, &of, &[&parent], &mut take, &mut stopped)?;
    }
    Ok(false)
}

/// Passes rows on until one is unreadable, which is recorded; the database is reopened then.
///
/// # Errors
/// Errors of `give` other than damage.
pub fn scan(
    store: &mut dyn Reopen,
    sql: &str,
    arguments: &[&dyn rusqlite::ToSql],
    give: &mut dyn FnMut(&Row<'_>) -> rusqlite::Result<()>,
    stopped: &mut bool,
) -> rusqlite::Result<()> {
    let mut given = Ok(());
    let whole = || -> rusqlite::Result<()> {
        let mut statement = store.db().prepare(sql)?;
        let mut rows = statement.query(arguments)?;
        while given.is_ok()
            && let Some(row) = rows.next()?
        {
            given = give(row);
        }
        Ok(())
    }();
    if whole.is_err() {
        *stopped = true;
        // A database that cannot be reopened has no rows; the next reader reports it.
        if let Err(error) = store.reopen() {
            tracing::warn!(%error, "a damaged store does not open again");
        }
    }
    given
}

/// Values of a row: `count` columns from `from` on.
///
/// # Errors
/// Errors of the database.
pub fn values(row: &Row<'_>, from: usize, count: usize) -> rusqlite::Result<Vec<Value>> {
    (from..from + count).map(|column| row.get(column)).collect()
}

/// Integers that a query returns, as far as it is readable.
fn listed(store: &mut dyn Reopen, sql: &str) -> Vec<i64> {
    let mut found = Vec::new();
    let mut stopped = false;
    let listed = scan(
        store,
        sql,
        &[],
        &mut |row| {
            found.push(row.get(0)?);
            Ok(())
        },
        &mut stopped,
    );
    tracing::debug!(whole = !stopped && listed.is_ok(), "rows were listed");
    found
}

/// Reads columns of a table's rows, skipping unreadable ones.
pub(super) fn read_around(
    store: &mut dyn Reopen,
    table: &str,
    columns: &[&str],
    give: &mut dyn FnMut(&[Value]),
) -> rusqlite::Result<()> {
    let Some(mut table) = tables(store.db()).into_iter().find(|found| found.name == table) else {
        return Ok(());
    };
    table.columns = columns.iter().map(|&column| column.to_owned()).collect();
    read(store, &table, &mut |row| {
        give(&row);
        Ok(())
    })
    .map(drop)
}
