//! Erasure of threads in the trash: by hand, or after 30 days.
//!
//! `thread.erasing` says how far it is. 1: the thread is gone from all lists, and waits until
//! nothing that is queued names it; a message that comes into it brings it back. 2: its id at the
//! service and its readers are gone, so that no message finds it any more, and its messages and
//! files are erased in slices. A crash leaves either, and the next start goes on.

use rusqlite::{OptionalExtension, ToSql};

use super::change::{VaultReader, WriteTx};
use super::{Change, Result, Vault};
use crate::view::{AccountId, MessageRowId, ThreadId};

/// How long a thread stays in the trash, milliseconds.
pub(super) const KEPT_MS: i64 = 30 * 24 * 3_600_000;
/// Threads taken out of the lists in one transaction.
const THREADS: i64 = 50;
/// Messages erased in one slice.
const MESSAGES: i64 = 20;

/// Which threads in the trash are to be erased.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Erased {
    /// All of an account.
    All(AccountId),
    /// Those of these threads that are in the trash, of one account or of all.
    Of(Option<AccountId>, Vec<ThreadId>),
    /// Those that have been there for 30 days at this time.
    Expired(i64),
}

impl Vault {
    /// Takes some threads out of the trash to be erased; how many. To be called again until there
    /// are none. The erasing is a chore.
    pub fn empty_trash(&mut self, which: &Erased) -> Result<Change<u64>> {
        self.change(|work| {
            let threads = work.read.in_trash(which)?;
            for &(thread, account) in &threads {
                work.detach_draft(thread)?;
                work.db
                    .prepare_cached("UPDATE thread SET erasing = 1 WHERE id = ?1")?
                    .execute([thread])?;
                work.thread_gone(account, thread);
            }
            // Even if there are none: earlier ones may be waiting.
            work.leave_erasing();
            Ok(threads.len() as u64)
        })
    }

    /// Does a slice of erasing, from a thread on. Returns the thread from which to go on; none if
    /// the rest is to wait.
    pub(super) fn erase_thread_slice(&mut self, from: ThreadId) -> Result<Option<ThreadId>> {
        let Some((thread, erasing)) = self.reader().next_to_erase(from)? else { return Ok(None) };
        if erasing == 1 {
            let begun = self.change(|work| work.begin_erasing(thread))?.value;
            return Ok(Some(if begun { thread } else { thread + 1 }));
        }
        let erased = self.unsynced(|vault| vault.change(|work| work.erase_some(thread)))?;
        Ok(Some(if erased.value { thread + 1 } else { thread }))
    }
}

impl VaultReader<'_> {
    /// Whether a thread is being erased, or about to be.
    pub(super) fn is_erased(&self, thread: ThreadId) -> Result<bool> {
        let erasing = self
            .db
            .prepare_cached("SELECT erasing > 0 FROM thread WHERE id = ?1")?
            .query_row([thread], |row| row.get(0))
            .optional()?;
        Ok(erasing.unwrap_or(false))
    }

    fn in_trash(&self, which: &Erased) -> Result<Vec<(ThreadId, AccountId)>> {
        let found = |of: &str, values: &[&dyn ToSql]| -> Result<Vec<(ThreadId, AccountId)>> {
            let mut statement = self.db.prepare_cached(&format!(
                "SELECT id, account FROM thread
                 WHERE {of} AND trashed_ms IS NOT NULL AND erasing = 0 LIMIT {THREADS}"
            ))?;
            let rows = statement.query_map(values, |row| Ok((row.get(0)?, row.get(1)?)))?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        };
        match which {
            Erased::All(account) => found("account = ?1", &[account]),
            Erased::Expired(now_ms) => {
                found("trashed_ms <= ?1", &[&now_ms.saturating_sub(KEPT_MS)])
            }
            Erased::Of(account, threads) => {
                let mut all = Vec::new();
                for thread in threads {
                    all.extend(found(
                        "id = ?1 AND (?2 IS NULL OR account = ?2)",
                        &[thread, account],
                    )?);
                }
                Ok(all)
            }
        }
    }

    fn next_to_erase(&self, from: ThreadId) -> Result<Option<(ThreadId, i64)>> {
        Ok(self
            .db
            .prepare_cached(
                "SELECT id, erasing FROM thread WHERE erasing > 0 AND id >= ?1 ORDER BY id LIMIT 1",
            )?
            .query_row([from], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?)
    }

    /// Whether something in the outbox needs the thread.
    pub(super) fn is_queued(&self, account: AccountId, thread: ThreadId) -> Result<bool> {
        Ok(self
            .db
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM outbox JOIN message ON message.id = outbox.message
                         WHERE outbox.account = ?1 AND kind = 'post' AND message.thread = ?2)
                     OR EXISTS (SELECT 1 FROM outbox
                         WHERE account = ?1 AND kind IN ('forward', 'confirm')
                             AND body ->> 'thread' = ?2)",
            )?
            .query_row([account, thread], |row| row.get(0))?)
    }
}

impl WriteTx<'_> {
    /// Takes a thread's id and readers from it, unless something that is queued needs them.
    fn begin_erasing(&mut self, thread: ThreadId) -> Result<bool> {
        let account = self.read.account_of(thread)?;
        // A postponed confirmation may wait for weeks, and its recipients have the forwarder's copy.
        self.db
            .prepare_cached(
                "DELETE FROM outbox WHERE account = ?1 AND kind = 'confirm' AND held_until_ms > 0
                     AND body ->> 'thread' = ?2",
            )?
            .execute([account, thread])?;
        if self.read.is_queued(account, thread)? {
            return Ok(false);
        }
        for sql in [
            "UPDATE thread SET erasing = 2, service_id = NULL, claimed_id = NULL WHERE id = ?1",
            "DELETE FROM party WHERE thread = ?1",
            "DELETE FROM unsettled WHERE thread = ?1",
            "DELETE FROM unsettled WHERE source = ?1",
        ] {
            self.db.prepare_cached(sql)?.execute([thread])?;
        }
        Ok(true)
    }

    /// Erases a message with its files. A letter that the service delivers once more is known by its id.
    pub(super) fn erase_message(&mut self, message: MessageRowId) -> Result<()> {
        self.delete_attachments("message", message)?;
        for sql in [
            "INSERT OR IGNORE INTO seen (account, msgid) SELECT account, msgid FROM message
             WHERE id = ?1 AND state = 'received' AND forwarded_by IS NULL",
            "DELETE FROM message WHERE id = ?1",
        ] {
            self.db.prepare_cached(sql)?.execute([message])?;
        }
        Ok(())
    }

    /// Erases some messages, and the thread after the last of them. True once it is gone.
    fn erase_some(&mut self, thread: ThreadId) -> Result<bool> {
        let messages: Vec<MessageRowId> = self
            .db
            .prepare_cached("SELECT id FROM message WHERE thread = ?1 LIMIT ?2")?
            .query_map([thread, MESSAGES], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        for &message in &messages {
            self.erase_message(message)?;
        }
        if messages.is_empty() {
            self.db.prepare_cached("DELETE FROM thread WHERE id = ?1")?.execute([thread])?;
        }
        Ok(messages.is_empty())
    }
}
