//! `registered`: the answer to Register.

use super::Event;
use super::form::{BadEvent, required};
use crate::head::{HeadWriter, RawEvent};
use crate::id::{NodeSecret, Uid};

pub(super) const OP: &str = "registered";

pub(super) fn read(raw: RawEvent) -> Result<Event, BadEvent> {
    Ok(Event::Registered {
        uid: required(raw.uid)?,
        nodeid: required(raw.nodeid)?,
        error: raw.error,
    })
}

pub(super) fn write(head: &mut HeadWriter, uid: &Uid, nodeid: &NodeSecret, error: Option<&str>) {
    head.text_if("error", error)
        .text("nodeid", nodeid.expose())
        .text("op", OP)
        .text("uid", uid.as_str());
}
