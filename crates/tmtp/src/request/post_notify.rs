//! Op 8, PostNotify: a message and a separate notification of it.

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
    number: 8,
    name: "PostNotify",
    since: Revision::One,
    phase: Phase::On,
    data: DataRule::Streamed,
};

pub(super) fn read(form: Form) -> Result<Request, Quit> {
    let note = form.note;
    // Whether anything is left for the message is asked after the link's state: `check`.
    let data = Data { len: form.data.len.saturating_sub(note.len), ..form.data };
    if data.len > 0 && data.head > data.len {
        return Err(Quit::InvalidHeader);
    }
    Ok(Request::PostNotify {
        id: required(form.raw.id)?,
        to: form.to.ok_or(Quit::InvalidHeader)?,
        note_to: form.note_to,
        not_self: form.raw.not_self.unwrap_or(false),
        not_alone: is_true(form.raw.not_alone.as_ref()),
        note,
        data,
    })
}

/// Checks made before the data is read, once the request is allowed.
pub(super) fn check(to: &[Recipient], not_self: bool, data: &Data) -> Result<(), Quit> {
    if data.len == 0 {
        return Err(Quit::DataTooShort);
    }
    if not_self && to.is_empty() {
        return Err(Quit::ForEmpty);
    }
    Ok(())
}

pub(super) fn write(
    head: &mut HeadWriter,
    id: &RequestId,
    (to, note_to): (&[Recipient], &[Recipient]),
    (not_self, not_alone): (bool, bool),
    (note, data): (&Data, &Data),
) {
    let all = Data { len: data.len.saturating_add(note.len), ..*data };
    Recipient::write_all(all.write(head), "for", to)
        .flag_if("fornotself", not_self)
        .text("id", id.as_str())
        .flag_if("notalone", not_alone);
    Recipient::write_all(head, "notefor", note_to)
        .number_if("notehead", Some(note.head).filter(|head| *head > 0))
        .number("notelen", note.len)
        .number_if("notesum", Some(note.sum).filter(|sum| *sum > 0))
        .number("op", SPEC.number.into());
}
