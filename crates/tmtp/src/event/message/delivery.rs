//! `delivery`: a post.

use super::MessageKind;
use super::keys::Keys;
use crate::event::form::texts;
use crate::head::RawEvent;
use crate::id::Gid;

pub(in crate::event) const OP: &str = "delivery";

pub(super) fn read(raw: &mut RawEvent) -> MessageKind {
    MessageKind::Delivery { notify: raw.notify, groups: texts(raw.groups.take().as_ref()) }
}

pub(super) fn keys(notify: Option<u64>, groups: &[Gid]) -> Keys<'_> {
    Keys { op: OP, notify, groups, ..Keys::default() }
}
