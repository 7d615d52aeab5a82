//! `member`: a group changed.

use super::keys::Keys;
use super::{MemberAct, MessageKind};
use crate::event::form::{BadEvent, alias, optional, required};
use crate::head::RawEvent;
use crate::id::{Alias, Gid, Uid};

pub(in crate::event) const OP: &str = "member";

pub(super) fn read(raw: &mut RawEvent) -> Result<MessageKind, BadEvent> {
    Ok(MessageKind::Member {
        act: required(raw.act.take())?,
        gid: required(raw.gid.take())?,
        alias: alias(raw.alias.take()),
        newalias: optional(raw.newalias.take()),
        uid: optional(raw.uid.take()),
    })
}

pub(super) fn keys<'a>(
    act: &'a MemberAct,
    gid: &'a Gid,
    alias: &'a Alias,
    newalias: Option<&'a Alias>,
    uid: Option<&'a Uid>,
) -> Keys<'a> {
    Keys {
        op: OP,
        act: Some(act.as_str()),
        gid: Some(gid.as_str()),
        alias: Some(alias.as_str()),
        newalias: newalias.map(Alias::as_str),
        uid: uid.map(Uid::as_str),
        ..Keys::default()
    }
}
