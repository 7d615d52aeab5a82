//! Op 0, TmtpRev: the highest revision of the protocol that the app speaks.

use super::Request;
use super::data::DataRule;
use super::form::Form;
use super::key::required;
use super::op::{Phase, Spec};
use crate::head::HeadWriter;
use crate::quit::Quit;
use crate::revision::Revision;

pub(super) const SPEC: Spec = Spec {
    number: 0,
    name: "TmtpRev",
    since: Revision::One,
    phase: Phase::Greeting,
    data: DataRule::None,
};

pub(super) fn read(form: Form) -> Result<Request, Quit> {
    Ok(Request::TmtpRev { revision: required(form.raw.id)? })
}

pub(super) fn write(head: &mut HeadWriter, revision: &str) {
    head.text("id", revision).number("op", SPEC.number.into());
}
