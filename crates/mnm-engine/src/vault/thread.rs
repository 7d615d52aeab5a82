//! Threads: the list, one conversation, who is in it.

use rusqlite::{OptionalExtension, params};

use super::change::{Reader, Work};
use super::live::Detail;
use super::party::NewParty;
use super::{Change, Result, Vault};
use crate::error::VaultError;
use crate::markdown;
use crate::view::{AccountId, MayReply, MessageId, MessageState, Party, ThreadId, ThreadRow};
use tmtp::id::Uid;

/// Rows of [`Vault::threads`] when no number is given, and at most.
const ROWS_DEFAULT: u32 = 100;
const ROWS_MAX: u32 = 100;
/// Bytes of a message that may become its snippet.
const SNIPPET_SOURCE: usize = 2048;

/// Newest messages with a subject among which the one is looked for that names the thread.
const SUBJECTS_MAX: i64 = 100;

/// Where a thread stands in the list: the time of its newest message, then its number.
pub type ThreadPlace = (i64, ThreadId);

impl Vault {
    /// The member's own word that a letter which stands in a thread of its own belongs where it says.
    /// Gives the thread it is in now.
    ///
    /// # Errors
    /// [`VaultError::Conflict`] when it says nothing of the kind.
    pub fn take_in(&mut self, id: ThreadId, now_ms: i64) -> Result<Change<ThreadId>> {
        self.change(|work| {
            let account = work.read.account_of(id)?;
            work.take_in_by_hand(account, id, now_ms)
        })
    }

    /// A page of threads, newest first: those that are listed behind the time and number in `before`.
    pub fn threads(
        &self,
        account: Option<AccountId>,
        before: Option<ThreadPlace>,
        limit: Option<u32>,
    ) -> Result<Vec<ThreadRow>> {
        let ids = self.thread_ids(account, before, limit)?;
        ids.into_iter().map(|id| self.reader().thread_row(id)).collect()
    }

    /// The threads of a page.
    pub(super) fn thread_ids(
        &self,
        account: Option<AccountId>,
        before: Option<ThreadPlace>,
        limit: Option<u32>,
    ) -> Result<Vec<ThreadId>> {
        let (before_ms, before) = before.unwrap_or((i64::MAX, ThreadId::MAX));
        let limit = page_rows(limit);
        // Each by its index: with "all or this one" no index bounds what is read.
        let of = if account.is_some() { "account = ?1" } else { "?1 IS NULL" };
        let mut statement = self.db.prepare_cached(&format!(
            "SELECT id FROM thread WHERE {of} AND (last_at_ms, id) < (?2, ?3)
             ORDER BY last_at_ms DESC, id DESC LIMIT ?4"
        ))?;
        let ids =
            statement.query_map(params![account, before_ms, before, limit], |row| row.get(0))?;
        Ok(ids.collect::<rusqlite::Result<_>>()?)
    }

    /// The threads of a page, of those in which a permanent id is or was.
    pub(super) fn thread_ids_with(
        &self,
        account: Option<AccountId>,
        uid: &str,
        before: Option<ThreadPlace>,
        limit: Option<u32>,
    ) -> Result<Vec<ThreadId>> {
        let (before_ms, before) = before.unwrap_or((i64::MAX, ThreadId::MAX));
        let limit = limit.unwrap_or(ROWS_DEFAULT).clamp(1, ROWS_MAX);
        // From the few threads of one party to their lines, never through all lines.
        let mut statement = self.db.prepare_cached(
            "SELECT thread.id FROM party CROSS JOIN thread ON thread.id = party.thread
             WHERE party.uid = ?1 AND (?2 IS NULL OR thread.account = ?2)
               AND (thread.last_at_ms, thread.id) < (?3, ?4)
             ORDER BY thread.last_at_ms DESC, thread.id DESC LIMIT ?5",
        )?;
        let ids = statement
            .query_map(params![uid, account, before_ms, before, limit], |row| row.get(0))?;
        Ok(ids.collect::<rusqlite::Result<_>>()?)
    }
}

/// Rows of a page of threads when so many are asked for.
pub(super) fn page_rows(limit: Option<u32>) -> usize {
    limit.unwrap_or(ROWS_DEFAULT).clamp(1, ROWS_MAX) as usize
}

/// A row of `thread`, for its line.
struct StoredThread {
    account: AccountId,
    subject: String,
    last_at_ms: i64,
    messages: u64,
    files: bool,
    unread: u64,
    claimed_id: Option<String>,
}

/// What came into a thread before it was known who is in it.
struct EarlyLetter {
    id: MessageId,
    /// Who sent it.
    uid: String,
    msgid: String,
    /// What they call themselves there.
    alias: String,
    at_ms: i64,
}

impl Reader<'_> {
    /// What came into a thread, but its first letter.
    fn received_in(&self, thread: ThreadId, first: &str) -> Result<Vec<EarlyLetter>> {
        let mut statement = self.db.prepare_cached(
            "SELECT id, coalesce(forwarded_by, author_uid), msgid,
                 iif(forwarded_by IS NULL, author_alias, ''), at_ms FROM message
             WHERE thread = ?1 AND state = 'received' AND msgid <> ?2",
        )?;
        let rows = statement.query_map(params![thread, first], |row| {
            Ok(EarlyLetter {
                id: row.get(0)?,
                uid: row.get(1)?,
                msgid: row.get(2)?,
                alias: row.get(3)?,
                at_ms: row.get(4)?,
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    pub(super) fn account_of(&self, thread: ThreadId) -> Result<AccountId> {
        self.db
            .prepare_cached("SELECT account FROM thread WHERE id = ?1")?
            .query_row([thread], |row| row.get(0))
            .optional()?
            .ok_or(VaultError::NotFound { what: "thread", id: thread })
    }

    /// The line of a thread. What it costs depends neither on how many messages the thread has, nor on
    /// their length, nor on how many read it.
    pub(super) fn thread_row(&self, id: ThreadId) -> Result<ThreadRow> {
        let newest: Option<MessageId> = self
            .db
            .prepare_cached(
                "SELECT id FROM message WHERE thread = ?1 ORDER BY at_ms DESC, id DESC LIMIT 1",
            )?
            .query_row([id], |row| row.get(0))
            .optional()?;
        self.thread_row_of(id, newest.ok_or(VaultError::NotFound { what: "thread", id })?)
    }

    /// The line of a thread whose newest message is known.
    pub(super) fn thread_row_of(&self, id: ThreadId, newest: MessageId) -> Result<ThreadRow> {
        let stored = self.stored_thread(id)?;
        let account = stored.account;
        let newest = self.newest(account, newest)?;
        // Without readers nobody can be answered.
        let (readers, parties, may_reply) = match self.live.detail() {
            Detail::Alone | Detail::Bare | Detail::Lean => (0, Vec::new(), MayReply::Nobody),
            Detail::Whole => {
                let (readers, parties) = self.first_parties(account, id)?;
                let may_reply = self.may_reply(id, &parties)?;
                (readers, parties, may_reply)
            }
        };
        // The index is asked only where there is a claim: damage to it costs no other thread.
        let claimed = match self.live.detail() {
            Detail::Alone => None,
            Detail::Bare | Detail::Lean | Detail::Whole => stored.claimed_id,
        };
        let claimed = claimed.map(|claimed| self.known_thread(account, &claimed));
        let begun_elsewhere = match self.live.detail() {
            Detail::Alone | Detail::Bare | Detail::Lean => false,
            Detail::Whole => stored.subject.is_empty() && self.is_begun_elsewhere(id)?,
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
        })
    }

    pub(super) fn subject_of(&self, id: ThreadId) -> Result<String> {
        Ok(self
            .db
            .prepare_cached("SELECT subject FROM thread WHERE id = ?1")?
            .query_row([id], |row| row.get(0))?)
    }

    /// Whether the letter that began the thread is not here.
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
                "SELECT account, subject, last_at_ms, messages, files > 0, unread, claimed_id
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
                })
            })
            .optional()?
            .ok_or(VaultError::NotFound { what: "thread", id })
    }

    fn newest(&self, account: AccountId, id: MessageId) -> Result<Newest> {
        let mut statement = self.db.prepare_cached(
            "SELECT id, author_uid, author_alias, state, error, forwarded_by IS NOT NULL
             FROM message WHERE id = ?1",
        )?;
        let mut rows = statement.query([id])?;
        let row = rows.next()?.ok_or(VaultError::NotFound { what: "message", id })?;
        let (uid, claimed): (String, String) = (row.get(1)?, row.get(2)?);
        let state = self.message_state(id, row.get_ref(3)?.as_str()?, row.get(4)?)?;
        Ok(Newest {
            from: self.author(account, &uid, &claimed, row.get(5)?)?,
            snippet: markdown::snippet(&self.beginning(id, SNIPPET_SOURCE)?),
            state: (state != MessageState::Received).then_some(state),
        })
    }

    /// The thread here that the letter which made this one said it is a reply in.
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

/// The part of a line that the newest message decides.
struct Newest {
    from: Party,
    snippet: String,
    state: Option<MessageState>,
}

impl Work<'_> {
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

    /// Brings the thread's line in step with its messages; a thread without any is removed.
    /// Returns whether it still exists.
    pub(super) fn refresh_thread(&mut self, id: ThreadId) -> Result<bool> {
        let account = self.read.account_of(id)?;
        self.touch_account(account);
        let last_at_ms: Option<i64> = self
            .db
            .prepare_cached("SELECT max(at_ms) FROM message WHERE thread = ?1")?
            .query_row([id], |row| row.get(0))?;
        if last_at_ms.is_none() {
            self.delete_thread(account, id)?;
            return Ok(false);
        }
        self.db
            .prepare_cached(
                // However many words of the service follow each other: behind so many the subject stays.
                "WITH last AS (SELECT subject, author_uid, msgid, at_ms, id FROM message
                      WHERE thread = ?1 AND subject <> ''
                      ORDER BY at_ms DESC, id DESC LIMIT ?4)
                 UPDATE thread SET last_at_ms = ?2, subject = coalesce(
                     (SELECT subject FROM last
                          -- A word of the service in a thread of members does not rename it.
                          WHERE author_uid <> ?3 OR msgid IS thread.service_id
                      ORDER BY at_ms DESC, id DESC LIMIT 1),
                     iif((SELECT count(*) FROM last) < ?4, told_subject, subject))
                 WHERE id = ?1",
            )?
            .execute(params![id, last_at_ms, Uid::SERVICE, SUBJECTS_MAX])?;
        self.touch_thread(id);
        Ok(true)
    }

    fn delete_thread(&mut self, account: AccountId, id: ThreadId) -> Result<()> {
        // A reply that was begun there is not lost: it becomes a letter of its own.
        self.detach_draft(id)?;
        self.db.prepare_cached("DELETE FROM thread WHERE id = ?1")?.execute([id])?;
        self.thread_gone(account, id);
        Ok(())
    }

    /// Gives a thread the id its first message got. Replies may have come in before the
    /// acknowledgement and made threads of their own, which are merged into this one; this one's
    /// parties stand, because the member chose them.
    pub(super) fn name_thread(&mut self, id: ThreadId, service_id: &str) -> Result<()> {
        let account = self.read.account_of(id)?;
        if let Some(early) = self.read.known_thread(account, service_id)? {
            self.merge_thread(early, id)?;
        }
        self.db
            .prepare_cached("UPDATE thread SET service_id = ?2 WHERE id = ?1")?
            .execute(params![id, service_id])?;
        self.set_known(id)?;
        // The member's own thread: its readers are no claim.
        self.settle_early(account, id, service_id, true)?;
        self.touch_thread(id);
        Ok(())
    }

    fn merge_thread(&mut self, from: ThreadId, to: ThreadId) -> Result<()> {
        let moved = self
            .db
            .prepare_cached("UPDATE message SET thread = ?2 WHERE thread = ?1 RETURNING id")?
            .query_map([from, to], |row| row.get(0))?
            .collect::<rusqlite::Result<Vec<i64>>>()?;
        for message in moved {
            self.touch_message(message);
        }
        self.move_draft(from, to)?;
        self.refresh_thread(from)?;
        Ok(())
    }

    /// Notes that the letter which made a thread said it is a reply in another one.
    pub(super) fn claim(&mut self, id: ThreadId, claimed_id: &str) -> Result<()> {
        self.db
            .prepare_cached("UPDATE thread SET claimed_id = ?2 WHERE id = ?1")?
            .execute(params![id, claimed_id])?;
        Ok(())
    }

    /// Now that it is known who is in a thread: what came while that was a claim leaves it again if it is
    /// another's, and what waited outside comes in. What was forwarded is its forwarder's. What came into
    /// a thread that was known (`was_known`) has passed its door, and nobody kept how.
    pub(super) fn settle_early(
        &mut self,
        account: AccountId,
        id: ThreadId,
        service_id: &str,
        was_known: bool,
    ) -> Result<()> {
        let mut early = Vec::new();
        if !was_known {
            early.extend(self.read.received_in(id, service_id)?);
        }
        for claimed in self.read.claimed_threads(account, service_id)? {
            let claimant = self.read.claimant(claimed)?.unwrap_or_default();
            let groups = self.read.written_to(account, claimed, &claimant)?;
            if self.lets_in(account, id, &claimant, &groups)? {
                early.extend(self.read.received_in(claimed, service_id)?);
                self.merge_thread(claimed, id)?;
            } else {
                self.claim(claimed, service_id)?;
            }
        }
        for EarlyLetter { id: message, uid, msgid, alias, at_ms } in early {
            let groups = self.read.vouched_for(message)?;
            if self.lets_in(account, id, &uid, &groups)? {
                continue;
            }
            // The letters of one forward stay together.
            let own_id = msgid.split('.').next().unwrap_or(&msgid);
            let own = match self.own_claimed(account, own_id, &uid)? {
                Some(own) => own,
                None => self.insert_thread(account, Some(own_id), "", at_ms)?,
            };
            self.claim(own, service_id)?;
            let me = self.read.own_uid(account)?;
            for (reader, alias) in [(&uid, alias.as_str()), (&me, "")] {
                let party = NewParty { uid: reader, alias, is_group: false, by: &uid, at_ms };
                self.insert_party(own, &party)?;
            }
            self.db
                .prepare_cached("UPDATE message SET thread = ?2 WHERE id = ?1")?
                .execute([message, own])?;
            self.message_gone(id, message);
            self.touch_message(message);
            self.refresh_thread(own)?;
        }
        self.take_in(account, id, service_id)
    }

    /// The thread of this id that somebody has claimed.
    fn own_claimed(
        &self,
        account: AccountId,
        service_id: &str,
        uid: &str,
    ) -> Result<Option<ThreadId>> {
        for thread in self.read.claimed_threads(account, service_id)? {
            if self.read.claimant(thread)?.as_deref() == Some(uid) {
                return Ok(Some(thread));
            }
        }
        Ok(None)
    }

    /// The member's own word that a letter belongs where it says: its author is in that thread from now
    /// on, or known as a member of its groups.
    pub(super) fn take_in_by_hand(
        &mut self,
        account: AccountId,
        id: ThreadId,
        now_ms: i64,
    ) -> Result<ThreadId> {
        let Some(target) = self.read.claimed_thread(account, id)? else {
            return Err(VaultError::Conflict(
                "The letter does not say that it belongs to a thread that is here. Nothing was changed.".into(),
            ));
        };
        let me = self.read.own_uid(account)?;
        let authors = self
            .db
            .prepare_cached(
                "SELECT DISTINCT coalesce(forwarded_by, author_uid),
                     iif(forwarded_by IS NULL, author_alias, '') FROM message
                 WHERE thread = ?1 AND coalesce(forwarded_by, author_uid) <> ?2 LIMIT 100",
            )?
            .query_map(params![id, me], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<rusqlite::Result<Vec<(String, String)>>>()?;
        let groups = self.read.groups_in(target)?;
        for (uid, alias) in &authors {
            for gid in &groups {
                self.learn_member(account, gid, uid, "")?;
            }
            if groups.is_empty() {
                if !self.read.is_party(target, uid)? {
                    self.check_room(target, 1, 0)?;
                }
                let party = NewParty { uid, alias, is_group: false, by: &me, at_ms: now_ms };
                self.insert_party(target, &party)?;
            }
        }
        // Whom one has learned to know may have come in already.
        if self.read.account_of(id).is_ok() {
            self.merge_thread(id, target)?;
        }
        self.refresh_thread(target)?;
        Ok(target)
    }

    /// Now that the first letter of a thread is here, takes in the replies that came before it and
    /// whose authors turn out to be in it. One that was answered stays where its answer is.
    pub(super) fn take_in(
        &mut self,
        account: AccountId,
        id: ThreadId,
        service_id: &str,
    ) -> Result<()> {
        let early = self
            .db
            .prepare_cached(
                "SELECT thread.id, max(coalesce(forwarded_by, author_uid)), max(message.id)
                 FROM thread JOIN message ON message.thread = thread.id
                 WHERE thread.account = ?1 AND claimed_id = ?2
                 GROUP BY thread.id HAVING count(*) = 1",
            )?
            .query_map(params![account, service_id], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })?
            .collect::<rusqlite::Result<Vec<(ThreadId, String, MessageId)>>>()?;
        for (reply, author, message) in early {
            let groups = self.read.vouched_for(message)?;
            if self.lets_in(account, id, &author, &groups)? {
                self.merge_thread(reply, id)?;
            }
        }
        Ok(())
    }

    /// Moves the draft of a reply along when threads are merged, unless there is one already.
    fn move_draft(&mut self, from: ThreadId, to: ThreadId) -> Result<()> {
        match self.read.draft_of(to)? {
            Some(draft) if draft.is_empty() => self.delete_draft(draft.account, draft.id)?,
            Some(_) => return Ok(()),
            None => {}
        }
        let moved = self
            .db
            .prepare_cached("UPDATE draft SET thread = ?2 WHERE thread = ?1 RETURNING id")?
            .query_row([from, to], |row| row.get(0))
            .optional()?;
        if let Some(draft) = moved {
            self.touch_draft(draft);
        }
        Ok(())
    }
}
