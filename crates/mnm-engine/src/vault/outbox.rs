//! Outbox: requests that no service has acknowledged yet, in the order they were queued or
//! released.
//!
//! The link takes [`Vault::next_outbox`], sends it, and reports one of three results:
//! [`Vault::outbox_sent`], [`Vault::outbox_failed`] (the service refused it), or
//! [`Vault::outbox_interrupted`] (the link broke before an answer). A row keeps its request id
//! across restarts, and the head of the outbox is the first request of the next link, so that
//! `tmtpd` recognises a repetition: nothing overtakes it, not even a released letter. Other
//! services of revision 1 may not recognise it: after a lost ack they deliver the letter twice.

use rusqlite::{OptionalExtension, params};
use tmtp::id::{Gid, Uid};

use super::change::{VaultReader, WriteTx};
use super::outbox_row::{Acked, OutboxId, OutboxKind};
use super::outgoing::OutboxAction;
use super::{Change, Result, Vault};
use crate::error::VaultError;
use crate::view::{AccountId, MessageRowId, PingId, Standing};

/// The head of an account's outbox, with everything needed to send it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxItem {
    /// Its row.
    pub id: OutboxId,
    /// The account to send it from.
    pub account: AccountId,
    /// Id of the request, the same at every attempt.
    pub request: String,
    /// Interrupted attempts; after one, the service may have it.
    pub attempts: u32,
    /// What to ask of the service.
    pub action: OutboxAction,
}

/// A row as stored.
struct OutboxRow {
    account: AccountId,
    kind: OutboxKind,
    request: String,
    attempts: u32,
}

impl Vault {
    /// The oldest item of an account's outbox that is not held, if any. A letter counts as being
    /// sent from now on: it is shown so, and cannot be taken back until one of the three results is
    /// reported.
    pub fn next_outbox(&mut self, account: AccountId, now_ms: i64) -> Result<Option<OutboxItem>> {
        let read = self.reader();
        let head = self
            .db
            .prepare_cached(
                // A postponed row goes to the end when it is due.
                "SELECT id FROM outbox WHERE account = ?1
                     AND (held_until_ms IS NULL OR (kind = 'confirm' AND held_until_ms <= ?2))
                 ORDER BY held_until_ms IS NOT NULL, id LIMIT 1",
            )?
            .query_row([account, now_ms], |row| row.get(0))
            .optional()?;
        let item = head.map(|id| read.outbox_item(id)).transpose()?;
        if let Some(OutboxAction::Post(post)) = item.as_ref().map(|item| &item.action) {
            let files: u64 = post.attachments.iter().map(|a| a.size).sum();
            let total = files + post.text.len() as u64;
            self.runtime.begin_sending(post.message, total);
        }
        Ok(item)
    }

    /// The service has acknowledged an item; `ack` is none for a join, which has no message id. In
    /// one transaction the message is marked as sent and gets its id, its thread too if it is new,
    /// and the item is removed. A duplicate of the message that arrived meanwhile is merged into
    /// it.
    ///
    /// # Errors
    /// [`VaultError::NotFound`] when the item is gone.
    pub fn outbox_sent(&mut self, id: OutboxId, ack: Option<&Acked>) -> Result<Change<()>> {
        self.end_sending(id)?;
        self.change(|work| {
            let body = work.read.body_if_any(id)?;
            // Read before the row is deleted.
            let is_for_others = match work.read.outbox_row(id)?.kind.message() {
                Some(message) => work.read.passes_somebody_over(message)?,
                None => false,
            };
            let row = work.take_row(id)?;
            let named = ack.ok_or_else(|| {
                VaultError::Invalid(
                    "The service acknowledged a message without giving it an id. It stays queued."
                        .into(),
                )
            });
            match row.kind {
                OutboxKind::Post(message) => {
                    let ack = named?;
                    if is_for_others {
                        work.written_for_others(message)?;
                    }
                    work.message_sent(message, ack)
                }
                OutboxKind::Ping(ping) | OutboxKind::Invite(ping) => work.ping_sent(ping, named?),
                OutboxKind::Join(ping) => work.joined(ping),
                OutboxKind::Forward => work.forward_sent(row.account, &body),
                OutboxKind::Confirm => work.confirmed(row.account, &body),
                OutboxKind::Sync => Ok(()),
            }
        })
    }

    /// The service has refused an item; `error` is shown to people. Nothing was delivered.
    pub fn outbox_failed(&mut self, id: OutboxId, error: &str) -> Result<Change<()>> {
        self.end_sending(id)?;
        self.change(|work| work.refused(id, error))
    }

    /// The service has refused an item for good, because only the member is in its groups.
    ///
    /// # Errors
    /// [`VaultError::NotFound`] when the item is gone.
    pub fn outbox_alone(
        &mut self,
        id: OutboxId,
        groups: &[Gid],
        error: &str,
    ) -> Result<Change<()>> {
        self.end_sending(id)?;
        self.change(|work| {
            let account = work.read.outbox_row(id)?.account;
            for gid in groups {
                work.emptied(account, gid)?;
            }
            work.refused(id, error)
        })
    }

    /// The service has refused a letter, a forward or a confirmation because of these members only,
    /// and nothing was delivered: it stays at the head, to be sent to the others. If nobody is
    /// left, it has failed. A confirmation to those members is postponed.
    ///
    /// # Errors
    /// [`VaultError::NotFound`] when the item is gone.
    pub fn outbox_left_out(
        &mut self,
        id: OutboxId,
        uids: &[Uid],
        reason: &str,
        error: &str,
        now_ms: i64,
    ) -> Result<Change<()>> {
        self.end_sending(id)?;
        self.change(|work| {
            let row = work.read.outbox_row(id)?;
            let is_left = match row.kind {
                OutboxKind::Post(message) => {
                    work.letter_to_others(row.account, message, uids, reason)?
                }
                OutboxKind::Forward => {
                    work.forward_to_others(row.account, id, &row.request, uids, reason)?
                }
                OutboxKind::Confirm => {
                    if !work.confirm_to_others(row.account, id, uids, now_ms)? {
                        return work.take_row(id).map(drop);
                    }
                    true
                }
                OutboxKind::Ping(_)
                | OutboxKind::Invite(_)
                | OutboxKind::Join(_)
                | OutboxKind::Sync => false,
            };
            if !is_left {
                return work.refused(id, error);
            }
            // A different request from the refused one.
            work.db
                .prepare_cached("UPDATE outbox SET request = ?2, attempts = 0 WHERE id = ?1")?
                .execute(params![id, request_id()?])?;
            Ok(())
        })
    }

    /// The link broke before an answer came. The item stays at the head, to be sent again.
    pub fn outbox_interrupted(&mut self, id: OutboxId) -> Result<Change<()>> {
        self.end_sending(id)?;
        self.change(|work| {
            work.db
                .prepare_cached("UPDATE outbox SET attempts = attempts + 1 WHERE id = ?1")?
                .execute([id])?;
            if let Some(message) = work.read.outbox_row(id)?.kind.message() {
                work.touch_message(message);
                work.touch_thread(work.read.thread_of(message)?);
            }
            Ok(())
        })
    }

    fn end_sending(&mut self, id: OutboxId) -> Result<()> {
        if let Some(message) = self.reader().outbox_row(id)?.kind.message() {
            self.runtime.end_sending(message);
        }
        Ok(())
    }
}

impl VaultReader<'_> {
    fn outbox_row(&self, id: OutboxId) -> Result<OutboxRow> {
        let mut statement = self.db.prepare_cached(
            "SELECT account, kind, coalesce(message, ping), request, attempts
             FROM outbox WHERE id = ?1",
        )?;
        let mut rows = statement.query([id])?;
        let row = rows.next()?.ok_or(VaultError::NotFound { what: "item in the outbox", id })?;
        // Zero for a kind without a row.
        let about = row.get::<_, Option<i64>>(2)?.unwrap_or_default();
        Ok(OutboxRow {
            account: row.get(0)?,
            kind: OutboxKind::parse(row.get_ref(1)?.as_str()?, about)?,
            request: row.get(3)?,
            attempts: row.get(4)?,
        })
    }

    fn outbox_item(&self, id: OutboxId) -> Result<OutboxItem> {
        let row = self.outbox_row(id)?;
        let action = match row.kind {
            OutboxKind::Post(message) => OutboxAction::Post(Box::new(self.outgoing_post(message)?)),
            OutboxKind::Ping(ping) => self.outgoing_ping(ping)?,
            OutboxKind::Invite(ping) => self.outgoing_invite(ping)?,
            OutboxKind::Join(ping) => self.outgoing_join(ping)?,
            OutboxKind::Forward => OutboxAction::Forward(Box::new(self.outgoing_forward(id)?)),
            OutboxKind::Confirm => OutboxAction::Confirm(Box::new(self.outgoing_confirm(id)?)),
            OutboxKind::Sync => OutboxAction::Sync { body: self.body_of(id)? },
        };
        Ok(OutboxItem {
            id,
            account: row.account,
            request: row.request,
            attempts: row.attempts,
            action,
        })
    }

    /// The body of a row; empty for one that has none.
    fn body_if_any(&self, id: OutboxId) -> Result<String> {
        let body: Option<Option<String>> = self
            .db
            .prepare_cached("SELECT body FROM outbox WHERE id = ?1")?
            .query_row([id], |row| row.get(0))
            .optional()?;
        Ok(body.flatten().unwrap_or_default())
    }

    pub(super) fn body_of(&self, id: OutboxId) -> Result<String> {
        Ok(self
            .db
            .prepare_cached("SELECT body FROM outbox WHERE id = ?1")?
            .query_row([id], |row| row.get(0))?)
    }
}

impl WriteTx<'_> {
    /// Appends an item to the outbox, with a new request id.
    pub(super) fn enqueue(&mut self, account: AccountId, kind: OutboxKind) -> Result<OutboxId> {
        let (message, ping) = match kind {
            OutboxKind::Post(id) => (Some(id), None),
            OutboxKind::Ping(id) | OutboxKind::Invite(id) | OutboxKind::Join(id) => {
                (None, Some(id))
            }
            // Queued by `enqueue_body`; the schema refuses it here.
            OutboxKind::Sync | OutboxKind::Forward | OutboxKind::Confirm => (None, None),
        };
        self.db
            .prepare_cached(
                "INSERT INTO outbox (account, kind, message, ping, request, attempts)
                 VALUES (?1, ?2, ?3, ?4, ?5, 0)",
            )?
            .execute(params![account, kind.name(), message, ping, request_id()?])?;
        self.touch_account(account);
        Ok(self.db.last_insert_rowid())
    }

    /// Queues a notice for the member's other devices.
    pub(super) fn enqueue_sync(&mut self, account: AccountId, body: &str) -> Result<()> {
        self.enqueue_body(account, OutboxKind::Sync, body).map(drop)
    }

    /// Queues a kind whose data is all in the body.
    pub(super) fn enqueue_body(
        &mut self,
        account: AccountId,
        kind: OutboxKind,
        body: &str,
    ) -> Result<OutboxId> {
        self.db
            .prepare_cached(
                "INSERT INTO outbox (account, kind, body, request, attempts)
                 VALUES (?1, ?2, ?3, ?4, 0)",
            )?
            .execute(params![account, kind.name(), body, request_id()?])?;
        Ok(self.db.last_insert_rowid())
    }

    /// Replaces the body of a row.
    pub(super) fn set_body(&mut self, id: OutboxId, body: &str) -> Result<()> {
        self.db
            .prepare_cached("UPDATE outbox SET body = ?2 WHERE id = ?1")?
            .execute(params![id, body])?;
        Ok(())
    }

    /// Stores the recipients that a letter does not reach. Whether anybody is left; if not, nothing
    /// is stored.
    fn letter_to_others(
        &mut self,
        account: AccountId,
        message: MessageRowId,
        uids: &[Uid],
        reason: &str,
    ) -> Result<bool> {
        let thread = self.read.thread_of(message)?;
        let before = self.read.addressees(account, thread, message)?;
        let meant = |uid: &&Uid| before.iter().any(|to| !to.is_group && to.id == **uid);
        let uids: Vec<_> = uids.iter().filter(meant).collect();
        if uids.is_empty() || uids.len() >= before.len() {
            return Ok(false);
        }
        for uid in uids {
            self.db
                .prepare_cached(
                    "INSERT INTO left_out (message, uid, reason) VALUES (?1, ?2, ?3)
                     ON CONFLICT DO NOTHING",
                )?
                .execute(params![message, uid, reason])?;
        }
        self.touch_message(message);
        Ok(true)
    }

    /// Removes an item that the service has refused for good.
    fn refused(&mut self, id: OutboxId, error: &str) -> Result<()> {
        let body = self.read.body_if_any(id)?;
        let row = self.take_row(id)?;
        match row.kind {
            OutboxKind::Post(message) => self.message_failed(message, error),
            OutboxKind::Ping(ping) | OutboxKind::Invite(ping) | OutboxKind::Join(ping) => {
                self.ping_failed(ping, error)
            }
            OutboxKind::Forward => self.forward_failed(row.account, &body, &row.request, error),
            OutboxKind::Confirm => self.confirm_refused(row.account, &body),
            // Background notices: nobody waits for them.
            OutboxKind::Sync => Ok(()),
        }
    }

    fn take_row(&mut self, id: OutboxId) -> Result<OutboxRow> {
        let row = self.read.outbox_row(id)?;
        let copy = self
            .db
            .prepare_cached("DELETE FROM forward_copy WHERE outbox = ?1 RETURNING blob")?
            .query_row([id], |row| row.get(0))
            .optional()?;
        if let Some(blob) = copy {
            self.orphan(blob);
        }
        self.db.prepare_cached("DELETE FROM outbox WHERE id = ?1")?.execute([id])?;
        self.touch_account(row.account);
        Ok(row)
    }

    fn message_sent(&mut self, id: MessageRowId, ack: &Acked) -> Result<()> {
        let message = self.read.message(id)?;
        let msgid = ack.msgid.to_string();
        if let Some(copy) = self.read.message_with(message.account, &msgid)? {
            let thread = self.read.thread_of(copy)?;
            self.delete_message(copy)?;
            if thread != message.thread && self.read.service_id(thread)?.as_deref() != Some(&msgid)
            {
                self.refresh_thread(thread)?;
            }
        }
        self.db
            .prepare_cached(
                "UPDATE message SET state = 'sent', msgid = ?2, at_ms = ?3 WHERE id = ?1",
            )?
            .execute(params![id, msgid, ack.posted_ms])?;
        if self.read.service_id(message.thread)?.is_none() {
            self.name_thread(message.thread, &msgid)?;
            // This device's clock may be ahead of the service's.
            self.db
                .prepare_cached("UPDATE party SET at_ms = min(at_ms, ?2) WHERE thread = ?1")?
                .execute(params![message.thread, ack.posted_ms])?;
        }
        self.touch_message(id);
        self.refresh_thread(message.thread)?;
        Ok(())
    }

    pub(super) fn message_failed(&mut self, id: MessageRowId, error: &str) -> Result<()> {
        self.db
            .prepare_cached("UPDATE message SET state = 'failed', error = ?2 WHERE id = ?1")?
            .execute(params![id, error])?;
        self.touch_message(id);
        self.touch_thread(self.read.thread_of(id)?);
        Ok(())
    }

    fn joined(&mut self, ping: PingId) -> Result<()> {
        let ping = self.read.stored_ping(ping)?;
        if let Some(gid) = &ping.view.group {
            self.set_standing(ping.view.account, gid, &ping.to, Standing::Joined)?;
        }
        Ok(())
    }
}

/// A new request id: 64 random bits in hex.
fn request_id() -> Result<String> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).map_err(VaultError::Random)?;
    Ok(data_encoding::HEXLOWER.encode(&bytes))
}
