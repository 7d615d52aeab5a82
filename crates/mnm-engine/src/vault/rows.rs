//! Rows of a store whose pages may be damaged: every one that can be read, and none twice.

use rusqlite::types::Value;
use rusqlite::{Connection, Row};

use crate::error::OpenError;

/// Rows that are passed over one by one; from there on the steps become longer.
const ONE_BY_ONE: i64 = 500;

/// A connection that is opened anew after it met a damaged page: until then the cryptographic
/// library refuses all others as well.
pub trait Reopen {
    /// The connection.
    fn db(&self) -> &Connection;

    /// Opens it anew.
    ///
    /// # Errors
    /// When it does not open; it is of no use then.
    fn reopen(&mut self) -> Result<(), OpenError>;
}

/// A table with what is needed to read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// Its columns, in order.
    pub columns: Vec<String>,
    /// Columns of the primary key, in order.
    pub key: Vec<String>,
    /// Whether the key is one number, by which each row can be asked for.
    pub numbered: bool,
}

impl Table {
    /// The number of a row.
    pub fn number(&self, row: &[Value]) -> Option<i64> {
        let place = self.columns.iter().position(|column| self.key.first() == Some(column))?;
        match row.get(place) {
            Some(Value::Integer(number)) => Some(*number),
            _ => None,
        }
    }
}

/// The tables that hold rows of their own, parents before children. Indexes of words are made
/// anew by the triggers of what they index.
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

/// Reads every row that can be read, and gives it on. False when some could not be.
///
/// # Errors
/// What `give` fails with. A row may be given twice.
pub fn read(
    store: &mut dyn Reopen,
    table: &Table,
    give: &mut dyn FnMut(Vec<Value>) -> rusqlite::Result<()>,
) -> rusqlite::Result<bool> {
    if table.numbered { read_numbered(store, table, give) } else { read_keyed(store, table, give) }
}

/// From row to row, passing over those that can't be read. Where very many of them follow each other,
/// some that could be read between two damaged pages may be passed over as well.
fn read_numbered(
    store: &mut dyn Reopen,
    table: &Table,
    give: &mut dyn FnMut(Vec<Value>) -> rusqlite::Result<()>,
) -> rusqlite::Result<bool> {
    let (columns, name, id) = (table.columns.join(", "), &table.name, table.key.join(""));
    let onward =
        format!("SELECT {id}, {columns} FROM {name} NOT INDEXED WHERE {id} >= ?1 ORDER BY {id}");
    // Down to the row by its number, as the way from the row before may be what is damaged.
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

/// The next number behind `bad`, a row that can't be read, at which reading goes on.
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
    // It gives nothing on that could fail.
    scan(store, probe, &[&from], &mut |_| Ok(()), &mut stopped).is_ok() && !stopped
}

/// The largest number that a row was given.
fn last(store: &mut dyn Reopen, table: &str, id: &str) -> Option<i64> {
    let counter = format!("SELECT seq FROM sqlite_sequence WHERE name = '{table}'");
    let largest = format!("SELECT max({id}) FROM {table}");
    [counter, largest].iter().find_map(|sql| listed(store, sql).first().copied())
}

/// From both ends, and by each first part of the key that is met or that numbers a row elsewhere.
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

/// Gives rows on until one can't be read, which it notes; the store is opened anew then.
///
/// # Errors
/// What `give` fails with, where that is no damage.
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
        // One that does not open any more gives no rows, and is told by whoever reads on.
        if let Err(error) = store.reopen() {
            tracing::warn!(%error, "a damaged store does not open again");
        }
    }
    given
}

/// Values of a row, so many from column `from` on.
///
/// # Errors
/// What the database says.
pub fn values(row: &Row<'_>, from: usize, count: usize) -> rusqlite::Result<Vec<Value>> {
    (from..from + count).map(|column| row.get(column)).collect()
}

/// Numbers that a query gives, as far as it can be read.
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

/// Reads columns of a table's rows around what can't be read.
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
