//! Confirming the member's own letters to those to whom others forward a thread.
//!
//! One row of the outbox stands for all letters of a thread; each ack queues it again, behind all else,
//! for the next letter. What an answer means is stored with the row's end, so a crash changes nothing.

use rusqlite::{OptionalExtension, params};
use serde::{Deserialize, Serialize};

use super::Result;
use super::change::{Reader, Work};
use super::forwarding::{json, parse};
use super::inbox::Cc;
use super::outbox::OutboxId;
use super::outgoing::{OutboxKind, OutgoingPost, Recipient};
use crate::view::{AccountId, Message, MessageId, ThreadId};

/// How long to wait, after each refusal, until the service is asked once more whether it reaches somebody
/// to whom letters are to be confirmed. After the last it is given up.
const ASK_AGAIN_MS: [i64; 4] = [HOUR_MS, 24 * HOUR_MS, 7 * 24 * HOUR_MS, 21 * 24 * HOUR_MS];
const HOUR_MS: i64 = 3_600_000;
/// Confirmations of an account that wait so, at most.
const PUT_OFF_MAX: i64 = 200;

/// Letters of the member's own that are posted again to new subscribers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Confirming {
    thread: ThreadId,
    to: Vec<Recipient>,
    /// The last one that was posted.
    after: MessageId,
    /// The newest when they subscribed; what was written later went to them anyway.
    until: MessageId,
    /// The id of what told of the newcomers: what the service took later was written for the readers before.
    /// None where the member has named them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    before: Option<String>,
    /// How often the service refused to reach them.
    #[serde(default)]
    refused: usize,
}

impl Reader<'_> {
    /// The letter that a row of the outbox confirms now.
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

    /// The next letter of the member's own, which the service has taken from one of their devices.
    fn next_to_confirm(&self, confirming: &Confirming) -> Result<Option<MessageId>> {
        let account = self.account_of(confirming.thread)?;
        let mine = self.own_uid(account)?;
        Ok(self
            .db
            .prepare_cached(
                "SELECT id FROM message
                 WHERE thread = ?1 AND id > ?2 AND id <= ?3 AND author_uid = ?4 AND state = 'sent'
                   AND forwarded_by IS NULL AND (?5 IS NULL OR coalesce(original_id, msgid) < ?5)
                 ORDER BY id LIMIT 1",
            )?
            .query_row(
                params![
                    confirming.thread,
                    confirming.after,
                    confirming.until,
                    mine,
                    confirming.before
                ],
                |row| row.get(0),
            )
            .optional()?)
    }
}

impl Work<'_> {
    /// Has the member's letters of a thread posted again to those who have just come to it, as something of
    /// the id `before` has told; none where the member has named them.
    pub(super) fn confirm_to(
        &mut self,
        account: AccountId,
        thread: ThreadId,
        to: Vec<Recipient>,
        before: Option<String>,
    ) -> Result<()> {
        if to.is_empty() {
            return Ok(());
        }
        let until: Option<MessageId> = self
            .db
            .prepare_cached("SELECT max(id) FROM message WHERE thread = ?1")?
            .query_row([thread], |row| row.get(0))?;
        let until = until.unwrap_or(0);
        let confirming = Confirming { thread, to, after: 0, until, before, refused: 0 };
        self.go_on_confirming(account, &confirming)
    }

    fn go_on_confirming(&mut self, account: AccountId, confirming: &Confirming) -> Result<()> {
        if self.read.next_to_confirm(confirming)?.is_some() {
            self.enqueue_body(account, OutboxKind::Confirm, &json(confirming)?)?;
        }
        Ok(())
    }

    /// The service has taken one letter that was confirmed: the next one is queued behind all else.
    pub(super) fn confirmed(&mut self, account: AccountId, body: &str) -> Result<()> {
        let mut confirming: Confirming = parse(body)?;
        let Some(done) = self.read.next_to_confirm(&confirming)? else { return Ok(()) };
        confirming.after = done;
        confirming.refused = 0;
        self.go_on_confirming(account, &confirming)
    }

    /// Leaves those whom the service does not reach out of a confirmation, and puts theirs off. Whether
    /// anybody is left.
    pub(super) fn confirm_to_others(
        &mut self,
        account: AccountId,
        row: OutboxId,
        uids: &[String],
        now_ms: i64,
    ) -> Result<bool> {
        let mut confirming: Confirming = parse(&self.read.body_of(row)?)?;
        let (out, to): (Vec<_>, Vec<_>) =
            confirming.to.iter().cloned().partition(|to| !to.is_group && uids.contains(&to.id));
        let is_new = !out.is_empty();
        self.put_off(account, Confirming { to: out, ..confirming.clone() }, now_ms)?;
        confirming.to = to;
        self.set_body(row, &json(&confirming)?)?;
        Ok(!confirming.to.is_empty() && is_new)
    }

    /// Tries a confirmation that was refused once more when some time has gone, a few times.
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

    /// Somebody has written: the service reaches them now, so what was put off for them goes at once.
    pub(super) fn confirm_now_to(&mut self, account: AccountId, uid: &str) -> Result<()> {
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

    /// The service has refused a confirmation and does not say because of whom. Half of the newcomers
    /// are tried without the other half, and who is alone with the next letter: one whom it does not
    /// know takes the letters from nobody else.
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

    /// Those of `cc` who are not in the thread yet, as recipients.
    pub(super) fn newcomers(&self, thread: ThreadId, cc: &[Cc]) -> Result<Vec<Recipient>> {
        let mut new = Vec::new();
        for cc in cc {
            if !self.read.has_party(thread, &cc.who_uid)? {
                new.push(Recipient { id: cc.who_uid.clone(), is_group: cc.is_group() });
            }
        }
        Ok(new)
    }

    /// Confirms to those of `newcomers` who have come to be in the thread by the notice `msgid`.
    pub(super) fn welcome(
        &mut self,
        account: AccountId,
        thread: ThreadId,
        newcomers: Vec<Recipient>,
        msgid: &str,
    ) -> Result<()> {
        let mut come = Vec::new();
        for newcomer in newcomers {
            if self.read.has_party(thread, &newcomer.id)? {
                come.push(newcomer);
            }
        }
        self.confirm_to(account, thread, come, Some(msgid.to_owned()))
    }
}
