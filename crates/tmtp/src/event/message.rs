//! Messages to a device: what a service stores for each device until it is acknowledged.
//!
//! One file per operation says how it is read and which keys it has; the order of keys is one for all.

pub(super) mod delivery;
pub(super) mod invite;
pub(super) mod login;
pub(super) mod member;
pub(super) mod notify;
pub(super) mod ohi_edit;
pub(super) mod ping;
pub(super) mod user;

use super::BadEvent;
use super::form::{message_id, required};
use super::op::MessageOp;
use crate::head::{HeadTooLong, HeadWriter, RawEvent, write_text};
use crate::id::{Alias, Gid, MessageId, NodeSecret, Uid, UidOrGid, posted_text};
use crate::request::{Data, DataRule, OhiMember};

/// A message to a device. `(std)` in the protocol's description.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Id, rising.
    pub id: MessageId,
    /// Uid of the sender.
    pub from: Uid,
    /// When the service accepted it, RFC 3339.
    pub posted: String,
    /// The data that follows.
    pub data: Data,
    /// What it is.
    pub kind: MessageKind,
}

/// What a message to a device is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MessageKind {
    /// A device of the member logged in.
    Login {
        /// Reserved: `tbd`.
        node: String,
    },
    /// A device was added to the member's account.
    NewNode {
        /// Its label.
        label: String,
        /// Its secret.
        nodeid: NodeSecret,
    },
    /// An alias was added to the member's account.
    NewAlias {
        /// The alias.
        alias: Alias,
    },
    /// The member's presence list changed from another device.
    OhiEdit {
        /// `add` or `drop`.
        act: String,
        /// The members.
        members: Vec<OhiMember>,
    },
    /// A ping that lets the addressee join a group.
    Invite {
        /// The group.
        gid: Gid,
        /// Alias of the sender.
        alias: Alias,
        /// Alias of the addressee.
        to: Alias,
    },
    /// A group changed.
    Member {
        /// `invite`, `join`, `alias` or `drop`.
        act: String,
        /// The group.
        gid: Gid,
        /// Whom it is about.
        alias: Alias,
        /// Their new alias, for `alias`.
        newalias: Option<Alias>,
        /// Their permanent id, for `drop` of who had joined. Ours beyond revision 1: a service that does not
        /// know it leaves it out.
        uid: Option<Uid>,
    },
    /// A post.
    Delivery {
        /// For a PostNotify: how many were named to be notified, the sender included.
        notify: Option<u64>,
        /// Groups it was posted to, which the sender may post to. Ours beyond revision 1 (`groups`): a
        /// service that does not know it leaves it out.
        groups: Vec<Gid>,
    },
    /// The notification of a PostNotify.
    Notify {
        /// Id of the message it is about.
        postid: MessageId,
        /// Groups that it or its message was sent to, as of a [`Self::Delivery`].
        groups: Vec<Gid>,
        /// To whom its message was sent: permanent ids, and groups that the sender has joined. Not all of
        /// them where they are very many. Ours beyond revision 1 (`copied`); none of a service that does
        /// not say so.
        copied: Option<Vec<UidOrGid>>,
    },
    /// A first contact.
    Ping {
        /// Alias of the sender.
        alias: Alias,
        /// Alias of the addressee.
        to: Alias,
    },
    /// Something that this revision does not know, or whose head does not match its headsum. A device
    /// acknowledges it like all messages, or it would come again for ever.
    Other {
        /// The op.
        op: String,
    },
}

impl Message {
    /// A message accepted by the service now.
    pub fn new(id: MessageId, from: Uid, posted_ms: i64, data: Data, kind: MessageKind) -> Self {
        Self { id, from, posted: posted_text(posted_ms), data, kind }
    }

    /// Whether it is delivered before others that wait: messages about the account itself.
    pub fn is_urgent(&self) -> bool {
        match self.kind {
            MessageKind::NewNode { .. } | MessageKind::NewAlias { .. } => true,
            MessageKind::Login { .. }
            | MessageKind::OhiEdit { .. }
            | MessageKind::Invite { .. }
            | MessageKind::Member { .. }
            | MessageKind::Delivery { .. }
            | MessageKind::Notify { .. }
            | MessageKind::Ping { .. }
            | MessageKind::Other { .. } => false,
        }
    }

    pub(super) fn read(mut raw: RawEvent, op: MessageOp) -> Result<Self, BadEvent> {
        let kind = match op {
            MessageOp::Login => login::read(&mut raw),
            MessageOp::User => user::read(&mut raw)?,
            MessageOp::OhiEdit => ohi_edit::read(&mut raw),
            MessageOp::Invite => invite::read(&mut raw)?,
            MessageOp::Member => member::read(&mut raw)?,
            MessageOp::Delivery => delivery::read(&mut raw),
            MessageOp::Notify => notify::read(&mut raw)?,
            MessageOp::Ping => ping::read(&mut raw),
        };
        Self::read_std(raw, kind)
    }

    /// As one of unknown meaning.
    pub(super) fn read_unknown(mut raw: RawEvent) -> Result<Self, BadEvent> {
        let op = raw.op.take().unwrap_or_default();
        Self::read_std(raw, MessageKind::Other { op })
    }

    fn read_std(raw: RawEvent, kind: MessageKind) -> Result<Self, BadEvent> {
        let data = Data {
            len: raw.datalen.unwrap_or(0),
            head: raw.datahead.unwrap_or(0),
            sum: raw.datasum.unwrap_or(0),
        };
        if data.head > data.len {
            return Err(BadEvent::Form);
        }
        let (id, from) = (message_id(raw.id)?, required(raw.from)?);
        Ok(Self { id, from, posted: required(raw.posted)?, data, kind })
    }

    /// `hhhh` and header with headsum, ready to be stored and sent; the data follows.
    ///
    /// # Errors
    /// When names and lists do not fit into a header.
    pub fn pack(&self) -> Result<Vec<u8>, HeadTooLong> {
        let mut head = HeadWriter::new();
        let (id, keys) = (self.id.to_string(), self.kind.keys());
        let postid = keys.postid.map(|id| id.to_string());
        head.text_if("act", keys.act).text_if("alias", keys.alias);
        if let Some(copied) = keys.copied {
            head.list("copied", copied, |out, to| write_text(out, to.as_str()));
        }
        head.number_if("datahead", Some(self.data.head).filter(|head| *head > 0))
            .number("datalen", self.data.len)
            .number_if("datasum", Some(self.data.sum).filter(|sum| *sum > 0));
        if let Some(members) = keys.members {
            head.list("for", members, ohi_edit::write_member);
        }
        head.text("from", self.from.as_str()).text_if("gid", keys.gid);
        if !keys.groups.is_empty() {
            head.list("groups", keys.groups, |out, gid| write_text(out, gid.as_str()));
        }
        head.text("id", &id)
            .text_if("newalias", keys.newalias)
            .text_if("newnode", keys.newnode)
            .text_if("node", keys.node)
            .text_if("nodeid", keys.nodeid)
            .number_if("notify", keys.notify)
            .text("op", keys.op)
            .text("posted", &self.posted)
            .text_if("postid", postid.as_deref())
            .text_if("to", keys.to)
            .text_if("type", keys.kind)
            .text_if("uid", keys.uid);
        head.finish_with_headsum()
    }
}

impl MessageKind {
    fn keys(&self) -> Keys<'_> {
        match self {
            Self::Login { node } => login::keys(node),
            Self::NewNode { label, nodeid } => user::keys_of_node(label, nodeid),
            Self::NewAlias { alias } => user::keys_of_alias(alias),
            Self::OhiEdit { act, members } => ohi_edit::keys(act, members),
            Self::Invite { gid, alias, to } => invite::keys(gid, alias, to),
            Self::Member { act, gid, alias, newalias, uid } => {
                member::keys(act, gid, alias, newalias.as_ref(), uid.as_ref())
            }
            Self::Delivery { notify, groups } => delivery::keys(*notify, groups),
            Self::Notify { postid, groups, copied } => {
                notify::keys(*postid, groups, copied.as_deref())
            }
            Self::Ping { alias, to } => ping::keys(alias, to),
            Self::Other { op } => Keys { op, ..Keys::default() },
        }
    }

    /// How its data is taken.
    pub(super) fn data_rule(&self) -> DataRule {
        match self {
            Self::Login { .. } => MessageOp::Login.data_rule(),
            Self::NewNode { .. } | Self::NewAlias { .. } => MessageOp::User.data_rule(),
            Self::OhiEdit { .. } => MessageOp::OhiEdit.data_rule(),
            Self::Invite { .. } => MessageOp::Invite.data_rule(),
            Self::Member { .. } => MessageOp::Member.data_rule(),
            Self::Delivery { .. } => MessageOp::Delivery.data_rule(),
            Self::Notify { .. } => MessageOp::Notify.data_rule(),
            Self::Ping { .. } => MessageOp::Ping.data_rule(),
            // Nothing of it is lost, whatever it is.
            Self::Other { .. } => DataRule::Streamed,
        }
    }
}

/// The keys of a message's header that differ by kind. A key that is not there is none, and a list
/// of groups that is not there is empty.
#[derive(Default)]
struct Keys<'a> {
    op: &'a str,
    act: Option<&'a str>,
    alias: Option<&'a str>,
    copied: Option<&'a [UidOrGid]>,
    gid: Option<&'a str>,
    groups: &'a [Gid],
    members: Option<&'a [OhiMember]>,
    newalias: Option<&'a str>,
    newnode: Option<&'a str>,
    node: Option<&'a str>,
    nodeid: Option<&'a str>,
    notify: Option<u64>,
    postid: Option<MessageId>,
    to: Option<&'a str>,
    kind: Option<&'a str>,
    uid: Option<&'a str>,
}
