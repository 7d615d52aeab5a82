//! `info`: the link is logged in.

use super::Event;
use crate::head::{HeadWriter, RawEvent, write_text};
use crate::id::Uid;

pub(super) const OP: &str = "info";

pub(super) fn read(raw: RawEvent) -> Event {
    Event::LoginOk { ohi: raw.ohi.unwrap_or_default().into_iter().map(Uid::from).collect() }
}

pub(super) fn write(head: &mut HeadWriter, ohi: &[Uid]) {
    head.text("info", "login ok");
    if !ohi.is_empty() {
        head.list("ohi", ohi, |out, uid| write_text(out, uid.as_str()));
    }
    head.text("op", OP);
}
