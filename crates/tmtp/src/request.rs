//! Requests of an app: the thirteen operations of revision 1.
//!
//! One file per operation states its number, its name, when it is allowed, which data it takes, and
//! how it is read and written: `request/dispatch.rs` finds it. A service reads with [`Request::read`], which checks
//! the form of a header; whether it is allowed now is the session's matter, whether it may be granted
//! the service's. An app writes with [`Request::pack`].

mod ack;
mod data;
mod dispatch;
mod form;
mod group_edit;
mod group_invite;
mod key;
mod login;
mod ohi_edit;
mod op;
mod part;
mod ping;
mod post;
mod post_notify;
mod pulse;
mod quit;
mod recipient;
mod register;
mod tmtp_rev;
mod user_edit;

use std::borrow::Cow;

use crate::id::{Alias, Gid, MessageId, NodeSecret, RequestId, TokenResponse, Uid};

pub use data::{Collected, Data, DataRule};
pub use op::Op;
pub(crate) use op::Phase;
pub use part::{GroupAct, OhiKind, OhiMember, UserEdit};
pub use recipient::Recipient;

/// A request, as read from a header of the right form.
///
/// `id` is chosen by the app and repeated in the ack. Texts are as sent; a service looks them up
/// and finds them or not.
#[derive(Debug, Clone, PartialEq)]
pub enum Request {
    /// Op 0: the highest revision that the app speaks.
    TmtpRev {
        /// `"1"`.
        revision: String,
    },
    /// Op 1: make an account with one device.
    Register {
        /// Label of the device.
        newnode: String,
        /// The alias asked for; none for `"_"`.
        newalias: Option<Alias>,
        /// Token response of a third party that authenticates.
        oidc: Option<TokenResponse>,
    },
    /// Op 2: prove to be a device of a member.
    Login {
        /// The member.
        uid: Uid,
        /// The device's secret.
        node: NodeSecret,
    },
    /// Op 3: add a device or an alias.
    UserEdit {
        /// Request id.
        id: RequestId,
        /// What to add.
        edit: UserEdit,
    },
    /// Op 4: the members who are notified of our presence.
    OhiEdit {
        /// Request id.
        id: RequestId,
        /// What to do.
        kind: OhiKind,
        /// The members.
        members: Vec<OhiMember>,
    },
    /// Op 5: ping somebody and let them join a group.
    GroupInvite {
        /// Request id.
        id: RequestId,
        /// The group; made if it does not exist.
        gid: Gid,
        /// Alias of the sender.
        from: Alias,
        /// Alias of the invitee.
        to: Alias,
        /// The text.
        data: Data,
    },
    /// Op 6: join, rename, leave.
    GroupEdit {
        /// Request id.
        id: RequestId,
        /// The group.
        gid: Gid,
        /// What to do.
        act: GroupAct,
    },
    /// Op 7: a message.
    Post {
        /// Request id.
        id: RequestId,
        /// Recipients; nobody means the sender's other devices.
        to: Vec<Recipient>,
        /// Whether it is refused if nobody but the sender would get it. Beyond revision 1: a service
        /// that does not know it posts all the same.
        not_alone: bool,
        /// The message.
        data: Data,
    },
    /// Op 8: a message and a separate notification of it.
    PostNotify {
        /// Request id.
        id: RequestId,
        /// Who gets the message and the notification.
        to: Vec<Recipient>,
        /// Who gets the notification only.
        note_to: Vec<Recipient>,
        /// Whether the sender's other devices are left out of the message.
        not_self: bool,
        /// As in [`Request::Post`], of the message.
        not_alone: bool,
        /// The notification, which comes first.
        note: Data,
        /// The message, without the notification.
        data: Data,
    },
    /// Op 9: a first contact.
    Ping {
        /// Request id.
        id: RequestId,
        /// Alias of the sender.
        from: Alias,
        /// Alias of the addressee.
        to: Alias,
        /// The text.
        data: Data,
    },
    /// Op 10: the device has stored a message.
    Ack {
        /// The message's id; none for what is no id of a message.
        id: Option<MessageId>,
        /// Any text.
        kind: String,
    },
    /// Op 11: still here.
    Pulse,
    /// Op 12: log out.
    Quit,
}

impl Request {
    /// Its operation.
    pub const fn op(&self) -> Op {
        match self {
            Self::TmtpRev { .. } => Op::TmtpRev,
            Self::Register { .. } => Op::Register,
            Self::Login { .. } => Op::Login,
            Self::UserEdit { .. } => Op::UserEdit,
            Self::OhiEdit { .. } => Op::OhiEdit,
            Self::GroupInvite { .. } => Op::GroupInvite,
            Self::GroupEdit { .. } => Op::GroupEdit,
            Self::Post { .. } => Op::Post,
            Self::PostNotify { .. } => Op::PostNotify,
            Self::Ping { .. } => Op::Ping,
            Self::Ack { .. } => Op::Ack,
            Self::Pulse => Op::Pulse,
            Self::Quit => Op::Quit,
        }
    }

    /// Bytes of data that follow the header.
    pub fn data_len(&self) -> u64 {
        match self {
            Self::Post { data, .. } | Self::Ping { data, .. } | Self::GroupInvite { data, .. } => {
                data.len
            }
            Self::PostNotify { note, data, .. } => note.len.saturating_add(data.len),
            Self::TmtpRev { .. }
            | Self::Register { .. }
            | Self::Login { .. }
            | Self::UserEdit { .. }
            | Self::OhiEdit { .. }
            | Self::GroupEdit { .. }
            | Self::Ack { .. }
            | Self::Pulse
            | Self::Quit => 0,
        }
    }

    /// The id that an ack repeats; none for requests that are not acknowledged.
    pub fn id(&self) -> Option<&RequestId> {
        match self {
            Self::UserEdit { id, .. }
            | Self::OhiEdit { id, .. }
            | Self::GroupInvite { id, .. }
            | Self::GroupEdit { id, .. }
            | Self::Post { id, .. }
            | Self::PostNotify { id, .. }
            | Self::Ping { id, .. } => Some(id),
            Self::TmtpRev { .. }
            | Self::Register { .. }
            | Self::Login { .. }
            | Self::Ack { .. }
            | Self::Pulse
            | Self::Quit => None,
        }
    }

    /// The request as revision 1 has it, without what apps add to it.
    #[must_use]
    pub fn as_of_revision_1(&self) -> Cow<'_, Self> {
        let mut plain = Cow::Borrowed(self);
        if let Self::Post { not_alone: true, .. } | Self::PostNotify { not_alone: true, .. } = self
            && let Self::Post { not_alone, .. } | Self::PostNotify { not_alone, .. } =
                plain.to_mut()
        {
            *not_alone = false;
        }
        plain
    }
}
