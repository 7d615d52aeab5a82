//! Op 4, OhiEdit: who is told of our presence.

use super::Request;
use super::data::DataRule;
use super::form::{Form, required};
use super::op::{Phase, Spec};
use crate::head::{HeadWriter, RawRecipient, write_text};
use crate::id::{RequestId, Uid};
use crate::quit::Quit;
use crate::revision::Revision;

pub(super) const SPEC: Spec = Spec {
    number: 4,
    name: "OhiEdit",
    since: Revision::One,
    phase: Phase::On,
    data: DataRule::None,
};

/// What an OhiEdit does to the set of members who are told of our presence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OhiKind {
    /// Adds members; the sender's other devices are told.
    Add,
    /// Takes members out; the sender's other devices are told.
    Drop,
    /// Adds members after a login, quietly.
    Init,
}

impl OhiKind {
    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Drop => "drop",
            Self::Init => "init",
        }
    }

    /// The kind with this word.
    pub fn from_wire(word: &str) -> Option<Self> {
        [Self::Add, Self::Drop, Self::Init].into_iter().find(|kind| kind.as_str() == word)
    }
}

/// A member named in an OhiEdit; the type means nothing but is echoed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OhiMember {
    /// Who.
    pub uid: Uid,
    /// Whatever type the request gave, 0 for none.
    pub kind: i8,
}

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
