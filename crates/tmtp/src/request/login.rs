//! Op 2, Login: prove to be a device of a member.

use super::Request;
use super::data::DataRule;
use super::form::Form;
use super::key::required;
use super::op::{Phase, Spec};
use crate::head::HeadWriter;
use crate::id::{NodeSecret, Uid};
use crate::quit::Quit;
use crate::revision::Revision;

pub(super) const SPEC: Spec = Spec {
    number: 2,
    name: "Login",
    since: Revision::One,
    phase: Phase::Entering,
    data: DataRule::None,
};

pub(super) fn read(form: Form) -> Result<Request, Quit> {
    Ok(Request::Login { uid: required(form.raw.uid)?, node: required(form.raw.node)? })
}

pub(super) fn write(head: &mut HeadWriter, uid: &Uid, node: &NodeSecret) {
    head.text("node", node.expose()).number("op", SPEC.number.into()).text("uid", uid.as_str());
}
