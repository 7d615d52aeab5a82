//! `ack`: what became of a request.

use super::form::{BadEvent, optional, required, texts};
use super::{Event, Outcome};
use crate::head::{HeadWriter, RawEvent, write_text};
use crate::id::{Alias, MessageId, RequestId};

pub(super) const OP: &str = "ack";

pub(super) fn read(raw: RawEvent) -> Result<Event, BadEvent> {
    let msgid = raw.msgid.as_deref().and_then(MessageId::from_wire);
    let outcome = match (optional(raw.error), msgid) {
        (Some(error), _) => Outcome::Refused { error, of: texts(raw.refused.as_ref()) },
        (None, Some(msgid)) => Outcome::Posted {
            msgid,
            posted: raw.posted.unwrap_or_default(),
            to: raw.to.map(Alias::from),
        },
        (None, None) => Outcome::Done,
    };
    Ok(Event::Ack { id: required(raw.id)?, outcome })
}

pub(super) fn write(head: &mut HeadWriter, id: &RequestId, outcome: &Outcome) {
    match outcome {
        Outcome::Done => {
            head.text("id", id.as_str()).text("op", OP);
        }
        Outcome::Posted { msgid, posted, to } => {
            head.text("id", id.as_str())
                .text("msgid", &msgid.to_string())
                .text("op", OP)
                .text("posted", posted)
                .text_if("to", to.as_ref().map(Alias::as_str));
        }
        Outcome::Refused { error, of } => {
            head.text("error", error).text("id", id.as_str()).text("op", OP);
            if !of.is_empty() {
                head.list("refused", of, |out, uid| write_text(out, uid.as_str()));
            }
        }
    }
}
