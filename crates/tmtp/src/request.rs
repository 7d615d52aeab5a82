//! Requests of an app: the thirteen operations of revision 1.
//!
//! One file per operation states its number, its name, when it is allowed, which data it takes, and
//! how it is read and written: `request/op.rs` lists them. A service reads with [`Request::read`], which checks
//! the form of a header; whether it is allowed now is the session's matter, whether it may be granted
//! the service's. An app writes with [`Request::pack`].

mod ack;
mod data;
mod form;
mod group_edit;
mod group_invite;
mod login;
mod ohi_edit;
mod op;
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

use crate::head::{HeadTooLong, HeadWriter, RawRequest};
use crate::id::{Alias, Gid, MessageId, NodeSecret, RequestId, TokenResponse, Uid};
use crate::quit::Quit;
use crate::revision::Revision;

pub use data::{Collected, Data, DataRule};
use form::Form;
pub use group_edit::GroupAct;
pub use ohi_edit::{OhiKind, OhiMember};
pub use op::Op;
pub(crate) use op::Phase;
pub use recipient::Recipient;
pub use user_edit::UserEdit;

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

impl Request {
    /// Reads a header (without `hhhh`) as `revision` has it, and checks its form.
    ///
    /// # Errors
    /// [`Quit::InvalidHeader`] for everything that is wrong with it.
    pub fn read(head: &[u8], revision: Revision) -> Result<Self, Quit> {
        let raw: RawRequest = serde_json::from_slice(head).map_err(|_| Quit::InvalidHeader)?;
        let op = raw.op.and_then(Op::from_number).filter(|op| op.is_of(revision));
        let op = op.ok_or(Quit::InvalidHeader)?;
        let form = Form::read(raw, op)?;
        match op {
            Op::TmtpRev => tmtp_rev::read(form),
            Op::Register => register::read(form),
            Op::Login => login::read(form),
            Op::UserEdit => user_edit::read(form),
            Op::OhiEdit => ohi_edit::read(form),
            Op::GroupInvite => group_invite::read(form),
            Op::GroupEdit => group_edit::read(form),
            Op::Post => post::read(form),
            Op::PostNotify => post_notify::read(form),
            Op::Ping => ping::read(form),
            Op::Ack => ack::read(form),
            Op::Pulse => Ok(Self::Pulse),
            Op::Quit => Ok(Self::Quit),
        }
    }

    /// `hhhh` and header, ready to be sent; the data follows.
    ///
    /// # Errors
    /// When names and lists do not fit into a header.
    pub fn pack(&self) -> Result<Vec<u8>, HeadTooLong> {
        let mut writer = HeadWriter::new();
        let head = &mut writer;
        match self {
            Self::TmtpRev { revision } => tmtp_rev::write(head, revision),
            Self::Register { newnode, newalias, oidc } => {
                register::write(head, newnode, newalias.as_ref(), oidc.as_ref());
            }
            Self::Login { uid, node } => login::write(head, uid, node),
            Self::UserEdit { id, edit } => user_edit::write(head, id, edit),
            Self::OhiEdit { id, kind, members } => ohi_edit::write(head, id, *kind, members),
            Self::GroupInvite { id, gid, from, to, data } => {
                group_invite::write(head, id, gid, (from, to), data);
            }
            Self::GroupEdit { id, gid, act } => group_edit::write(head, id, gid, act),
            Self::Post { id, to, not_alone, data } => post::write(head, id, to, *not_alone, data),
            Self::PostNotify { id, to, note_to, not_self, not_alone, note, data } => {
                let flags = (*not_self, *not_alone);
                post_notify::write(head, id, (to, note_to), flags, (note, data));
            }
            Self::Ping { id, from, to, data } => ping::write(head, id, from, to, data),
            Self::Ack { id, kind } => ack::write(head, *id, kind),
            Self::Pulse => pulse::write(head),
            Self::Quit => quit::write(head),
        }
        writer.finish()
    }

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

    /// The name of the operation, for logs.
    pub const fn name(&self) -> &'static str {
        self.op().name()
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

    /// The bounds of an allowed request that are looked at before any of its data is.
    ///
    /// # Errors
    /// [`Quit::DataTooLong`], [`Quit::DataTooShort`], [`Quit::ForEmpty`].
    pub(crate) fn check_announced(&self) -> Result<(), Quit> {
        if let DataRule::Collected { max_bytes } = self.op().data_rule()
            && self.data_len() > max_bytes
        {
            return Err(Quit::DataTooLong);
        }
        match self {
            Self::PostNotify { to, not_self, data, .. } => post_notify::check(to, *not_self, data),
            Self::TmtpRev { .. }
            | Self::Register { .. }
            | Self::Login { .. }
            | Self::UserEdit { .. }
            | Self::OhiEdit { .. }
            | Self::GroupInvite { .. }
            | Self::GroupEdit { .. }
            | Self::Post { .. }
            | Self::Ping { .. }
            | Self::Ack { .. }
            | Self::Pulse
            | Self::Quit => Ok(()),
        }
    }

    /// Reads the data that was collected for it, all of what it announced.
    ///
    /// # Errors
    /// What the operation says of data of the wrong form.
    pub(crate) fn read_data(&self, bytes: Vec<u8>) -> Result<Collected, Quit> {
        match self {
            Self::GroupInvite { .. } => group_invite::read_data(bytes),
            Self::Ping { .. } => ping::read_data(bytes),
            Self::TmtpRev { .. }
            | Self::Register { .. }
            | Self::Login { .. }
            | Self::UserEdit { .. }
            | Self::OhiEdit { .. }
            | Self::GroupEdit { .. }
            | Self::Post { .. }
            | Self::PostNotify { .. }
            | Self::Ack { .. }
            | Self::Pulse
            | Self::Quit => Ok(Collected::Nothing),
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
