//! Outbox items on the wire: the request that each becomes, and what its answer means.
//!
//! Nothing here sends or stores; [`crate::link::writer`] does, one item at a time, in order.

use std::collections::BTreeSet;

use tmtp::event::{NOBODY_ELSE, Outcome};
use tmtp::id::{Alias, Gid, RequestId, Uid, posted_ms, posted_text};
use tmtp::letter::{LETTER_HEAD_MAX_BYTES, LetterHead, Named, Subscriber};
use tmtp::request::{Data, GroupAct, Recipient, Request};

use crate::reason::in_words;
use crate::vault::{
    Acked, Cc, OutboxAction, OutboxId, OutboxItem, OutgoingForward, OutgoingPost, announced,
};
use crate::view::{Attachment, MessageRowId};

/// An item as it goes over the wire: `request`, then `front`, then the bytes of `copy` and `files`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct OutgoingFrame {
    /// The header; its `datalen` covers front and files.
    pub(crate) request: Request,
    /// Second header and text.
    pub(crate) front: Vec<u8>,
    /// A copy of a thread that follows, and its bytes.
    pub(crate) copy: Option<(OutboxId, u64)>,
    /// Files whose bytes follow, in order.
    pub(crate) files: Vec<Attachment>,
    /// The letter whose progress is shown.
    pub(crate) message: Option<MessageRowId>,
    /// Bytes of the second header, which progress does not count.
    pub(crate) head_bytes: u64,
}

impl OutgoingFrame {
    /// Why it must not be sent, for people; none if its receivers can read it. Apps accept no
    /// second header of more than [`LETTER_HEAD_MAX_BYTES`].
    pub(crate) fn why_not_readable(&self) -> Option<&'static str> {
        let head_bytes = match &self.request {
            Request::PostNotify { note, data, .. } => note.head.max(data.head),
            Request::Post { .. }
            | Request::TmtpRev { .. }
            | Request::Register { .. }
            | Request::Login { .. }
            | Request::UserEdit { .. }
            | Request::OhiEdit { .. }
            | Request::GroupInvite { .. }
            | Request::GroupEdit { .. }
            | Request::Ping { .. }
            | Request::Ack { .. }
            | Request::Pulse
            | Request::Quit => self.head_bytes,
        };
        (head_bytes > LETTER_HEAD_MAX_BYTES).then_some(
            "Nobody could read this letter: its files and readers have too many names for one letter. Nothing was sent. Send the files in several letters, or put them into one archive.",
        )
    }
}

/// Builds the request of an item. `uid` is the member's own. The bytes are the same at every
/// attempt: the service recognises a repetition by them.
pub(crate) fn frame(item: &OutboxItem, uid: &Uid) -> OutgoingFrame {
    let id = RequestId::from(item.request.as_str());
    match &item.action {
        OutboxAction::Post(post) => letter(id, post, uid),
        // No progress is shown: it was sent long ago.
        OutboxAction::Confirm(post) => OutgoingFrame { message: None, ..letter(id, post, uid) },
        OutboxAction::Forward(forward) => self::forward(id, item.id, forward),
        OutboxAction::Ping { from, to, text, .. } => {
            let (from, to) = (from.as_str().into(), to.as_str().into());
            let data = Data::of_len(text.len() as u64);
            plain(Request::Ping { id, from, to, data }, text)
        }
        OutboxAction::Invite { gid, from, to, text, .. } => {
            let (from, to) = (from.as_str().into(), to.as_str().into());
            let data = Data::of_len(text.len() as u64);
            plain(Request::GroupInvite { id, gid: gid.clone(), from, to, data }, text)
        }
        OutboxAction::Join { gid, .. } => {
            let act = GroupAct::Join { newalias: None };
            plain(Request::GroupEdit { id, gid: gid.clone(), act }, "")
        }
        OutboxAction::Sync { body } => notice(id, body),
    }
}

fn plain(request: Request, text: &str) -> OutgoingFrame {
    let front = text.as_bytes().to_vec();
    OutgoingFrame { request, front, copy: None, files: Vec::new(), message: None, head_bytes: 0 }
}

fn letter(id: RequestId, post: &OutgoingPost, uid: &Uid) -> OutgoingFrame {
    let head = LetterHead {
        thread_id: post.thread_id.clone(),
        alias: post.alias.clone(),
        subject: post.subject.clone(),
        cc: post.cc.iter().map(|cc| subscriber(cc, &post.alias, uid, post.at_ms)).collect(),
        readers: post.readers.iter().map(named).collect(),
        attach: post.attachments.iter().map(announced).collect(),
        confirm_id: post.confirms.clone().unwrap_or_default(),
        confirm_posted: post.confirms.as_ref().map(|_| posted_text(post.at_ms)).unwrap_or_default(),
        ..LetterHead::default()
    };
    let mut front = head.pack();
    let head_bytes = front.len() as u64;
    front.extend_from_slice(post.text.as_bytes());
    let files: u64 = post.attachments.iter().map(|file| file.size).sum();
    let data = Data { len: front.len() as u64 + files, head: head_bytes, sum: 0 };
    let to: Vec<_> = post.recipients.iter().map(recipient).collect();
    let not_alone = post.recipients.iter().any(|to| to.is_group);
    OutgoingFrame {
        request: Request::Post { id, to, not_alone, data },
        front,
        copy: None,
        files: post.attachments.clone(),
        message: Some(post.message),
        head_bytes,
    }
}

fn recipient(to: &crate::vault::Addressee) -> Recipient {
    match to.is_group {
        true => Recipient::Group(to.id.to_gid()),
        false => Recipient::Member(to.id.to_uid()),
    }
}

/// A notification for everybody, and a copy of the thread for new readers.
fn forward(id: RequestId, row: OutboxId, forward: &OutgoingForward) -> OutgoingFrame {
    let thread_id = forward.thread_id.clone();
    let note = LetterHead { thread_id, cc: forward.new.clone(), ..LetterHead::default() };
    let head = LetterHead { cc: Vec::new(), ..note.clone() };
    let (note, head) = (note.pack(), head.pack());
    let (note_len, head_len) = (note.len() as u64, head.len() as u64);
    let new = forward.new.iter().map(|new| match new.is_group() {
        true => Recipient::Group(new.who_uid.as_str().into()),
        false => Recipient::Member(new.who_uid.as_str().into()),
    });
    let request = Request::PostNotify {
        id,
        to: new.collect(),
        note_to: forward.old.iter().map(recipient).collect(),
        not_self: true,
        not_alone: forward.new.iter().any(Subscriber::is_group),
        note: Data { len: note_len, head: note_len, sum: 0 },
        data: Data {
            len: head_len + forward.copy.len() as u64 + forward.copy_bytes,
            head: head_len,
            sum: 0,
        },
    };
    let front = [&note, &head, forward.copy.as_bytes()].concat();
    let copy = Some((row, forward.copy_bytes));
    OutgoingFrame { request, front, copy, files: Vec::new(), message: None, head_bytes: 0 }
}

/// A post without recipients reaches the member's other devices.
fn notice(id: RequestId, body: &str) -> OutgoingFrame {
    let mut front = br#"{"NodeSync":true}"#.to_vec();
    let head_bytes = front.len() as u64;
    front.extend_from_slice(body.as_bytes());
    let data = Data { len: front.len() as u64, head: head_bytes, sum: 0 };
    let request = Request::Post { id, to: Vec::new(), not_alone: false, data };
    OutgoingFrame { request, front, copy: None, files: Vec::new(), message: None, head_bytes }
}

fn subscriber(cc: &Cc, alias: &str, uid: &Uid, at_ms: i64) -> Subscriber {
    Subscriber {
        who: cc.who.clone(),
        who_uid: cc.who_uid.as_str().to_owned(),
        by: alias.to_owned(),
        by_uid: uid.as_str().to_owned(),
        date: posted_text(at_ms),
        // The values that deployed apps write.
        note: if cc.who_uid == *uid { "author" } else { "initial recipient" }.to_owned(),
        subscribe: true,
    }
}

fn named(reader: &Cc) -> Named {
    Named { who: reader.who.clone(), who_uid: reader.who_uid.as_str().to_owned() }
}

/// The meaning of an answer for its item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Settled {
    /// The service has it.
    Sent(Option<Acked>),
    /// The service refused; the text says why, for people.
    Failed(String),
    /// Refused, because nobody but the member is in the groups that it is for.
    Alone {
        /// The groups.
        groups: Vec<Gid>,
        /// The message for people.
        error: String,
    },
    /// Refused, because of these recipients only.
    LeftOut {
        /// Their ids.
        uids: Vec<Uid>,
        /// The service's reason.
        reason: String,
        /// The message for people if nobody else is left.
        error: String,
    },
}

/// Interprets the answer to an item.
pub(crate) fn settle(action: &OutboxAction, outcome: &Outcome, now_ms: i64) -> Settled {
    match (action, outcome) {
        (_, Outcome::Refused { error, .. }) if error == NOBODY_ELSE => {
            Settled::Alone { groups: groups(action), error: refusal(action, error) }
        }
        (_, Outcome::Refused { error: reason, of }) => {
            let error = refusal(action, reason);
            let uids = blamed(action, of);
            match uids.is_empty() {
                true => Settled::Failed(error),
                false => Settled::LeftOut { uids, reason: in_words(reason), error },
            }
        }
        (
            OutboxAction::Join { .. } | OutboxAction::Sync { .. },
            Outcome::Done | Outcome::Posted { .. },
        ) => Settled::Sent(None),
        (
            OutboxAction::Post(_)
            | OutboxAction::Forward(_)
            | OutboxAction::Confirm(_)
            | OutboxAction::Ping { .. }
            | OutboxAction::Invite { .. },
            Outcome::Posted { msgid, posted, to },
        ) => Settled::Sent(Some(Acked {
            msgid: *msgid,
            posted_ms: posted_ms(posted).unwrap_or(now_ms),
            to: to.clone().map(Alias::into_string),
        })),
        (OutboxAction::Forward(_) | OutboxAction::Confirm(_), Outcome::Done) => Settled::Sent(None),
        // Failing is better than sending it again for ever.
        (
            OutboxAction::Post(_) | OutboxAction::Ping { .. } | OutboxAction::Invite { .. },
            Outcome::Done,
        ) => Settled::Failed(
            "The service accepted this without giving it an id, so it may or may not have been delivered. Ask the addressee before sending it again."
                .into(),
        ),
    }
}

/// The recipients that a refusal names.
fn blamed(action: &OutboxAction, named: &[Uid]) -> Vec<Uid> {
    let named: BTreeSet<&Uid> = named.iter().collect();
    let is_named = |uid: &Uid| named.contains(uid);
    let members = |to: &'_ [crate::vault::Addressee]| {
        let members = to.iter().filter(|to| !to.is_group).map(|to| to.id.to_uid());
        members.filter(is_named).collect::<Vec<_>>()
    };
    match action {
        OutboxAction::Post(post) | OutboxAction::Confirm(post) => members(&post.recipients),
        OutboxAction::Forward(forward) => {
            let new = forward.new.iter().filter(|new| !new.is_group());
            let new = new.map(|new| Uid::from(new.who_uid.as_str())).filter(is_named);
            new.chain(members(&forward.old)).collect()
        }
        OutboxAction::Ping { .. }
        | OutboxAction::Invite { .. }
        | OutboxAction::Join { .. }
        | OutboxAction::Sync { .. } => Vec::new(),
    }
}

/// The groups that an item is for.
fn groups(action: &OutboxAction) -> Vec<Gid> {
    match action {
        OutboxAction::Post(post) | OutboxAction::Confirm(post) => {
            let groups = post.recipients.iter().filter(|to| to.is_group);
            groups.map(|to| to.id.to_gid()).collect()
        }
        OutboxAction::Forward(forward) => {
            let groups = forward.new.iter().filter(|new| new.is_group());
            groups.map(|new| new.who_uid.as_str().into()).collect()
        }
        OutboxAction::Ping { .. }
        | OutboxAction::Invite { .. }
        | OutboxAction::Join { .. }
        | OutboxAction::Sync { .. } => Vec::new(),
    }
}

fn refusal(action: &OutboxAction, reason: &str) -> String {
    let reason = in_words(reason);
    match action {
        OutboxAction::Post(_) => format!(
            "The service refused the letter ({reason}); nothing was delivered. Check the recipients, then send it again or discard it."
        ),
        OutboxAction::Ping { to, .. } => format!(
            "The service refused the ping to {to} ({reason}); nobody was reached. Check the alias and ping again."
        ),
        OutboxAction::Invite { gid, to, .. } => format!(
            "The service refused to invite {to} to {gid} ({reason}); nobody was reached. Check both names and invite again."
        ),
        // Not shown to anybody.
        OutboxAction::Sync { .. } | OutboxAction::Confirm(_) => reason,
        OutboxAction::Forward(_) => format!(
            "The service refused it ({reason}); nobody got anything. Check whom you name, then forward it again."
        ),
        OutboxAction::Join { gid, .. } => format!(
            "The service refused to let you join {gid} ({reason}). Ask a member of the group for a new invitation."
        ),
    }
}

#[cfg(test)]
#[path = "outbox/outbox_tests.rs"]
mod tests;
