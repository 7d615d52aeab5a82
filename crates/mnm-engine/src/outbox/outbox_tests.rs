//! Tests of what the head of the outbox becomes on the wire.

use super::*;
use crate::vault::Addressee;
use tmtp::id::MessageId;

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
            Addressee { id: "B".into(), is_group: false },
            Addressee { id: "crew club".into(), is_group: true },
        ],
        unreachable: None,
    }
}

fn forward_to(
    new: &[(&str, &str)],
    old: Vec<Addressee>,
    copy: &str,
    copy_bytes: u64,
) -> OutboxAction {
    let new = new.iter().map(|(who, who_uid)| Subscriber {
        who: (*who).into(),
        who_uid: (*who_uid).into(),
        ..Subscriber::default()
    });
    OutboxAction::Forward(Box::new(OutgoingForward {
        thread: 1,
        thread_id: "0000000000000001".into(),
        new: new.collect(),
        old,
        copy: copy.into(),
        copy_bytes,
    }))
}

fn to_member(uid: &str) -> Addressee {
    Addressee { id: uid.into(), is_group: false }
}

fn to_group(gid: &str) -> Addressee {
    Addressee { id: gid.into(), is_group: true }
}

fn refused(reason: &str) -> Outcome {
    refused_of(reason, &[])
}

fn refused_of(reason: &str, of: &[&str]) -> Outcome {
    Outcome::Refused { error: reason.into(), of: of.iter().map(|uid| Uid::from(*uid)).collect() }
}

#[test]
fn a_letter_is_header_text_and_files() {
    let frame = frame(&item(OutboxAction::Post(Box::new(post("", "grüße")))), &"A".into());
    let Request::Post { id, to, not_alone, data } = &frame.request else { panic!("{frame:?}") };
    assert_eq!((id.as_str(), *not_alone), ("req", true));
    assert_eq!(*to, [Recipient::Member("B".into()), Recipient::Group("crew club".into())]);
    let (head, text) = frame.front.split_at(frame.head_bytes as usize);
    assert_eq!(text, "grüße".as_bytes());
    assert_eq!((data.head, data.len), (frame.head_bytes, frame.front.len() as u64 + 5));
    let head = LetterHead::read(head).unwrap();
    assert_eq!((head.thread_id.as_str(), head.alias.as_str()), ("", "ada lovelace"));
    assert_eq!(head.subject, "S");
    assert!(head.confirm_id.is_empty() && head.confirm_posted.is_empty());
    assert_eq!(head.text_len(data.len, data.head), Ok(7));
    assert_eq!(head.cc[0].by_uid, "A");
    assert_eq!(head.cc[0].date, "1970-01-01T00:00:00.000Z");
    assert!(head.cc[1].is_group() && head.cc.iter().all(|cc| cc.subscribe));
    let said = head.cc.iter().map(|cc| (cc.by.as_str(), cc.note.as_str())).collect::<Vec<_>>();
    assert_eq!(said, [("ada lovelace", "author"), ("ada lovelace", "initial recipient")]);
    assert_eq!(head.attach, [tmtp::letter::Attach::file("a.png", 5)]);
    assert_eq!((frame.files.len(), frame.message), (1, Some(7)));
}

#[test]
fn an_answer_names_its_readers_and_one_that_confirms_what_it_confirms() {
    let mut again = post("0000000000000001", "t");
    again.readers = vec![Cc { who: "bob babbage".into(), who_uid: "B".into() }];
    again.confirms = Some("0000000000000002".into());
    again.recipients = vec![to_member("B")];
    let frame = frame(&item(OutboxAction::Confirm(Box::new(again))), &"A".into());
    assert_eq!(frame.message, None, "it is not shown as being sent");
    assert!(matches!(frame.request, Request::Post { not_alone: false, .. }));
    let head = LetterHead::read(&frame.front[..frame.head_bytes as usize]).unwrap();
    assert_eq!(head.readers, [Named { who: "bob babbage".into(), who_uid: "B".into() }]);
    assert_eq!(head.thread_id, "0000000000000001");
    assert_eq!(head.confirm_id, "0000000000000002");
    assert_eq!(head.confirm_posted, "1970-01-01T00:00:00.000Z");
}

#[test]
fn a_forwarded_thread_is_a_notification_for_all_and_a_copy_for_the_new() {
    let new = [("bob babbage", "B"), ("crew club", "crew club")];
    let old = vec![to_member("C"), to_group("old club")];
    let frame = frame(&item(forward_to(&new, old, "copy", 9)), &"A".into());
    let Request::PostNotify { to, note_to, not_self, not_alone, note, data, .. } = &frame.request
    else {
        panic!("{frame:?}")
    };
    assert_eq!(*to, [Recipient::Member("B".into()), Recipient::Group("crew club".into())]);
    assert_eq!(*note_to, [Recipient::Member("C".into()), Recipient::Group("old club".into())]);
    assert_eq!((*not_self, *not_alone, note.head), (true, true, note.len));
    let (said, rest) = frame.front.split_at(note.len as usize);
    let said = LetterHead::read(said).unwrap();
    assert_eq!((said.thread_id.as_str(), said.cc.len()), ("0000000000000001", 2));
    let (head, copy) = rest.split_at(data.head as usize);
    assert!(LetterHead::read(head).unwrap().is_forward());
    assert_eq!((copy, &frame.copy), (&b"copy"[..], &Some((1, 9))));
    assert_eq!(data.len, rest.len() as u64 + 9);
}

#[test]
fn a_letter_that_nobody_could_read_is_not_sent() {
    let mut large = post("", "text");
    let mut with_files = |files: usize| {
        let file = Attachment { name: "x".repeat(255), ..large.attachments[0].clone() };
        large.attachments = vec![file; files];
        frame(&item(OutboxAction::Post(Box::new(large.clone()))), &"A".into())
    };
    assert_eq!(with_files(1_000).why_not_readable(), None);
    assert!(with_files(4_000).why_not_readable().unwrap().contains("Nothing was sent"));
    // Of the longest head that is read, neither one byte more nor in the notification only.
    let of_alias = |len: usize| {
        let mut letter = post("", "text");
        letter.alias = "x".repeat(len);
        frame(&item(OutboxAction::Post(Box::new(letter))), &"A".into())
    };
    // It stands there thrice: as the author, and as who added each of two.
    let room = LETTER_HEAD_MAX_BYTES - of_alias(0).head_bytes;
    let mut longest = of_alias((room / 3) as usize);
    longest.head_bytes += room % 3;
    assert_eq!((longest.head_bytes, longest.why_not_readable()), (LETTER_HEAD_MAX_BYTES, None));
    assert!(of_alias((room / 3) as usize + 1).why_not_readable().is_some());
    let long = "x".repeat(2 << 20);
    let forward = frame(&item(forward_to(&[(&long, "B")], Vec::new(), "", 0)), &"A".into());
    assert!(forward.why_not_readable().is_some());
    let forward = frame(&item(forward_to(&[("bob babbage", "B")], Vec::new(), "", 0)), &"A".into());
    assert_eq!(forward.why_not_readable(), None);
}

#[test]
fn a_copy_that_an_older_version_queued_is_sent_and_one_of_this_version_follows() {
    let old = r#"{"thread":1,"thread_id":"0000000000000001","new":[],"old":[],"copy":"All of it"}"#;
    let old: OutgoingForward = serde_json::from_str(old).unwrap();
    let new = OutgoingForward { copy: String::new(), copy_bytes: 9, ..old.clone() };
    let [old, new] = [old, new]
        .map(|forward| frame(&item(OutboxAction::Forward(Box::new(forward))), &"A".into()));
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
    let sent = frame(&item(ping), &"A".into());
    assert_eq!((sent.request.data_len(), &sent.front[..]), (5, &b"Hello"[..]));
    let invite = OutboxAction::Invite {
        ping: 1,
        gid: "crew club".into(),
        from: "ada lovelace".into(),
        to: "bob babbage".into(),
        text: "Join".into(),
    };
    let sent = frame(&item(invite), &"A".into());
    assert_eq!((sent.request.data_len(), &sent.front[..]), (4, &b"Join"[..]));
    let join = OutboxAction::Join { ping: 1, gid: "crew club".into() };
    let sent = frame(&item(join), &"A".into());
    assert!(matches!(&sent.request, Request::GroupEdit { gid, .. } if gid.as_str() == "crew club"));
    let notice = OutboxAction::Sync { body: "{}".into() };
    let sent = frame(&item(notice), &"A".into());
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
        msgid: MessageId(0x0123_4567_89ab_cdef),
        posted: "2006-01-02T15:04:05.678Z".into(),
        to: None,
    };
    let acked =
        Acked { msgid: MessageId(0x123456789abcdef), posted_ms: 1_136_214_245_678, to: None };
    assert_eq!(settle(&letter, &posted, 5), Settled::Sent(Some(acked)));
    let Settled::Failed(text) = settle(&letter, &refused("no\nsuch\u{7} uid"), 5) else { panic!() };
    assert!(text.contains("(nosuch uid)") && text.contains("nothing was delivered"), "{text}");
    // An ack without an id must not be sent again for ever.
    assert!(matches!(settle(&letter, &Outcome::Done, 5), Settled::Failed(_)));
    let join = OutboxAction::Join { ping: 1, gid: "crew club".into() };
    let forward = forward_to(&[("bob babbage", "B")], Vec::new(), "", 0);
    let confirm = OutboxAction::Confirm(Box::new(post("", "t")));
    for action in [&join, &forward, &confirm] {
        assert_eq!(settle(action, &Outcome::Done, 5), Settled::Sent(None));
    }
    let to = Some("bob babbage".into());
    let posted = Outcome::Posted { msgid: MessageId(1), posted: "late".into(), to };
    let Settled::Sent(Some(acked)) = settle(&forward, &posted, 5) else { panic!() };
    // Now, where the service does not say when.
    assert_eq!((acked.posted_ms, acked.to.as_deref()), (5, Some("bob babbage")));
}

#[test]
fn a_refusal_says_of_what_and_what_to_do() {
    let (gid, from, to, text) =
        ("crew club".to_owned(), "ada".to_owned(), "bob".to_owned(), String::new());
    for (action, said) in [
        (OutboxAction::Post(Box::new(post("", "t"))), "the letter (no); nothing was delivered"),
        (OutboxAction::Confirm(Box::new(post("", "t"))), "no"),
        (forward_to(&[], Vec::new(), "", 0), "it (no); nobody got anything"),
        (
            OutboxAction::Ping { ping: 1, from: from.clone(), to: to.clone(), text: text.clone() },
            "the ping to bob (no); nobody was reached",
        ),
        (
            OutboxAction::Invite { ping: 1, gid: gid.clone().into(), from, to, text },
            "invite bob to crew club (no); nobody was reached",
        ),
        (OutboxAction::Join { ping: 1, gid: gid.into() }, "let you join crew club (no)"),
        (OutboxAction::Sync { body: String::new() }, "no"),
    ] {
        // Who is named, but not among the members that the item is for, is not to blame.
        let Settled::Failed(text) = settle(&action, &refused_of("no", &["Z", "crew club"]), 5)
        else {
            panic!("{action:?}")
        };
        assert!(text.contains(said), "{text}");
        let Settled::Alone { groups, error } = settle(&action, &refused(NOBODY_ELSE), 5) else {
            panic!("{action:?}")
        };
        assert!(error.len() > 1, "{error}");
        let has_group = matches!(action, OutboxAction::Post(_) | OutboxAction::Confirm(_));
        assert_eq!(groups, if has_group { vec!["crew club"] } else { vec![] }, "{action:?}");
    }
}

#[test]
fn recipients_named_in_a_refusal_are_left_out() {
    let new = [("bob babbage", "B"), ("new club", "new club"), ("dora dorn", "D")];
    let forward = forward_to(&new, vec![to_member("C"), to_group("old club")], "", 0);
    let mut letter = post("", "t");
    letter.recipients = vec![to_member("B"), to_group("crew club"), to_member("C"), to_member("D")];
    let reason = refused_of("no", &["C", "Z", "B", "new club", "old club", "crew club"]);
    for action in [
        OutboxAction::Post(Box::new(letter.clone())),
        OutboxAction::Confirm(Box::new(letter)),
        forward.clone(),
    ] {
        let Settled::LeftOut { uids, reason, error } = settle(&action, &reason, 5) else {
            panic!("{action:?}")
        };
        assert_eq!((uids, reason.as_str()), (vec!["B".into(), "C".into()], "no"));
        assert!(!error.is_empty());
    }
    let Settled::Alone { groups, .. } = settle(&forward, &refused(NOBODY_ELSE), 5) else {
        panic!()
    };
    assert_eq!(groups, ["new club"]);
}
