//! Events and messages: what a service tells an app.
//!
//! Answers ([`Event`]) are made for one link and forgotten. Messages ([`Message`]) are stored for
//! each device until it acknowledges them; their packed heads carry a headsum and stay the same,
//! byte for byte, however often they are sent.
//!
//! One file per operation states its name and how it is read and written: those of answers are here,
//! those of messages in `event/message/`. `event/op.rs` lists them all, with the data that each takes.

mod ack;
mod form;
mod info;
mod message;
mod ohi;
mod op;
mod quit;
mod registered;
mod tmtp_rev;

use crate::head::{HeadTooLong, HeadWriter, LENGTH_BYTES, RawEvent, headsum_holds};
use crate::id::{Alias, MessageId, NodeSecret, RequestId, Uid};
use crate::request::DataRule;
use crate::revision::Revision;

pub use message::{Message, MessageKind};
use op::{AnswerOp, EventOp};

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

impl Event {
    /// Reads a header (without `hhhh`) as `revision` has it.
    ///
    /// # Errors
    /// [`BadEvent`]; the link cannot be trusted any more.
    pub fn read(head: &[u8], revision: Revision) -> Result<Self, BadEvent> {
        let raw: RawEvent = serde_json::from_slice(head).map_err(|_| BadEvent::Form)?;
        let op = raw.op.clone().ok_or(BadEvent::Form)?;
        match EventOp::from_wire(&op).filter(|op| op.since() <= revision) {
            Some(EventOp::Answer(op)) => match op {
                AnswerOp::TmtpRev => tmtp_rev::read(raw),
                AnswerOp::Registered => registered::read(raw),
                AnswerOp::Info => Ok(info::read(raw)),
                AnswerOp::Ack => ack::read(raw),
                AnswerOp::Ohi => ohi::read(raw),
                AnswerOp::Quit => Ok(quit::read(raw)),
            },
            Some(EventOp::Message(op)) => {
                let headsum = raw.headsum.ok_or(BadEvent::Form)?;
                if !headsum_holds(head, headsum) {
                    return Err(BadEvent::Headsum);
                }
                Message::read(raw, op).map(Self::message)
            }
            None => {
                let datalen = raw.datalen.unwrap_or(0);
                let unknown = Message::read_unknown(raw).map(Self::message);
                Ok(unknown.unwrap_or(Self::Unknown { op, datalen }))
            }
        }
    }

    /// Reads the header of a message whatever its headsum says, as one of unknown meaning: none of
    /// what it says of itself is believed but what an ack needs.
    ///
    /// # Errors
    /// [`BadEvent::Form`].
    pub fn read_unsummed(head: &[u8]) -> Result<Self, BadEvent> {
        let raw: RawEvent = serde_json::from_slice(head).map_err(|_| BadEvent::Form)?;
        Message::read_unknown(raw).map(Self::message)
    }

    /// `hhhh` and header, ready to be sent; the data of a message follows.
    ///
    /// # Errors
    /// When what is echoed does not fit into a header.
    pub fn pack(&self) -> Result<Vec<u8>, HeadTooLong> {
        let mut writer = HeadWriter::new();
        let head = &mut writer;
        match self {
            Self::TmtpRev { revision, name, authby, groups } => {
                tmtp_rev::write(head, revision, name.as_deref(), authby.as_ref(), *groups);
            }
            Self::Registered { uid, nodeid, error } => {
                registered::write(head, uid, nodeid, error.as_deref());
            }
            Self::LoginOk { ohi } => info::write(head, ohi),
            Self::Ack { id, outcome } => ack::write(head, id, outcome),
            Self::Ohi { from, online } => ohi::write(head, from, *online),
            Self::Quit { error } => quit::write(head, error),
            Self::Message(message) => return message.pack(),
            Self::Unknown { op, datalen } => {
                head.number("datalen", *datalen).text("op", op);
            }
        }
        writer.finish()
    }

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

    /// How its data is taken. What is more than that, or not known to be data of anything, is passed
    /// over: a service of another make may send it.
    pub fn data_rule(&self) -> DataRule {
        match self {
            Self::TmtpRev { .. } => AnswerOp::TmtpRev.data_rule(),
            Self::Registered { .. } => AnswerOp::Registered.data_rule(),
            Self::LoginOk { .. } => AnswerOp::Info.data_rule(),
            Self::Ack { .. } => AnswerOp::Ack.data_rule(),
            Self::Ohi { .. } => AnswerOp::Ohi.data_rule(),
            Self::Quit { .. } => AnswerOp::Quit.data_rule(),
            Self::Message(message) => message.kind.data_rule(),
            Self::Unknown { .. } => DataRule::None,
        }
    }

    fn message(message: Message) -> Self {
        Self::Message(Box::new(message))
    }
}

/// The header inside of packed bytes, `hhhh` left off.
pub fn head_of(packed: &[u8]) -> &[u8] {
    packed.get(LENGTH_BYTES..).unwrap_or_default()
}
