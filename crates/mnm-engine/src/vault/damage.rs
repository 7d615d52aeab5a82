//! Damage to the store: what lies on an unreadable page is skipped, and this is recorded and
//! reported, so that one such page does not close the inbox.
//!
//! Every page is authenticated; damage is an error of the database and never wrong text. The
//! platform finds out how much is damaged, and recovers the rest.

use std::cmp::Reverse;
use std::collections::HashMap;
use tmtp::id::UidOrGid;

use rusqlite::types::Value;
use rusqlite::{Connection, ErrorCode};

use super::rows::{Reopen, read_around};
use super::runtime_state::Detail;
use super::thread_list::{Marks, page_rows};
use super::thread_place::BEGINNING;
use super::{Result, ThreadPlace, Vault};
use crate::command::{Place, ThreadFilter, ThreadView};
use crate::error::{OpenError, VaultError};
use crate::view::{AccountId, MessageRowId, State, Thread, ThreadId, ThreadRow};

/// Messages of a thread that are tried when some are unreadable.
const MESSAGES_MAX: i64 = 1_000;

impl VaultError {
    /// Whether the error means an unreadable page.
    pub(super) fn is_damage(&self) -> bool {
        match self {
            Self::Db(error) => matches!(
                error.sqlite_error_code(),
                Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)
            ),
            Self::Damaged(_) => true,
            Self::NotFound { .. }
            | Self::UnknownRecipients(_)
            | Self::AmbiguousRecipient { .. }
            | Self::ClaimedRecipient { .. }
            | Self::LeftGroup(_)
            | Self::ThreadFull { .. }
            | Self::RemovedFromGroup(_)
            | Self::NotJoined(_)
            | Self::EmptyGroup(_)
            | Self::NoRecipients
            | Self::EmptyLetter
            | Self::Invalid(_)
            | Self::TooLarge(_)
            | Self::Conflict(_)
            | Self::Outdated
            | Self::AccountExists
            | Self::Random(_)
            | Self::NoRoom { .. } => false,
        }
    }
}

impl Reopen for Vault {
    fn db(&self) -> &Connection {
        &self.db
    }

    fn reopen(&mut self) -> std::result::Result<(), OpenError> {
        self.storage.reopen(&mut self.db)
    }
}

impl Vault {
    /// As [`Vault::state`]; an account whose letters cannot be counted shows none.
    pub fn state_left(&mut self, version: &str) -> Result<State> {
        if let Some(state) = self.attempt(|vault| vault.state(version))? {
            return Ok(state);
        }
        let ids = self.attempt(|vault| vault.reader().account_ids())?.unwrap_or_default();
        let mut accounts = Vec::new();
        for id in ids {
            let account = match self.attempt(|vault| vault.account(id))? {
                Some(account) => Some(account),
                None => self.attempt(|vault| vault.reader().account_uncounted(id))?,
            };
            accounts.extend(account);
        }
        Ok(State {
            accounts,
            version: version.to_owned(),
            damaged: true,
            copied: self.runtime.is_copied(),
        })
    }

    /// As [`Vault::threads_in`], without unreadable ones.
    pub fn threads_left(
        &mut self,
        account: Option<AccountId>,
        filter: &ThreadFilter,
        before: Option<ThreadPlace>,
        limit: Option<u32>,
    ) -> Result<Vec<ThreadRow>> {
        let page = |vault: &Self| vault.threads_in(account, filter, before.clone(), limit);
        if let Some(rows) = self.attempt(page)? {
            return Ok(rows);
        }
        let ids = match self
            .attempt(|vault| vault.reader().thread_ids(account, filter, before.as_ref(), limit))?
        {
            Some(ids) => ids,
            None => {
                let before = before.map_or(BEGINNING, |place| place.time());
                let mut ids = self.thread_ids_around(account, filter.view, before)?;
                ids.truncate(page_rows(limit));
                ids
            }
        };
        let (mut rows, mut lost) = (Vec::new(), Vec::new());
        for id in ids {
            match self.attempt_lean(|vault| vault.reader().thread_row(id))? {
                Some(row) => rows.push(row),
                None => lost.push(id),
            }
        }
        if !lost.is_empty() {
            lost.sort_unstable();
            let newest = self.messages_around(|thread| lost.binary_search(&thread).is_ok())?;
            for id in lost {
                let Some((_, message)) = newest.get(&id).and_then(|of| of.iter().max()) else {
                    continue;
                };
                rows.extend(self.attempt_lean(|vault| vault.reader().thread_row_of(id, *message))?);
            }
            rows.sort_by_key(|row| Reverse((row.last_at_ms, row.id)));
        }
        Ok(rows)
    }

    /// As [`Vault::threads`], only those in which a uid is or was, without unreadable ones. The
    /// cost grows with their number.
    pub fn threads_with(
        &mut self,
        account: Option<AccountId>,
        id: &UidOrGid,
        before: Option<ThreadPlace>,
        limit: Option<u32>,
    ) -> Result<Vec<ThreadRow>> {
        let ids = self.attempt(|vault| vault.thread_ids_with(account, id, before, limit))?;
        let mut rows = Vec::new();
        for id in ids.unwrap_or_default() {
            rows.extend(self.attempt_lean(|vault| vault.reader().thread_row(id))?);
        }
        Ok(rows)
    }

    /// As [`Vault::thread_page`]; if messages are unreadable, the newest of the others.
    ///
    /// # Errors
    /// As [`Vault::thread_page`]; [`VaultError::Damaged`] if nothing of it is readable.
    pub fn thread_left(&mut self, id: ThreadId, at: Place, limit: Option<u32>) -> Result<Thread> {
        if let Some(thread) = self.attempt(|vault| vault.thread_page(id, at, limit))? {
            return Ok(thread);
        }
        let ids = match self.attempt(|vault| vault.reader().message_ids(id, MESSAGES_MAX))? {
            Some(ids) => ids,
            None => {
                let mut found =
                    self.messages_around(|thread| thread == id)?.remove(&id).unwrap_or_default();
                found.sort_unstable_by(|a, b| b.cmp(a));
                found.into_iter().take(MESSAGES_MAX as usize).map(|(_, id)| id).collect()
            }
        };
        let row = match ids.first() {
            Some(&newest) => self.attempt_lean(|vault| vault.reader().thread_row_of(id, newest))?,
            None => None,
        };
        let row = row.ok_or_else(|| VaultError::Damaged("the thread can't be read".into()))?;
        let mut messages = Vec::new();
        for message in ids {
            messages.extend(self.attempt_lean(|vault| vault.message(message))?);
        }
        messages.reverse();
        let draft = self.attempt(|vault| vault.reader().draft_of(id))?.flatten();
        Ok(Thread { row, messages, older: false, newer: false, draft })
    }

    /// The result of a read, or none if it lies on a damaged page.
    fn attempt<T>(&mut self, read: impl FnOnce(&Self) -> Result<T>) -> Result<Option<T>> {
        match read(self) {
            Err(error) if error.is_damage() => {
                self.runtime.note_damage();
                self.reopen().map_err(|error| VaultError::Damaged(error.to_string()))?;
                Ok(None)
            }
            read => read.map(Some),
        }
    }

    /// As [`Self::attempt`], then again with less and less [`Detail`].
    fn attempt_lean<T>(&mut self, read: impl Fn(&Self) -> Result<T>) -> Result<Option<T>> {
        for detail in [Detail::Whole, Detail::Lean, Detail::Bare, Detail::Alone] {
            self.runtime.set_detail(detail);
            let read = self.attempt(&read);
            self.runtime.set_detail(Detail::Whole);
            if let Some(read) = read? {
                return Ok(Some(read));
            }
        }
        Ok(None)
    }

    /// Reopens the database if a read or write hit a damaged page: all later ones would fail too.
    pub fn recover<T>(&mut self, done: &Result<T>) {
        let Err(error) = done else { return };
        if error.is_damage() {
            self.runtime.note_damage();
            if let Err(error) = self.reopen() {
                tracing::error!(%error, "the damaged store does not open again");
            }
        }
    }

    /// Messages of some threads without using indexes, with their times.
    fn messages_around(
        &mut self,
        of: impl Fn(ThreadId) -> bool,
    ) -> Result<HashMap<ThreadId, Vec<(i64, MessageRowId)>>> {
        let mut found: HashMap<ThreadId, Vec<(i64, MessageRowId)>> = HashMap::new();
        read_around(self, "message", &["thread", "at_ms", "id"], &mut |row| {
            if let [Value::Integer(thread), Value::Integer(at_ms), Value::Integer(id)] = *row
                && of(thread)
            {
                found.entry(thread).or_default().push((at_ms, id));
            }
        })?;
        Ok(found)
    }

    /// Threads of a list without using indexes, newest first, all that are older.
    fn thread_ids_around(
        &mut self,
        account: Option<AccountId>,
        view: ThreadView,
        before: (i64, ThreadId),
    ) -> Result<Vec<ThreadId>> {
        let mut found = Vec::new();
        let columns = [
            "account",
            "last_at_ms",
            "id",
            "archived",
            "trashed_ms",
            "starred",
            "erasing",
            "unread",
            "files",
            "stars",
        ];
        read_around(self, "thread", &columns, &mut |row| {
            let [of, at_ms, id, archived, trashed_ms, starred, erasing, unread, files, stars] = row
            else {
                return;
            };
            let is = |value: &Value| !matches!(value, Value::Null | Value::Integer(0));
            let marks = Marks {
                archived: is(archived),
                trashed: *trashed_ms != Value::Null,
                starred: is(starred) || is(stars),
                unread: is(unread),
                files: is(files),
            };
            if let (Value::Integer(of), Value::Integer(at_ms), Value::Integer(id)) = (of, at_ms, id)
                && let (of, at_ms, id) = (*of, *at_ms, *id)
                && account.is_none_or(|account| account == of)
                && (at_ms, id) < before
                && !is(erasing)
                && marks.is_in(view)
            {
                found.push((at_ms, id));
            }
        })?;
        found.sort_unstable_by(|a, b| b.cmp(a));
        Ok(found.into_iter().map(|(_, id)| id).collect())
    }
}

impl super::change::VaultReader<'_> {
    /// Messages of a thread, newest first.
    fn message_ids(&self, thread: ThreadId, limit: i64) -> Result<Vec<MessageRowId>> {
        let mut statement = self.db.prepare_cached(
            "SELECT id FROM message WHERE thread = ?1 ORDER BY at_ms DESC, id DESC LIMIT ?2",
        )?;
        let ids = statement.query_map([thread, limit], |row| row.get(0))?;
        Ok(ids.collect::<rusqlite::Result<_>>()?)
    }
}
