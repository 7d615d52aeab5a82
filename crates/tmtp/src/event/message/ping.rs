//! `ping`: a first contact.

use super::MessageKind;
use super::keys::Keys;
use crate::event::form::alias;
use crate::head::RawEvent;
use crate::id::Alias;
use crate::request::DataRule;

pub(in crate::event) const OP: &str = "ping";
/// Services of other makes may allow more than
/// [`PING_MAX_BYTES`](crate::text::PING_MAX_BYTES).
pub(in crate::event) const DATA: DataRule = DataRule::Collected { max_bytes: 4_096 };

pub(super) fn read(raw: &mut RawEvent) -> MessageKind {
    MessageKind::Ping { alias: alias(raw.alias.take()), to: alias(raw.to.take()) }
}

pub(super) fn keys<'a>(alias: &'a Alias, to: &'a Alias) -> Keys<'a> {
    Keys { op: OP, alias: Some(alias.as_str()), to: Some(to.as_str()), ..Keys::default() }
}
