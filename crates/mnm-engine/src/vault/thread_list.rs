//! Lists of threads: inbox, starred, archive, trash, each with an index of its own.

use std::cmp::Reverse;

use rusqlite::params;
use tmtp::id::UidOrGid;

use super::change::VaultReader;
use super::{Result, Vault};
use crate::command::{ThreadFilter, ThreadView};
use crate::view::{AccountId, TagId, ThreadId, ThreadRow};

/// Rows of [`Vault::threads`] by default, and at most.
const ROWS_DEFAULT: u32 = 100;
const ROWS_MAX: u32 = 100;

/// Threads that may be pinned in an account.
pub(super) const PINNED_MAX: i64 = 20;

/// Position of a thread in the list: the time of its newest message, then its number.
pub type ThreadPlace = (i64, ThreadId);

/// The position before all threads.
pub(super) const BEGINNING: ThreadPlace = (i64::MAX, ThreadId::MAX);

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

    /// As [`Self::threads`], of any list.
    pub fn threads_in(
        &self,
        account: Option<AccountId>,
        filter: &ThreadFilter,
        before: Option<ThreadPlace>,
        limit: Option<u32>,
    ) -> Result<Vec<ThreadRow>> {
        let ids = self.reader().thread_ids(account, filter, before, limit)?;
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
        let (before_ms, before) = before.unwrap_or(BEGINNING);
        // From the threads of one party to their lines, never a scan of all lines.
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
        before: Option<ThreadPlace>,
        limit: Option<u32>,
    ) -> Result<Vec<ThreadId>> {
        let accounts = match account {
            Some(account) => vec![account],
            None => self.account_ids()?,
        };
        if let Some(tag) = filter.tag {
            return self.tagged(tag, account, before, page_rows(limit));
        }
        let (limit, list) = (page_rows(limit), list(filter.view));
        let mut pinned = Vec::new();
        if filter.view == ThreadView::Inbox && before.is_none() {
            for &account in &accounts {
                pinned.extend(self.places(account, &PINNED, BEGINNING, usize::MAX)?);
            }
        }
        let mut places = Vec::new();
        // Each by its index: with all accounts at once no index gives the order.
        for &account in &accounts {
            places.extend(self.places(account, list, before.unwrap_or(BEGINNING), limit)?);
        }
        for places in [&mut pinned, &mut places] {
            places.sort_unstable_by_key(|&place| Reverse(place));
        }
        places.truncate(limit);
        Ok(pinned.into_iter().chain(places).map(|(_, id)| id).collect())
    }

    /// The threads of a page of those with a tag.
    fn tagged(
        &self,
        tag: TagId,
        account: Option<AccountId>,
        before: Option<ThreadPlace>,
        limit: usize,
    ) -> Result<Vec<ThreadId>> {
        let (before_ms, before) = before.unwrap_or(BEGINNING);
        let mut statement = self.db.prepare_cached(
            "SELECT thread FROM thread_tag INDEXED BY thread_tag_list
             WHERE tag = ?1 AND (last_at_ms, thread) < (?2, ?3)
               AND EXISTS (SELECT 1 FROM thread WHERE id = thread_tag.thread
                   AND trashed_ms IS NULL AND (?4 IS NULL OR account = ?4))
             ORDER BY last_at_ms DESC, thread DESC LIMIT ?5",
        )?;
        let ids = statement
            .query_map(params![tag, before_ms, before, account, limit], |row| row.get(0))?;
        Ok(ids.collect::<rusqlite::Result<_>>()?)
    }

    /// Positions of threads of an account, newest first.
    fn places(
        &self,
        account: AccountId,
        list: &List,
        (before_ms, before): ThreadPlace,
        limit: usize,
    ) -> Result<Vec<ThreadPlace>> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let List { index, condition } = list;
        // The index is named: without statistics the planner takes the one of all threads.
        let mut statement = self.db.prepare_cached(&format!(
            "SELECT last_at_ms, id FROM thread INDEXED BY {index}
             WHERE account = ?1 AND {condition} AND (last_at_ms, id) < (?2, ?3)
             ORDER BY last_at_ms DESC, id DESC LIMIT ?4"
        ))?;
        let places = statement.query_map(params![account, before_ms, before, limit], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
        Ok(places.collect::<rusqlite::Result<_>>()?)
    }
}

/// A list in the database.
struct List {
    /// Its index.
    index: &'static str,
    /// What its threads have in common, as the index has it.
    condition: &'static str,
}

/// The pinned threads of the inbox.
const PINNED: List = List {
    index: "thread_pinned",
    condition: "pinned = 1 AND archived = 0 AND trashed_ms IS NULL",
};
/// The inbox without them.
const INBOX: List =
    List { index: "thread_inbox", condition: "archived = 0 AND pinned = 0 AND trashed_ms IS NULL" };
const UNREAD: List = List {
    index: "thread_unread",
    condition: "unread > 0 AND archived = 0 AND trashed_ms IS NULL",
};
const FILES: List =
    List { index: "thread_files", condition: "files > 0 AND archived = 0 AND trashed_ms IS NULL" };
const STARRED: List =
    List { index: "thread_starred", condition: "starred = 1 AND trashed_ms IS NULL" };
const ARCHIVE: List =
    List { index: "thread_archive", condition: "archived = 1 AND trashed_ms IS NULL" };
const TRASH: List =
    List { index: "thread_trash", condition: "trashed_ms IS NOT NULL AND erasing = 0" };

fn list(view: ThreadView) -> &'static List {
    match view {
        ThreadView::Inbox => &INBOX,
        ThreadView::Unread => &UNREAD,
        ThreadView::Files => &FILES,
        ThreadView::Starred => &STARRED,
        ThreadView::Archive => &ARCHIVE,
        ThreadView::Trash => &TRASH,
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
