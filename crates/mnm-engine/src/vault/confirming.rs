//! Confirming: posts the member's own letters of a thread again to those it is forwarded to.
//!
//! Another member triggers this, and files are posted too. So it is done only for those to whom the
//! thread itself was sent, as far as the service says so, and only with letters that the forwarder
//! received: posted while they were a reader of the thread by name, or in a group that is.
//!
//! One outbox row stands for all letters of a thread; each ack queues it again, at the end, for the
//! next letter. The effect of an answer is stored in the same transaction as the row's removal, so
//! a crash changes nothing.

use rusqlite::{OptionalExtension, params};
use serde::{Deserialize, Serialize};
use tmtp::id::Uid;

use super::Result;
use super::addressee::Addressee;
use super::cc::CC_MAX;
use super::change::{VaultReader, WriteTx};
use super::notice::IncomingNote;
use super::outbox_row::{OutboxId, OutboxKind, json, parse};
use super::outgoing::OutgoingPost;
use crate::view::{AccountId, Message, MessageRowId, ThreadId};

/// Pauses after each refusal before the service is asked again whether it reaches a recipient.
/// After the last the confirmation is given up.
const ASK_AGAIN_MS: [i64; 4] = [HOUR_MS, 24 * HOUR_MS, 7 * 24 * HOUR_MS, 21 * 24 * HOUR_MS];
const HOUR_MS: i64 = 3_600_000;
/// Most postponed confirmations of an account.
const PUT_OFF_MAX: i64 = 200;

/// Letters of the member's own that are posted again to new subscribers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Confirming {
    thread: ThreadId,
    to: Vec<Addressee>,
    /// The last one that was posted.
    after: MessageRowId,
    /// The newest when they subscribed; later letters were sent to them anyway.
    until: MessageRowId,
    /// Id of the notice that named them: what the service accepted later was written for the
    /// readers before. Empty where the member named them, or an older version queued it.
    #[serde(default)]
    before: String,
    /// Those of the letters that the forwarder has received; none if all are confirmed, because the
    /// member is the forwarder.
    #[serde(default)]
    had: Option<Had>,
    /// Number of refusals.
    #[serde(default)]
    refused: usize,
}

/// The letters of a thread that a reader has received.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Had {
    /// The reader.
    uid: Uid,
    /// Since when, by name or by a group; any of them counts.
    since: Vec<Since>,
}

/// A time, and an id after which letters count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Since {
    at_ms: i64,
    id: String,
}

impl VaultReader<'_> {
    /// The letter that an outbox row confirms now.
    pub(super) fn outgoing_confirm(&self, row: OutboxId) -> Result<OutgoingPost> {
        let confirming: Confirming = parse(&self.body_of(row)?)?;
        let id = self.next_to_confirm(&confirming)?.unwrap_or(confirming.after);
        let Message { thread, msgid, at_ms, subject, text, attachments, .. } = self.message(id)?;
        let (alias, original): (String, Option<String>) = self
            .db
            .prepare_cached("SELECT author_alias, original_id FROM message WHERE id = ?1")?
            .query_row([id], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(OutgoingPost {
            message: id,
            thread,
            thread_id: self.service_id(thread)?.unwrap_or_default(),
            alias,
            subject,
            cc: Vec::new(),
            readers: self.cc_of(thread)?,
            at_ms,
            attachments,
            text,
            recipients: confirming.to,
            confirms: original.or(msgid),
            unreachable: None,
        })
    }

    /// The next of the member's own letters that the service has accepted from one of their
    /// devices. What is in the trash is confirmed to nobody.
    fn next_to_confirm(&self, confirming: &Confirming) -> Result<Option<MessageRowId>> {
        let account = self.account_of(confirming.thread)?;
        let mine = self.own_uid(account)?;
        let had = confirming.had.as_ref();
        let since = had.map(|had| json(&had.since)).transpose()?;
        Ok(self
            .db
            .prepare_cached(
                "SELECT id FROM message
                 WHERE thread = ?1 AND id > ?2 AND id <= ?3 AND author_uid = ?4 AND account = ?5
                   AND state = 'sent' AND forwarded_by IS NULL AND (?6 = '' OR msgid < ?6)
                   AND trashed_ms IS NULL
                   AND (SELECT trashed_ms FROM thread WHERE id = ?1) IS NULL
                   AND (?7 IS NULL OR moved = 0 AND original_id IS NULL
                     AND EXISTS (SELECT 1 FROM json_each(?7)
                         WHERE message.at_ms >= value ->> 'at_ms' AND message.msgid > value ->> 'id')
                     AND NOT EXISTS (SELECT 1 FROM left_out
                         WHERE left_out.message = message.id AND uid = ?8))
                 ORDER BY id LIMIT 1",
            )?
            .query_row(
                params![
                    confirming.thread,
                    confirming.after,
                    confirming.until,
                    mine,
                    account,
                    confirming.before,
                    since,
                    had.map(|had| &had.uid)
                ],
                |row| row.get(0),
            )
            .optional()?)
    }

    /// The letters of a thread that a reader has received.
    fn had_by(&self, account: AccountId, thread: ThreadId, uid: &Uid) -> Result<Had> {
        let mut had = Had { uid: uid.clone(), since: Vec::new() };
        if self.is_struck(thread, uid)? {
            return Ok(had);
        }
        let since = |row: &rusqlite::Row<'_>| Ok(Since { at_ms: row.get(0)?, id: row.get(1)? });
        // An older version did not store when somebody joined; who has written was there.
        let named = self
            .db
            .prepare_cached(
                "SELECT iif(at_ms > 0, at_ms, (SELECT min(at_ms) FROM message INDEXED BY message_author
                     WHERE account = ?1 AND author_uid = party.uid AND thread = party.thread
                       AND forwarded_by IS NULL AND original_id IS NULL AND moved = 0)) AS since, ''
                 FROM party WHERE thread = ?2 AND uid = ?3 AND is_group = 0 AND since IS NOT NULL",
            )?
            .query_row(params![account, thread, uid], since)
            .optional()?;
        had.since.extend(named);
        let mut by_group = self.db.prepare_cached(
            // Readers from before the member have no id of their own.
            "SELECT party.at_ms, max(grp.since_id, group_uid.since_id) FROM party
             JOIN grp ON grp.account = ?1 AND grp.gid = party.uid AND grp.standing = 'joined'
             JOIN group_uid ON group_uid.account = ?1 AND group_uid.gid = party.uid
                 AND group_uid.uid = ?3
             WHERE party.thread = ?2 AND party.is_group = 1 AND party.struck_ms IS NULL",
        )?;
        for since in by_group.query_map(params![account, thread, uid], since)? {
            had.since.push(since?);
        }
        Ok(had)
    }

    /// The newest id of a stored message or notice; empty if there is none.
    pub(super) fn newest_id(&self, account: AccountId) -> Result<String> {
        Ok(self
            .db
            .prepare_cached(
                // Generated ids start with a letter that sorts after hex digits.
                "SELECT max(
                     coalesce((SELECT max(msgid) FROM seen WHERE account = ?1), ''),
                     coalesce((SELECT max(msgid) FROM message WHERE account = ?1 AND msgid < 'f'), ''))",
            )?
            .query_row([account], |row| row.get(0))?)
    }
}

impl WriteTx<'_> {
    /// Marks a letter of the member's own as written for other readers than its thread has: it is
    /// never confirmed at another member's word.
    pub(super) fn written_for_others(&mut self, message: MessageRowId) -> Result<()> {
        self.db.prepare_cached("UPDATE message SET moved = 1 WHERE id = ?1")?.execute([message])?;
        Ok(())
    }

    /// Posts the member's letters of a thread that are older than the id `before` again to its new
    /// readers; if somebody else forwards, only those that the forwarder has received.
    pub(super) fn confirm_to(
        &mut self,
        account: AccountId,
        thread: ThreadId,
        to: Vec<Addressee>,
        forwarder: Option<&Uid>,
        before: String,
    ) -> Result<()> {
        if to.is_empty() {
            return Ok(());
        }
        let until: Option<MessageRowId> = self
            .db
            .prepare_cached("SELECT max(id) FROM message WHERE thread = ?1")?
            .query_row([thread], |row| row.get(0))?;
        let until = until.unwrap_or(0);
        let had = forwarder.map(|uid| self.read.had_by(account, thread, uid)).transpose()?;
        let confirming = Confirming { thread, to, after: 0, until, before, had, refused: 0 };
        self.go_on_confirming(account, &confirming)
    }

    fn go_on_confirming(&mut self, account: AccountId, confirming: &Confirming) -> Result<()> {
        if self.read.next_to_confirm(confirming)?.is_some() {
            self.enqueue_body(account, OutboxKind::Confirm, &json(confirming)?)?;
        }
        Ok(())
    }

    /// The service has accepted one confirmed letter: the next one is queued at the end.
    pub(super) fn confirmed(&mut self, account: AccountId, body: &str) -> Result<()> {
        let mut confirming: Confirming = parse(body)?;
        let Some(done) = self.read.next_to_confirm(&confirming)? else { return Ok(()) };
        confirming.after = done;
        confirming.refused = 0;
        self.go_on_confirming(account, &confirming)
    }

    /// Removes recipients whom the service does not reach from a confirmation, and postpones
    /// theirs. Whether anybody is left.
    pub(super) fn confirm_to_others(
        &mut self,
        account: AccountId,
        row: OutboxId,
        uids: &[Uid],
        now_ms: i64,
    ) -> Result<bool> {
        let mut confirming: Confirming = parse(&self.read.body_of(row)?)?;
        let (out, to): (Vec<_>, Vec<_>) = confirming
            .to
            .iter()
            .cloned()
            .partition(|to| !to.is_group && uids.iter().any(|uid| to.id == *uid));
        let is_new = !out.is_empty();
        self.put_off(account, Confirming { to: out, ..confirming.clone() }, now_ms)?;
        confirming.to = to;
        self.set_body(row, &json(&confirming)?)?;
        Ok(!confirming.to.is_empty() && is_new)
    }

    /// Postpones a refused confirmation, a few times.
    fn put_off(&mut self, account: AccountId, confirming: Confirming, now_ms: i64) -> Result<()> {
        let wait_ms = ASK_AGAIN_MS.get(confirming.refused).filter(|_| !confirming.to.is_empty());
        let Some(wait_ms) = wait_ms else { return Ok(()) };
        let put_off: i64 = self
            .db
            .prepare_cached(
                "SELECT count(*) FROM outbox
                 WHERE account = ?1 AND kind = 'confirm' AND held_until_ms IS NOT NULL",
            )?
            .query_row([account], |row| row.get(0))?;
        if put_off >= PUT_OFF_MAX {
            return Ok(());
        }
        let confirming = Confirming { refused: confirming.refused + 1, ..confirming };
        let row = self.enqueue_body(account, OutboxKind::Confirm, &json(&confirming)?)?;
        self.hold(row, now_ms.saturating_add(*wait_ms))
    }

    /// Somebody has written: the service reaches them now, so their postponed confirmations are
    /// queued at once.
    pub(super) fn confirm_now_to(&mut self, account: AccountId, uid: &Uid) -> Result<()> {
        self.db
            .prepare_cached(
                "UPDATE outbox SET held_until_ms = 0
                 WHERE account = ?1 AND kind = 'confirm' AND held_until_ms > 0 AND EXISTS (
                     SELECT 1 FROM json_each(outbox.body, '$.to')
                     WHERE json_extract(value, '$.id') = ?2)",
            )?
            .execute(params![account, uid])?;
        Ok(())
    }

    /// The service has refused a confirmation without naming a recipient. Half of the newcomers are
    /// tried without the other half, and a single one with the next letter: so one unknown
    /// recipient does not keep the letters from the others.
    pub(super) fn confirm_refused(&mut self, account: AccountId, body: &str) -> Result<()> {
        let confirming: Confirming = parse(body)?;
        if confirming.to.len() < 2 {
            return self.confirmed(account, body);
        }
        let (one, other) = confirming.to.split_at(confirming.to.len() / 2);
        for to in [one, other] {
            self.go_on_confirming(account, &Confirming { to: to.to_vec(), ..confirming.clone() })?;
        }
        Ok(())
    }

    /// The members named in a notice who are not in the thread yet and to whom the service says
    /// that it was sent. A notice that does not say so may have been sent to nobody, and a group of
    /// which the forwarder is not known as a member never got it.
    pub(super) fn newcomers(
        &self,
        thread: ThreadId,
        note: &IncomingNote,
    ) -> Result<Vec<Addressee>> {
        let account = self.read.account_of(thread)?;
        let vouches = self.read.vouches(account)?;
        let mut new = Vec::new();
        for cc in note.cc.iter().take(CC_MAX) {
            let (id, is_group) = (&cc.who_uid, cc.is_group());
            let went = match &note.copied {
                Some(copied) => copied.contains(id),
                None if vouches => false,
                None => {
                    !is_group || self.read.is_known_member(account, &id.to_gid(), &note.from_uid)?
                }
            };
            if went && *id != note.from_uid && !self.read.has_party(thread, id)? {
                new.push(Addressee { id: id.clone(), is_group });
            }
        }
        Ok(new)
    }

    /// Confirms to those of `newcomers` who have joined the thread by the notice `msgid`.
    pub(super) fn welcome(
        &mut self,
        account: AccountId,
        thread: ThreadId,
        newcomers: Vec<Addressee>,
        note: &IncomingNote,
    ) -> Result<()> {
        let mut come = Vec::new();
        for newcomer in newcomers {
            if self.read.has_party(thread, &newcomer.id)? {
                come.push(newcomer);
            }
        }
        let before = note.msgid.to_string();
        self.confirm_to(account, thread, come, Some(&note.from_uid), before)
    }
}
