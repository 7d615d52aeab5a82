//! Thread: its line in lists, its id, its subject.

use rusqlite::{OptionalExtension, params};
use tmtp::id::Uid;

use super::Result;
use super::change::{VaultReader, WriteTx};
use super::person_key::person_key;
use super::runtime_state::Detail;
use crate::error::VaultError;
use crate::markdown;
use crate::view::{AccountId, MayReply, MessageRowId, MessageState, Party, ThreadId, ThreadRow};

/// Bytes of a message that may become its snippet.
const SNIPPET_SOURCE: usize = 2048;

/// Newest messages searched for the subject of the thread.
const SUBJECTS_MAX: i64 = 100;

/// A row of `thread`, for its line.
struct StoredThread {
    account: AccountId,
    subject: String,
    last_at_ms: i64,
    messages: u64,
    files: bool,
    unread: u64,
    claimed_id: Option<String>,
    archived: bool,
    trashed_ms: Option<i64>,
    muted: bool,
    pinned: bool,
    starred: bool,
    stars: u64,
    person_key: String,
    subject_key: String,
}

impl VaultReader<'_> {
    pub(super) fn account_of(&self, thread: ThreadId) -> Result<AccountId> {
        self.db
            .prepare_cached("SELECT account FROM thread WHERE id = ?1")?
            .query_row([thread], |row| row.get(0))
            .optional()?
            .ok_or(VaultError::NotFound { what: "thread", id: thread })
    }

    /// The line of a thread, by its newest message that is not in the trash. Its cost depends neither on the number or length of messages, nor on
    /// the number of readers.
    pub(super) fn thread_row(&self, id: ThreadId) -> Result<ThreadRow> {
        // By indexes alone: a row is read with all of its text.
        let newest: Option<MessageRowId> = self
            .db
            .prepare_cached(
                "SELECT coalesce(
                     (SELECT id FROM message WHERE thread = ?1
                          AND NOT EXISTS (SELECT 1 FROM message AS trashed
                              INDEXED BY message_trashed_thread
                              WHERE trashed.thread = ?1 AND trashed.id = message.id
                                  AND trashed.trashed_ms IS NOT NULL)
                      ORDER BY at_ms DESC, id DESC LIMIT 1),
                     (SELECT id FROM message WHERE thread = ?1
                      ORDER BY at_ms DESC, id DESC LIMIT 1))",
            )?
            .query_row([id], |row| row.get(0))?;
        self.thread_row_of(id, newest.ok_or(VaultError::NotFound { what: "thread", id })?)
    }

    /// The line of a thread whose newest message is known.
    pub(super) fn thread_row_of(&self, id: ThreadId, newest: MessageRowId) -> Result<ThreadRow> {
        let stored = self.stored_thread(id)?;
        let account = stored.account;
        let newest = self.newest(account, newest)?;
        // Without readers nobody can be answered.
        let (readers, parties, may_reply) = match self.runtime.detail() {
            Detail::Alone | Detail::Bare | Detail::Lean => (0, Vec::new(), MayReply::Nobody),
            Detail::Whole => {
                let (readers, parties) = self.first_parties(account, id)?;
                let may_reply = self.may_reply(id, &parties)?;
                (readers, parties, may_reply)
            }
        };
        // The index is used only for a claim: damage to it affects no other thread.
        let claimed = match self.runtime.detail() {
            Detail::Alone => None,
            Detail::Bare | Detail::Lean | Detail::Whole => stored.claimed_id,
        };
        let claimed = claimed.map(|claimed| self.known_thread(account, &claimed));
        let begun_elsewhere = match self.runtime.detail() {
            Detail::Alone | Detail::Bare | Detail::Lean => false,
            Detail::Whole => stored.subject.is_empty() && self.is_begun_elsewhere(id)?,
        };
        let tags = match self.runtime.detail() {
            Detail::Alone | Detail::Bare | Detail::Lean => Vec::new(),
            Detail::Whole => self.tags_of(id)?,
        };
        Ok(ThreadRow {
            id,
            account,
            subject: stored.subject,
            begun_elsewhere,
            may_reply,
            belongs_to: claimed.transpose()?.flatten(),
            parties,
            readers,
            last_from: newest.from,
            last_at_ms: stored.last_at_ms,
            snippet: newest.snippet,
            count: stored.messages,
            unread: stored.unread,
            attachments: stored.files,
            state: newest.state,
            archived: stored.archived,
            trashed_ms: stored.trashed_ms,
            muted: stored.muted,
            pinned: stored.pinned,
            starred: stored.starred,
            stars: stored.stars,
            tags,
            person_key: stored.person_key,
            subject_key: stored.subject_key,
        })
    }

    pub(super) fn subject_of(&self, id: ThreadId) -> Result<String> {
        Ok(self
            .db
            .prepare_cached("SELECT subject FROM thread WHERE id = ?1")?
            .query_row([id], |row| row.get(0))?)
    }

    /// Whether the letter that began the thread is missing.
    fn is_begun_elsewhere(&self, id: ThreadId) -> Result<bool> {
        Ok(self
            .db
            .prepare_cached(
                "SELECT service_id IS NOT NULL
                     AND NOT EXISTS (SELECT 1 FROM message
                         WHERE account = thread.account AND msgid = service_id)
                     AND NOT EXISTS (SELECT 1 FROM message
                         WHERE account = thread.account AND original_id = service_id)
                 FROM thread WHERE id = ?1",
            )?
            .query_row([id], |row| row.get(0))?)
    }

    fn stored_thread(&self, id: ThreadId) -> Result<StoredThread> {
        self.db
            .prepare_cached(
                "SELECT account, subject, last_at_ms, messages, files > 0, unread, claimed_id,
                     archived, trashed_ms, muted, pinned, starred, person_key, subject_key, stars
                 FROM thread WHERE id = ?1",
            )?
            .query_row([id], |row| {
                Ok(StoredThread {
                    account: row.get(0)?,
                    subject: row.get(1)?,
                    last_at_ms: row.get(2)?,
                    messages: row.get(3)?,
                    files: row.get(4)?,
                    unread: row.get(5)?,
                    claimed_id: row.get(6)?,
                    archived: row.get(7)?,
                    trashed_ms: row.get(8)?,
                    muted: row.get(9)?,
                    pinned: row.get(10)?,
                    starred: row.get(11)?,
                    person_key: row.get(12)?,
                    subject_key: row.get(13)?,
                    stars: row.get(14)?,
                })
            })
            .optional()?
            .ok_or(VaultError::NotFound { what: "thread", id })
    }

    fn newest(&self, account: AccountId, id: MessageRowId) -> Result<Newest> {
        let mut statement = self.db.prepare_cached(
            "SELECT id, author_uid, author_alias, state, error, forwarded_by IS NOT NULL,
                 trashed_ms IS NOT NULL
             FROM message WHERE id = ?1",
        )?;
        let mut rows = statement.query([id])?;
        let row = rows.next()?.ok_or(VaultError::NotFound { what: "message", id })?;
        let (uid, claimed): (Uid, String) = (row.get(1)?, row.get(2)?);
        let state = self.message_state(id, row.get_ref(3)?.as_str()?, row.get(4)?)?;
        Ok(Newest {
            from: self.author(account, &uid, &claimed, row.get(5)?)?,
            snippet: match row.get(6)? {
                true => String::new(),
                false => markdown::snippet(&self.beginning(id, SNIPPET_SOURCE)?),
            },
            state: (state != MessageState::Received).then_some(state),
        })
    }

    /// The thread named by the letter that made this one.
    pub(super) fn claimed_thread(
        &self,
        account: AccountId,
        id: ThreadId,
    ) -> Result<Option<ThreadId>> {
        let claimed = self.stored_thread(id)?.claimed_id;
        claimed.map_or(Ok(None), |claimed| self.known_thread(account, &claimed))
    }

    /// The thread's id at the service; none while its first message is not acknowledged.
    pub(super) fn service_id(&self, thread: ThreadId) -> Result<Option<String>> {
        Ok(self
            .db
            .prepare_cached("SELECT service_id FROM thread WHERE id = ?1")?
            .query_row([thread], |row| row.get(0))?)
    }
}

/// The part of a line that depends on the newest message.
struct Newest {
    from: Party,
    snippet: String,
    state: Option<MessageState>,
}

impl WriteTx<'_> {
    pub(super) fn insert_thread(
        &mut self,
        account: AccountId,
        service_id: Option<&str>,
        subject: &str,
        at_ms: i64,
    ) -> Result<ThreadId> {
        self.db
            .prepare_cached(
                "INSERT INTO thread (account, service_id, subject, last_at_ms)
                 VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![account, service_id, subject, at_ms])?;
        Ok(self.db.last_insert_rowid())
    }

    /// Updates the thread's line from its messages; a thread without any is removed. Returns
    /// whether it still exists.
    pub(super) fn refresh_thread(&mut self, id: ThreadId) -> Result<bool> {
        let account = self.read.account_of(id)?;
        self.touch_account(account);
        let last_at_ms: Option<i64> = self
            .db
            .prepare_cached(
                "SELECT max(at_ms, (SELECT arrived_ms FROM thread WHERE id = ?1)) FROM (
                     SELECT max(at_ms) AS at_ms FROM message WHERE thread = ?1)",
            )?
            .query_row([id], |row| row.get(0))?;
        if last_at_ms.is_none() {
            self.delete_thread(account, id)?;
            return Ok(false);
        }
        self.db
            .prepare_cached(concat!(
                // Messages of the service carry subjects of their own: after this many in sequence
                // the subject stays.
                "WITH last AS (SELECT subject, author_uid, msgid, at_ms, id FROM message
                      WHERE thread = ?1 AND subject <> ''
                      ORDER BY at_ms DESC, id DESC LIMIT ?4)
                 UPDATE thread SET last_at_ms = ?2, subject = coalesce(
                     (SELECT subject FROM last
                          -- A word of the service in a thread of members does not rename it.
                          WHERE author_uid <> ?3 OR msgid IS thread.service_id
                      ORDER BY at_ms DESC, id DESC LIMIT 1),
                     iif((SELECT count(*) FROM last) < ?4, told_subject, subject)),
                     person_key = ",
                person_key!(),
                " WHERE id = ?1",
            ))?
            .execute(params![id, last_at_ms, Uid::SERVICE, SUBJECTS_MAX])?;
        self.readers_are_told(id);
        self.touch_thread(id);
        Ok(true)
    }

    fn delete_thread(&mut self, account: AccountId, id: ThreadId) -> Result<()> {
        // A draft of a reply there is not lost: it becomes a new letter.
        self.detach_draft(id)?;
        self.db.prepare_cached("DELETE FROM thread WHERE id = ?1")?.execute([id])?;
        self.thread_gone(account, id);
        Ok(())
    }

    /// Sets a thread's id to that of its first message. Replies may have arrived before the ack in
    /// threads of their own, which are merged into this one; this one's parties stay, because the
    /// member chose them.
    pub(super) fn name_thread(&mut self, id: ThreadId, service_id: &str) -> Result<()> {
        let account = self.read.account_of(id)?;
        let early = self.read.known_thread(account, service_id)?;
        if let Some(early) = early {
            self.db
                .prepare_cached("UPDATE thread SET known = 0 WHERE id = ?1")?
                .execute([early])?;
        }
        self.db
            .prepare_cached("UPDATE thread SET service_id = ?2 WHERE id = ?1")?
            .execute(params![id, service_id])?;
        self.set_known(id)?;
        if let Some(early) = early {
            self.merge_thread(account, early, id)?;
        }
        // The member's own thread: its readers are no claim.
        self.settle_early(account, id, true)?;
        self.touch_thread(id);
        Ok(())
    }

    /// Stores that the letter which made a thread names another one.
    pub(super) fn claim(&mut self, id: ThreadId, claimed_id: &str) -> Result<()> {
        self.db
            .prepare_cached("UPDATE thread SET claimed_id = ?2 WHERE id = ?1")?
            .execute(params![id, claimed_id])?;
        Ok(())
    }
}
