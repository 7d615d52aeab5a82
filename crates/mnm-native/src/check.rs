//! Check of a store: reports damage, and recovers all readable rows into a new store.
//!
//! Every page of the file is authenticated, so damage is detected when a page is read and never
//! shows as wrong text. A damaged page loses the rows on it; the others are read around it. The
//! checked store is not written to.

mod listing;
mod loose;
mod save;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

use rusqlite::Connection;
use rusqlite::types::Value;

use mnm_engine::OpenError;
use mnm_engine::vault::rows::{self, Reopen, Table};

use crate::{file, home, wal};
pub use save::save;

/// Losses that are listed individually.
const LOSSES_TOLD: usize = 200;

/// The readable content of a store, and its losses.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Checked {
    /// Pages that fail their authentication, or contradict others.
    pub damaged_pages: u64,
    /// Transactions in the write-ahead log behind damage, which are not seen.
    pub commits_lost: u64,
    /// Other findings, in the database's words.
    pub findings: Vec<String>,
    /// Readable accounts.
    pub accounts: u64,
    /// Readable letters.
    pub letters: u64,
    /// Letters that are listed but unreadable.
    pub letters_lost: u64,
    /// Their threads, the first ones.
    pub threads_with_losses: Vec<LostLetters>,
    /// Completely readable files.
    pub files: u64,
    /// Files that are listed but not completely readable, the first ones.
    pub files_lost: Vec<LostFile>,
    /// Number of further ones.
    pub more_files_lost: u64,
    /// Whether rows of other kinds are unreadable: names, drafts, read marks.
    pub others_lost: bool,
}

/// Unreadable letters of a thread.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct LostLetters {
    /// The thread.
    pub thread: i64,
    /// Its subject; empty if that is unreadable too.
    pub subject: String,
    /// Their number.
    pub letters: u64,
}

/// A file that is not completely readable.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct LostFile {
    /// Its name.
    pub name: String,
    /// The thread of its letter; none for one of a draft, or if unknown.
    pub thread: Option<i64>,
    /// The subject of that thread; empty if unreadable.
    pub subject: String,
}

impl Checked {
    /// Whether there is no damage.
    pub fn is_whole(&self) -> bool {
        self.damaged_pages == 0
            && self.commits_lost == 0
            && self.findings.is_empty()
            && self.letters_lost == 0
            && self.files_lost.is_empty()
            && !self.others_lost
    }
}

/// Checks the store in `home`, reading every page and every row. Takes seconds per gigabyte.
///
/// # Errors
/// It is in use, or too damaged to be opened.
pub fn check(home: &Path) -> Result<Checked, OpenError> {
    let mut store = home::open_as_it_is(home)?;
    let tables = rows::tables(&store.db);
    let mut checked = look(&mut store, home)?;
    let mut letters = HashSet::new();
    for table in tables {
        let read = rows::read(&mut store, &table, &mut |row| {
            checked.note(&table, &row, &mut letters);
            Ok(())
        });
        checked.note_end(&table, matches!(read, Ok(true)));
    }
    checked.count_lost(&mut store, None, &letters);
    Ok(checked)
}

impl Checked {
    /// Counts a readable row.
    fn note(&mut self, table: &Table, row: &[Value], letters: &mut HashSet<i64>) {
        match table.name.as_str() {
            "account" => self.accounts += 1,
            "message" => {
                letters.extend(table.number(row));
                self.letters = letters.len() as u64;
            }
            _ => {}
        }
    }

    /// Records whether all rows of a table are readable. Losses of letters and files are counted
    /// separately.
    fn note_end(&mut self, table: &Table, whole: bool) {
        self.others_lost |= !whole && !["message", "blob_chunk"].contains(&table.name.as_str());
    }

    /// Counts what is listed in a store but unreadable, in that store or in one that holds all that
    /// is readable.
    fn count_lost(
        &mut self,
        store: &mut dyn Reopen,
        mut readable: Option<&mut dyn Reopen>,
        letters: &HashSet<i64>,
    ) {
        let listed: HashMap<i64, i64> =
            listing::pairs(store, "SELECT id, thread FROM message INDEXED BY message_thread")
                .into_iter()
                .collect();
        let mut lost = BTreeMap::<i64, u64>::new();
        for (_, thread) in listed.iter().filter(|(id, _)| !letters.contains(id)) {
            *lost.entry(*thread).or_default() += 1;
        }
        self.letters_lost = lost.values().sum();
        for (thread, letters) in lost.into_iter().take(LOSSES_TOLD) {
            let subject = listing::subject(store, thread);
            self.threads_with_losses.push(LostLetters { thread, subject, letters });
        }
        let mut files = listing::files(store);
        if let Some(readable) = &mut readable {
            let known: HashSet<i64> = files.iter().map(|file| file.blob).collect();
            let found = listing::files(*readable).into_iter();
            files.extend(found.filter(|file| !known.contains(&file.blob)));
        }
        for file in files {
            let whole = match &mut readable {
                Some(readable) => listing::is_whole(*readable, file.blob),
                None => listing::is_whole(store, file.blob),
            };
            match whole {
                true => self.files += 1,
                false if self.files_lost.len() < LOSSES_TOLD => {
                    let thread = file.message.and_then(|message| listed.get(&message)).copied();
                    let subject = thread.map(|thread| listing::subject(store, thread));
                    let subject = subject.unwrap_or_default();
                    self.files_lost.push(LostFile { name: file.name, thread, subject });
                }
                false => self.more_files_lost += 1,
            }
        }
    }
}

/// The database's own check of its file, and our check of its log.
fn look(store: &mut dyn Reopen, home: &Path) -> Result<Checked, OpenError> {
    let commits_lost = wal::lost_commits(home).map_err(|source| file::io(home, source))?;
    let damaged_pages = findings(store, "PRAGMA cipher_integrity_check").len() as u64;
    let mut checked = Checked { damaged_pages, commits_lost, ..Checked::default() };
    for pragma in ["PRAGMA integrity_check(20)", "PRAGMA foreign_key_check"] {
        let found = findings(store, pragma);
        checked.findings.extend(found.into_iter().filter(|finding| finding != "ok"));
    }
    Ok(checked)
}

fn findings(store: &mut dyn Reopen, pragma: &str) -> Vec<String> {
    let read = |db: &Connection| -> rusqlite::Result<Vec<String>> {
        db.prepare(pragma)?.query_map([], |row| row.get(0))?.take(LOSSES_TOLD).collect()
    };
    let found = read(store.db()).unwrap_or_else(|error| vec![error.to_string()]);
    if found.iter().any(|finding| finding != "ok") {
        let reopened = store.reopen();
        tracing::debug!(whole = reopened.is_ok(), "the store was opened anew");
    }
    found
}
