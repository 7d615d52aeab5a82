//! Op 6, GroupEdit: join, rename, leave.

use super::Request;
use super::data::DataRule;
use super::form::Form;
use super::key::{optional, required};
use super::op::{Phase, Spec};
use super::part::GroupAct;
use crate::head::HeadWriter;
use crate::id::{Alias, Gid, RequestId};
use crate::quit::Quit;
use crate::revision::Revision;

pub(super) const SPEC: Spec = Spec {
    number: 6,
    name: "GroupEdit",
    since: Revision::One,
    phase: Phase::On,
    data: DataRule::None,
};

pub(super) fn read(form: Form) -> Result<Request, Quit> {
    let word: String = required(form.raw.act)?;
    let act = match word.as_str() {
        "join" => GroupAct::Join { newalias: optional(form.raw.newalias) },
        "alias" => GroupAct::Alias { newalias: required(form.raw.newalias)? },
        "drop" => GroupAct::Drop { to: required(form.raw.to)? },
        _ => return Err(Quit::InvalidHeader),
    };
    Ok(Request::GroupEdit { id: required(form.raw.id)?, gid: required(form.raw.gid)?, act })
}

pub(super) fn write(head: &mut HeadWriter, id: &RequestId, gid: &Gid, act: &GroupAct) {
    let (word, newalias, to) = match act {
        GroupAct::Join { newalias } => ("join", newalias.as_ref(), None),
        GroupAct::Alias { newalias } => ("alias", Some(newalias), None),
        GroupAct::Drop { to } => ("drop", None, Some(to)),
    };
    head.text("act", word)
        .text("gid", gid.as_str())
        .text("id", id.as_str())
        .text_if("newalias", newalias.map(Alias::as_str))
        .number("op", SPEC.number.into())
        .text_if("to", to.map(Alias::as_str));
}
