//! Op 5, GroupInvite: ping somebody and let them join a group.

use super::Request;
use super::data::{Collected, Data, DataRule};
use super::form::Form;
use super::key::required;
use super::op::{Phase, Spec};
use crate::head::HeadWriter;
use crate::id::{Alias, Gid, RequestId};
use crate::quit::Quit;
use crate::revision::Revision;
use crate::text::PING_MAX_BYTES;

pub(super) const SPEC: Spec = Spec {
    number: 5,
    name: "GroupInvite",
    since: Revision::One,
    phase: Phase::On,
    data: DataRule::Collected { max_bytes: PING_MAX_BYTES },
};

pub(super) fn read(form: Form) -> Result<Request, Quit> {
    Ok(Request::GroupInvite {
        id: required(form.raw.id)?,
        gid: required(form.raw.gid)?,
        from: required(form.raw.from)?,
        to: required(form.raw.to)?,
        data: form.data,
    })
}

/// Reads its text.
pub(super) fn read_data(bytes: Vec<u8>) -> Result<Collected, Quit> {
    Collected::ping(bytes)
}

pub(super) fn write(
    head: &mut HeadWriter,
    id: &RequestId,
    gid: &Gid,
    (from, to): (&Alias, &Alias),
    data: &Data,
) {
    data.write(head)
        .text("from", from.as_str())
        .text("gid", gid.as_str())
        .text("id", id.as_str())
        .number("op", SPEC.number.into())
        .text("to", to.as_str());
}
