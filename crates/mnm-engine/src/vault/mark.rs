//! Marks of threads: archived, in the trash, muted, pinned, starred, unread.
//!
//! A new letter brings an archived thread back to the inbox unless it is muted, and any message
//! brings a thread back from the trash, so that nothing is erased unseen.

use rusqlite::params;

use super::change::WriteTx;
use super::thread_list::PINNED_MAX;
use super::{Change, Result, Vault};
use crate::command::ThreadMark;
use crate::error::VaultError;
use crate::view::{AccountId, MessageRowId, ThreadId};

/// Threads marked in one transaction.
pub(crate) const MARKED_ROWS: usize = 100;
/// Newest messages among which one of somebody else is looked for.
const NEWEST_LOOKED: i64 = 200;

impl Vault {
    /// Marks threads, or takes a mark from them; how many were changed. Those that are gone are
    /// passed over. Cost grows with their number: callers name at most `MARKED_ROWS`.
    /// [`ThreadMark::Unread`] is only set here; [`Vault::mark_read`] takes it away.
    ///
    /// # Errors
    /// [`VaultError::Conflict`] for one pinned thread too many; then nothing is changed.
    pub fn mark_threads(
        &mut self,
        threads: &[ThreadId],
        mark: ThreadMark,
        on: bool,
        now_ms: i64,
    ) -> Result<Change<u64>> {
        self.change(|work| {
            let mut changed = 0;
            for &thread in threads {
                if work.mark(thread, mark, on, now_ms)? {
                    let account = work.read.account_of(thread)?;
                    work.touch_thread(thread);
                    work.touch_account(account);
                    changed += 1;
                }
            }
            Ok(changed)
        })
    }
}

impl WriteTx<'_> {
    /// Sets or removes a mark; whether that changed something.
    fn mark(&mut self, thread: ThreadId, mark: ThreadMark, on: bool, now_ms: i64) -> Result<bool> {
        let flag = match mark {
            ThreadMark::Archived => "archived",
            ThreadMark::Muted => "muted",
            ThreadMark::Pinned => "pinned",
            ThreadMark::Starred => "starred",
            ThreadMark::Trashed => return self.put_into_trash(thread, on, now_ms),
            ThreadMark::Unread if on => return self.mark_unread(thread),
            ThreadMark::Unread => return Ok(false),
        };
        let sql =
            format!("UPDATE thread SET {flag} = ?2 WHERE id = ?1 AND {flag} <> ?2 AND erasing = 0");
        let changed = self.db.prepare_cached(&sql)?.execute(params![thread, on])? > 0;
        if changed && on && mark == ThreadMark::Pinned {
            self.check_pinned(self.read.account_of(thread)?)?;
        }
        Ok(changed)
    }

    fn put_into_trash(&mut self, thread: ThreadId, on: bool, now_ms: i64) -> Result<bool> {
        Ok(self
            .db
            .prepare_cached(
                "UPDATE thread SET trashed_ms = iif(?2, ?3, NULL)
                 WHERE id = ?1 AND (trashed_ms IS NULL) = ?2 AND erasing = 0",
            )?
            .execute(params![thread, on, now_ms])?
            > 0)
    }

    fn mark_unread(&mut self, thread: ThreadId) -> Result<bool> {
        let marked: Vec<MessageRowId> = self
            .db
            .prepare_cached(
                "UPDATE message SET unread = 1 WHERE unread = 0 AND id = (SELECT id FROM
                     (SELECT id, state FROM message
                      WHERE thread = ?1 AND (SELECT erasing FROM thread WHERE id = ?1) = 0
                      ORDER BY at_ms DESC, id DESC LIMIT ?2)
                     WHERE state = 'received' LIMIT 1)
                 RETURNING id",
            )?
            .query_map([thread, NEWEST_LOOKED], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        for &message in &marked {
            self.touch_message(message);
        }
        Ok(!marked.is_empty())
    }

    fn check_pinned(&self, account: AccountId) -> Result<()> {
        let pinned: i64 = self
            .db
            .prepare_cached(
                "SELECT count(*) FROM thread WHERE account = ?1 AND pinned = 1 AND trashed_ms IS NULL",
            )?
            .query_row([account], |row| row.get(0))?;
        if pinned <= PINNED_MAX {
            return Ok(());
        }
        Err(VaultError::Conflict(format!(
            "{PINNED_MAX} threads are pinned, as many as a list has room for. Nothing was changed; unpin another one first."
        )))
    }

    /// A message has come into a thread: out of the trash it comes back, and out of the archive if
    /// it is unread and the thread is not muted.
    pub(super) fn come_back(&mut self, thread: ThreadId, unread: bool) -> Result<()> {
        let back = self
            .db
            .prepare_cached(
                "UPDATE thread SET archived = (archived AND (muted OR NOT ?2)), trashed_ms = NULL,
                     erasing = 0
                 WHERE id = ?1 AND erasing < 2
                   AND (trashed_ms IS NOT NULL OR archived AND ?2 AND NOT muted)",
            )?
            .execute(params![thread, unread])?;
        if back > 0 {
            self.touch_thread(thread);
        }
        Ok(())
    }
}
