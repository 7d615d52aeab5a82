//! Readers and subjects of threads, synced between the member's devices.
//!
//! A letter names the thread's readers and subject only when it opens the thread, so a device added
//! later does not know them. Before a reply in a thread that is older than another device, and when
//! a device is added, readers and subject are sent to the member's other devices. They may arrive
//! before the first letter of the thread that is delivered there ([`WriteTx::remember`]) or after it,
//! with the same result.

use rusqlite::{OptionalExtension, params};
use serde::{Deserialize, Serialize};
use tmtp::id::{Gid, MessageId, Uid, UidOrGid};

use super::change::WriteTx;
use super::party::NewParty;
use super::text::clean_subject;
use super::{Change, Result, Vault};
use crate::error::VaultError;
use crate::view::{AccountId, ThreadId};

/// Threads sent to a new device, the newest ones.
const THREADS_MAX: i64 = 1_000;
/// Threads in one notice, and its size in bytes, as written here.
const NOTICE_THREADS: usize = 100;
const NOTICE_BYTES: usize = 256 * 1024;
/// Threads stored before any letter of them is here.
const EARLY_MAX: i64 = 5_000;
/// Readers accepted from one thread of a notice.
const READERS_MAX: usize = 2_000;

/// The readers of a thread, in a notice.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct SyncedThread {
    /// Its id at the service.
    id: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    subject: String,
    readers: Vec<SyncedReader>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct SyncedReader {
    /// Uid, or gid of a group.
    uid: UidOrGid,
    alias: String,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    group: bool,
    #[serde(skip_serializing_if = "String::is_empty")]
    by: String,
    at_ms: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    struck_ms: Option<i64>,
}

impl Vault {
    /// Queues a notice for the member's other devices: the readers of threads that are older than
    /// one of them and were not sent yet, the newest first.
    pub fn queue_threads(&mut self, account: AccountId, now_ms: i64) -> Result<Change<()>> {
        self.change(|work| work.sync_threads(account, false, now_ms))
    }
}

impl WriteTx<'_> {
    /// As [`Vault::queue_threads`]; with `again`, for a device that was just added, all of them.
    pub(super) fn sync_threads(
        &mut self,
        account: AccountId,
        again: bool,
        now_ms: i64,
    ) -> Result<()> {
        let threads = self
            .db
            .prepare_cached(
                "SELECT id FROM thread WHERE account = ?1 AND service_id IS NOT NULL AND known = 1
                     AND (?2 OR told_ms IS NULL AND last_at_ms > 0 AND
                         (SELECT max(since_ms) FROM device WHERE account = ?1 AND this = 0) >
                         (SELECT min(at_ms) FROM message WHERE thread = thread.id))
                 ORDER BY last_at_ms DESC LIMIT ?3",
            )?
            .query_map(params![account, again, THREADS_MAX], |row| row.get(0))?
            .collect::<rusqlite::Result<Vec<ThreadId>>>()?;
        let (mut notice, mut bytes) = (Vec::new(), 0);
        for thread in threads {
            self.mark_synced(thread, now_ms)?;
            let Some(synced) = self.thread_for_notice(thread)? else { continue };
            bytes += synced.readers.len() * 100 + synced.subject.len();
            notice.push(synced);
            if notice.len() >= NOTICE_THREADS || bytes >= NOTICE_BYTES {
                self.queue_thread_notice(account, std::mem::take(&mut notice))?;
                bytes = 0;
            }
        }
        if notice.is_empty() {
            return Ok(());
        }
        self.queue_thread_notice(account, notice)
    }

    /// Before a reply: sends the readers of the thread if another device may not know them.
    pub(super) fn sync_before_reply(
        &mut self,
        account: AccountId,
        thread: ThreadId,
        now_ms: i64,
    ) -> Result<()> {
        let wanted: bool = self
            .db
            .prepare_cached(
                "SELECT coalesce((SELECT max(since_ms) FROM device WHERE account = ?1 AND this = 0) >
                     coalesce((SELECT told_ms FROM thread WHERE id = ?2),
                         (SELECT min(at_ms) FROM message WHERE thread = ?2)), 0)",
            )?
            .query_row([account, thread], |row| row.get(0))?;
        if wanted { self.sync_thread(account, thread, now_ms) } else { Ok(()) }
    }

    /// Sends the readers of the thread.
    pub(super) fn sync_thread(
        &mut self,
        account: AccountId,
        thread: ThreadId,
        now_ms: i64,
    ) -> Result<()> {
        self.mark_synced(thread, now_ms)?;
        match self.thread_for_notice(thread)? {
            Some(synced) => self.queue_thread_notice(account, vec![synced]),
            None => Ok(()),
        }
    }

    fn mark_synced(&mut self, thread: ThreadId, now_ms: i64) -> Result<()> {
        self.db
            .prepare_cached("UPDATE thread SET told_ms = ?2 WHERE id = ?1")?
            .execute([thread, now_ms])?;
        Ok(())
    }

    /// The readers of a thread, for a notice; none while the service has not named the thread.
    fn thread_for_notice(&self, thread: ThreadId) -> Result<Option<SyncedThread>> {
        let Some(id) = self.read.service_id(thread)? else { return Ok(None) };
        let mut statement = self.db.prepare_cached(
            "SELECT uid, alias, is_group, by_uid, at_ms, struck_ms FROM party
             WHERE thread = ?1 ORDER BY ord, uid",
        )?;
        let readers = statement
            .query_map([thread], |row| {
                Ok(SyncedReader {
                    uid: row.get(0)?,
                    alias: row.get(1)?,
                    group: row.get(2)?,
                    by: row.get(3)?,
                    at_ms: row.get(4)?,
                    struck_ms: row.get(5)?,
                })
            })?
            .collect::<rusqlite::Result<_>>()?;
        let subject = self.read.subject_of(thread)?;
        Ok(Some(SyncedThread { id, subject, readers }))
    }

    /// Applies a thread in a notice of another device.
    pub(super) fn apply_thread(&mut self, account: AccountId, synced: &SyncedThread) -> Result<()> {
        if MessageId::from_wire(&synced.id).is_none() {
            return Ok(());
        }
        if let Some(thread) = self.read.known_thread(account, &synced.id)? {
            return self.settle_synced(account, thread, synced);
        }
        for thread in self.read.claimed_threads(account, &synced.id)? {
            if let Some(claimant) = self.read.claimant(thread)? {
                let groups = self.read.written_to(account, thread, &claimant)?;
                if self.synced_lets_in(account, synced, &claimant, &groups)? {
                    return self.settle_synced(account, thread, synced);
                }
            }
        }
        self.remember(account, synced)
    }

    /// Stores it until a letter of the thread arrives.
    fn remember(&mut self, account: AccountId, synced: &SyncedThread) -> Result<()> {
        let body = serde_json::to_string(synced).map_err(|error| {
            VaultError::Invalid(format!("A notice could not be written: {error}"))
        })?;
        self.db
            .prepare_cached(
                "INSERT INTO foretold (account, service_id, body) VALUES (?1, ?2, ?3)
                 ON CONFLICT (account, service_id) DO UPDATE SET body = excluded.body",
            )?
            .execute(params![account, synced.id, body])?;
        self.db
            .prepare_cached(
                "DELETE FROM foretold WHERE account = ?1 AND service_id <=
                     (SELECT service_id FROM foretold WHERE account = ?1
                      ORDER BY service_id DESC LIMIT 1 OFFSET ?2)",
            )?
            .execute([account, EARLY_MAX])?;
        Ok(())
    }

    /// A stored notice about a thread without letters.
    pub(super) fn early_thread(
        &self,
        account: AccountId,
        service_id: &str,
    ) -> Result<Option<SyncedThread>> {
        let body: Option<String> = self
            .db
            .prepare_cached("SELECT body FROM foretold WHERE account = ?1 AND service_id = ?2")?
            .query_row(params![account, service_id], |row| row.get(0))
            .optional()?;
        Ok(body.and_then(|body| serde_json::from_str(&body).ok()))
    }

    /// Gives a new thread the readers from a stored notice.
    pub(super) fn settle_synced(
        &mut self,
        account: AccountId,
        thread: ThreadId,
        synced: &SyncedThread,
    ) -> Result<()> {
        self.db
            .prepare_cached("DELETE FROM foretold WHERE account = ?1 AND service_id = ?2")?
            .execute(params![account, synced.id])?;
        let was_known = self.is_known_thread(thread)?;
        if !was_known {
            self.clear_parties(thread)?;
        }
        let readers = synced.readers.iter().take(READERS_MAX).map(|reader| NewParty {
            id: reader.uid.as_str(),
            alias: &reader.alias,
            is_group: reader.group,
            by: &reader.by,
            at_ms: reader.at_ms,
        });
        self.insert_parties(thread, &readers.collect::<Vec<_>>())?;
        for reader in synced.readers.iter().take(READERS_MAX) {
            // The later statement counts: struck, or added again.
            self.db
                .prepare_cached(
                    "UPDATE party SET struck_ms = ?3, at_ms = max(at_ms, ?4)
                     WHERE thread = ?1 AND uid = ?2
                       AND (?3 IS NOT NULL AND struck_ms IS NULL AND ?3 >= at_ms
                         OR ?3 IS NULL AND struck_ms IS NOT NULL AND ?4 > struck_ms)",
                )?
                .execute(params![thread, reader.uid, reader.struck_ms, reader.at_ms])?;
        }
        self.set_known(thread)?;
        // A subject from a letter is newer than one from a notice.
        self.db
            .prepare_cached(
                "UPDATE thread SET told_subject = ?2, subject = iif(subject = '', ?2, subject)
                 WHERE id = ?1",
            )?
            .execute(params![thread, clean_subject(&synced.subject, self.limits.subject_bytes)])?;
        self.touch_readers(thread);
        self.settle_early(account, thread, was_known)
    }

    pub(super) fn is_known_thread(&self, thread: ThreadId) -> Result<bool> {
        Ok(self
            .db
            .prepare_cached("SELECT known FROM thread WHERE id = ?1")?
            .query_row([thread], |row| row.get(0))?)
    }
}

impl SyncedThread {
    /// Number of readers that are accepted from it.
    pub(super) fn len(&self) -> usize {
        self.readers.len().min(READERS_MAX)
    }

    /// Whether `uid` is named among the readers.
    pub(super) fn names(&self, uid: &Uid) -> bool {
        let reads = |reader: &&SyncedReader| !reader.group && reader.struck_ms.is_none();
        self.readers.iter().filter(reads).any(|reader| reader.uid == *uid)
    }

    /// Whether the member has struck `uid`.
    pub(super) fn strikes(&self, uid: &Uid) -> bool {
        self.readers.iter().any(|reader| reader.uid == *uid && reader.struck_ms.is_some())
    }

    /// The groups among the readers.
    pub(super) fn groups(&self) -> Vec<Gid> {
        let reads = |reader: &&SyncedReader| reader.group && reader.struck_ms.is_none();
        self.readers.iter().filter(reads).map(|reader| reader.uid.to_gid()).collect()
    }
}
