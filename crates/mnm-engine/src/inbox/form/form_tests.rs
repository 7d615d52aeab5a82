//! Tests of validation: a valid message of each kind, and each way to be invalid.

use tmtp::id::{Gid, MessageId, UidOrGid};
use tmtp::request::Data;

use super::*;

const GROUP: &str = "crew club";
/// Turns the direction of what follows.
const BAD_GROUP: &str = "crew\u{202e}club";

fn from(author: &str, kind: MessageKind) -> Option<event::Message> {
    checked(event::Message::new(MessageId(1), author.into(), 0, Data::default(), kind))
}

fn kind_of(kind: MessageKind) -> Option<MessageKind> {
    from("A", kind).map(|message| message.kind)
}

fn ping(alias: &str, to: &str) -> MessageKind {
    MessageKind::Ping { alias: alias.into(), to: to.into() }
}

fn invite(gid: &str, alias: &str, to: &str) -> MessageKind {
    MessageKind::Invite { gid: gid.into(), alias: alias.into(), to: to.into() }
}

fn member(gid: &str, alias: &str, newalias: &str, uid: &str) -> MessageKind {
    let (newalias, uid) = (Some(newalias.into()), Some(uid.into()));
    MessageKind::Member { act: "alias".into(), gid: gid.into(), alias: alias.into(), newalias, uid }
}

fn notify(groups: &[&str], copied: Option<&[&str]>) -> MessageKind {
    MessageKind::Notify {
        postid: MessageId(2),
        groups: groups.iter().map(|gid| Gid::from(*gid)).collect(),
        copied: copied.map(|copied| copied.iter().map(|to| UidOrGid::from(*to)).collect()),
    }
}

fn delivery(groups: &[&str]) -> MessageKind {
    let groups = groups.iter().map(|gid| Gid::from(*gid)).collect();
    MessageKind::Delivery { notify: None, groups }
}

#[test]
fn an_id_is_up_to_64_visible_ascii_characters() {
    for good in ["A", "%+1~!", &"x".repeat(64)] {
        assert!(is_id(good), "{good}");
    }
    for bad in ["", "a b", "a\n", "ä", "\u{7f}", &"x".repeat(65)] {
        assert!(!is_id(bad), "{bad:?}");
    }
}

#[test]
fn a_message_in_good_form_is_left_as_it_is() {
    let long = "ä".repeat(512);
    for kind in [
        ping(&long, &long),
        invite(GROUP, &long, &long),
        member(GROUP, &long, &long, "B"),
        MessageKind::Member {
            act: "drop".into(),
            gid: GROUP.into(),
            alias: "ada".into(),
            newalias: None,
            uid: None,
        },
        MessageKind::NewAlias { alias: long.as_str().into() },
        notify(&[GROUP], Some(&["B", GROUP])),
        notify(&[], None),
        delivery(&[GROUP]),
        MessageKind::Login { node: "tbd".into() },
    ] {
        assert_eq!(kind_of(kind.clone()), Some(kind));
    }
}

#[test]
fn messages_with_malformed_names_are_dropped() {
    let long = "x".repeat(1_025);
    for kind in [
        ping(&long, "b"),
        ping("a", &long),
        invite(BAD_GROUP, "a", "b"),
        invite(GROUP, &long, "b"),
        invite(GROUP, "a", &long),
        member(BAD_GROUP, "a", "b", "B"),
        member(GROUP, &long, "b", "B"),
        member(GROUP, "a", &long, "B"),
        MessageKind::NewAlias { alias: long.as_str().into() },
        MessageKind::NewAlias { alias: "a\u{202e}b".into() },
    ] {
        assert_eq!(kind_of(kind.clone()), None, "{kind:?}");
    }
    for kind in [
        ping("a", "b"),
        invite(GROUP, "a", "b"),
        member(GROUP, "a", "b", "B"),
        notify(&[GROUP], None),
    ] {
        assert_eq!(from("not an id", kind.clone()), None, "{kind:?}");
    }
}

#[test]
fn malformed_optional_parts_are_removed_from_a_message() {
    let Some(MessageKind::Member { uid, newalias, .. }) =
        kind_of(member(GROUP, "a", "b", "not an id"))
    else {
        panic!()
    };
    assert_eq!((uid, newalias), (None, Some("b".into())));
    assert_eq!(kind_of(delivery(&[BAD_GROUP, GROUP])), Some(delivery(&[GROUP])));
    // No group is called like a member's id.
    let all = [Uid::SERVICE, GROUP, BAD_GROUP];
    assert_eq!(
        kind_of(notify(&all, Some(&all))),
        Some(notify(&[GROUP], Some(&[Uid::SERVICE, GROUP])))
    );
}

#[test]
fn a_letter_of_somebody_without_an_id_gets_one() {
    let author = |uid: &str| from(uid, delivery(&[])).unwrap().from.into_string();
    assert_eq!(author("A"), "A");
    // The beginning of the SHA-256 of nothing.
    assert_eq!(author(""), "unknown-e3b0c44298fc1c149afbf4c8996fb924");
    assert_ne!(author("not an id"), author("nor this"));
    assert!(is_id(&author(&"x".repeat(65))));
}
