//! Letters that come in: once, in the right thread, from whom they are from.

use mnm_engine::error::VaultError;
use mnm_engine::vault::{Incoming, IncomingAttachment, Received};
use mnm_engine::view::{MessageState, PartyKind};

use crate::cast::{ALICE, App, BOB, CAROL, MALLORY, cc, names};
use tmtp::id::{MessageId, Uid};

#[test]
fn a_letter_delivered_twice_is_stored_once() {
    let mut app = App::with_bob();
    let mut letter = app.letter(BOB, "Bob Jones", "hello");
    let stage = |app: &mut App| {
        let mut writer = app.vault.begin_blob().unwrap();
        app.vault.append_blob(&mut writer, b"file").unwrap();
        let blob = app.vault.finish_blob(writer).unwrap();
        vec![IncomingAttachment { name: "C:\\a\\b.txt".into(), form: None, blob }]
    };
    letter.attachments = stage(&mut app);
    let first = app.vault.receive_post(app.account, &letter).unwrap();
    assert_eq!(names(&first.events), ["thread", "message", "account"]);
    let Received::New(id) = first.value else { panic!("not stored") };
    assert!(app.vault.is_known(app.account, letter.msgid).unwrap());

    let mut app = app.restart();
    letter.attachments = stage(&mut app);
    let second = app.vault.receive_post(app.account, &letter).unwrap();
    assert_eq!(second.value, Received::Duplicate);
    assert!(second.events.is_empty());
    let message = app.message(id);
    assert_eq!(message.state, MessageState::Received);
    assert!(message.unread);
    assert_eq!(message.attachments[0].name, "b.txt");
    assert_eq!(app.vault.read_blob(message.attachments[0].id, 0, 9).unwrap(), b"file");
    let thread = app.vault.thread(message.thread).unwrap();
    assert_eq!(thread.messages.len(), 1);
    app.vault.check().unwrap();
}

#[test]
fn our_letter_from_another_device_is_not_unread() {
    let mut app = App::with_bob();
    let mut letter = app.letter(ALICE, "Alice Smith", "from my phone");
    letter.cc = vec![cc("Alice Smith", ALICE), cc("Bob Jones", BOB)];
    let message = app.receive(&letter);
    assert_eq!((message.state, message.unread), (MessageState::Sent, false));
    assert_eq!(message.from.kind, PartyKind::Me);
}

#[test]
fn a_claimed_alias_never_makes_a_stranger_look_like_a_contact() {
    let mut app = App::with_bob();
    let letter = app.letter(MALLORY, "Bob Jones", "send me money");
    let forged = app.receive(&letter);
    assert_eq!(forged.from.kind, PartyKind::Stranger);
    let letter = app.letter(BOB, "The Administrator", "hello");
    let renamed = app.receive(&letter);
    assert_eq!(renamed.from.kind, PartyKind::Contact);
    assert_eq!(renamed.from.alias, "Bob Jones");
    assert_eq!(app.vault.contacts(None).unwrap().len(), 1);
}

#[test]
fn replies_find_their_thread_and_unknown_threads_are_made() {
    let mut app = App::with_bob();
    let letter = app.letter(BOB, "Bob Jones", "hello");
    let first = app.receive(&letter);
    let reply = app.reply(letter.msgid, BOB, "Bob Jones");
    assert_eq!(app.receive(&reply).thread, first.thread);
    let stray = app.reply("0000000000000007", BOB, "Bob Jones");
    let other = app.receive(&stray);
    assert_ne!(other.thread, first.thread);
    let more = app.reply("0000000000000007", BOB, "Bob Jones");
    assert_eq!(app.receive(&more).thread, other.thread);
}

#[test]
fn an_outsider_cannot_enter_a_thread() {
    let mut app = App::with_bob();
    let letter = app.letter(BOB, "Bob Jones", "between us");
    let thread = app.receive(&letter).thread;
    let mut intrusion = app.reply(letter.msgid, MALLORY, "Mallory X");
    intrusion.cc = vec![cc("Mallory X", MALLORY)];
    assert_ne!(app.receive(&intrusion).thread, thread);
    let parties = app.vault.thread(thread).unwrap().row.parties;
    assert!(parties.iter().all(|party| party.uid != MALLORY));
}

#[test]
fn a_thread_id_cannot_be_occupied_in_advance() {
    let mut app = App::with_bob();
    let future = MessageId(0x2000);
    let trap = app.reply(future, MALLORY, "Mallory X");
    let trapped = app.receive(&trap).thread;
    let mut letter = app.letter(BOB, "Bob Jones", "a new thread");
    letter.msgid = future;
    assert_ne!(app.receive(&letter).thread, trapped);
}

#[test]
fn the_first_letter_decides_who_reads_a_thread() {
    let mut app = App::with_bob();
    let opener = app.letter(BOB, "Bob Jones", "opening");
    let mut early = app.reply(opener.msgid, MALLORY, "Mallory X");
    early.cc = vec![cc("Mallory X", MALLORY)];
    let outside = app.receive(&early).thread;
    let thread = app.receive(&opener).thread;
    assert_ne!(thread, outside);
    let parties = app.vault.thread(thread).unwrap().row.parties;
    let uids: Vec<_> = parties.iter().map(|party| party.uid.as_str()).collect();
    assert_eq!(uids, [BOB, ALICE]);
}

#[test]
fn replies_that_overtake_the_first_letter_join_its_thread() {
    let mut app = App::with_gardeners();
    let mut opener = app.letter(BOB, "Bob Jones", "hello group");
    opener.cc = vec![cc("Bob Jones", BOB), cc("Gardeners", "Gardeners")];
    let early = [(BOB, "Bob Jones"), (MALLORY, "Mallory X")];
    let early = early.map(|(uid, alias)| app.reply(opener.msgid, uid, alias));
    let early = early.map(|reply| Incoming { groups: vec!["Gardeners".into()], ..reply });
    let early = early.map(|reply| app.receive(&reply).thread);
    assert_eq!(early[0], early[1], "whoever reads the one reads the other");
    let answered = app.reply(opener.msgid, CAROL, "Carol Brown");
    let side = app.receive(&answered).thread;
    let answer = app.reply(answered.msgid, CAROL, "Carol Brown");
    assert_eq!(app.receive(&answer).thread, side);
    let thread = app.receive(&opener).thread;
    assert_eq!(app.vault.thread(thread).unwrap().messages.len(), 3);
    let threads = app.vault.threads(None, None, None).unwrap();
    assert_eq!(threads.len(), 2, "what was answered stays where the answer is");
    app.vault.check().unwrap();
}

#[test]
fn an_outsider_who_overtakes_the_first_letter_stays_outside() {
    let mut app = App::with_bob();
    let opener = app.letter(BOB, "Bob Jones", "between us");
    let early = app.reply(opener.msgid, BOB, "Bob Jones");
    let intrusion = app.reply(opener.msgid, MALLORY, "Mallory X");
    let thread = app.receive(&early).thread;
    let outside = app.receive(&intrusion).thread;
    assert_eq!(app.receive(&opener).thread, thread);
    assert_eq!(app.vault.thread(outside).unwrap().messages.len(), 1);
    assert_eq!(app.vault.thread(thread).unwrap().messages.len(), 2);
}

#[test]
fn a_missing_blob_stores_nothing() {
    let mut app = App::with_bob();
    let mut letter = app.letter(BOB, "Bob Jones", "hello");
    let writer = app.vault.begin_blob().unwrap();
    let blob = app.vault.finish_blob(writer).unwrap();
    app.vault.discard_staged(blob);
    while app.vault.tidy().value {}
    letter.attachments.push(IncomingAttachment { name: "a".into(), form: None, blob });
    let error = app.vault.receive_post(app.account, &letter).unwrap_err();
    assert!(matches!(error, VaultError::Db(_)), "foreign keys hold: {error:?}");
    assert!(app.vault.threads(None, None, None).unwrap().is_empty());
    assert!(!app.vault.is_known(app.account, letter.msgid).unwrap());
}

#[test]
fn the_text_is_stored_as_written_and_shown_sanitised() {
    let mut app = App::with_bob();
    let letter = app.letter(BOB, "Bob Jones", "**hi** <img src=x onerror=alert(1)>");
    let message = app.receive(&letter);
    assert_eq!(message.text, letter.text);
    assert!(message.html.contains("<strong>hi</strong>"));
    assert!(!message.html.contains("<img"), "{}", message.html);
}

#[test]
fn service_letters_enter_threads_without_making_a_reader() {
    let mut app = App::with_bob();
    let letter = app.letter(BOB, "Bob Jones", "hello");
    let first = app.receive(&letter);
    let before = app.vault.thread(first.thread).unwrap().row.parties;
    let notice = app.reply(letter.msgid, Uid::SERVICE, "whatever it says");
    let word = app.receive(&notice);
    assert_eq!(word.thread, first.thread);
    assert_eq!(word.from.kind, PartyKind::Service);
    let accounts = app.vault.accounts().unwrap();
    assert_eq!(word.from.alias, accounts[0].service);
    assert_eq!(app.vault.thread(first.thread).unwrap().row.parties, before);

    // A thread of its own: nobody to answer to.
    let letter = app.letter(Uid::SERVICE, "whatever it says", "this device is missing messages");
    let alone = app.receive(&letter);
    let parties = app.vault.thread(alone.thread).unwrap().row.parties;
    assert!(parties.iter().all(|party| party.kind == PartyKind::Me), "{parties:?}");
    // Nobody takes its name for themselves.
    let letter = app.letter(MALLORY, &accounts[0].service, "we need your password");
    assert_eq!(app.receive(&letter).from.kind, PartyKind::Stranger);
}

#[test]
fn a_file_is_referred_to_by_the_name_its_author_gave_it() {
    let mut app = App::with_bob();
    let mut letter = app.letter(BOB, "Bob Jones", "files");
    for name in ["a.png", "a.png", "a:b.png", "../\u{202e}a.png", &"x".repeat(2000)] {
        let writer = app.vault.begin_blob().unwrap();
        let blob = app.vault.finish_blob(writer).unwrap();
        letter.attachments.push(IncomingAttachment { name: name.into(), form: None, blob });
    }
    let message = app.receive(&letter);
    let names: Vec<_> =
        message.attachments.iter().map(|a| (a.name.as_str(), a.wire_name.as_deref())).collect();
    assert_eq!(
        names,
        [
            ("a.png", None),
            ("a (2).png", Some("a.png")),
            ("a_b.png", Some("a:b.png")),
            ("a (3).png", Some("../\u{202e}a.png")),
            ("x".repeat(255).as_str(), None),
        ]
    );
}

#[test]
fn a_thousand_files_of_one_name_are_stored() {
    let mut app = App::with_bob();
    let mut letter = app.letter(BOB, "Bob Jones", "many");
    for _ in 0..1000 {
        let writer = app.vault.begin_blob().unwrap();
        let blob = app.vault.finish_blob(writer).unwrap();
        letter.attachments.push(IncomingAttachment { name: "ß".repeat(120), form: None, blob });
    }
    let message = app.receive(&letter);
    let names: std::collections::BTreeSet<_> =
        message.attachments.iter().map(|a| &a.name).collect();
    assert_eq!(names.len(), 1000);
    app.vault.check().unwrap();
}
