//! `invite`: a ping that lets the addressee join a group.

use super::keys::Keys;
use super::{MessageKind, ping};
use crate::event::form::{BadEvent, alias, required};
use crate::head::RawEvent;
use crate::id::{Alias, Gid};
use crate::request::DataRule;

pub(in crate::event) const OP: &str = "invite";
pub(in crate::event) const DATA: DataRule = ping::DATA;

pub(super) fn read(raw: &mut RawEvent) -> Result<MessageKind, BadEvent> {
    let gid = required(raw.gid.take())?;
    Ok(MessageKind::Invite { gid, alias: alias(raw.alias.take()), to: alias(raw.to.take()) })
}

pub(super) fn keys<'a>(gid: &'a Gid, alias: &'a Alias, to: &'a Alias) -> Keys<'a> {
    Keys { op: OP, gid: Some(gid.as_str()), ..ping::keys(alias, to) }
}
