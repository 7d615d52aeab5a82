//! Forwarding a thread: from the queued copy to the new subscribers.
//!
//! ```text
//! copy (copying.rs) ──> queued ──ack──> new subscribers, confirmations (confirming.rs)
//! ```
//!
//! A crash at any moment is harmless: the effect of an answer is stored in the same transaction as
//! the row's removal.

use rusqlite::params;
use serde::{Deserialize, Serialize};
use tmtp::id::{Uid, UidOrGid, posted_text};
use tmtp::letter::Subscriber;

use super::addressee::Addressee;
use super::blob::StagedBlob;
use super::change::{VaultReader, WriteTx};
use super::copying::Copying;
use super::message::NewMessage;
use super::outbox_row::{OutboxId, OutboxKind, json, parse};
use super::party::NewParty;
use super::{Change, Result, Vault};
use crate::error::VaultError;
use crate::view::{AccountId, ThreadId};

/// A thread to forward, fixed when it was queued, so that every attempt is the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutgoingForward {
    /// The thread here.
    pub thread: ThreadId,
    /// The thread's id at the service.
    pub thread_id: String,
    /// The new subscribers.
    pub new: Vec<Subscriber>,
    /// The readers who are notified of them.
    pub old: Vec<Addressee>,
    /// The copy, where an older version queued it in the row.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub copy: String,
    /// Otherwise its size in bytes; see [`Vault::read_copy`].
    #[serde(default)]
    pub copy_bytes: u64,
}

impl Vault {
    /// Queues a copy of a thread, staged in `blob`, for new readers. They are readers once the
    /// service has accepted it. Returns the outbox row; none if letters were added or removed since
    /// the copy was begun, so that it must be made again.
    ///
    /// # Errors
    /// [`VaultError::UnknownRecipients`], [`VaultError::NoRecipients`]; [`VaultError::Conflict`]
    /// when all are readers already, its first letter was not sent, or it has no room for so many.
    pub fn queue_forward(
        &mut self,
        copying: &Copying,
        blob: StagedBlob,
        to: &[String],
        now_ms: i64,
    ) -> Result<Change<Option<OutboxId>>> {
        let thread = copying.thread;
        let change = self.change(|work| {
            let account = work.read.account_of(thread)?;
            if work.read.messages_in(thread)? != copying.messages {
                return Ok(None);
            }
            let new = work.read.new_subscribers(account, thread, to, now_ms)?;
            let groups = new.iter().filter(|new| new.is_group()).count();
            work.check_room(thread, new.len(), groups)?;
            let forward = OutgoingForward {
                thread,
                thread_id: copying.thread_id.clone(),
                new,
                old: work.read.recipients_of(account, thread)?,
                copy: String::new(),
                copy_bytes: blob.size,
            };
            let id = work.enqueue_body(account, OutboxKind::Forward, &json(&forward)?)?;
            work.db
                .prepare_cached("INSERT INTO forward_copy (outbox, blob) VALUES (?1, ?2)")?
                .execute([id, blob.id])?;
            work.touch_account(account);
            Ok(Some(id))
        })?;
        if change.value.is_none() {
            self.discard_staged(blob);
        }
        Ok(change)
    }

    /// Up to `max` bytes of the copy that an outbox row forwards, from `offset`.
    pub fn read_copy(&self, row: OutboxId, offset: u64, max: usize) -> Result<Vec<u8>> {
        let blob = self
            .db
            .prepare_cached("SELECT blob FROM forward_copy WHERE outbox = ?1")?
            .query_row([row], |row| row.get(0))?;
        self.read_from(blob, offset, max)
    }

    /// The result of a forward: none while it is queued, else whether it was accepted.
    pub fn forwarded_to(
        &self,
        row: OutboxId,
        thread: ThreadId,
        to: &[String],
    ) -> Result<Option<bool>> {
        let waits: bool = self
            .db
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM outbox WHERE id = ?1)")?
            .query_row([row], |row| row.get(0))?;
        if waits {
            return Ok(None);
        }
        let read = self.reader();
        let account = read.account_of(thread)?;
        for name in to {
            if let Some(to) = read.resolve(account, name)?
                && !read.has_party(thread, &to.id)?
            {
                return Ok(Some(false));
            }
        }
        Ok(Some(true))
    }
}

impl VaultReader<'_> {
    pub(super) fn new_subscribers(
        &self,
        account: AccountId,
        thread: ThreadId,
        to: &[String],
        now_ms: i64,
    ) -> Result<Vec<Subscriber>> {
        if to.is_empty() {
            return Err(VaultError::NoRecipients);
        }
        let (by, by_uid) = (self.own_alias(account)?, self.own_uid(account)?);
        let (mut new, mut unknown) = (Vec::<Subscriber>::new(), Vec::new());
        for name in to {
            let Some(Addressee { id, is_group }) = self.addressee(account, name)? else {
                unknown.push(name.clone());
                continue;
            };
            let is_new = !new.iter().any(|known| id == *known.who_uid);
            if is_new && id != by_uid && !self.has_party(thread, &id)? {
                let who = match is_group {
                    true => id.as_str().to_owned(),
                    false => self.public_name(account, &id.to_uid())?,
                };
                new.push(Subscriber {
                    who,
                    who_uid: id.into_string(),
                    by: by.clone(),
                    by_uid: by_uid.as_str().to_owned(),
                    date: posted_text(now_ms),
                    note: String::new(),
                    subscribe: true,
                });
            }
        }
        if !unknown.is_empty() {
            return Err(VaultError::UnknownRecipients(unknown));
        }
        if new.is_empty() {
            return Err(VaultError::Conflict(
                "Everybody named is in this thread already. Nothing was forwarded.".into(),
            ));
        }
        Ok(new)
    }

    /// Whether a member or group is in a thread.
    pub(super) fn has_party(&self, thread: ThreadId, id: &UidOrGid) -> Result<bool> {
        Ok(self
            .db
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM party WHERE thread = ?1 AND uid = ?2)")?
            .query_row(params![thread, id], |row| row.get(0))?)
    }

    /// The thread that an outbox row forwards.
    pub(super) fn outgoing_forward(&self, row: OutboxId) -> Result<OutgoingForward> {
        parse(&self.body_of(row)?)
    }
}

impl WriteTx<'_> {
    /// The service has accepted a forward: its receivers are readers now.
    pub(super) fn forward_sent(&mut self, account: AccountId, body: &str) -> Result<()> {
        let forward: OutgoingForward = parse(body)?;
        let groups = forward.new.iter().filter(|new| new.is_group()).count();
        self.make_room(forward.thread, forward.new.len(), groups)?;
        let mut to = Vec::new();
        for new in &forward.new {
            let party = NewParty {
                id: &new.who_uid,
                alias: &new.who,
                is_group: new.is_group(),
                by: &new.by_uid,
                at_ms: tmtp::id::posted_ms(&new.date).unwrap_or_default(),
            };
            self.insert_party(forward.thread, &party)?;
            to.push(Addressee { id: new.who_uid.as_str().into(), is_group: new.is_group() });
        }
        self.touch_thread(forward.thread);
        self.confirm_to(account, forward.thread, to, None, String::new())
    }

    /// The service has refused a forward: a message in the thread says so, from the service,
    /// because the forward itself is not shown.
    pub(super) fn forward_failed(
        &mut self,
        account: AccountId,
        body: &str,
        request: &str,
        error: &str,
    ) -> Result<()> {
        let forward: OutgoingForward = parse(body)?;
        let new: Vec<_> = forward.new.iter().collect();
        self.insert_forward_failure(account, forward.thread, &new, request, error)
    }

    /// Removes recipients whom the service cannot reach from a forward; a message in the thread
    /// names the newcomers among them. Whether the forward can continue; if not, nothing has
    /// changed.
    pub(super) fn forward_to_others(
        &mut self,
        account: AccountId,
        row: OutboxId,
        request: &str,
        uids: &[Uid],
        reason: &str,
    ) -> Result<bool> {
        let mut forward = self.read.outgoing_forward(row)?;
        let before = forward.new.len() + forward.old.len();
        let is_out = |id: &str, is_group: bool| !is_group && uids.iter().any(|uid| *uid == *id);
        forward.old.retain(|to| !is_out(to.id.as_str(), to.is_group));
        let (out, new): (Vec<_>, Vec<_>) =
            forward.new.into_iter().partition(|new| is_out(&new.who_uid, new.is_group()));
        if new.is_empty() || new.len() + forward.old.len() == before {
            return Ok(false);
        }
        forward.new = new;
        self.set_body(row, &json(&forward)?)?;
        if !out.is_empty() {
            let why = format!(
                "The service refused to reach them ({reason}); the others get it. Check whom you name, then forward it again."
            );
            let out: Vec<_> = out.iter().collect();
            self.insert_forward_failure(account, forward.thread, &out, request, &why)?;
        }
        Ok(true)
    }

    fn insert_forward_failure(
        &mut self,
        account: AccountId,
        thread: ThreadId,
        new: &[&Subscriber],
        request: &str,
        why: &str,
    ) -> Result<()> {
        let names: Vec<_> = new.iter().map(|new| new.who.as_str()).collect();
        let date = new.first().map(|new| tmtp::id::posted_ms(&new.date));
        self.insert_message(&NewMessage {
            account,
            thread,
            msgid: Some(&format!("forward.{request}")),
            author_uid: &Uid::service(),
            author_alias: "",
            at_ms: date.flatten().unwrap_or_default(),
            subject: "",
            text: &format!("The thread was not forwarded to {}. {why}", names.join(", ")),
            state: "received",
            unread: true,
        })?;
        self.refresh_thread(thread).map(drop)
    }
}
