//! `login`: a device of the member logged in.

use super::MessageKind;
use super::keys::Keys;
use crate::head::RawEvent;

pub(in crate::event) const OP: &str = "login";

pub(super) fn read(raw: &mut RawEvent) -> MessageKind {
    MessageKind::Login { node: raw.node.take().unwrap_or_default() }
}

pub(super) fn keys(node: &str) -> Keys<'_> {
    Keys { op: OP, node: Some(node), ..Keys::default() }
}
