//! Requests and messages of every kind, with texts that like to break codecs.

use std::fmt::Debug;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};
use tmtp::event::{Event, Message, MessageKind, Outcome};
use tmtp::id::{Alias, MessageId, TokenResponse};
use tmtp::request::{Data, GroupAct, OhiKind, OhiMember, Recipient, Request, UserEdit};

/// Any text, often one that is escaped, looks like a part of a header, or is not ASCII.
pub(crate) fn text() -> impl Strategy<Value = String> {
    let bits = vec![
        "\"",
        "\\",
        "\0",
        "\u{1f}",
        "\u{7f}",
        "<",
        ">",
        "&",
        "\u{2028}",
        "\u{2029}",
        "é",
        "🦀",
        "\u{feff}",
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"headsum\":0",
        ",\"headsum\":1",
        "\\u003c",
        "\n",
        "\r\n",
        "\t",
        "\u{8}",
        "\u{c}",
        "null",
        " ",
        "a",
        "語",
    ];
    prop_oneof![
        "[a-z ]{0,12}",
        any::<String>(),
        vec(select(bits), 0..8).prop_map(|bits| bits.concat()),
    ]
}

/// As [`text`], but not empty.
pub(crate) fn full_text() -> impl Strategy<Value = String> {
    text().prop_map(|text| if text.is_empty() { "x".into() } else { text })
}

/// An id of any text but the empty one.
fn id<T: From<String> + Debug>() -> impl Strategy<Value = T> {
    full_text().prop_map(T::from)
}

/// An id of any text.
fn any_id<T: From<String> + Debug>() -> impl Strategy<Value = T> {
    text().prop_map(T::from)
}

fn message_id() -> impl Strategy<Value = MessageId> {
    any::<u64>().prop_map(MessageId)
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        text().prop_map(Value::from)
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::hash_map(text(), inner, 0..4).prop_map(|map| json!(map)),
        ]
    })
}

/// Data of a length that `len` chooses.
pub(crate) fn data(len: impl Strategy<Value = u64>) -> impl Strategy<Value = Data> {
    (len, any::<u64>(), any::<u64>()).prop_map(|(len, head, sum)| Data {
        len,
        head: head % (len.saturating_add(1)),
        sum,
    })
}

fn recipients() -> impl Strategy<Value = Vec<Recipient>> {
    let recipient = (full_text(), 1..=3_u8).prop_map(|(id, kind)| match kind {
        1 => Recipient::Member(id.into()),
        2 => Recipient::GroupWithSender(id.into()),
        _ => Recipient::Group(id.into()),
    });
    vec(recipient, 0..5)
}

fn group_act() -> impl Strategy<Value = GroupAct> {
    prop_oneof![
        option::of(id()).prop_map(|newalias| GroupAct::Join { newalias }),
        id().prop_map(|newalias| GroupAct::Alias { newalias }),
        id().prop_map(|to| GroupAct::Drop { to }),
    ]
}

/// The requests that open a link.
fn opening() -> impl Strategy<Value = Request> {
    let alias = option::of(
        full_text().prop_filter("means none", |alias| alias != "_").prop_map(Alias::from),
    );
    prop_oneof![
        full_text().prop_map(|revision| Request::TmtpRev { revision }),
        (full_text(), alias, option::of(json_value().prop_map(TokenResponse::from)))
            .prop_map(|(newnode, newalias, oidc)| Request::Register { newnode, newalias, oidc }),
        (id(), id()).prop_map(|(uid, node)| Request::Login { uid, node }),
    ]
}

/// The requests of a link that is on, whose data is at most `len_max` bytes; that of a ping at
/// most `ping_max`.
pub(crate) fn on_link(len_max: u64, ping_max: u64) -> impl Strategy<Value = Request> {
    let members = vec(id().prop_map(|uid| OhiMember { uid, kind: 0 }), 1..5);
    let edit =
        prop_oneof![full_text().prop_map(UserEdit::NewNode), id().prop_map(UserEdit::NewAlias),];
    prop_oneof![
        (id(), edit).prop_map(|(id, edit)| Request::UserEdit { id, edit }),
        (id(), select(vec![OhiKind::Add, OhiKind::Drop, OhiKind::Init]), members)
            .prop_map(|(id, kind, members)| Request::OhiEdit { id, kind, members }),
        (id(), id(), id(), id(), data(0..=ping_max))
            .prop_map(|(id, gid, from, to, data)| Request::GroupInvite { id, gid, from, to, data }),
        (id(), id(), group_act()).prop_map(|(id, gid, act)| Request::GroupEdit { id, gid, act }),
        (id(), recipients(), any::<bool>(), data(1..=len_max))
            .prop_map(|(id, to, not_alone, data)| Request::Post { id, to, not_alone, data }),
        (
            id(),
            recipients(),
            recipients(),
            any::<[bool; 2]>(),
            data(1..=len_max),
            data(1..=len_max)
        )
            .prop_map(|(id, to, note_to, [not_self, not_alone], note, data)| {
                Request::PostNotify {
                    // A post that reaches nobody at all is a violation.
                    not_self: not_self && !to.is_empty(),
                    id,
                    to,
                    note_to,
                    not_alone,
                    note,
                    data,
                }
            }),
        (id(), id(), id(), data(0..=ping_max)).prop_map(|(id, from, to, data)| Request::Ping {
            id,
            from,
            to,
            data
        }),
        (option::of(message_id()), full_text()).prop_map(|(id, kind)| Request::Ack { id, kind }),
        Just(Request::Pulse),
        Just(Request::Quit),
    ]
}

/// Any request.
pub(crate) fn request() -> impl Strategy<Value = Request> {
    let half = i64::MAX as u64 / 2;
    prop_oneof![1 => opening(), 4 => on_link(half, half)].prop_map(named_request)
}

/// Names every request, so that the compiler asks for a new one here: add it above as well.
fn named_request(request: Request) -> Request {
    match &request {
        // Of `opening`.
        Request::TmtpRev { .. } | Request::Register { .. } | Request::Login { .. } => {}
        // Of `on_link`.
        Request::UserEdit { .. }
        | Request::OhiEdit { .. }
        | Request::GroupInvite { .. }
        | Request::GroupEdit { .. }
        | Request::Post { .. }
        | Request::PostNotify { .. }
        | Request::Ping { .. }
        | Request::Ack { .. }
        | Request::Pulse
        | Request::Quit => {}
    }
    request
}

fn message_kind() -> impl Strategy<Value = MessageKind> {
    let members =
        vec((any_id(), any::<i8>()).prop_map(|(uid, kind)| OhiMember { uid, kind }), 0..5);
    prop_oneof![
        text().prop_map(|node| MessageKind::Login { node }),
        (text(), id()).prop_map(|(label, nodeid)| MessageKind::NewNode { label, nodeid }),
        id().prop_map(|alias| MessageKind::NewAlias { alias }),
        (text(), members)
            .prop_map(|(act, members)| MessageKind::OhiEdit { act: act.as_str().into(), members }),
        (id(), any_id(), any_id()).prop_map(|(gid, alias, to)| MessageKind::Invite {
            gid,
            alias,
            to
        }),
        (full_text(), id(), any_id(), option::of(id()), option::of(id())).prop_map(
            |(act, gid, alias, newalias, uid)| MessageKind::Member {
                act: act.into(),
                gid,
                alias,
                newalias,
                uid
            }
        ),
        (option::of(any::<u64>()), vec(id(), 0..3))
            .prop_map(|(notify, groups)| MessageKind::Delivery { notify, groups }),
        (message_id(), vec(id(), 0..3), option::of(vec(id(), 0..3)))
            .prop_map(|(postid, groups, copied)| MessageKind::Notify { postid, groups, copied }),
        (any_id(), any_id()).prop_map(|(alias, to)| MessageKind::Ping { alias, to }),
    ]
    .prop_map(named_kind)
}

/// As [`named_request`].
fn named_kind(kind: MessageKind) -> MessageKind {
    match &kind {
        MessageKind::Login { .. }
        | MessageKind::NewNode { .. }
        | MessageKind::NewAlias { .. }
        | MessageKind::OhiEdit { .. }
        | MessageKind::Invite { .. }
        | MessageKind::Member { .. }
        | MessageKind::Delivery { .. }
        | MessageKind::Notify { .. }
        | MessageKind::Ping { .. } => {}
        MessageKind::Other { .. } => panic!("what is not known is never written"),
    }
    kind
}

/// Any message whose data has a length that `len` chooses.
pub(crate) fn message(len: impl Strategy<Value = u64>) -> impl Strategy<Value = Message> {
    (message_id(), id(), full_text(), data(len), message_kind())
        .prop_map(|(id, from, posted, data, kind)| Message { id, from, posted, data, kind })
}

/// Any answer.
pub(crate) fn answer() -> impl Strategy<Value = Event> {
    let outcome =
        prop_oneof![
            Just(Outcome::Done),
            (message_id(), text(), option::of(id()))
                .prop_map(|(msgid, posted, to)| Outcome::Posted { msgid, posted, to }),
            (full_text(), vec(any_id(), 0..3))
                .prop_map(|(error, of)| Outcome::Refused { error, of }),
        ];
    prop_oneof![
        (option::of(text()), option::of(json_value()), any::<bool>()).prop_map(
            |(name, authby, groups)| Event::TmtpRev { revision: "1".into(), name, authby, groups }
        ),
        (id(), id(), option::of(text())).prop_map(|(uid, nodeid, error)| Event::Registered {
            uid,
            nodeid,
            error
        }),
        vec(any_id(), 0..5).prop_map(|ohi| Event::LoginOk { ohi }),
        (id(), outcome).prop_map(|(id, outcome)| Event::Ack { id, outcome }),
        (id(), any::<bool>()).prop_map(|(from, online)| Event::Ohi { from, online }),
        text().prop_map(|error| Event::Quit { error }),
    ]
    .prop_map(named_answer)
}

/// As [`named_request`].
fn named_answer(event: Event) -> Event {
    match &event {
        Event::TmtpRev { .. }
        | Event::Registered { .. }
        | Event::LoginOk { .. }
        | Event::Ack { .. }
        | Event::Ohi { .. }
        | Event::Quit { .. } => {}
        Event::Message(_) | Event::Unknown { .. } => panic!("no answer"),
    }
    event
}
