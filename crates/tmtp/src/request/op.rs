//! Operations: the number, the name, the states and the data of each kind of request.

use super::data::DataRule;
use super::{
    ack, group_edit, group_invite, login, ohi_edit, ping, post, post_notify, pulse, quit, register,
    tmtp_rev, user_edit,
};
use crate::listed::listed;
use crate::revision::Revision;

/// What holds of all requests of one operation. Its file states it.
pub(super) struct Spec {
    /// `op` on the wire.
    pub(super) number: u8,
    /// The name, for logs.
    pub(super) name: &'static str,
    /// The first revision that has it.
    pub(super) since: Revision,
    /// When it is allowed on a link.
    pub(super) phase: Phase,
    /// The data that it takes.
    pub(super) data: DataRule,
}

/// The part of a link's life to which an operation belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// The first request.
    Greeting,
    /// The one that makes the link a device's.
    Entering,
    /// All others.
    On,
}

listed! {
    /// An operation that an app can ask for.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum Op {
        /// Op 0.
        TmtpRev,
        /// Op 1.
        Register,
        /// Op 2.
        Login,
        /// Op 3.
        UserEdit,
        /// Op 4.
        OhiEdit,
        /// Op 5.
        GroupInvite,
        /// Op 6.
        GroupEdit,
        /// Op 7.
        Post,
        /// Op 8.
        PostNotify,
        /// Op 9.
        Ping,
        /// Op 10.
        Ack,
        /// Op 11.
        Pulse,
        /// Op 12.
        Quit,
    }
}

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
