//! Filter of search candidates: whether a message is of the right account, thread and list, and
//! meets the conditions of the query.

use std::collections::HashMap;

use rusqlite::Row;
use tmtp::id::Uid;

use super::Result;
use super::change::VaultReader;
use super::thread_list::Marks;
use crate::search::{Condition, Query, has};
use crate::view::{AccountId, MessageRowId, Party, PartyKind, Phrase, ThreadId};

/// A message that has the words of the query, with the columns that conditions examine.
pub(super) struct Candidate {
    pub(super) message: MessageRowId,
    /// Length of its text.
    pub(super) bytes: u64,
    account: AccountId,
    thread: ThreadId,
    author: (Uid, String, bool),
    at_ms: i64,
    unread: bool,
    /// Marks of its thread; it may also be starred or in the trash by itself.
    marks: Marks,
    /// Whether its thread is being erased.
    erased: bool,
    /// Whether it is in the trash itself.
    trashed: bool,
}

impl Candidate {
    /// The columns of a message `m` and its thread `t`.
    pub(super) const COLUMNS: &str =
        "m.id, octet_length(m.text), m.account, m.thread, m.author_uid,
        m.author_alias, m.forwarded_by IS NOT NULL, m.at_ms, m.unread, t.archived,
        t.trashed_ms IS NOT NULL OR m.trashed_ms IS NOT NULL, t.starred OR m.starred, t.unread > 0, t.files > 0,
        t.erasing > 0, m.trashed_ms IS NOT NULL";
    /// Their number.
    pub(super) const WIDTH: usize = 16;

    pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            message: row.get(0)?,
            bytes: row.get(1)?,
            account: row.get(2)?,
            thread: row.get(3)?,
            author: (row.get(4)?, row.get(5)?, row.get(6)?),
            at_ms: row.get(7)?,
            unread: row.get(8)?,
            marks: Marks {
                archived: row.get(9)?,
                trashed: row.get(10)?,
                starred: row.get(11)?,
                unread: row.get(12)?,
                files: row.get(13)?,
            },
            erased: row.get(14)?,
            trashed: row.get(15)?,
        })
    }
}

/// Filter of candidates, with a cache of what it has looked up.
pub(super) struct Admission<'a> {
    read: VaultReader<'a>,
    account: Option<AccountId>,
    thread: Option<ThreadId>,
    conditions: Vec<Condition>,
    /// Whether a list is asked for; what is in the trash is found only there.
    names_list: bool,
    authors: HashMap<(AccountId, Uid, String, bool), Party>,
    places: HashMap<ThreadId, String>,
}

impl<'a> Admission<'a> {
    pub(super) fn new(
        read: &VaultReader<'a>,
        account: Option<AccountId>,
        thread: Option<ThreadId>,
        query: &Query,
    ) -> Self {
        let conditions = query.conditions.clone();
        let names_list = conditions.iter().any(|one| matches!(one, Condition::List(_)));
        let (authors, places) = (HashMap::new(), HashMap::new());
        Self { read: *read, account, thread, conditions, names_list, authors, places }
    }

    pub(super) fn admits(&mut self, candidate: &Candidate) -> Result<bool> {
        let is_there = self.account.is_none_or(|account| account == candidate.account)
            && self.thread.is_none_or(|thread| thread == candidate.thread)
            && !candidate.erased
            && (!candidate.trashed || self.names_list)
            && (!candidate.marks.trashed || self.names_list || self.thread.is_some());
        if !is_there {
            return Ok(false);
        }
        for at in 0..self.conditions.len() {
            let Some(condition) = self.conditions.get(at).cloned() else { continue };
            let met = match &condition {
                Condition::From(name) => self.is_from(candidate, name)?,
                Condition::FromMe => self.author(candidate)?.kind == PartyKind::Me,
                Condition::In(name) => self.is_in_place(candidate, name)?,
                Condition::Tag(name) => self.has_tag(candidate, name)?,
                Condition::List(view) => candidate.marks.is_in(*view),
                Condition::File => self.has_file(candidate.message)?,
                Condition::Unread => candidate.unread,
                Condition::Before(ms) => candidate.at_ms < *ms,
                Condition::After(ms) => candidate.at_ms >= *ms,
            };
            if !met {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn is_from(&mut self, candidate: &Candidate, name: &Phrase) -> Result<bool> {
        Ok(has(&self.author(candidate)?.alias, name))
    }

    fn author(&mut self, candidate: &Candidate) -> Result<Party> {
        let (uid, claimed, forwarded) = candidate.author.clone();
        let key = (candidate.account, uid, claimed, forwarded);
        if let Some(known) = self.authors.get(&key) {
            return Ok(known.clone());
        }
        let (account, uid, claimed, forwarded) = &key;
        let author = self.read.author(*account, uid, claimed, *forwarded)?;
        self.authors.insert(key, author.clone());
        Ok(author)
    }

    fn is_in_place(&mut self, candidate: &Candidate, name: &Phrase) -> Result<bool> {
        if !self.places.contains_key(&candidate.thread) {
            let subject = self.read.subject_of(candidate.thread)?;
            let service = self.read.service_label(candidate.account)?;
            let groups = self.read.groups_in(candidate.thread)?;
            let groups = groups.iter().map(|gid| gid.as_str()).collect::<Vec<_>>().join("\n");
            self.places.insert(candidate.thread, format!("{subject}\n{service}\n{groups}"));
        }
        Ok(self.places.get(&candidate.thread).is_some_and(|place| has(place, name)))
    }

    fn has_tag(&self, candidate: &Candidate, name: &Phrase) -> Result<bool> {
        let of_thread = self.read.tags_of(candidate.thread)?;
        if of_thread.is_empty() {
            return Ok(false);
        }
        let tags = self.read.tags(candidate.account)?;
        Ok(tags.iter().any(|tag| of_thread.contains(&tag.id) && has(&tag.name, name)))
    }

    fn has_file(&self, message: MessageRowId) -> Result<bool> {
        Ok(self
            .read
            .db
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM attachment WHERE message = ?1)
                     OR EXISTS (SELECT 1 FROM absent_file WHERE message = ?1)",
            )?
            .query_row([message], |row| row.get(0))?)
    }
}
