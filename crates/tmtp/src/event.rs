//! Events and messages: what a service tells an app.
//!
//! Answers ([`Event`]) are made for one link and forgotten. Messages ([`Message`]) are stored for
//! each device until it acknowledges them; their packed heads carry a headsum and stay the same,
//! byte for byte, however often they are sent.

mod read;
mod write;

use crate::head::LENGTH_BYTES;
use crate::id::{Alias, Gid, MessageId, NodeSecret, RequestId, Uid, UidOrGid, posted_text};
use crate::request::{Data, OhiMember};

/// What a service sends.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// Answer to TmtpRev.
    TmtpRev {
        /// The revision spoken on this link.
        revision: String,
        /// The service's name for itself.
        name: Option<String>,
        /// Who authenticates members here, as the service put it; none for open registration.
        authby: Option<serde_json::Value>,
        /// Whether its deliveries name the groups they were posted to; ours, not revision 1.
        groups: bool,
    },
    /// Answer to Register.
    Registered {
        /// The new member.
        uid: Uid,
        /// The first device's secret.
        nodeid: NodeSecret,
        /// Why the alias was refused, if it was; the account exists all the same.
        error: Option<String>,
    },
    /// The link is logged in.
    LoginOk {
        /// Members online who share their presence with this one.
        ohi: Vec<Uid>,
    },
    /// Answer to a request.
    Ack {
        /// The request's id.
        id: RequestId,
        /// What became of it.
        outcome: Outcome,
    },
    /// Somebody's presence.
    Ohi {
        /// Who.
        from: Uid,
        /// Online (1) or offline (2).
        online: bool,
    },
    /// The service ends the link.
    Quit {
        /// Why, in the service's words.
        error: String,
    },
    /// A stored message; its data, if any, follows.
    Message(Box<Message>),
    /// Something this revision does not know and that is no message; its data, if any, follows.
    Unknown {
        /// The op.
        op: String,
        /// Bytes that follow.
        datalen: u64,
    },
}

/// The reason by which a message is refused that nobody but its sender would get, who asked for more
/// ([`Request::Post`](crate::request::Request::Post)). Ours beyond revision 1.
pub const NOBODY_ELSE: &str = "nobody but the sender is in the groups named in for";

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Done; nothing was posted by the request itself.
    Done,
    /// Accepted as a message.
    Posted {
        /// Its id.
        msgid: MessageId,
        /// When, RFC 3339.
        posted: String,
        /// The name of the member who was reached, where the request spelled it otherwise. Ours beyond
        /// revision 1 (`to`): a service that does not know it leaves it out.
        to: Option<Alias>,
    },
    /// Refused.
    Refused {
        /// Why.
        error: String,
        /// Uids of the recipients because of whom, when the others could have been reached. Ours beyond
        /// revision 1 (`refused`): a service that does not know it leaves it out.
        of: Vec<Uid>,
    },
}

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

/// Why a message from a service cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadEvent {
    /// Not an object, a key of the wrong type, a required key missing.
    #[error("the service sent a header that is not of the protocol's form")]
    Form,
    /// The headsum does not match the header.
    #[error("the service sent a header that does not match its checksum")]
    Headsum,
}

impl Message {
    /// A message accepted by the service now.
    pub fn new(id: MessageId, from: Uid, posted_ms: i64, data: Data, kind: MessageKind) -> Self {
        Self { id, from, posted: posted_text(posted_ms), data, kind }
    }

    /// Whether it is delivered before others that wait: messages about the account itself.
    pub fn is_urgent(&self) -> bool {
        matches!(self.kind, MessageKind::NewNode { .. } | MessageKind::NewAlias { .. })
    }
}

impl Event {
    /// Bytes of data that follow the header.
    pub fn data_len(&self) -> u64 {
        match self {
            Self::Message(message) => message.data.len,
            Self::Unknown { datalen, .. } => *datalen,
            _ => 0,
        }
    }
}

/// The header inside of packed bytes, `hhhh` left off.
pub fn head_of(packed: &[u8]) -> &[u8] {
    packed.get(LENGTH_BYTES..).unwrap_or_default()
}
