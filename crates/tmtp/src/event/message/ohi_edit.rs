//! `ohiedit`: the member's presence list changed from another device.

use super::MessageKind;
use super::keys::Keys;
use crate::head::{RawEvent, RawRecipient, write_text};
use crate::request::OhiMember;

pub(in crate::event) const OP: &str = "ohiedit";

pub(super) fn read(raw: &mut RawEvent) -> MessageKind {
    let member =
        |raw: RawRecipient| Some(OhiMember { uid: raw.id?.into(), kind: raw.kind.unwrap_or(0) });
    let members = raw.to_list.take().unwrap_or_default().into_iter().filter_map(member);
    MessageKind::OhiEdit { act: raw.kind.take().unwrap_or_default(), members: members.collect() }
}

pub(super) fn keys<'a>(act: &'a str, members: &'a [OhiMember]) -> Keys<'a> {
    Keys { op: OP, kind: Some(act), members: Some(members), ..Keys::default() }
}

/// The deployed services echo these two keys capitalised.
pub(super) fn write_member(out: &mut Vec<u8>, member: &OhiMember) {
    out.extend_from_slice(b"{\"Id\":");
    write_text(out, member.uid.as_str());
    out.extend_from_slice(format!(",\"Type\":{}}}", member.kind).as_bytes());
}
