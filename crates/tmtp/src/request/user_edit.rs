//! Op 3, UserEdit: add a device or an alias.

use super::Request;
use super::data::DataRule;
use super::form::Form;
use super::key::{optional, required};
use super::op::{Phase, Spec};
use super::part::UserEdit;
use crate::head::HeadWriter;
use crate::id::RequestId;
use crate::quit::Quit;
use crate::revision::Revision;

pub(super) const SPEC: Spec = Spec {
    number: 3,
    name: "UserEdit",
    since: Revision::One,
    phase: Phase::On,
    data: DataRule::None,
};

pub(super) fn read(form: Form) -> Result<Request, Quit> {
    let edit = match (optional(form.raw.newnode), optional(form.raw.newalias)) {
        (Some(label), None) => UserEdit::NewNode(label),
        (None, Some(alias)) => UserEdit::NewAlias(alias),
        (None, None) | (Some(_), Some(_)) => return Err(Quit::InvalidHeader),
    };
    Ok(Request::UserEdit { id: required(form.raw.id)?, edit })
}

pub(super) fn write(head: &mut HeadWriter, id: &RequestId, edit: &UserEdit) {
    head.text("id", id.as_str());
    match edit {
        UserEdit::NewNode(label) => head.text("newnode", label),
        UserEdit::NewAlias(alias) => head.text("newalias", alias.as_str()),
    }
    .number("op", SPEC.number.into());
}
