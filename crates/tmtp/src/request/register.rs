//! Op 1, Register: make an account with one device.

use super::Request;
use super::data::DataRule;
use super::form::Form;
use super::key::required;
use super::op::{Phase, Spec};
use crate::head::HeadWriter;
use crate::id::{Alias, TokenResponse};
use crate::quit::Quit;
use crate::revision::Revision;

pub(super) const SPEC: Spec = Spec {
    number: 1,
    name: "Register",
    since: Revision::One,
    phase: Phase::Entering,
    data: DataRule::None,
};

/// In place of an alias: none is asked for.
const NO_ALIAS: &str = "_";

pub(super) fn read(form: Form) -> Result<Request, Quit> {
    let newalias: Alias = required(form.raw.newalias)?;
    Ok(Request::Register {
        newnode: required(form.raw.newnode)?,
        newalias: Some(newalias).filter(|alias| alias.as_str() != NO_ALIAS),
        oidc: form.raw.oidc.map(TokenResponse::from),
    })
}

pub(super) fn write(
    head: &mut HeadWriter,
    newnode: &str,
    newalias: Option<&Alias>,
    oidc: Option<&TokenResponse>,
) {
    head.text("newalias", newalias.map_or(NO_ALIAS, Alias::as_str)).text("newnode", newnode);
    if let Some(oidc) = oidc {
        head.value("oidc", oidc.expose());
    }
    head.number("op", SPEC.number.into());
}
