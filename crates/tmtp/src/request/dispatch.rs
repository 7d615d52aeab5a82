//! Dispatch of requests: from each operation to the file that states, reads and writes it.

use super::data::{Collected, DataRule};
use super::form::Form;
use super::op::{Op, Phase, Spec};
use super::{
    Request, ack, group_edit, group_invite, login, ohi_edit, ping, post, post_notify, pulse, quit,
    register, tmtp_rev, user_edit,
};
use crate::head::{HeadTooLong, HeadWriter, RawRequest};
use crate::quit::Quit;
use crate::revision::Revision;

impl Op {
    /// The operation with this number.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|op| op.number() == number)
    }

    /// `op` on the wire.
    pub const fn number(self) -> u8 {
        self.spec().number
    }

    /// The name, for logs.
    pub const fn name(self) -> &'static str {
        self.spec().name
    }

    /// The data that it takes.
    pub const fn data_rule(self) -> DataRule {
        self.spec().data
    }

    /// Whether the revision has it.
    pub(crate) fn is_of(self, revision: Revision) -> bool {
        self.spec().since <= revision
    }

    /// When it is allowed on a link.
    pub(crate) const fn phase(self) -> Phase {
        self.spec().phase
    }

    const fn spec(self) -> Spec {
        match self {
            Self::TmtpRev => tmtp_rev::SPEC,
            Self::Register => register::SPEC,
            Self::Login => login::SPEC,
            Self::UserEdit => user_edit::SPEC,
            Self::OhiEdit => ohi_edit::SPEC,
            Self::GroupInvite => group_invite::SPEC,
            Self::GroupEdit => group_edit::SPEC,
            Self::Post => post::SPEC,
            Self::PostNotify => post_notify::SPEC,
            Self::Ping => ping::SPEC,
            Self::Ack => ack::SPEC,
            Self::Pulse => pulse::SPEC,
            Self::Quit => quit::SPEC,
        }
    }
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

    /// The name of the operation, for logs.
    pub const fn name(&self) -> &'static str {
        self.op().name()
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_are_numbered_in_their_order() {
        for (number, op) in (0..).zip(Op::ALL) {
            assert_eq!((op.number(), Op::from_number(number)), (number, Some(op)));
        }
        assert_eq!(Op::from_number(Op::ALL.len() as u8), None);
    }
}
