//! Lists of threads: inbox, starred, archive, trash, each with an index of its own.

use rusqlite::params;
use tmtp::id::UidOrGid;

use super::change::VaultReader;
use super::thread_place::{BEGINNING, OLDEST, ThreadPlace};
use super::thread_run::{List, PINNED, Run, runs, unsorted};
use super::{Result, Vault};
use crate::command::{ThreadFilter, ThreadSort, ThreadView};
use crate::view::{AccountId, TagId, ThreadId, ThreadRow};

/// Rows of [`Vault::threads`] by default, and at most.
const ROWS_DEFAULT: u32 = 100;
const ROWS_MAX: u32 = 100;

/// Threads that may be pinned in an account.
pub(super) const PINNED_MAX: i64 = 20;

impl Vault {
    /// A page of the inbox, newest first, after the time and number in `before`. The first page
    /// begins with the pinned threads, which are not counted in `limit`.
    pub fn threads(
        &self,
        account: Option<AccountId>,
        before: Option<ThreadPlace>,
        limit: Option<u32>,
    ) -> Result<Vec<ThreadRow>> {
        self.threads_in(account, &ThreadFilter::default(), before, limit)
    }

    /// As [`Self::threads`], of any list and in any order.
    ///
    /// # Errors
    /// [`super::VaultError::Invalid`] for an order that the list cannot have.
    pub fn threads_in(
        &self,
        account: Option<AccountId>,
        filter: &ThreadFilter,
        before: Option<ThreadPlace>,
        limit: Option<u32>,
    ) -> Result<Vec<ThreadRow>> {
        let ids = self.reader().thread_ids(account, filter, before.as_ref(), limit)?;
        ids.into_iter().map(|id| self.reader().thread_row(id)).collect()
    }

    /// The threads of a page, of those in which a uid is or was. What is in the trash is left out.
    pub(super) fn thread_ids_with(
        &self,
        account: Option<AccountId>,
        id: &UidOrGid,
        before: Option<ThreadPlace>,
        limit: Option<u32>,
    ) -> Result<Vec<ThreadId>> {
        let (before_ms, before) = before.map_or(BEGINNING, |place| place.time());
        // CROSS JOIN fixes the order: from the threads of one party to their rows, never a scan of all.
        let mut statement = self.db.prepare_cached(
            "SELECT thread.id FROM party CROSS JOIN thread ON thread.id = party.thread
             WHERE party.uid = ?1 AND (?2 IS NULL OR thread.account = ?2)
               AND (thread.last_at_ms, thread.id) < (?3, ?4) AND thread.trashed_ms IS NULL
             ORDER BY thread.last_at_ms DESC, thread.id DESC LIMIT ?5",
        )?;
        let ids = statement
            .query_map(params![id, account, before_ms, before, page_rows(limit)], |row| {
                row.get(0)
            })?;
        Ok(ids.collect::<rusqlite::Result<_>>()?)
    }
}

impl VaultReader<'_> {
    /// The threads of a page.
    pub(super) fn thread_ids(
        &self,
        account: Option<AccountId>,
        filter: &ThreadFilter,
        before: Option<&ThreadPlace>,
        limit: Option<u32>,
    ) -> Result<Vec<ThreadId>> {
        let accounts = match account {
            Some(account) => vec![account],
            None => self.account_ids()?,
        };
        let (limit, sort) = (page_rows(limit), filter.sort);
        if let Some(tag) = filter.tag {
            return self.tagged(tag, sort, account, before, limit);
        }
        let (mut pinned, mut places) = (Vec::new(), Vec::new());
        // Each account by its index: with all at once no index gives the order.
        for &account in &accounts {
            if filter.view == ThreadView::Inbox && before.is_none() {
                let first = Run::by_time(&PINNED, None);
                pinned.extend(self.places(account, &first, usize::MAX)?);
            }
            let mut of_account = Vec::new();
            for run in runs(filter.view, sort, before)? {
                let room = limit - of_account.len();
                of_account.extend(self.places(account, &run, room)?);
            }
            places.extend(of_account);
        }
        pinned.sort_unstable_by(|a: &ThreadPlace, b| a.cmp(b, ThreadSort::Newest));
        places.sort_unstable_by(|a: &ThreadPlace, b| a.cmp(b, sort));
        places.truncate(limit);
        Ok(pinned.into_iter().chain(places).map(|place| place.id).collect())
    }

    /// The threads of a page of those with a tag.
    fn tagged(
        &self,
        tag: TagId,
        sort: ThreadSort,
        account: Option<AccountId>,
        before: Option<&ThreadPlace>,
        limit: usize,
    ) -> Result<Vec<ThreadId>> {
        let (beyond, order, beginning) = match sort {
            ThreadSort::Newest => ("<", "DESC", BEGINNING),
            ThreadSort::Oldest => (">", "ASC", OLDEST),
            ThreadSort::Person => return self.tagged_by("person_key", tag, account, before, limit),
            ThreadSort::Subject => {
                return self.tagged_by("subject_key", tag, account, before, limit);
            }
            ThreadSort::Unread => return Err(unsorted()),
        };
        let (before_ms, before) = before.map_or(beginning, ThreadPlace::time);
        let mut statement = self.db.prepare_cached(&format!(
            "SELECT thread FROM thread_tag INDEXED BY thread_tag_list
             WHERE tag = ?1 AND (last_at_ms, thread) {beyond} (?2, ?3)
               AND EXISTS (SELECT 1 FROM thread WHERE id = thread_tag.thread
                   AND trashed_ms IS NULL AND (?4 IS NULL OR account = ?4))
             ORDER BY last_at_ms {order}, thread {order} LIMIT ?5"
        ))?;
        let ids = statement
            .query_map(params![tag, before_ms, before, account, limit], |row| row.get(0))?;
        Ok(ids.collect::<rusqlite::Result<_>>()?)
    }

    /// As [`Self::tagged`], by a column of the threads: all of the tag are read and sorted.
    fn tagged_by(
        &self,
        column: &str,
        tag: TagId,
        account: Option<AccountId>,
        before: Option<&ThreadPlace>,
        limit: usize,
    ) -> Result<Vec<ThreadId>> {
        let (before_ms, id) = before.map_or(BEGINNING, ThreadPlace::time);
        let key = before.map_or("", |place| place.key.as_str());
        let mut statement = self.db.prepare_cached(&format!(
            "SELECT thread.id FROM thread_tag INDEXED BY thread_tag_list
             CROSS JOIN thread ON thread.id = thread_tag.thread
             WHERE tag = ?1 AND trashed_ms IS NULL AND (?2 IS NULL OR account = ?2)
               AND ({column} > ?5
                   OR {column} = ?5 AND (thread.last_at_ms, thread.id) < (?3, ?4))
             ORDER BY {column}, thread.last_at_ms DESC, thread.id DESC LIMIT ?6"
        ))?;
        let ids = statement
            .query_map(params![tag, account, before_ms, id, key, limit], |row| row.get(0))?;
        Ok(ids.collect::<rusqlite::Result<_>>()?)
    }

    /// Positions of threads of an account in a run.
    fn places(&self, account: AccountId, run: &Run<'_>, limit: usize) -> Result<Vec<ThreadPlace>> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let Run { list: List { condition, .. }, index, key, bound, order, from, from_key } = run;
        // The index is named: without statistics the planner takes the one of all threads.
        let mut statement = self.db.prepare_cached(&format!(
            "SELECT {key}, last_at_ms, id FROM thread INDEXED BY {index}
             WHERE account = ?1 AND {condition} AND {bound} ORDER BY {order} LIMIT ?5"
        ))?;
        let places = statement
            .query_map(params![account, from.0, from.1, from_key, limit], |row| {
                Ok(ThreadPlace { key: row.get(0)?, at_ms: row.get(1)?, id: row.get(2)? })
            })?;
        Ok(places.collect::<rusqlite::Result<_>>()?)
    }
}

/// What decides in which lists a thread is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Marks {
    pub(super) archived: bool,
    pub(super) trashed: bool,
    pub(super) starred: bool,
    pub(super) unread: bool,
    pub(super) files: bool,
}

impl Marks {
    /// Whether a thread with these marks is in a list.
    pub(super) fn is_in(self, view: ThreadView) -> bool {
        let in_inbox = !self.archived && !self.trashed;
        match view {
            ThreadView::Inbox => in_inbox,
            ThreadView::Unread => in_inbox && self.unread,
            ThreadView::Files => in_inbox && self.files,
            ThreadView::Starred => self.starred && !self.trashed,
            ThreadView::Archive => self.archived && !self.trashed,
            ThreadView::Trash => self.trashed,
        }
    }
}

/// Rows of a page of threads for this limit.
pub(super) fn page_rows(limit: Option<u32>) -> usize {
    limit.unwrap_or(ROWS_DEFAULT).clamp(1, ROWS_MAX) as usize
}
