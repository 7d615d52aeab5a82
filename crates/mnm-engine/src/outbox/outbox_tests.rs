//! Tests of what the head of the outbox becomes on the wire.

use super::*;
use crate::vault::Recipient as To;

fn item(action: OutboxAction) -> OutboxItem {
    OutboxItem { id: 1, account: 1, request: "req".into(), attempts: 0, action }
}

fn post(thread_id: &str, text: &str) -> OutgoingPost {
    OutgoingPost {
        message: 7,
        thread: 3,
        thread_id: thread_id.into(),
        alias: "ada lovelace".into(),
        subject: "S".into(),
        at_ms: 0,
        cc: vec![
            Cc { who: "ada lovelace".into(), who_uid: "A".into() },
            Cc { who: "crew club".into(), who_uid: "crew club".into() },
        ],
        readers: Vec::new(),
        attachments: vec![Attachment {
            id: 9,
            name: "a.png".into(),
            wire_name: None,
            size: 5,
            form: None,
            picture: None,
            inline: false,
        }],
        text: text.into(),
        confirms: None,
        recipients: vec![
            To { id: "B".into(), is_group: false },
            To { id: "crew club".into(), is_group: true },
        ],
        unreachable: None,
    }
}

fn refused(reason: &str) -> Outcome {
    Outcome::Refused { error: reason.into(), of: Vec::new() }
}

#[test]
fn a_letter_is_header_text_and_files() {
    let frame = frame(&item(OutboxAction::Post(Box::new(post("", "grüße")))), "A");
    let Request::Post { id, to, data, .. } = &frame.request else { panic!("{frame:?}") };
    assert_eq!(id.as_str(), "req");
    assert_eq!(*to, [Recipient::Member("B".into()), Recipient::Group("crew club".into())]);
    let (head, text) = frame.front.split_at(frame.head_bytes as usize);
    assert_eq!(text, "grüße".as_bytes());
    assert_eq!((data.head, data.len), (frame.head_bytes, frame.front.len() as u64 + 5));
    let head = LetterHead::read(head).unwrap();
    assert_eq!((head.thread_id.as_str(), head.alias.as_str()), ("", "ada lovelace"));
    assert_eq!(head.text_len(data.len, data.head), Ok(7));
    assert_eq!(head.cc[0].by_uid, "A");
    assert_eq!(head.cc[0].date, "1970-01-01T00:00:00.000Z");
    assert!(head.cc[1].is_group() && head.cc.iter().all(|cc| cc.subscribe));
    assert_eq!(head.attach, [tmtp::letter::Attach::file("a.png", 5)]);
    assert_eq!((frame.files.len(), frame.message), (1, Some(7)));
}

#[test]
fn a_letter_that_nobody_could_read_is_not_sent() {
    let mut large = post("", "text");
    let mut with_files = |files: usize| {
        let file = Attachment { name: "x".repeat(255), ..large.attachments[0].clone() };
        large.attachments = vec![file; files];
        frame(&item(OutboxAction::Post(Box::new(large.clone()))), "A")
    };
    assert_eq!(with_files(1_000).why_not_readable(), None);
    assert!(with_files(4_000).why_not_readable().unwrap().contains("Nothing was sent"));
    let new = Subscriber { who: "x".repeat(2 << 20), ..Subscriber::default() };
    let forward = OutgoingForward {
        thread: 1,
        thread_id: "0000000000000001".into(),
        new: vec![new],
        old: Vec::new(),
        copy: String::new(),
        copy_bytes: 0,
    };
    let forward = frame(&item(OutboxAction::Forward(Box::new(forward))), "A");
    assert!(forward.why_not_readable().is_some());
}

#[test]
fn a_copy_that_an_older_version_queued_is_sent_and_one_of_this_version_follows() {
    let old = r#"{"thread":1,"thread_id":"0000000000000001","new":[],"old":[],"copy":"All of it"}"#;
    let old: OutgoingForward = serde_json::from_str(old).unwrap();
    let new = OutgoingForward { copy: String::new(), copy_bytes: 9, ..old.clone() };
    let [old, new] =
        [old, new].map(|forward| frame(&item(OutboxAction::Forward(Box::new(forward))), "A"));
    assert_eq!(old.request, new.request, "the same bytes are announced");
    assert_eq!(old.front, [&new.front[..], b"All of it"].concat());
    assert_eq!((old.copy.unwrap().1, new.copy.unwrap().1), (0, 9));
}

#[test]
fn pings_and_notices_carry_their_text() {
    let ping = OutboxAction::Ping {
        ping: 1,
        from: "ada lovelace".into(),
        to: "bob babbage".into(),
        text: "Hello".into(),
    };
    let sent = frame(&item(ping), "A");
    assert_eq!((sent.request.data_len(), &sent.front[..]), (5, &b"Hello"[..]));
    let notice = OutboxAction::Sync { body: "{}".into() };
    let sent = frame(&item(notice), "A");
    let Request::Post { to, data, .. } = &sent.request else { panic!("{sent:?}") };
    assert!(to.is_empty(), "for nobody but the member's own devices");
    assert_eq!(data.len, sent.front.len() as u64);
    let head = LetterHead::read(&sent.front[..data.head as usize]).unwrap();
    assert!(head.node_sync);
}

#[test]
fn every_answer_settles_an_item() {
    let letter = OutboxAction::Post(Box::new(post("", "t")));
    let posted = Outcome::Posted {
        msgid: tmtp::id::MessageId(0x0123_4567_89ab_cdef),
        posted: "2006-01-02T15:04:05.678Z".into(),
        to: None,
    };
    let acked = Acked { msgid: "0123456789abcdef".into(), posted_ms: 1_136_214_245_678, to: None };
    assert_eq!(settle(&letter, &posted, 5), Settled::Sent(Some(acked)));
    let Settled::Failed(text) = settle(&letter, &refused("no\nsuch\u{7} uid"), 5) else { panic!() };
    assert!(text.contains("(nosuch uid)") && text.contains("nothing was delivered"), "{text}");
    // An ack without an id must not be sent again for ever.
    assert!(matches!(settle(&letter, &Outcome::Done, 5), Settled::Failed(_)));
    let join = OutboxAction::Join { ping: 1, gid: "crew club".into() };
    assert_eq!(settle(&join, &Outcome::Done, 5), Settled::Sent(None));
    assert!(matches!(settle(&join, &refused("x"), 5), Settled::Failed(_)));
}
