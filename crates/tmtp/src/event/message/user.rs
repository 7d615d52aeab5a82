//! `user`: a device or an alias was added to the member's account.

use super::MessageKind;
use super::keys::Keys;
use crate::event::form::{BadEvent, optional, required};
use crate::head::RawEvent;
use crate::id::{Alias, NodeSecret};

pub(in crate::event) const OP: &str = "user";

pub(super) fn read(raw: &mut RawEvent) -> Result<MessageKind, BadEvent> {
    Ok(match optional(raw.newalias.take()) {
        Some(alias) => MessageKind::NewAlias { alias },
        None => MessageKind::NewNode {
            label: raw.newnode.take().unwrap_or_default(),
            nodeid: required(raw.nodeid.take())?,
        },
    })
}

pub(super) fn keys_of_node<'a>(label: &'a str, nodeid: &'a NodeSecret) -> Keys<'a> {
    Keys { op: OP, newnode: Some(label), nodeid: Some(nodeid.expose()), ..Keys::default() }
}

pub(super) fn keys_of_alias(alias: &Alias) -> Keys<'_> {
    Keys { op: OP, newalias: Some(alias.as_str()), ..Keys::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_alias_is_none() {
        let read = |head: &str| read(&mut serde_json::from_str(head).unwrap());
        let node = MessageKind::NewNode { label: "phone".into(), nodeid: "N".into() };
        assert_eq!(read(r#"{"newalias":"","newnode":"phone","nodeid":"N"}"#), Ok(node));
        let alias = MessageKind::NewAlias { alias: "ada".into() };
        assert_eq!(read(r#"{"newalias":"ada","newnode":"phone","nodeid":"N"}"#), Ok(alias));
    }
}
