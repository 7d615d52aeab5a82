//! Events and messages: what a service tells an app.
//!
//! Answers ([`Event`]) are made for one link and forgotten. Messages ([`Message`]) are stored for
//! each device until it acknowledges them; their packed heads carry a headsum and stay the same,
//! byte for byte, however often they are sent.
//!
//! One file per operation states its name and how it is read and written: those of answers are here,
//! those of messages in `event/message/`. `event/op.rs` lists them all, with the data that each takes.

mod ack;
mod dispatch;
mod form;
mod info;
mod message;
mod ohi;
mod op;
mod quit;
mod registered;
mod tmtp_rev;

use crate::head::LENGTH_BYTES;
use crate::id::{Alias, MessageId, NodeSecret, RequestId, Uid};

pub use form::BadEvent;
pub use message::{MemberAct, Message, MessageKind, OhiAct};

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

impl Event {
    /// Bytes of data that follow the header.
    pub fn data_len(&self) -> u64 {
        match self {
            Self::Message(message) => message.data.len,
            Self::Unknown { datalen, .. } => *datalen,
            Self::TmtpRev { .. }
            | Self::Registered { .. }
            | Self::LoginOk { .. }
            | Self::Ack { .. }
            | Self::Ohi { .. }
            | Self::Quit { .. } => 0,
        }
    }
}

/// The header inside of packed bytes, `hhhh` left off.
pub fn head_of(packed: &[u8]) -> &[u8] {
    packed.get(LENGTH_BYTES..).unwrap_or_default()
}
