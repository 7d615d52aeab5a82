//! What an app asks of a service: the thirteen operations of revision 1.
//!
//! A service reads with [`Request::read`], which checks the form of a header; whether it is
//! allowed now is the session's matter, whether it may be granted the service's. An app writes
//! with [`Request::pack`].

use std::borrow::Cow;

use crate::id::{Alias, Gid, MessageId, NodeSecret, RequestId, TokenResponse, Uid};

mod pack;
mod read;

/// The data that comes with a request or a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Data {
    /// Bytes.
    pub len: u64,
    /// How many of them, at the beginning, are a second JSON object; at most `len`.
    pub head: u64,
    /// The author's checksum over them; a service passes it on unread. Zero is absent.
    pub sum: u64,
}

/// Whom a post is for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Recipient {
    /// A member, by uid (type 1).
    Member(Uid),
    /// A group with the sender (type 2), by name.
    GroupWithSender(Gid),
    /// A group without the sender (type 3), by name.
    Group(Gid),
}

impl Recipient {
    /// The uid or group name.
    pub fn id(&self) -> &str {
        match self {
            Self::Member(uid) => uid.as_str(),
            Self::GroupWithSender(gid) | Self::Group(gid) => gid.as_str(),
        }
    }

    /// The type on the wire.
    pub fn kind(&self) -> u8 {
        match self {
            Self::Member(_) => 1,
            Self::GroupWithSender(_) => 2,
            Self::Group(_) => 3,
        }
    }
}

/// What a UserEdit changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UserEdit {
    /// Adds a device with this label.
    NewNode(String),
    /// Adds an alias.
    NewAlias(Alias),
}

/// What an OhiEdit does to the set of members who are told of our presence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OhiKind {
    /// Adds members; the sender's other devices are told.
    Add,
    /// Takes members out; the sender's other devices are told.
    Drop,
    /// Adds members after a login, quietly.
    Init,
}

impl OhiKind {
    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Drop => "drop",
            Self::Init => "init",
        }
    }

    /// The kind with this word.
    pub fn from_wire(word: &str) -> Option<Self> {
        [Self::Add, Self::Drop, Self::Init].into_iter().find(|kind| kind.as_str() == word)
    }
}

/// A member named in an OhiEdit; the type means nothing but is echoed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OhiMember {
    /// Who.
    pub uid: Uid,
    /// Whatever type the request gave, 0 for none.
    pub kind: i8,
}

/// What a GroupEdit does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GroupAct {
    /// The sender joins, under another alias if one is given.
    Join {
        /// The alias to be known by in the group.
        newalias: Option<Alias>,
    },
    /// The sender changes the alias to be known by in the group.
    Alias {
        /// The new one.
        newalias: Alias,
    },
    /// Somebody leaves or is removed.
    Drop {
        /// Their alias in the group.
        to: Alias,
    },
}

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
    /// Op 4: who is told of our presence.
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

/// Operation numbers.
mod op {
    pub(super) const TMTPREV: u8 = 0;
    pub(super) const REGISTER: u8 = 1;
    pub(super) const LOGIN: u8 = 2;
    pub(super) const USER_EDIT: u8 = 3;
    pub(super) const OHI_EDIT: u8 = 4;
    pub(super) const GROUP_INVITE: u8 = 5;
    pub(super) const GROUP_EDIT: u8 = 6;
    pub(super) const POST: u8 = 7;
    pub(super) const POST_NOTIFY: u8 = 8;
    pub(super) const PING: u8 = 9;
    pub(super) const ACK: u8 = 10;
    pub(super) const PULSE: u8 = 11;
    pub(super) const QUIT: u8 = 12;
}

impl Request {
    /// Bytes of data that follow the header.
    pub fn data_len(&self) -> u64 {
        match self {
            Self::Post { data, .. } | Self::Ping { data, .. } | Self::GroupInvite { data, .. } => {
                data.len
            }
            Self::PostNotify { note, data, .. } => note.len.saturating_add(data.len),
            _ => 0,
        }
    }

    /// The request as revision 1 has it, without what apps add to it.
    #[must_use]
    pub fn as_of_revision_1(&self) -> Cow<'_, Self> {
        match self {
            Self::Post { not_alone: true, .. } | Self::PostNotify { not_alone: true, .. } => {
                let mut plain = self.clone();
                if let Self::Post { not_alone, .. } | Self::PostNotify { not_alone, .. } =
                    &mut plain
                {
                    *not_alone = false;
                }
                Cow::Owned(plain)
            }
            _ => Cow::Borrowed(self),
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

    /// The name of the operation, for logs.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::TmtpRev { .. } => "TmtpRev",
            Self::Register { .. } => "Register",
            Self::Login { .. } => "Login",
            Self::UserEdit { .. } => "UserEdit",
            Self::OhiEdit { .. } => "OhiEdit",
            Self::GroupInvite { .. } => "GroupInvite",
            Self::GroupEdit { .. } => "GroupEdit",
            Self::Post { .. } => "Post",
            Self::PostNotify { .. } => "PostNotify",
            Self::Ping { .. } => "Ping",
            Self::Ack { .. } => "Ack",
            Self::Pulse => "Pulse",
            Self::Quit => "Quit",
        }
    }
}

impl Data {
    /// Data without a second header or checksum.
    pub fn of_len(len: u64) -> Self {
        Self { len, ..Self::default() }
    }
}
