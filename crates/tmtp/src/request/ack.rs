//! Op 10, Ack: the device has stored a message.

use super::Request;
use super::data::DataRule;
use super::form::Form;
use super::key::required;
use super::op::{Phase, Spec};
use crate::head::HeadWriter;
use crate::id::MessageId;
use crate::quit::Quit;
use crate::revision::Revision;

pub(super) const SPEC: Spec =
    Spec { number: 10, name: "Ack", since: Revision::One, phase: Phase::On, data: DataRule::None };

/// The text written for an Ack without a message id.
const NO_MESSAGE: &str = "-";

pub(super) fn read(form: Form) -> Result<Request, Quit> {
    let id: String = required(form.raw.id)?;
    Ok(Request::Ack { id: MessageId::from_wire(&id), kind: required(form.raw.kind)? })
}

pub(super) fn write(head: &mut HeadWriter, id: Option<MessageId>, kind: &str) {
    let id = id.map_or_else(|| NO_MESSAGE.to_owned(), |id| id.to_string());
    head.text("id", &id).number("op", SPEC.number.into()).text("type", kind);
}
