//! Unreachable pages of a damaged store, read from a copy: pages that are intact while the interior
//! page, the schema or the first page that leads to them is damaged.
//!
//! Every page is authenticated by itself, so each can be read as if it were the only one of its
//! table: one after the other is made the root page of a table. If the store does not open, the
//! pages are copied behind a new first page, made with the same key. Freed rows are overwritten, so
//! nothing that was erased reappears.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::ops::Range;
use std::path::{Path, PathBuf};

use mnm_engine::OpenError;
use mnm_engine::vault::database::{self, PAGE_BYTES, SALT_BYTES};
use mnm_engine::vault::rows::{Reopen, Table, values};
use rusqlite::types::Value;
use rusqlite::{Connection, params, params_from_iter};

use crate::{file, home, wal};

/// Bytes of a row that fills pages; a database allows at most 1 GB in one.
const FILLER_BYTES: u64 = 256 << 20;

/// A copy of all pages of a store. Removed when dropped.
pub(super) struct Loose {
    db: Connection,
    path: PathBuf,
    key: database::Key,
    pages: u64,
    /// Numbers of the inauthentic pages of the copy.
    bad: HashSet<u64>,
    /// Number of inauthentic pages.
    pub(super) damaged: u64,
    /// Whether the schema is readable.
    pub(super) opens: bool,
}

impl Drop for Loose {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.path) {
            tracing::warn!(%error, "the copy of a damaged store stays where it is");
        }
    }
}

impl Reopen for Loose {
    fn db(&self) -> &Connection {
        &self.db
    }

    fn reopen(&mut self) -> Result<(), OpenError> {
        let failed = |source| file::db(&self.path, source);
        // The old connection must be closed first: it has exclusive access to the file.
        drop(std::mem::replace(&mut self.db, Connection::open_in_memory().map_err(failed)?));
        self.db = connect(&self.path, &self.key).map_err(failed)?;
        Ok(())
    }
}

impl Loose {
    /// Copies the pages of the store in `home` to a file in `dir`, which takes as much space.
    ///
    /// # Errors
    /// There is no key, or the copy cannot be written.
    pub(super) fn gather(home: &Path, dir: &Path) -> Result<Self, OpenError> {
        if let Ok(loose) = Self::copy(home, dir, None) {
            return Ok(loose);
        }
        let old = home.join("vault.db");
        let salt = beginning(&old).map_err(|source| file::io(&old, source))?;
        let loose = Self::copy(home, dir, Some(&salt))?;
        match beginning(&home::salt_path(home)) {
            Ok(kept) if kept != salt && loose.damaged >= loose.pages / 2 => {
                drop(loose);
                Self::copy(home, dir, Some(&kept))
            }
            _ => Ok(loose),
        }
    }

    /// The copy, behind a new first page if there is a salt for one.
    fn copy(home: &Path, dir: &Path, salt: Option<&[u8]>) -> Result<Self, OpenError> {
        let (key, path) = (home::key_of(home)?, dir.join("vault.loose"));
        let old = home.join("vault.db");
        let failed = |source| file::io(&path, source);
        let pages = fs::metadata(&old).map_err(failed)?.len() / PAGE_BYTES;
        let mut copy = file::create_private(&path).map_err(failed)?;
        let first = match salt {
            Some(salt) => {
                make(&path, &key, salt, pages).map_err(|source| file::db(&path, source))?;
                1
            }
            None => 0,
        };
        let copied = copy_pages(&old, &mut copy, first..pages);
        let copied = copied.and_then(|()| spoil(&mut copy, pages));
        let beyond = copied.as_ref().copied().unwrap_or_default();
        let copied = copied.and_then(|_| copy_log(&home.join("vault.db-wal"), &mut copy, first));
        let db = match copied.map_err(failed) {
            Ok(()) => connect(&path, &key).map_err(|source| file::db(&path, source)),
            Err(error) => Err(error),
        };
        match db {
            Ok(db) => {
                let mut loose = Self {
                    db,
                    path,
                    key,
                    pages,
                    bad: HashSet::new(),
                    damaged: 0,
                    opens: salt.is_none(),
                };
                loose.bad = loose.bad_pages();
                loose.damaged = loose.count_damaged().saturating_sub(beyond).min(pages);
                Ok(loose)
            }
            Err(error) => {
                fs::remove_file(&path).map_err(failed)?;
                Err(error)
            }
        }
    }

    /// Inauthentic pages of the copy.
    fn bad_pages(&self) -> HashSet<u64> {
        let list = || -> rusqlite::Result<Vec<String>> {
            let mut check = self.db.prepare("PRAGMA cipher_integrity_check")?;
            check.query_map([], |row| row.get(0))?.collect()
        };
        let found = list().unwrap_or_default();
        let number = |words: &String| words.rsplit(' ').next()?.parse().ok();
        found.iter().filter_map(number).collect()
    }

    fn count_damaged(&self) -> u64 {
        let count = || -> rusqlite::Result<usize> {
            let mut check = self.db.prepare("PRAGMA cipher_integrity_check")?;
            check.query_map([], |_| Ok(()))?.try_fold(0, |count, row| row.map(|()| count + 1))
        };
        count().map_or(u64::MAX, |count| count as u64)
    }

    /// Reads each page as one of each given table, and passes on the rows of those that are the
    /// root page of a table according to the schema, or that fit one table only. `new` has those
    /// tables and decides by what it accepts.
    ///
    /// # Errors
    /// Errors of `give`.
    pub(super) fn read(
        &mut self,
        tables: &[Table],
        new: &Connection,
        give: &mut dyn FnMut(&Table, Vec<Value>) -> rusqlite::Result<()>,
    ) -> rusqlite::Result<()> {
        let indexes = index_kinds(new)?;
        let shapes = tables
            .iter()
            .map(|table| Shape::of(new, table, &indexes))
            .collect::<rusqlite::Result<Vec<_>>>()?;
        let roots = self.roots();
        for page in 2..=self.pages {
            // If the schema is outdated, the page may belong to another table by now.
            let root_of = roots.get(&page);
            let named = shapes.iter().find(|shape| root_of == Some(&shape.table.name));
            let mut fitting = self.fitting(page, named, new)?;
            if fitting.is_empty() {
                let others = shapes.iter().filter(|shape| !shape.is_like_index);
                fitting = self.fitting(page, others, new)?;
            }
            if let Ok([(table, rows)]) = <[_; 1]>::try_from(fitting) {
                for row in rows {
                    give(table, row)?;
                }
            }
        }
        // The connection has the schema of the last page that was tried, and not the store's.
        if let Err(error) = self.reopen() {
            tracing::warn!(%error, "the copy of a damaged store does not open again");
        }
        Ok(())
    }

    /// The tables that a page fits, each with its rows.
    fn fitting<'a: 'b, 'b>(
        &mut self,
        page: u64,
        shapes: impl IntoIterator<Item = &'b Shape<'a>>,
        new: &Connection,
    ) -> rusqlite::Result<Vec<(&'a Table, Rows)>> {
        let mut fitting = Vec::new();
        for shape in shapes {
            let Some(rows) = self.rows(page, shape) else { continue };
            if !rows.is_empty() && is_taken(new, shape.table, &rows)? {
                fitting.push((shape.table, rows));
            }
        }
        Ok(fitting)
    }

    /// Tables by their root pages, as far as the schema is readable.
    fn roots(&mut self) -> HashMap<u64, String> {
        let columns = ["type", "name", "tbl_name", "rootpage", "sql"].map(str::to_owned);
        let name = "catalogue".to_owned();
        let table = Table { name, columns: columns.into(), key: Vec::new(), numbered: false };
        let shape = Shape {
            sql: format!("CREATE TABLE catalogue ({}, {BEYOND})", table.columns.join(", ")),
            selected: table.columns.clone(),
            kinds: ["TEXT", "TEXT", "TEXT", "INTEGER", "TEXT"].map(str::to_owned).into(),
            is_like_index: false,
            table: &table,
        };
        let mut roots = HashMap::new();
        for page in 2..=self.pages {
            for row in self.rows(page, &shape).unwrap_or_default() {
                if let [Value::Text(kind), Value::Text(name), _, Value::Integer(root), _] = &row[..]
                    && kind == "table"
                    && let Ok(root) = u64::try_from(*root)
                {
                    roots.insert(root, name.clone());
                }
            }
        }
        roots
    }

    /// The rows of a page, if it can be read as one of the table.
    fn rows(&mut self, page: u64, shape: &Shape<'_>) -> Option<Vec<Vec<Value>>> {
        let (name, bad) = (&shape.table.name, &self.bad);
        let read = |db: &Connection| -> rusqlite::Result<Option<Vec<Vec<Value>>>> {
            if db.is_autocommit() {
                db.execute_batch("BEGIN")?;
            }
            db.execute_batch("PRAGMA writable_schema = ON; DELETE FROM sqlite_schema")?;
            db.prepare_cached("INSERT INTO sqlite_schema VALUES ('table', ?1, ?1, ?2, ?3)")?
                .execute(params![name, page as i64, shape.sql])?;
            db.execute_batch("PRAGMA writable_schema = RESET")?;
            let mut select = db.prepare(&format!(
                "SELECT {}, beyond FROM {name} NOT INDEXED",
                shape.selected.join(", ")
            ))?;
            let mut found = select.query([])?;
            let mut rows = Vec::new();
            while let Some(row) = found.next()? {
                let mut row = values(row, 0, shape.selected.len() + 1)?;
                let beyond = row.pop();
                if beyond != Some(Value::Text(NO_MORE.to_owned())) || !shape.fits(&mut row) {
                    return Ok(None);
                }
                rows.push(row);
            }
            // The end of a long row reads as zeros if it is inauthentic.
            let mut used = db.prepare("SELECT pageno FROM dbstat WHERE name = ?1")?;
            let used = used.query_map([name], |row| row.get(0))?;
            if used.collect::<rusqlite::Result<Vec<u64>>>()?.iter().any(|page| bad.contains(page)) {
                return Ok(None);
            }
            Ok(Some(rows))
        };
        match read(&self.db) {
            Ok(rows) => rows,
            Err(_) => {
                // After an inauthentic page the connection fails for all others.
                let reopened = self.reopen();
                tracing::debug!(whole = reopened.is_ok(), page, "a page is none of a table");
                None
            }
        }
    }
}

/// Rows of one page.
type Rows = Vec<Vec<Value>>;

/// The value of the extra column: the database returns the default for a missing column; a present
/// empty one belongs to another table.
const NO_MORE: &str = "no more";
const BEYOND: &str = "beyond DEFAULT 'no more'";

/// How a table is read from any page.
struct Shape<'a> {
    table: &'a Table,
    /// Its definition with one extra column, which only rows of other tables have.
    sql: String,
    /// The selected columns, followed by the position of the row number, which is empty if the row
    /// has one.
    selected: Vec<String>,
    /// Types of its columns.
    kinds: Vec<String>,
    /// Whether its rows cannot be distinguished from index entries.
    is_like_index: bool,
}

impl<'a> Shape<'a> {
    fn of(new: &Connection, table: &'a Table, indexes: &[Vec<String>]) -> rusqlite::Result<Self> {
        let columns = new
            .prepare("SELECT name, type, dflt_value FROM pragma_table_info(?1)")?
            .query_map([&table.name], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
            .collect::<rusqlite::Result<Vec<(String, String, Option<String>)>>>()?;
        let is_number = |name: &str| table.numbered && table.key.iter().any(|key| key == name);
        let declared = columns.iter().map(|(name, kind, default)| {
            let default =
                default.as_ref().map(|value| format!(" DEFAULT {value}")).unwrap_or_default();
            match is_number(name) {
                true => "unused".to_owned(),
                false => format!("{name} {kind}{default}"),
            }
        });
        let declared = declared.collect::<Vec<_>>().join(", ");
        let mut selected: Vec<String> = columns
            .iter()
            .map(|(name, ..)| if is_number(name) { "rowid" } else { name.as_str() }.to_owned())
            .collect();
        let name = &table.name;
        let sql = if table.numbered {
            selected.push("unused".to_owned());
            format!("CREATE TABLE {name} ({declared}, {BEYOND})")
        } else {
            let key = table.key.join(", ");
            format!("CREATE TABLE {name} ({declared}, {BEYOND}, PRIMARY KEY ({key})) WITHOUT ROWID")
        };
        let kind_of = |wanted: &String| {
            columns.iter().find(|(name, ..)| name == wanted).map(|(_, kind, _)| kind.clone())
        };
        let others = table.columns.iter().filter(|column| !table.key.contains(column));
        let stored: Vec<String> = table.key.iter().chain(others).filter_map(kind_of).collect();
        let is_like_index = !table.numbered && indexes.contains(&stored);
        let kinds = columns.into_iter().map(|(_, kind, _)| kind).collect();
        Ok(Self { table, sql, selected, kinds, is_like_index })
    }

    /// Whether all values have the types of the columns; `row` is cut to these. The table itself
    /// would convert numbers to text to accept them.
    fn fits(&self, row: &mut Vec<Value>) -> bool {
        let beside = row.split_off(self.kinds.len().min(row.len()));
        beside.iter().all(|value| *value == Value::Null)
            && row.iter().zip(&self.kinds).all(|(value, kind)| match value {
                Value::Null => true,
                Value::Integer(_) => kind == "INTEGER",
                Value::Real(_) => kind == "REAL",
                Value::Text(_) => kind == "TEXT",
                Value::Blob(_) => kind == "BLOB",
            })
    }
}

/// The column types of each index, in order.
fn index_kinds(new: &Connection) -> rusqlite::Result<Vec<Vec<String>>> {
    let kinds = new
        .prepare(
            "SELECT i.name, coalesce(c.type, 'INTEGER') FROM sqlite_schema i
             JOIN pragma_index_xinfo(i.name) x
             LEFT JOIN pragma_table_info(i.tbl_name) c ON c.cid = x.cid
             WHERE i.type = 'index' ORDER BY i.name, x.seqno",
        )?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<Vec<(String, String)>>>()?;
    let same = kinds.chunk_by(|(one, _), (other, _)| one == other);
    Ok(same.map(|index| index.iter().map(|(_, kind)| kind.clone()).collect()).collect())
}

/// Whether a table accepts all the rows; it is not changed.
fn is_taken(new: &Connection, table: &Table, rows: &[Vec<Value>]) -> rusqlite::Result<bool> {
    let places = vec!["?"; table.columns.len()].join(", ");
    let sql =
        format!("REPLACE INTO {} ({}) VALUES ({places})", table.name, table.columns.join(", "));
    new.execute_batch("SAVEPOINT trial")?;
    let mut insert = new.prepare(&sql)?;
    let taken = rows.iter().all(|row| insert.execute(params_from_iter(row)).is_ok());
    new.execute_batch("ROLLBACK TO trial; RELEASE trial")?;
    Ok(taken)
}

/// A database of this many pages, with this key and salt.
fn make(path: &Path, key: &database::Key, salt: &[u8], pages: u64) -> rusqlite::Result<()> {
    let db = Connection::open(path)?;
    database::unlock(&db, key, salt)?;
    db.execute_batch(
        "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; CREATE TABLE filler (bytes)",
    )?;
    let mut left = pages.saturating_mul(PAGE_BYTES);
    while left > 0 {
        let some = left.min(FILLER_BYTES);
        db.execute("INSERT INTO filler VALUES (zeroblob(?1))", [some as i64])?;
        left -= some;
    }
    db.close().map_err(|(_, error)| error)
}

fn connect(path: &Path, key: &database::Key) -> rusqlite::Result<Connection> {
    let db = Connection::open(path)?;
    database::unlock(&db, key, &[])?;
    db.execute_batch("PRAGMA locking_mode = EXCLUSIVE")?;
    db.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
    // No more pages than exist: truncated ones would read as zeros.
    db.execute_batch(
        "PRAGMA max_page_count = 1; PRAGMA journal_mode = OFF; PRAGMA cache_spill = OFF",
    )?;
    Ok(db)
}

/// The salt at the beginning of a store, or of the copy of its salt.
fn beginning(path: &Path) -> io::Result<Vec<u8>> {
    let mut salt = vec![0; SALT_BYTES];
    File::open(path)?.read_exact(&mut salt)?;
    Ok(salt)
}

/// Copies pages. A page of zeros would count as never written and read as zeros, so it is made
/// inauthentic.
fn copy_pages(from: &Path, to: &mut File, pages: Range<u64>) -> io::Result<()> {
    let mut page = [0; PAGE_BYTES as usize];
    let mut from = File::open(from)?;
    from.seek(SeekFrom::Start(pages.start * PAGE_BYTES))?;
    to.seek(SeekFrom::Start(pages.start * PAGE_BYTES))?;
    for _ in pages {
        from.read_exact(&mut page)?;
        if page.iter().all(|byte| *byte == 0) {
            page.fill(0xff);
        }
        to.write_all(&page)?;
    }
    Ok(())
}

/// Makes the missing pages of a truncated store inauthentic in the copy; otherwise they would read
/// as zeros. Returns their number.
fn spoil(copy: &mut File, pages: u64) -> io::Result<u64> {
    let beyond = (copy.metadata()?.len() / PAGE_BYTES).saturating_sub(pages);
    copy.seek(SeekFrom::Start(pages * PAGE_BYTES))?;
    for _ in 0..beyond {
        copy.write_all(&[0xff; PAGE_BYTES as usize])?;
    }
    Ok(beyond)
}

/// Copies committed pages of the log that are not yet in the file; they are authenticated like all
/// others. Pages before `first`, counted from 0, are left out.
fn copy_log(path: &Path, to: &mut File, first: u64) -> io::Result<()> {
    let Ok(mut file) = File::open(path) else { return Ok(()) };
    let mut header = [0; wal::HEADER];
    if file.read_exact(&mut header).is_err() {
        return Ok(());
    }
    let (mut frame, mut page) = ([0; wal::FRAME_HEADER], [0; PAGE_BYTES as usize]);
    let mut pending = Vec::new();
    let mut salt = None::<(u32, u32)>;
    while file.read_exact(&mut frame).is_ok() && file.read_exact(&mut page).is_ok() {
        // Frames of an earlier round have another salt, and so does one with a damaged header.
        if *salt.get_or_insert_with(|| wal::salt(&header, &frame)) != wal::salt_of(&frame) {
            continue;
        }
        pending.push((u64::from(wal::number(&frame, 0)), page));
        if wal::number(&frame, 4) == 0 {
            continue;
        }
        for (place, page) in pending.drain(..).filter(|(place, _)| *place > first) {
            to.seek(SeekFrom::Start((place - 1) * PAGE_BYTES))?;
            to.write_all(&page)?;
        }
    }
    Ok(())
}
