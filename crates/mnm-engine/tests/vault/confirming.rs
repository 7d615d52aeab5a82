//! Tests of confirming: to whom the app posts its member's letters once more when others forward a thread, and
//! which of them; and what an author's own copy changes.

use mnm_engine::command::{MessageMark, ThreadMark};
use mnm_engine::vault::{
    Acked, Cc, Confirms, ForwardedLetter, Incoming, IncomingForward, IncomingNote, MemberAct,
    OutboxAction, Received,
};
use mnm_engine::view::{Message, ThreadId};

use tmtp::id::MessageId;
use tmtp::letter::Attach;

use crate::cast::{
    ALICE, App, BOB, CAROL, MALLORY, cc, join_gardeners, member, note, through_gardeners,
};

/// Word of a forward from a service that says to whom it went.
fn word(app: &mut App, from: &str, thread_id: impl ToString, to: Cc) -> IncomingNote {
    let msgid = app.next_msgid();
    let copied = Some(vec![to.who_uid.clone()]);
    IncomingNote { posted_ms: app.now(), copied, ..note(msgid, from, thread_id, to) }
}

/// As [`word`], of one that went through the group.
fn word_in_group(app: &mut App, from: &str, thread_id: impl ToString, to: Cc) -> IncomingNote {
    IncomingNote { groups: vec!["Gardeners".into()], ..word(app, from, thread_id, to) }
}

fn hear(app: &mut App, word: &IncomingNote) {
    let heard = app.vault.receive_notify(app.account, word).unwrap();
    assert_eq!(heard.value, Received::New(()));
}

/// All that waits is sent. Gives the texts that were confirmed, each with whom to.
fn confirmed(app: &mut App) -> Vec<(String, String)> {
    let mut confirmed = Vec::new();
    while let Some(item) = app.vault.next_outbox(app.account, 0).unwrap() {
        if let OutboxAction::Confirm(post) = &item.action {
            for to in &post.recipients {
                confirmed.push((post.text.clone(), to.id.to_string()));
            }
        }
        let ack = Acked { msgid: app.next_msgid(), posted_ms: app.now(), to: None };
        let _ = app.vault.outbox_sent(item.id, Some(&ack)).unwrap();
    }
    confirmed
}

fn pairs(of: &[(&str, &str)]) -> Vec<(String, String)> {
    of.iter().map(|&(text, to)| (text.to_owned(), to.to_owned())).collect()
}

fn write(app: &mut App, thread: ThreadId, text: &str) {
    app.queue_reply(thread, text).unwrap();
    app.send_next();
}

fn news(app: &mut App, uid: &str, alias: &str, act: MemberAct) {
    let notice = member(app, uid, alias, act);
    let _ = app.vault.receive_member(app.account, &notice).unwrap();
}

fn reads(app: &App, thread: ThreadId, uid: &str) -> bool {
    app.vault
        .readers(thread)
        .unwrap()
        .readers
        .iter()
        .any(|reader| reader.party.uid == uid && reader.by.is_some())
}

#[test]
fn a_group_member_cannot_add_themselves_to_a_thread() {
    let mut app = App::with_gardeners();
    let letter = app.letter_to_gardeners(BOB, "Bob Jones", "seeds");
    let thread = app.receive(&letter).thread;
    write(&mut app, thread, "between us gardeners");
    news(&mut app, CAROL, "Carol Brown", MemberAct::Join);
    for (to, is_in) in [(cc("Carol Brown", CAROL), false), (cc("Mallory X", MALLORY), true)] {
        let uid = to.who_uid.clone();
        let word = word_in_group(&mut app, CAROL, letter.msgid, to);
        hear(&mut app, &word);
        assert_eq!(reads(&app, thread, uid.as_str()), is_in);
    }
    // Nor by a letter.
    let mut letter = app.reply(letter.msgid, CAROL, "Carol Brown");
    letter.cc = vec![cc("Carol Brown", CAROL)];
    letter.readers = letter.cc.clone();
    assert_eq!(app.receive(&through_gardeners(letter)).thread, thread);
    assert!(!reads(&app, thread, CAROL));
}

#[test]
fn confirmations_go_only_to_recipients_of_the_forward() {
    let to_carol = cc("Carol Brown", CAROL);
    let group = cc("Gardeners", "Gardeners");
    let copied = |to: &[&str]| Some(to.iter().map(|&to| to.into()).collect());
    for (said, to, is_member, is_confirmed) in [
        (copied(&[]), &to_carol, false, false),
        (copied(&[MALLORY]), &to_carol, false, false),
        (copied(&[CAROL]), &to_carol, false, true),
        (copied(&[]), &group, true, false),
        (copied(&["Gardeners"]), &group, true, true),
        // A service that does not say.
        (None, &to_carol, false, true),
        (None, &group, false, false),
        (None, &group, true, true),
    ] {
        let mut app = App::with_bob();
        join_gardeners(&mut app);
        if is_member {
            news(&mut app, BOB, "Bob Jones", MemberAct::Join);
        }
        let letter = app.letter(BOB, "Bob Jones", "only you and me");
        let thread = app.receive(&letter).thread;
        write(&mut app, thread, "my own");
        let word = IncomingNote { copied: said, ..word(&mut app, BOB, letter.msgid, to.clone()) };
        hear(&mut app, &word);
        let expected = [("my own", to.who_uid.as_str())];
        let expected = if is_confirmed { &expected[..] } else { &[] };
        assert_eq!(confirmed(&mut app), pairs(expected), "{word:?}");
        // Who was added is shown all the same, and gets what is written from now on.
        assert!(reads(&app, thread, to.who_uid.as_str()));
    }
}

#[test]
fn a_service_that_vouched_once_must_keep_vouching() {
    let mut app = App::with_gardeners();
    let through = app.letter_to_gardeners(BOB, "Bob Jones", "seeds");
    app.receive(&through);
    let letter = app.letter(BOB, "Bob Jones", "only you and me");
    let thread = app.receive(&letter).thread;
    write(&mut app, thread, "my own");
    let to = cc("Carol Brown", CAROL);
    let word = IncomingNote { copied: None, ..word(&mut app, BOB, letter.msgid, to) };
    hear(&mut app, &word);
    assert_eq!(confirmed(&mut app), []);
}

#[test]
fn a_members_forward_confirms_no_letters_from_before_they_joined() {
    let mut app = App::with_gardeners();
    let letter = app.letter_to_gardeners(BOB, "Bob Jones", "seeds");
    let thread = app.receive(&letter).thread;
    write(&mut app, thread, "before Carol");
    news(&mut app, CAROL, "Carol Brown", MemberAct::Join);
    write(&mut app, thread, "with Carol");
    let first = word_in_group(&mut app, CAROL, letter.msgid, cc("Mallory X", MALLORY));
    hear(&mut app, &first);
    assert_eq!(confirmed(&mut app), pairs(&[("with Carol", MALLORY)]));

    // Who leaves and comes back has nothing of the time between, nor of the time before.
    news(&mut app, CAROL, "Carol Brown", MemberAct::Drop);
    write(&mut app, thread, "without Carol");
    news(&mut app, CAROL, "Carol Brown", MemberAct::Join);
    write(&mut app, thread, "with Carol again");
    let mut app = app.restart();
    let dora = "DRR22222222222222222222222222222";
    let word = word_in_group(&mut app, CAROL, letter.msgid, cc("Dora Dorn", dora));
    hear(&mut app, &word);
    assert_eq!(confirmed(&mut app), pairs(&[("with Carol again", dora)]));

    // Bob was there before the member.
    let erna = "BRN22222222222222222222222222222";
    let word = word_in_group(&mut app, BOB, letter.msgid, cc("Erna Ernst", erna));
    hear(&mut app, &word);
    let all = ["before Carol", "with Carol", "without Carol", "with Carol again"];
    assert_eq!(confirmed(&mut app), pairs(&all.map(|text| (text, erna))));
}

#[test]
fn a_later_readers_forward_confirms_only_letters_since() {
    let mut app = App::with_bob();
    let letter = app.letter(BOB, "Bob Jones", "between us");
    let thread = app.receive(&letter).thread;
    write(&mut app, thread, "before Carol");
    let named = IncomingNote {
        copied: Some(Vec::new()),
        ..word(&mut app, BOB, letter.msgid, cc("Carol Brown", CAROL))
    };
    hear(&mut app, &named);
    write(&mut app, thread, "with Carol");
    let word = word(&mut app, CAROL, letter.msgid, cc("Mallory X", MALLORY));
    hear(&mut app, &word);
    assert_eq!(confirmed(&mut app), pairs(&[("with Carol", MALLORY)]));
}

#[test]
fn what_is_in_the_trash_is_not_confirmed() {
    let mut app = App::with_bob();
    let letter = app.letter(BOB, "Bob Jones", "only you and me");
    let thread = app.receive(&letter).thread;
    write(&mut app, thread, "kept");
    write(&mut app, thread, "deleted");
    let deleted = messages(&app, thread).last().unwrap().id;
    let now = app.now();
    let _ = app.vault.mark_messages(&[deleted], MessageMark::Trashed, true, now).unwrap();
    let heard = word(&mut app, BOB, letter.msgid, cc("Mallory X", MALLORY));
    hear(&mut app, &heard);
    assert_eq!(confirmed(&mut app), pairs(&[("kept", MALLORY)]));

    let _ = app.vault.mark_threads(&[thread], ThreadMark::Trashed, true, now).unwrap();
    let word = word(&mut app, BOB, letter.msgid, cc("Carol Brown", CAROL));
    hear(&mut app, &word);
    assert_eq!(confirmed(&mut app), pairs(&[]));
}

#[test]
fn a_queued_letter_is_not_confirmed_to_a_new_reader() {
    let mut app = App::with_bob();
    let letter = app.letter(BOB, "Bob Jones", "between us");
    let thread = app.receive(&letter).thread;
    write(&mut app, thread, "long here");
    app.queue_reply(thread, "queued").unwrap();
    let word = word(&mut app, BOB, letter.msgid, cc("Carol Brown", CAROL));
    hear(&mut app, &word);
    assert_eq!(confirmed(&mut app), pairs(&[("long here", CAROL)]));
}

#[test]
fn a_letter_written_in_a_claimed_thread_is_not_confirmed() {
    let mut app = App::with_bob();
    let first = "0000000000000007";
    // Carol claims the thread before its first letter is here.
    let mut claim = app.reply(first, CAROL, "Carol Brown");
    claim.readers = vec![cc("Carol Brown", CAROL), cc("Alice Smith", ALICE)];
    let thread = app.receive(&claim).thread;
    write(&mut app, thread, "to Carol alone");
    let mut opener = app.letter(BOB, "Bob Jones", "the first");
    opener.msgid = MessageId::from_wire(first).unwrap();
    opener.posted_ms = 1;
    opener.cc.push(cc("Carol Brown", CAROL));
    assert_eq!(app.receive(&opener).thread, thread);
    write(&mut app, thread, "to both");
    let word = word(&mut app, BOB, first, cc("Mallory X", MALLORY));
    hear(&mut app, &word);
    assert_eq!(confirmed(&mut app), pairs(&[("to both", MALLORY)]));
}

const FIRST: &str = "0000000000000007";

/// Bob forwards a letter of Carol's.
fn shown_by_bob(app: &mut App, text: &str) -> Message {
    shown_with(app, text, Vec::new())
}

fn shown_with(app: &mut App, text: &str, files: Vec<Attach>) -> Message {
    let letter = ForwardedLetter {
        id: FIRST.into(),
        author_uid: CAROL.into(),
        alias: "Carol Brown".into(),
        posted_ms: Some(500),
        subject: "Debt".into(),
        text: text.into(),
        files,
    };
    let forward = IncomingForward {
        msgid: app.next_msgid(),
        from_uid: BOB.into(),
        posted_ms: app.now(),
        thread_id: FIRST.into(),
        cc: vec![cc("Bob Jones", BOB), cc("Carol Brown", CAROL)],
        letters: vec![letter],
    };
    let _ = app.vault.receive_forward(app.account, &forward, 0).unwrap();
    let thread = app.vault.threads(None, None, None).unwrap()[0].id;
    let _ = app.vault.mark_read(thread, None).unwrap();
    messages(app, thread).remove(0)
}

fn messages(app: &App, thread: ThreadId) -> Vec<Message> {
    app.vault.thread(thread).unwrap().messages
}

/// Carol's own copy.
fn own_copy(app: &mut App, text: &str) -> Incoming {
    let readers = [BOB, CAROL, ALICE].map(|uid| cc("whoever", uid)).to_vec();
    Incoming {
        readers,
        subject: "Debt".into(),
        text: text.into(),
        confirms: Some(Confirms { id: FIRST.into() }),
        ..app.reply(FIRST, CAROL, "Carol Brown")
    }
}

#[test]
fn a_confirmation_with_another_text_is_stored_beside_the_copy_once() {
    let mut app = App::with_bob();
    let read = shown_by_bob(&mut app, "I, Carol, owe you 5000");
    let copy = own_copy(&mut app, "I, Carol, owe you nothing");
    let beside = app.receive(&copy);
    assert_eq!((beside.thread, beside.at_ms), (read.thread, copy.posted_ms));
    assert!(beside.unread && beside.forwarded.is_none());
    // From another device of hers, and delivered again after a crash.
    let mut app = app.restart();
    let other = own_copy(&mut app, "I, Carol, owe you nothing");
    for copy in [&other, &copy] {
        let again = app.vault.receive_post(app.account, copy).unwrap().value;
        assert_eq!(again, Received::Duplicate);
    }
    let all = messages(&app, read.thread);
    assert_eq!(all, [read.clone(), app.message(beside.id)]);

    // Both are told of when the thread is forwarded on.
    app.befriend(MALLORY, "Mallory X");
    let row = app.forward(read.thread, &["Mallory X".to_owned()]).unwrap();
    let told = String::from_utf8(app.vault.read_copy(row, 0, 1 << 20).unwrap()).unwrap();
    for id in [FIRST, &copy.msgid.to_string()] {
        assert!(told.contains(&format!("\"Id\":\"{id}\",\"Size\"")), "{told}");
    }

    // Her true words take their place, and keep it.
    let copy = own_copy(&mut app, "I, Carol, owe you 5000\r\n");
    assert_eq!(app.receive(&copy).id, read.id);
    let all = messages(&app, read.thread);
    assert_eq!(all.len(), 2);
    assert_eq!((all[0].id, all[0].at_ms, all[0].unread), (read.id, 500, false));
    assert!(all[0].forwarded.is_none());
    app.vault.check().unwrap();
}

#[test]
fn a_confirmation_with_another_subject_is_stored_beside_the_copy() {
    let mut app = App::with_bob();
    let read = shown_by_bob(&mut app, "it is so");
    let copy = Incoming { subject: "Gift".into(), ..own_copy(&mut app, "it is so") };
    assert_ne!(app.receive(&copy).id, read.id);
    assert_eq!(messages(&app, read.thread)[0], read);
}

#[test]
fn a_differing_confirmation_hides_no_copy() {
    let mut app = App::with_bob();
    shown_by_bob(&mut app, "one thing");
    let copy = own_copy(&mut app, "another thing");
    let thread = app.receive(&copy).thread;
    let third = ForwardedLetter {
        id: FIRST.into(),
        author_uid: CAROL.into(),
        alias: String::new(),
        posted_ms: None,
        subject: String::new(),
        text: "a third thing".into(),
        files: Vec::new(),
    };
    let shown = IncomingForward {
        msgid: app.next_msgid(),
        from_uid: CAROL.into(),
        posted_ms: app.now(),
        thread_id: FIRST.into(),
        cc: vec![cc("Bob Jones", BOB), cc("Carol Brown", CAROL)],
        letters: vec![third],
    };
    let _ = app.vault.receive_forward(app.account, &shown, 0).unwrap();
    assert_eq!(messages(&app, thread).len(), 3);
}

#[test]
fn a_confirmation_with_other_files_is_unread_again() {
    let offer = Attach { name: "offer-1000.txt".into(), size: 4, ..Attach::default() };
    for (files, is_new) in [(vec![offer], true), (Vec::new(), false)] {
        let mut app = App::with_bob();
        let read = shown_with(&mut app, "The offer counts", files);
        let copy = own_copy(&mut app, "The offer counts");
        let confirmed = app.receive(&copy);
        assert_eq!((confirmed.id, confirmed.unread), (read.id, is_new));
        app.vault.check().unwrap();
    }
}
