//! Incoming letters: one transaction each, which also drops a duplicate.
//!
//! The service vouches for the author's uid, the message id and the time. Everything else is the
//! author's claim:
//!
//! - A claimed alias is shown only for strangers; a contact has the address book's. It makes nobody a
//!   contact, not even if we have pinged it.
//! - A thread id can be guessed, or remembered by a former reader; `placement.rs` decides which thread
//!   a letter goes to.
//! - The service itself may write into any thread, and is a reader of none: nobody writes to it.
//! - Thread ids are message ids and ascend; an id from the future is invalid.
//! - The letter that opens a thread names its readers; later only readers add others.

use rusqlite::params;
use tmtp::id::{Gid, MessageId, Uid};

use super::blob::StagedBlob;
use super::cc::{CC_MAX, Cc};
use super::change::WriteTx;
use super::file_name::FileNames;
use super::message::NewMessage;
use super::party::NewParty;
use super::text::{clean_label, clean_subject};
use super::{Change, Result, Vault};
use crate::view::{AccountId, Form, MessageRowId, ThreadId};

/// Longest file name stored as on the wire, bytes.
const WIRE_NAME_BYTES_MAX: usize = 1024;

/// A letter as the service delivered it, its attachments staged.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Incoming {
    /// Id the service gave.
    pub msgid: MessageId,
    /// Author, vouched for by the service.
    pub from_uid: Uid,
    /// When the service accepted it.
    pub posted_ms: i64,
    /// `ThreadId`: empty when it opens a thread.
    pub thread_id: String,
    /// `Alias`: what the author claims to be called.
    pub alias: String,
    /// `Subject`.
    pub subject: String,
    /// The author's own letter that this is a copy of, if it is one.
    pub confirms: Option<Confirms>,
    /// `Cc`: the subscribers.
    pub cc: Vec<Cc>,
    /// The readers of its thread, according to its author.
    pub readers: Vec<Cc>,
    /// Groups that the service says it was posted to.
    pub groups: Vec<Gid>,
    /// Markdown.
    pub text: String,
    /// Files in order.
    pub attachments: Vec<IncomingAttachment>,
}

/// An author's statement that a copy is their own letter of this id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confirms {
    /// `ConfirmId`.
    pub id: String,
}

/// A file of a letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncomingAttachment {
    /// Name as the author gave it, without the `u:` of the wire.
    pub name: String,
    /// Which form it is, if it is one.
    pub form: Option<Form>,
    /// Its bytes.
    pub blob: StagedBlob,
}

/// Result of receiving something. Acknowledge it in either case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Received<T> {
    /// It is stored.
    New(T),
    /// It was stored or handled before; nothing changed.
    Duplicate,
}

impl Vault {
    /// Whether a letter or notice with this id is known; then its data need not be staged.
    pub fn is_known(&self, account: AccountId, msgid: MessageId) -> Result<bool> {
        let read = self.reader();
        Ok(read.message_with(account, &msgid.to_string())?.is_some()
            || read.is_seen(account, msgid)?)
    }

    /// Stores a letter, once. The staged blobs of a duplicate are erased.
    ///
    /// # Errors
    /// A database error. Then nothing is stored, the blobs stay staged, and the letter must not be
    /// acknowledged.
    pub fn receive_post(
        &mut self,
        account: AccountId,
        post: &Incoming,
    ) -> Result<Change<Received<MessageRowId>>> {
        self.change(|work| {
            if work.read.message_with(account, &post.msgid.to_string())?.is_some() {
                for file in &post.attachments {
                    work.orphan(file.blob.id);
                }
                return Ok(Received::Duplicate);
            }
            work.learn_groups(account, post)?;
            if let Some(confirms) = &post.confirms
                && let Some(received) = work.confirm(account, post, confirms)?
            {
                work.settle_confirmed(post, received)?;
                return Ok(received);
            }
            work.confirm_now_to(account, &post.from_uid)?;
            let thread = work.thread_for(account, post)?;
            let message = work.insert_received(account, thread, post)?;
            work.keep_vouched(message, &post.groups)?;
            work.keep_beside(message, post)?;
            work.insert_files(message, post)?;
            work.refresh_thread(thread)?;
            Ok(Received::New(message))
        })
    }
}

impl WriteTx<'_> {
    /// Gives the files of an author's copy to the letter that it replaces, or erases them.
    fn settle_confirmed(
        &mut self,
        post: &Incoming,
        received: Received<MessageRowId>,
    ) -> Result<()> {
        match received {
            Received::New(message) => {
                self.insert_files(message, post)?;
                self.refresh_thread(self.read.thread_of(message)?).map(drop)
            }
            Received::Duplicate => {
                post.attachments.iter().for_each(|file| self.orphan(file.blob.id));
                Ok(())
            }
        }
    }

    /// Subscribes the author, those the letter names, and the member.
    pub(super) fn subscribe(
        &mut self,
        account: AccountId,
        thread: ThreadId,
        post: &Incoming,
    ) -> Result<()> {
        if !post.from_uid.is_service() {
            let alias = clean_label(&post.alias);
            let id = post.from_uid.as_str();
            let at_ms = post.posted_ms;
            let author = NewParty { id, alias: &alias, is_group: false, by: id, at_ms };
            self.insert_party(thread, &author)?;
        }
        self.subscribe_cc(account, thread, &post.cc, &post.from_uid, post.posted_ms)
    }

    /// Subscribes the member and those whom `by` names. Nobody subscribes themselves: a reader by a
    /// group would remain one after leaving the group.
    pub(super) fn subscribe_cc(
        &mut self,
        account: AccountId,
        thread: ThreadId,
        cc: &[Cc],
        by: &Uid,
        at_ms: i64,
    ) -> Result<()> {
        // The member first, so that there is room.
        let me = self.read.own_uid(account)?;
        // Without an alias if no letter names them: they are a reader by a group.
        let named = cc.iter().take(CC_MAX).find(|named| named.who_uid == me);
        let alias = named.map_or("", |named| &named.who);
        let (id, by_uid) = (me.as_str(), by.as_str());
        self.insert_party(thread, &NewParty { id, alias, is_group: false, by: by_uid, at_ms })?;
        let is_other = |named: &&Cc| named.who_uid != *by && named.who_uid != Uid::SERVICE;
        let named = cc.iter().take(CC_MAX).filter(is_other);
        let named: Vec<_> = named.map(|named| named.party(by, at_ms)).collect();
        self.insert_parties(thread, &named)
    }

    fn insert_received(
        &mut self,
        account: AccountId,
        thread: ThreadId,
        post: &Incoming,
    ) -> Result<MessageRowId> {
        let mine = post.from_uid == self.read.own_uid(account)?;
        self.insert_message(&NewMessage {
            account,
            thread,
            msgid: Some(&post.msgid.to_string()),
            author_uid: &post.from_uid,
            author_alias: &clean_label(&post.alias),
            at_ms: post.posted_ms,
            subject: &clean_subject(&post.subject, self.limits.subject_bytes),
            text: &post.text,
            // Written on another device of the member.
            state: if mine { "sent" } else { "received" },
            unread: !mine,
        })
    }

    fn insert_files(&mut self, message: MessageRowId, post: &Incoming) -> Result<()> {
        let mut names = FileNames::default();
        let mut insert = self.db.prepare_cached(
            "INSERT INTO attachment (message, ord, name, blob, wire_name, form, form_name)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?;
        // A confirmed letter that was forwarded has no files yet either.
        for (ord, file) in (1_i64..).zip(&post.attachments) {
            let name = names.add(&file.name);
            let differs = file.name != name && file.name.len() <= WIRE_NAME_BYTES_MAX;
            let wire_name = differs.then_some(&file.name);
            let form = file.form.as_ref();
            let kind = form.map(|form| if form.filled { "filled" } else { "blank" });
            let form_name = form.map(|form| clean_label(&form.name));
            insert.execute(params![
                message,
                ord,
                name,
                file.blob.id,
                wire_name,
                kind,
                form_name
            ])?;
        }
        Ok(())
    }
}
