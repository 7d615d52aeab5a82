//! Outbox items as requests, with everything needed to send them.

use std::collections::{BTreeMap, BTreeSet};
use tmtp::id::{Gid, Uid, UidOrGid};

use rusqlite::{OptionalExtension, params};
use tmtp::letter::Subscriber;

use super::Result;
use super::addressee::Addressee;
use super::cc::Cc;
use super::change::{VaultReader, WriteTx};
use super::forwarding::OutgoingForward;
use super::name::shown;
use super::outbox_row::{OutboxId, OutboxKind, json, parse};
use super::ping::StoredPing;
use crate::view::{
    AccountId, Attachment, LeftOut, Message, MessageRowId, PartyKind, PingId, ThreadId,
};

/// Unreachable recipients of a letter that are shown by name.
const LEFT_OUT_NAMED: usize = 5;

/// The error on a letter whose readers have all left while it was queued.
const NOBODY_LEFT: &str = "Nobody to whom this letter was written reads its thread any more. Nothing was sent. Try again to send it to those who read the thread now, or take it back.";

/// The readers of a letter when it was queued, each with whether it is sent to them: the others are
/// only named. Later readers of the thread, also through a merged thread, get nothing of it.
type Meant = BTreeMap<UidOrGid, bool>;

/// The request of an outbox item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OutboxAction {
    /// Post a letter.
    Post(Box<OutgoingPost>),
    /// Ping a member.
    Ping {
        /// The row shown.
        ping: PingId,
        /// Own alias.
        from: String,
        /// Alias of the addressee.
        to: String,
        /// Plain text.
        text: String,
    },
    /// Invite a member to a group.
    Invite {
        /// The row shown.
        ping: PingId,
        /// Name of the group.
        gid: Gid,
        /// Own alias.
        from: String,
        /// Alias of the addressee.
        to: String,
        /// Plain text.
        text: String,
    },
    /// Join a group by an invitation.
    Join {
        /// The invitation.
        ping: PingId,
        /// Name of the group.
        gid: Gid,
    },
    /// Forward a thread.
    Forward(Box<OutgoingForward>),
    /// Post a letter again to those it was forwarded to.
    Confirm(Box<OutgoingPost>),
    /// Send a notice to the member's other devices; it is not shown.
    Sync {
        /// A notice of `sync`, JSON.
        body: String,
    },
}

/// A letter to post.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutgoingPost {
    /// The message.
    pub message: MessageRowId,
    /// Its thread here.
    pub thread: ThreadId,
    /// The thread's id at the service; empty when this letter opens it.
    pub thread_id: String,
    /// Own alias.
    pub alias: String,
    /// Its own subject; may be empty.
    pub subject: String,
    /// All subscribers, the member included; only when it opens the thread.
    pub cc: Vec<Cc>,
    /// All subscribers, the member included; only when it does not open the thread.
    pub readers: Vec<Cc>,
    /// When it was queued, the same at every attempt.
    pub at_ms: i64,
    /// Files in order; the bytes come from [`Vault::read_blob`](super::Vault::read_blob).
    pub attachments: Vec<Attachment>,
    /// Markdown.
    pub text: String,
    /// Its recipients. Empty for a note to oneself.
    pub recipients: Vec<Addressee>,
    /// The id it has, when it is posted again to confirm a forward; `at_ms` is then when the
    /// service accepted it.
    pub confirms: Option<String>,
    /// Why it would reach nobody, for people: then it must not be sent.
    pub unreachable: Option<String>,
}

impl VaultReader<'_> {
    pub(super) fn outgoing_ping(&self, id: PingId) -> Result<OutboxAction> {
        let StoredPing { view, from, to, .. } = self.stored_ping(id)?;
        Ok(OutboxAction::Ping { ping: id, from, to, text: view.text })
    }

    pub(super) fn outgoing_invite(&self, id: PingId) -> Result<OutboxAction> {
        let StoredPing { view, from, to, .. } = self.stored_ping(id)?;
        let gid = view.group.unwrap_or_default();
        Ok(OutboxAction::Invite { ping: id, gid, from, to, text: view.text })
    }

    pub(super) fn outgoing_join(&self, id: PingId) -> Result<OutboxAction> {
        let gid = self.stored_ping(id)?.view.group.unwrap_or_default();
        Ok(OutboxAction::Join { ping: id, gid })
    }

    pub(super) fn outgoing_post(&self, id: MessageRowId) -> Result<OutgoingPost> {
        let Message { account, thread, at_ms, subject, text, attachments, .. } =
            self.message(id)?;
        let thread_id = self.service_id(thread)?.unwrap_or_default();
        let (mut cc, mut readers) = (self.cc_of(thread)?, Vec::new());
        let meant = self.meant(id)?;
        if let Some(meant) = &meant {
            cc.retain(|reader| meant.contains_key(&reader.who_uid));
        }
        let recipients = self.addressees(account, thread, id)?;
        let is_for_others = meant.is_some_and(|meant| meant.values().any(|&goes_to| goes_to));
        let unreachable = match self.why_not_reply(thread)? {
            None if is_for_others && recipients.is_empty() => Some(NOBODY_LEFT.to_owned()),
            why => why,
        };
        if !thread_id.is_empty() {
            std::mem::swap(&mut cc, &mut readers);
        }
        Ok(OutgoingPost {
            message: id,
            thread,
            thread_id,
            alias: self.own_alias(account)?,
            subject,
            cc,
            readers,
            at_ms,
            attachments,
            text,
            recipients,
            unreachable,
            confirms: None,
        })
    }

    /// The readers, as every letter names them: the first letter makes them readers, and where a
    /// thread is only claimed, later letters identify it by them. The tags with which this app
    /// distinguishes contacts are left out.
    pub(super) fn cc_of(&self, thread: ThreadId) -> Result<Vec<Cc>> {
        let account = self.account_of(thread)?;
        let (me, my_alias) = (self.own_uid(account)?, self.own_alias(account)?);
        let mut statement = self.db.prepare_cached(
            "SELECT p.uid, p.is_group, coalesce(c.alias, p.alias) FROM party p
             LEFT JOIN contact c ON c.account = ?2 AND c.uid = p.uid AND p.is_group = 0
             WHERE p.thread = ?1 AND p.struck_ms IS NULL ORDER BY p.ord, p.uid",
        )?;
        let rows = statement.query_map([thread, account], |row| {
            let (who_uid, is_group): (UidOrGid, bool) = (row.get(0)?, row.get(1)?);
            let name: String = row.get(2)?;
            let who = match is_group {
                true => who_uid.as_str().to_owned(),
                false if who_uid == me => my_alias.clone(),
                false => shown(&name),
            };
            Ok(Cc { who, who_uid })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// The alias of a contact that is sent to others.
    pub(super) fn public_name(&self, account: AccountId, uid: &Uid) -> Result<String> {
        let name: Option<String> = self
            .db
            .prepare_cached("SELECT alias FROM contact WHERE account = ?1 AND uid = ?2")?
            .query_row(params![account, uid], |row| row.get(0))
            .optional()?;
        Ok(shown(&name.unwrap_or_default()))
    }

    /// All subscribers except the member. A group that the member is not in is left out: the
    /// service would refuse the letter.
    pub(super) fn recipients_of(
        &self,
        account: AccountId,
        thread: ThreadId,
    ) -> Result<Vec<Addressee>> {
        let mut recipients = Vec::new();
        for party in self.parties(thread)? {
            let is_group = party.kind == PartyKind::Group;
            let reached = match party.kind {
                PartyKind::Me | PartyKind::Service => false,
                PartyKind::Contact | PartyKind::Stranger | PartyKind::Claimed => true,
                PartyKind::Group => self.is_in(account, &party.uid.to_gid())?,
            };
            if reached {
                recipients.push(Addressee { id: party.uid, is_group });
            }
        }
        Ok(recipients)
    }

    /// The readers of a thread now, with those of the member's queued forwards.
    fn readers_now(&self, account: AccountId, thread: ThreadId) -> Result<Meant> {
        let mut meant = Meant::new();
        for new in self.newcomers_waiting(account, thread)? {
            let goes_to = !new.is_group() || self.is_in(account, &new.who_uid.as_str().into())?;
            meant.insert(new.who_uid.into(), goes_to);
        }
        let to: BTreeSet<_> =
            self.recipients_of(account, thread)?.into_iter().map(|to| to.id).collect();
        for reader in self.cc_of(thread)? {
            let goes_to = to.contains(&reader.who_uid);
            meant.insert(reader.who_uid, goes_to);
        }
        Ok(meant)
    }

    /// The new readers of queued forwards of a thread.
    fn newcomers_waiting(&self, account: AccountId, thread: ThreadId) -> Result<Vec<Subscriber>> {
        let mut statement = self.db.prepare_cached(
            "SELECT body -> '$.new' FROM outbox
             WHERE account = ?1 AND kind = 'forward' AND body ->> '$.thread' = ?2",
        )?;
        let mut rows = statement.query(params![account, thread])?;
        let mut newcomers = Vec::new();
        while let Some(row) = rows.next()? {
            newcomers.extend(parse::<Vec<Subscriber>>(row.get_ref(0)?.as_str()?)?);
        }
        Ok(newcomers)
    }

    /// The readers that a letter in the outbox is for; none for one that an older version queued.
    fn meant(&self, message: MessageRowId) -> Result<Option<Meant>> {
        let meant: Option<Option<String>> = self
            .db
            .prepare_cached("SELECT meant FROM outbox WHERE message = ?1")?
            .query_row([message], |row| row.get(0))
            .optional()?;
        meant.flatten().map(|meant| parse(&meant)).transpose()
    }

    /// Whether a letter in the outbox leaves out a reader who was in the thread when it was queued.
    pub(super) fn passes_somebody_over(&self, message: MessageRowId) -> Result<bool> {
        let Some(meant) = self.meant(message)? else { return Ok(false) };
        let thread = self.thread_of(message)?;
        let now = self.recipients_of(self.account_of(thread)?, thread)?;
        Ok(now.iter().any(|to| !meant.get(&to.id).is_some_and(|&goes_to| goes_to)))
    }

    /// As [`Self::recipients_of`], those that a letter is for, except those that the service cannot
    /// reach.
    pub(super) fn addressees(
        &self,
        account: AccountId,
        thread: ThreadId,
        message: MessageRowId,
    ) -> Result<Vec<Addressee>> {
        let mut statement =
            self.db.prepare_cached("SELECT uid FROM left_out WHERE message = ?1")?;
        let left_out = statement
            .query_map([message], |row| row.get(0))?
            .collect::<rusqlite::Result<BTreeSet<UidOrGid>>>()?;
        let mut recipients = self.recipients_of(account, thread)?;
        recipients.retain(|to| !left_out.contains(&to.id));
        if let Some(meant) = self.meant(message)? {
            recipients.retain(|to| meant.get(&to.id).is_some_and(|&goes_to| goes_to));
        }
        Ok(recipients)
    }

    /// The first recipients that the service could not reach with a letter, as named in its thread,
    /// and why; and the number of others.
    pub(super) fn left_out(
        &self,
        account: AccountId,
        message: MessageRowId,
    ) -> Result<(Vec<LeftOut>, u64)> {
        let mut statement = self.db.prepare_cached(
            "SELECT l.uid, l.reason, coalesce(p.alias, '')
             FROM left_out l
             JOIN message m ON m.id = l.message
             LEFT JOIN party p ON p.thread = m.thread AND p.uid = l.uid
             WHERE l.message = ?1 ORDER BY p.ord LIMIT ?2",
        )?;
        let mut rows = statement.query(params![message, LEFT_OUT_NAMED])?;
        let mut left_out = Vec::new();
        while let Some(row) = rows.next()? {
            let (uid, reason, alias): (Uid, String, String) =
                (row.get(0)?, row.get(1)?, row.get(2)?);
            left_out.push(LeftOut { party: self.member(account, &uid, &shown(&alias))?, reason });
        }
        let more = match left_out.len() < LEFT_OUT_NAMED {
            true => 0,
            false => self
                .db
                .prepare_cached("SELECT count(*) - ?2 FROM left_out WHERE message = ?1")?
                .query_row(params![message, LEFT_OUT_NAMED], |row| row.get(0))?,
        };
        Ok((left_out, more))
    }
}

impl WriteTx<'_> {
    /// Queues a letter for the present readers of its thread.
    pub(super) fn enqueue_post(
        &mut self,
        account: AccountId,
        thread: ThreadId,
        message: MessageRowId,
    ) -> Result<OutboxId> {
        let meant = json(&self.read.readers_now(account, thread)?)?;
        let row = self.enqueue(account, OutboxKind::Post(message))?;
        self.db
            .prepare_cached("UPDATE outbox SET meant = ?2 WHERE id = ?1")?
            .execute(params![row, meant])?;
        Ok(row)
    }
}
