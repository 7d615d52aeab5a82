//! Op 7, Post: a message.

use super::Request;
use super::data::{Data, DataRule};
use super::form::Form;
use super::key::{is_true, required};
use super::op::{Phase, Spec};
use super::recipient::Recipient;
use crate::head::HeadWriter;
use crate::id::RequestId;
use crate::quit::Quit;
use crate::revision::Revision;

pub(super) const SPEC: Spec = Spec {
    number: 7,
    name: "Post",
    since: Revision::One,
    phase: Phase::On,
    data: DataRule::Streamed,
};

pub(super) fn read(form: Form) -> Result<Request, Quit> {
    Ok(Request::Post {
        id: required(form.raw.id)?,
        to: form.to.ok_or(Quit::InvalidHeader)?,
        not_alone: is_true(form.raw.not_alone.as_ref()),
        data: form.data,
    })
}

pub(super) fn write(
    head: &mut HeadWriter,
    id: &RequestId,
    to: &[Recipient],
    not_alone: bool,
    data: &Data,
) {
    Recipient::write_all(data.write(head), "for", to)
        .text("id", id.as_str())
        .flag_if("notalone", not_alone)
        .number("op", SPEC.number.into());
}
