//! The headsum of one message of every kind, against sums that another program computed.
//!
//! The constants come from a script in another language with a bitwise CRC-32C and its own JSON
//! writer, so nothing here can agree with itself by mistake.

#![allow(clippy::unwrap_used, reason = "tests, their helpers included")]

use tmtp::event::{BadEvent, Event, Message, MessageKind, head_of};
use tmtp::id::MessageId;
use tmtp::request::{Data, DataRule, OhiMember};
use tmtp::revision::Revision;

const FROM: &str = "%+123456789BCDFGHJKLMNPQRSTVWXYZ";
const POSTED_MS: i64 = 1_136_214_245_000;

fn check(id: u64, data: Data, kind: MessageKind, want: &str) {
    let message = Message::new(MessageId(id), FROM.into(), POSTED_MS, data, kind);
    let packed = message.pack().unwrap();
    assert_eq!(std::str::from_utf8(&packed).unwrap(), want);
    assert_eq!(Event::read(head_of(&packed), Revision::One), Ok(Event::Message(Box::new(message))));
}

#[test]
fn login() {
    check(
        1,
        Data::default(),
        MessageKind::Login { node: "tbd".into() },
        r#"00a2{"datalen":0,"from":"%+123456789BCDFGHJKLMNPQRSTVWXYZ","headsum":1697398480,"id":"0000000000000001","node":"tbd","op":"login","posted":"2006-01-02T15:04:05.000Z"}"#,
    );
}

#[test]
fn delivery_of_a_forwarded_message() {
    check(
        0x17a1_b2c3_d4e5_f607,
        Data { len: 1024, head: 77, sum: 4_000_000_000 },
        MessageKind::Delivery { notify: Some(3), groups: Vec::new() },
        r#"00c9{"datahead":77,"datalen":1024,"datasum":4000000000,"from":"%+123456789BCDFGHJKLMNPQRSTVWXYZ","headsum":2782808733,"id":"17a1b2c3d4e5f607","notify":3,"op":"delivery","posted":"2006-01-02T15:04:05.000Z"}"#,
    );
}

#[test]
fn ping_between_aliases_that_are_escaped() {
    check(
        0x17a1_b2c3_d4e5_f608,
        Data::of_len(5),
        MessageKind::Ping { alias: "Tom & Jerry <tj>".into(), to: "Žofie\u{2028}Ω🦀".into() },
        r#"00d7{"alias":"Tom \u0026 Jerry \u003ctj\u003e","datalen":5,"from":"%+123456789BCDFGHJKLMNPQRSTVWXYZ","headsum":982421937,"id":"17a1b2c3d4e5f608","op":"ping","posted":"2006-01-02T15:04:05.000Z","to":"Žofie\u2028Ω🦀"}"#,
    );
}

#[test]
fn new_device_with_a_label_full_of_escapes() {
    check(
        0x17a1_b2c3_d4e5_f609,
        Data::default(),
        MessageKind::NewNode {
            label: "my \"phone\"\\ \t\n\u{1}\u{7f}".into(),
            nodeid: "%".repeat(40).into(),
        },
        "00ee{\"datalen\":0,\"from\":\"%+123456789BCDFGHJKLMNPQRSTVWXYZ\",\"headsum\":406606076,\"id\":\"17a1b2c3d4e5f609\",\"newnode\":\"my \\\"phone\\\"\\\\ \\t\\n\\u0001\u{7f}\",\"nodeid\":\"%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%\",\"op\":\"user\",\"posted\":\"2006-01-02T15:04:05.000Z\"}",
    );
}

#[test]
fn new_alias() {
    check(
        0x17a1_b2c3_d4e5_f60a,
        Data::default(),
        MessageKind::NewAlias { alias: "アリアス".into() },
        r#"00ae{"datalen":0,"from":"%+123456789BCDFGHJKLMNPQRSTVWXYZ","headsum":2755719388,"id":"17a1b2c3d4e5f60a","newalias":"アリアス","op":"user","posted":"2006-01-02T15:04:05.000Z"}"#,
    );
}

#[test]
fn presence_list_with_its_capital_keys() {
    check(
        0x17a1_b2c3_d4e5_f60b,
        Data::default(),
        MessageKind::OhiEdit {
            act: "add".into(),
            members: vec![
                OhiMember { uid: FROM.into(), kind: 0 },
                OhiMember { uid: "x".into(), kind: -1 },
            ],
        },
        r#"00f4{"datalen":0,"for":[{"Id":"%+123456789BCDFGHJKLMNPQRSTVWXYZ","Type":0},{"Id":"x","Type":-1}],"from":"%+123456789BCDFGHJKLMNPQRSTVWXYZ","headsum":2118276222,"id":"17a1b2c3d4e5f60b","op":"ohiedit","posted":"2006-01-02T15:04:05.000Z","type":"add"}"#,
    );
}

#[test]
fn invitation_to_a_group() {
    check(
        0x17a1_b2c3_d4e5_f60c,
        Data::of_len(2),
        MessageKind::Invite {
            gid: "the crew & co".into(),
            alias: "ada lovelace".into(),
            to: "bob babbage".into(),
        },
        r#"00db{"alias":"ada lovelace","datalen":2,"from":"%+123456789BCDFGHJKLMNPQRSTVWXYZ","gid":"the crew \u0026 co","headsum":3908791012,"id":"17a1b2c3d4e5f60c","op":"invite","posted":"2006-01-02T15:04:05.000Z","to":"bob babbage"}"#,
    );
}

#[test]
fn member_of_a_group_renamed() {
    check(
        0x17a1_b2c3_d4e5_f60d,
        Data::default(),
        MessageKind::Member {
            act: "alias".into(),
            gid: "the crew".into(),
            alias: "ada lovelace".into(),
            newalias: Some("countess ada".into()),
            uid: None,
        },
        r#"00e4{"act":"alias","alias":"ada lovelace","datalen":0,"from":"%+123456789BCDFGHJKLMNPQRSTVWXYZ","gid":"the crew","headsum":61763398,"id":"17a1b2c3d4e5f60d","newalias":"countess ada","op":"member","posted":"2006-01-02T15:04:05.000Z"}"#,
    );
}

#[test]
fn member_of_a_group_dropped() {
    check(
        0x17a1_b2c3_d4e5_f60d,
        Data::default(),
        MessageKind::Member {
            act: "drop".into(),
            gid: "the crew".into(),
            alias: "ada lovelace".into(),
            newalias: None,
            uid: Some("%+123456789BCDFGHJKLMNPQRSTVWXYZ".into()),
        },
        r#"00f3{"act":"drop","alias":"ada lovelace","datalen":0,"from":"%+123456789BCDFGHJKLMNPQRSTVWXYZ","gid":"the crew","headsum":970413572,"id":"17a1b2c3d4e5f60d","op":"member","posted":"2006-01-02T15:04:05.000Z","uid":"%+123456789BCDFGHJKLMNPQRSTVWXYZ"}"#,
    );
}

#[test]
fn notification() {
    check(
        0x17a1_b2c3_d4e5_f60e,
        Data { len: 9, head: 4, sum: 0 },
        MessageKind::Notify {
            postid: MessageId(0x17a1_b2c3_d4e5_f607),
            groups: Vec::new(),
            copied: None,
        },
        r#"00be{"datahead":4,"datalen":9,"from":"%+123456789BCDFGHJKLMNPQRSTVWXYZ","headsum":428421159,"id":"17a1b2c3d4e5f60e","op":"notify","posted":"2006-01-02T15:04:05.000Z","postid":"17a1b2c3d4e5f607"}"#,
    );
}

/// Of another revision, or of a service of another make.
#[test]
fn message_of_an_unknown_kind_keeps_its_op_and_waits_like_all_others() {
    let kind = MessageKind::Other { op: "weather".into() };
    let message = Message::new(MessageId(1), FROM.into(), POSTED_MS, Data::of_len(3), kind);
    let packed = message.pack().unwrap();
    let event = Event::read(head_of(&packed), Revision::One).unwrap();
    assert_eq!((event.data_len(), event.data_rule()), (3, DataRule::Streamed));
    assert_eq!(event, Event::Message(Box::new(message)));
}

#[test]
fn only_new_devices_and_aliases_are_urgent() {
    let is_urgent = |kind| {
        Message::new(MessageId(1), FROM.into(), POSTED_MS, Data::default(), kind).is_urgent()
    };
    assert!(is_urgent(MessageKind::NewNode { label: "phone".into(), nodeid: "N".into() }));
    assert!(is_urgent(MessageKind::NewAlias { alias: "ada lovelace".into() }));
    assert!(!is_urgent(MessageKind::Delivery { notify: None, groups: Vec::new() }));
    assert!(!is_urgent(MessageKind::Login { node: "tbd".into() }));
}

#[test]
fn a_header_changed_on_its_way_is_noticed() {
    let good = r#"{"datalen":0,"from":"%+123456789BCDFGHJKLMNPQRSTVWXYZ","headsum":1697398480,"id":"0000000000000001","node":"tbd","op":"login","posted":"2006-01-02T15:04:05.000Z"}"#;
    assert!(Event::read(good.as_bytes(), Revision::One).is_ok());
    let read =
        |from: &str, to: &str| Event::read(good.replacen(from, to, 1).as_bytes(), Revision::One);
    assert_eq!(read("%+1", "%+2"), Err(BadEvent::Headsum));
    assert_eq!(read("1697398480", "1697398481"), Err(BadEvent::Headsum));
    assert_eq!(read(r#""node":"tbd","#, ""), Err(BadEvent::Headsum));
    assert_eq!(read(r#""headsum":1697398480,"#, ""), Err(BadEvent::Form));
    // Right, but not written as a peer must write it.
    assert_eq!(read(r#""headsum":"#, r#""headsum": "#), Err(BadEvent::Headsum));
    assert_eq!(read(r#""op":"login""#, r#""op":"delivery""#), Err(BadEvent::Headsum));
}

#[test]
fn a_second_header_longer_than_the_data_is_refused() {
    let read = |head| {
        let data = Data { len: 5, head, sum: 0 };
        let kind = MessageKind::Delivery { notify: None, groups: Vec::new() };
        let message = Message::new(MessageId(1), FROM.into(), POSTED_MS, data, kind);
        Event::read(head_of(&message.pack().unwrap()), Revision::One).map(|event| event.data_len())
    };
    assert_eq!(read(5), Ok(5));
    assert_eq!(read(6), Err(BadEvent::Form));
}
