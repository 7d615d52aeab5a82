//! `quit`: the service ends the link.

use super::Event;
use crate::head::{HeadWriter, RawEvent};

pub(super) const OP: &str = "quit";

pub(super) fn read(raw: RawEvent) -> Event {
    Event::Quit { error: raw.error.unwrap_or_default() }
}

pub(super) fn write(head: &mut HeadWriter, error: &str) {
    head.text("error", error).text("op", OP);
}
