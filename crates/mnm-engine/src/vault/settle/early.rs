//! Early letters and their threads, queried in slices.

use rusqlite::{Row, params};
use tmtp::id::{Gid, Uid};

use super::step::{BEGINNING, StepCursor};
use crate::vault::Result;
use crate::vault::change::VaultReader;
use crate::view::{AccountId, MessageRowId, ThreadId};

/// A letter that may have to be moved.
pub(super) struct EarlyLetter {
    pub(super) id: MessageRowId,
    /// Its sender.
    pub(super) uid: Uid,
    /// Its id at the service; none for one that waits to be sent.
    pub(super) msgid: Option<String>,
    /// Its author's alias there.
    pub(super) alias: String,
    pub(super) at_ms: i64,
    pub(super) is_received: bool,
    pub(super) bytes: i64,
}

const LETTER: &str = "id, coalesce(forwarded_by, author_uid), msgid,
    iif(forwarded_by IS NULL, author_alias, ''), at_ms, state = 'received',
    octet_length(text) + octet_length(html)";

impl EarlyLetter {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            uid: row.get(1)?,
            msgid: row.get(2)?,
            alias: row.get(3)?,
            at_ms: row.get(4)?,
            is_received: row.get(5)?,
            bytes: row.get(6)?,
        })
    }
}

impl VaultReader<'_> {
    /// Whether the member has begun to answer in a thread: what they typed for its readers is sent
    /// to no others.
    pub(in crate::vault) fn is_being_answered(&self, thread: ThreadId) -> Result<bool> {
        Ok(self.draft_of(thread)?.is_some_and(|draft| !draft.is_empty()))
    }

    pub(super) fn is_empty_thread(&self, thread: ThreadId) -> Result<bool> {
        Ok(self
            .db
            .prepare_cached("SELECT messages = 0 FROM thread WHERE id = ?1")?
            .query_row([thread], |row| row.get(0))?)
    }

    /// Letters of a thread in the order of their times, after a position.
    pub(super) fn letters_in(
        &self,
        thread: ThreadId,
        after: StepCursor,
        limit: usize,
    ) -> Result<Vec<EarlyLetter>> {
        let mut statement = self.db.prepare_cached(&format!(
            "SELECT {LETTER} FROM message WHERE thread = ?1 AND (at_ms, id) > (?2, ?3)
             ORDER BY at_ms, id LIMIT ?4"
        ))?;
        let rows =
            statement.query_map(params![thread, after.0, after.1, limit], EarlyLetter::read)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    pub(super) fn only_letter_in(&self, thread: ThreadId) -> Result<Option<EarlyLetter>> {
        Ok(self.letters_in(thread, BEGINNING, 1)?.pop())
    }

    /// Threads of this account that claim the id of a known thread, after a number.
    pub(super) fn claims_after(
        &self,
        account: AccountId,
        thread: ThreadId,
        after: ThreadId,
        limit: usize,
    ) -> Result<Vec<ThreadId>> {
        let mut statement = self.db.prepare_cached(
            "SELECT id FROM thread
             WHERE account = ?1 AND service_id = (SELECT service_id FROM thread WHERE id = ?2)
               AND id > ?3 AND known = 0
               AND NOT EXISTS (SELECT 1 FROM unsettled WHERE source = thread.id)
             ORDER BY id LIMIT ?4",
        )?;
        let rows = statement.query_map(params![account, thread, after, limit], |row| row.get(0))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Threads whose first letter names this one, after a number, each with whether it is still its
    /// only letter.
    pub(super) fn replies_after(
        &self,
        account: AccountId,
        thread: ThreadId,
        after: ThreadId,
        limit: usize,
    ) -> Result<Vec<(ThreadId, bool)>> {
        let mut statement = self.db.prepare_cached(
            "SELECT id, messages = 1 FROM thread
             WHERE account = ?1 AND claimed_id = (SELECT service_id FROM thread WHERE id = ?2)
               AND id > ?3 AND id <> ?2
             ORDER BY id LIMIT ?4",
        )?;
        let rows = statement.query_map(params![account, thread, after, limit], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Threads that a group reads, after a number, each with whether letters stand apart that name
    /// them.
    pub(super) fn threads_of_group(
        &self,
        account: AccountId,
        gid: &Gid,
        after: ThreadId,
        limit: usize,
    ) -> Result<Vec<(ThreadId, bool)>> {
        let mut statement = self.db.prepare_cached(
            "SELECT thread.id, known = 1 AND EXISTS (SELECT 1 FROM thread AS apart
                 WHERE apart.account = ?1 AND apart.claimed_id = thread.service_id)
             FROM party CROSS JOIN thread ON thread.id = party.thread
             WHERE party.uid = ?2 AND party.thread > ?3 AND is_group = 1 AND thread.account = ?1
             ORDER BY party.thread LIMIT ?4",
        )?;
        let rows = statement
            .query_map(params![account, gid, after, limit], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}
