//! `ohi`: somebody comes online or goes.

use super::Event;
use super::form::{BadEvent, required};
use crate::head::{HeadWriter, RawEvent};
use crate::id::Uid;

pub(super) const OP: &str = "ohi";

const ONLINE: u8 = 1;
const OFFLINE: u8 = 2;

pub(super) fn read(raw: RawEvent) -> Result<Event, BadEvent> {
    Ok(Event::Ohi { from: required(raw.from)?, online: raw.status == Some(ONLINE.into()) })
}

pub(super) fn write(head: &mut HeadWriter, from: &Uid, online: bool) {
    let status = if online { ONLINE } else { OFFLINE };
    head.text("from", from.as_str()).text("op", OP).number("status", status.into());
}
