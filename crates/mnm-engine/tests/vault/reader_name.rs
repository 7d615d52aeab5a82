//! Names of readers, which are what anybody claims: clean and short, wherever they come in.

use mnm_engine::vault::{ForwardedLetter, IncomingForward, SyncNotice};
use mnm_engine::view::ThreadId;
use tmtp::id::Uid;
use tmtp::letter::{LETTER_HEAD_MAX_BYTES, LetterHead, Named, Subscriber};

use crate::cast::{ALICE, App, BOB, MALLORY, cc, note};

/// Longest name of a reader that is kept, bytes.
const NAME_BYTES_MAX: usize = 255;

/// Names that would fill a header, a screen or a line with something else.
fn bad_names() -> [String; 7] {
    [
        "\u{1}".repeat(8_000),
        "x".repeat(1_000_000),
        "\u{202e}marC oelC\u{202c}".into(),
        "z".to_owned() + &"\u{301}".repeat(500),
        "a\n\nBob Jones".into(),
        "\u{1b}[2Jx".into(),
        "\"".repeat(5_000),
    ]
}

/// Permanent ids of which nobody has heard.
fn uid(n: usize) -> String {
    let mut bytes = [9; 20];
    bytes[..8].copy_from_slice(&n.to_be_bytes());
    Uid::from_bytes(&bytes).as_str().to_owned()
}

/// Whether every reader of the thread is called in a way that a line can hold, and how many they are.
fn readers(app: &App, thread: ThreadId) -> usize {
    let readers = app.vault.readers(thread).unwrap().readers;
    for reader in &readers {
        let name = &reader.party.alias;
        assert!(name.len() <= NAME_BYTES_MAX, "{} bytes", name.len());
        let turns = |c| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        assert!(!name.chars().any(|c| c.is_control() || turns(c)), "{name:?}");
        assert!(name.matches('\u{301}').count() < 40, "{name:?}");
    }
    readers.len()
}

#[test]
fn a_letter_cannot_name_readers_at_any_length() {
    let mut app = App::with_bob();
    let mut letter = app.letter(BOB, "Bob Jones", "hello");
    letter.cc.extend((0..).zip(bad_names()).map(|(n, name)| cc(&name, &uid(n))));
    let thread = app.receive(&letter).thread;
    assert_eq!(readers(&app, thread), 2 + 7);
    let mut reply = app.reply(letter.msgid, BOB, "Bob Jones");
    reply.cc = (100..).zip(bad_names()).map(|(n, name)| cc(&name, &uid(n))).collect();
    app.receive(&reply);
    assert_eq!(readers(&app, thread), 2 + 14);
}

#[test]
fn notices_forwards_and_syncs_cannot_name_readers_at_any_length() {
    let mut app = App::with_bob();
    let letter = app.letter(BOB, "Bob Jones", "hello");
    let thread = app.receive(&letter).thread;
    for (n, name) in (0..).zip(bad_names()) {
        let msgid = app.next_msgid();
        let note = note(msgid, BOB, letter.msgid, cc(&name, &uid(n)));
        let _ = app.vault.receive_notify(app.account, &note).unwrap();
    }
    assert_eq!(readers(&app, thread), 2 + 7);

    let forward = IncomingForward {
        msgid: app.next_msgid(),
        from_uid: MALLORY.into(),
        posted_ms: app.now(),
        thread_id: "0000000000000007".into(),
        cc: (0..).zip(bad_names()).map(|(n, name)| cc(&name, &uid(n))).collect(),
        letters: vec![ForwardedLetter {
            id: "0000000000000007".into(),
            author_uid: BOB.into(),
            alias: bad_names()[1].clone(),
            posted_ms: None,
            subject: "x".repeat(100_000),
            text: "forwarded".into(),
            files: Vec::new(),
        }],
    };
    let _ = app.vault.receive_forward(app.account, &forward, 0).unwrap();
    let threads = app.vault.threads(None, None, None).unwrap();
    let forwarded = threads.iter().find(|row| row.id != thread).unwrap();
    assert!(forwarded.subject.len() < 2_000, "{}", forwarded.subject.len());
    // With the author of the letter.
    assert_eq!(readers(&app, forwarded.id), 3 + 7);

    let told: Vec<_> = (200..)
        .zip(bad_names())
        .map(|(n, name)| serde_json::json!({"uid": uid(n), "alias": name, "by": BOB, "at_ms": 1}))
        .collect();
    let told = serde_json::json!({"mnm": 1, "threads": [{"id": letter.msgid.to_string(), "readers": told}]});
    let msgid = app.next_msgid();
    // Longer than a notice of ours, without the longest name.
    let told = told.to_string().replace(&bad_names()[1], "x");
    let _ = app.vault.receive_sync(app.account, msgid, &SyncNotice::read(&told), 0).unwrap();
    assert_eq!(readers(&app, thread), 2 + 14);
}

#[test]
fn syncs_carry_no_overlong_names() {
    let mut app = App::with_bob();
    let long = "x".repeat(100_000);
    let told = serde_json::json!({"mnm": 1, "aliases": [long, "a\u{202e}b"],
        "contacts": [{"uid": uid(1), "alias": long, "since_ms": 1}],
        "groups": [{"gid": "Crew", "alias": long}, {"gid": "a\nb", "alias": "me"}]});
    let msgid = app.next_msgid();
    let told = SyncNotice::read(&told.to_string());
    let _ = app.vault.receive_sync(app.account, msgid, &told, 0).unwrap();
    assert_eq!(app.vault.account(app.account).unwrap().aliases, ["Alice Smith"]);
    assert_eq!(app.vault.contacts(None).unwrap().len(), 1);
    assert!(app.vault.groups(None).unwrap().is_empty());
}

#[test]
fn the_largest_header_of_readers_is_accepted() {
    let mut app = App::with_bob();
    let mut letter = app.letter(BOB, "Bob Jones", "hello");
    // Each quote is two bytes in a header.
    letter.cc.extend((0..1_000).map(|n| cc(&"\"".repeat(5_000), &uid(n))));
    let thread = app.receive(&letter).thread;
    app.queue_reply(thread, "MY IMPORTANT REPLY").unwrap();
    let (_, post) = app.next_post();
    assert!(post.readers.len() > 300, "{}", post.readers.len());
    let named = |cc: &mnm_engine::vault::Cc| Named {
        who: cc.who.clone(),
        who_uid: cc.who_uid.clone().to_string(),
    };
    // As a first letter names them, which takes most.
    let subscriber = |cc: &mnm_engine::vault::Cc| Subscriber {
        who: cc.who.clone(),
        who_uid: cc.who_uid.clone().to_string(),
        by: "\"".repeat(NAME_BYTES_MAX),
        by_uid: ALICE.into(),
        date: "2026-01-01T00:00:00.000Z".into(),
        note: "initial recipient".into(),
        subscribe: true,
    };
    let head = LetterHead {
        readers: post.readers.iter().map(named).collect(),
        cc: post.readers.iter().map(subscriber).collect(),
        ..LetterHead::default()
    };
    let bytes = head.pack().len() as u64;
    assert!(bytes < LETTER_HEAD_MAX_BYTES, "{bytes}");
}

#[test]
fn names_are_sent_without_the_tags_of_this_app() {
    let mut app = App::with_bob();
    app.befriend(MALLORY, "BOB Jones");
    let letter = app.letter(BOB, "Bob Jones", "hello");
    let thread = app.receive(&letter).thread;
    app.queue_reply(thread, "hello Bob").unwrap();
    let (_, post) = app.next_post();
    let names: Vec<_> = post.readers.iter().map(|cc| cc.who.as_str()).collect();
    assert_eq!(names, ["Bob Jones", "Alice Smith"]);
}
