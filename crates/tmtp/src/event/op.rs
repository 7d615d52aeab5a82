//! Operations of events: their names on the wire, and the data that each has.

use super::message::{delivery, invite, login, member, notify, ohi_edit, ping, user};
use super::{ack, info, ohi, quit, registered, tmtp_rev};
use crate::listed::listed;
use crate::request::DataRule;
use crate::revision::Revision;

/// An operation that a service can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EventOp {
    Answer(AnswerOp),
    Message(MessageOp),
}

listed! {
    /// An operation that is sent on one link, and not stored.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(super) enum AnswerOp {
        TmtpRev,
        Registered,
        Info,
        Ack,
        Ohi,
        Quit,
    }
}

listed! {
    /// An operation of a message, which is stored.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(super) enum MessageOp {
        Login,
        User,
        OhiEdit,
        Invite,
        Member,
        Delivery,
        Notify,
        Ping,
    }
}

impl EventOp {
    pub(super) fn from_wire(word: &str) -> Option<Self> {
        let answer = AnswerOp::ALL.into_iter().find(|op| op.as_str() == word);
        let message = || MessageOp::ALL.into_iter().find(|op| op.as_str() == word);
        answer.map(Self::Answer).or_else(|| message().map(Self::Message))
    }

    /// The first revision that has it.
    pub(super) const fn since(self) -> Revision {
        match self {
            Self::Answer(
                AnswerOp::TmtpRev
                | AnswerOp::Registered
                | AnswerOp::Info
                | AnswerOp::Ack
                | AnswerOp::Ohi
                | AnswerOp::Quit,
            )
            | Self::Message(
                MessageOp::Login
                | MessageOp::User
                | MessageOp::OhiEdit
                | MessageOp::Invite
                | MessageOp::Member
                | MessageOp::Delivery
                | MessageOp::Notify
                | MessageOp::Ping,
            ) => Revision::One,
        }
    }
}

impl AnswerOp {
    const fn as_str(self) -> &'static str {
        match self {
            Self::TmtpRev => tmtp_rev::OP,
            Self::Registered => registered::OP,
            Self::Info => info::OP,
            Self::Ack => ack::OP,
            Self::Ohi => ohi::OP,
            Self::Quit => quit::OP,
        }
    }

    /// Answers of revision 1 have no data.
    pub(super) const fn data_rule(self) -> DataRule {
        match self {
            Self::TmtpRev | Self::Registered | Self::Info | Self::Ack | Self::Ohi | Self::Quit => {
                DataRule::None
            }
        }
    }
}

impl MessageOp {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Login => login::OP,
            Self::User => user::OP,
            Self::OhiEdit => ohi_edit::OP,
            Self::Invite => invite::OP,
            Self::Member => member::OP,
            Self::Delivery => delivery::OP,
            Self::Notify => notify::OP,
            Self::Ping => ping::OP,
        }
    }

    pub(super) const fn data_rule(self) -> DataRule {
        match self {
            Self::Login | Self::User | Self::OhiEdit | Self::Member => DataRule::None,
            Self::Invite => invite::DATA,
            Self::Notify => notify::DATA,
            Self::Ping => ping::DATA,
            Self::Delivery => DataRule::Streamed,
        }
    }
}
