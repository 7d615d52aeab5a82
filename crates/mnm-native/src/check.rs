//! Check of a store: what of it is damaged, what can be read, and all that can be read saved
//! into a store of its own.
//!
//! Every page of the file is authenticated, so damage is noticed where it is met and never shows as
//! wrong text. A damaged page takes the rows on it along; the others are found around it. The store
//! that is looked over is not written to.

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

/// Losses that are told one by one.
const LOSSES_TOLD: usize = 200;

/// What a store holds that can be read.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Checked {
    /// Pages that fail their authentication, or contradict others.
    pub damaged_pages: u64,
    /// Transactions in the log of what was written last that are behind damage, so that they are not seen.
    pub commits_lost: u64,
    /// Further findings, in the words of the database.
    pub findings: Vec<String>,
    /// Accounts that can be read.
    pub accounts: u64,
    /// Letters that can be read.
    pub letters: u64,
    /// Letters that are listed and can't be read.
    pub letters_lost: u64,
    /// The threads that they were in, the first of them.
    pub threads_with_losses: Vec<LostLetters>,
    /// Files whose bytes can all be read.
    pub files: u64,
    /// Files that are listed and can't be read whole, the first of them.
    pub files_lost: Vec<LostFile>,
    /// How many more there are.
    pub more_files_lost: u64,
    /// Whether rows of other kinds can't be read: names, drafts, marks.
    pub others_lost: bool,
}

/// Letters of a thread that can't be read.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct LostLetters {
    /// The thread.
    pub thread: i64,
    /// What it is about; empty where that can't be read either.
    pub subject: String,
    /// How many.
    pub letters: u64,
}

/// A file that can't be read whole.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct LostFile {
    /// Its name.
    pub name: String,
    /// The thread of its letter; none for one of a draft, or where that is not known.
    pub thread: Option<i64>,
    /// What that thread is about; empty where that can't be read.
    pub subject: String,
}

impl Checked {
    /// Whether nothing is wrong.
    pub fn is_whole(&self) -> bool {
        self.damaged_pages == 0
            && self.commits_lost == 0
            && self.findings.is_empty()
            && self.letters_lost == 0
            && self.files_lost.is_empty()
            && !self.others_lost
    }
}

/// Looks over the store in `home`, reading every page and every row. Takes seconds per gigabyte.
///
/// # Errors
/// When it is in use, or so damaged that it does not open.
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
    /// Notes a row that can be read.
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

    /// Notes whether all rows of a table can be read. What is lost of some is told otherwise.
    fn note_end(&mut self, table: &Table, whole: bool) {
        self.others_lost |= !whole && !["message", "blob_chunk"].contains(&table.name.as_str());
    }

    /// Finds what is listed in a store and can't be read, in that store or in one that has all that
    /// can be read.
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

/// What the database says of its own file, and what it does not say of its log.
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
