//! `ohiedit`: the member's presence list changed from another device.

use super::keys::Keys;
use super::{MessageKind, OhiAct};
use crate::head::{RawEvent, RawRecipient, write_text};
use crate::request::OhiMember;

pub(in crate::event) const OP: &str = "ohiedit";

pub(super) fn read(raw: &mut RawEvent) -> MessageKind {
    let member =
        |raw: RawRecipient| Some(OhiMember { uid: raw.id?.into(), kind: raw.kind.unwrap_or(0) });
    let members = raw.to_list.take().unwrap_or_default().into_iter().filter_map(member);
    let members = members.collect();
    MessageKind::OhiEdit { act: raw.kind.take().unwrap_or_default().as_str().into(), members }
}

pub(super) fn keys<'a>(act: &'a OhiAct, members: &'a [OhiMember]) -> Keys<'a> {
    Keys { op: OP, kind: Some(act.as_str()), members: Some(members), ..Keys::default() }
}

/// The deployed services echo these two keys capitalised.
pub(super) fn write_member(out: &mut Vec<u8>, member: &OhiMember) {
    out.extend_from_slice(b"{\"Id\":");
    write_text(out, member.uid.as_str());
    out.extend_from_slice(format!(",\"Type\":{}}}", member.kind).as_bytes());
}
