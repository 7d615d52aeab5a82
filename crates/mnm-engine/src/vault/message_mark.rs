//! Marks of single messages: starred, in the trash; and erasure of those that were there for 30 days.
//!
//! A message in the trash keeps its place in its thread, where it can be taken back. No search finds it
//! elsewhere, no forward takes it along, and it is no thread's newest.

use rusqlite::{OptionalExtension, params};

use super::change::{VaultReader, WriteTx};
use super::trash::KEPT_MS;
use super::{Change, Result, Vault};
use crate::command::MessageMark;
use crate::view::{AccountId, MessageRowId, ThreadId};

/// Messages marked or erased in one transaction: each of them is written anew with its text.
pub(crate) const MARKED_MESSAGES: usize = 20;

/// Messages that were marked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MarkedMessages {
    /// How many were changed.
    pub count: u64,
    /// The accounts whose other devices are notified that they are read.
    pub told: Vec<AccountId>,
}

impl Vault {
    /// Marks messages, or takes a mark from them. Those that are gone, or are to be sent still, are passed
    /// over. What is put into the trash counts as read, on the member's other devices too. Callers name
    /// at most `MARKED_MESSAGES`.
    pub fn mark_messages(
        &mut self,
        messages: &[MessageRowId],
        mark: MessageMark,
        on: bool,
        now_ms: i64,
    ) -> Result<Change<MarkedMessages>> {
        self.change(|work| {
            let mut marked = MarkedMessages::default();
            for &message in messages {
                let Some((thread, account)) = work.read.marked_in(message)? else { continue };
                if !work.mark_message(message, mark, on, now_ms)? {
                    continue;
                }
                if mark == MessageMark::Trashed && on && work.read_unseen(account, message)? {
                    marked.told.push(account);
                }
                work.touch_message(message);
                work.touch_thread(thread);
                work.touch_account(account);
                marked.count += 1;
            }
            Ok(marked)
        })
    }

    /// Erases some messages that have been in the trash for 30 days at this time, from one on. Returns the
    /// one from which to go on; none after the last of them.
    pub fn erase_messages(
        &mut self,
        now_ms: i64,
        from: MessageRowId,
    ) -> Result<Change<Option<MessageRowId>>> {
        self.unsynced(|vault| {
            vault.change(|work| {
                let some = work.read.expired_messages(now_ms, from)?;
                let next =
                    (some.len() == MARKED_MESSAGES).then(|| some.last().map(|one| one.0 + 1));
                for (message, thread, account) in some {
                    // What is queued may need its thread; the next look comes.
                    if !work.read.is_queued(account, thread)? {
                        work.erase_from_thread(message, thread)?;
                    }
                }
                Ok(next.flatten())
            })
        })
    }
}

impl VaultReader<'_> {
    /// The thread and account of a message, unless the thread is being erased.
    fn marked_in(&self, message: MessageRowId) -> Result<Option<(ThreadId, AccountId)>> {
        Ok(self
            .db
            .prepare_cached(
                "SELECT thread.id, thread.account FROM message JOIN thread ON thread.id = message.thread
                 WHERE message.id = ?1 AND thread.erasing = 0",
            )?
            .query_row([message], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?)
    }

    /// Of the time at most, by number: there are few, and each is looked at once.
    fn expired_messages(
        &self,
        now_ms: i64,
        from: MessageRowId,
    ) -> Result<Vec<(MessageRowId, ThreadId, AccountId)>> {
        let mut statement = self.db.prepare_cached(
            "SELECT message.id, thread.id, thread.account
             FROM message INDEXED BY message_trashed JOIN thread ON thread.id = message.thread
             WHERE message.trashed_ms <= ?1 AND message.id >= ?2 AND thread.erasing = 0
             ORDER BY message.id LIMIT ?3",
        )?;
        let until_ms = now_ms.saturating_sub(KEPT_MS);
        let rows = statement.query_map(params![until_ms, from, MARKED_MESSAGES], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}

impl WriteTx<'_> {
    /// Sets or removes a mark; whether that changed something.
    fn mark_message(
        &self,
        message: MessageRowId,
        mark: MessageMark,
        on: bool,
        now_ms: i64,
    ) -> Result<bool> {
        let sql = match mark {
            MessageMark::Starred => {
                "UPDATE message SET starred = ?2 WHERE id = ?1 AND starred <> ?2 AND ?3 >= 0"
            }
            MessageMark::Trashed => {
                "UPDATE message SET trashed_ms = iif(?2, ?3, NULL)
                 WHERE id = ?1 AND (trashed_ms IS NULL) = ?2 AND state IN ('received', 'sent')"
            }
        };
        Ok(self.db.prepare_cached(sql)?.execute(params![message, on, now_ms])? > 0)
    }

    /// Marks a message as read; whether the other devices are notified.
    fn read_unseen(&mut self, account: AccountId, message: MessageRowId) -> Result<bool> {
        let msgid: Option<Option<String>> = self
            .db
            .prepare_cached(
                "UPDATE message SET unread = 0 WHERE id = ?1 AND unread = 1 RETURNING msgid",
            )?
            .query_row([message], |row| row.get(0))
            .optional()?;
        let Some(Some(msgid)) = msgid else { return Ok(false) };
        self.sync_read(account, vec![msgid])?;
        Ok(true)
    }

    /// Erases a message, and its thread with the last one. The thread keeps its subject.
    fn erase_from_thread(&mut self, message: MessageRowId, thread: ThreadId) -> Result<()> {
        self.db
            .prepare_cached(
                "UPDATE thread SET told_subject = subject WHERE id = ?1 AND told_subject = ''",
            )?
            .execute([thread])?;
        self.erase_message(message)?;
        self.message_gone(thread, message);
        self.refresh_thread(thread).map(drop)
    }
}
