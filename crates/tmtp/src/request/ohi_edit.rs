//! Op 4, OhiEdit: the members who are notified of our presence.

use super::Request;
use super::data::DataRule;
use super::form::Form;
use super::key::required;
use super::op::{Phase, Spec};
use super::part::{OhiKind, OhiMember};
use crate::head::{HeadWriter, RawRecipient, write_text};
use crate::id::RequestId;
use crate::quit::Quit;
use crate::revision::Revision;

pub(super) const SPEC: Spec = Spec {
    number: 4,
    name: "OhiEdit",
    since: Revision::One,
    phase: Phase::On,
    data: DataRule::None,
};

pub(super) fn read(form: Form) -> Result<Request, Quit> {
    let member =
        |raw: RawRecipient| Ok(OhiMember { uid: required(raw.id)?, kind: raw.kind.unwrap_or(0) });
    let members = form.raw.to_list.unwrap_or_default().into_iter().map(member);
    let members = members.collect::<Result<Vec<_>, _>>()?;
    if members.is_empty() {
        return Err(Quit::InvalidHeader);
    }
    let word: String = required(form.raw.kind)?;
    let kind = OhiKind::from_wire(&word).ok_or(Quit::InvalidHeader)?;
    Ok(Request::OhiEdit { id: required(form.raw.id)?, kind, members })
}

pub(super) fn write(head: &mut HeadWriter, id: &RequestId, kind: OhiKind, members: &[OhiMember]) {
    head.list("for", members, |out, member| {
        out.extend_from_slice(b"{\"id\":");
        write_text(out, member.uid.as_str());
        out.push(b'}');
    })
    .text("id", id.as_str())
    .number("op", SPEC.number.into())
    .text("type", kind.as_str());
}
