//! Dispatch of events: from each operation to the file that reads and writes it.

use super::form::BadEvent;
use super::message::Message;
use super::op::{AnswerOp, EventOp};
use super::{Event, ack, info, ohi, quit, registered, tmtp_rev};
use crate::head::{HeadTooLong, HeadWriter, RawEvent, headsum_holds};
use crate::request::DataRule;
use crate::revision::Revision;

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
