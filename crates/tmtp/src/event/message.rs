//! Messages to a device: what a service stores for each device until it is acknowledged.
//!
//! One file per operation says how it is read and which keys it has; the order of keys is one for all.

mod act;
pub(super) mod delivery;
mod dispatch;
pub(super) mod invite;
mod keys;
pub(super) mod login;
pub(super) mod member;
pub(super) mod notify;
pub(super) mod ohi_edit;
pub(super) mod ping;
pub(super) mod user;

use crate::id::{Alias, Gid, MessageId, NodeSecret, Uid, UidOrGid, posted_text};
use crate::request::{Data, OhiMember};

pub use act::{MemberAct, OhiAct};

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
        /// How.
        act: OhiAct,
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
        /// How.
        act: MemberAct,
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
}
