//! Tests of placement: nobody gets into a thread, or at its readers, by an id that was occupied in advance.

use mnm_engine::vault::{
    Confirms, DraftContent, ForwardedLetter, Incoming, IncomingForward, Received, Upon,
};
use mnm_engine::view::{Reach, ThreadId, ThreadRow};
use tmtp::id::MessageId;

use crate::cast::{ALICE, App, BOB, CAROL, MALLORY, cc, join_gardeners, note};

/// A thread of which nothing is here.
const THREAD: &str = "0000000000000007";
/// A letter in it.
const SECOND: &str = "0000000000000008";

fn forwarded(id: &str, uid: &str, text: &str) -> ForwardedLetter {
    ForwardedLetter {
        id: id.into(),
        author_uid: uid.into(),
        alias: "whoever".into(),
        posted_ms: None,
        subject: String::new(),
        text: text.into(),
        files: Vec::new(),
    }
}

/// The thread of Bob and Carol, as `from` shows it.
fn forward(app: &mut App, from: &str, texts: [&str; 2]) -> IncomingForward {
    IncomingForward {
        msgid: app.next_msgid(),
        from_uid: from.into(),
        posted_ms: app.now(),
        thread_id: THREAD.into(),
        cc: vec![cc("Bob Jones", BOB), cc("Carol Brown", CAROL)],
        letters: vec![forwarded(THREAD, BOB, texts[0]), forwarded(SECOND, CAROL, texts[1])],
    }
}

fn receive(app: &mut App, forward: &IncomingForward) {
    let change = app.vault.receive_forward(app.account, forward, 0).unwrap();
    assert_eq!(change.value, None, "it is stored in one piece");
}

/// A letter in the thread that names its readers.
fn reply(app: &mut App, uid: &str, readers: &[&str]) -> Incoming {
    let readers = readers.iter().map(|uid| cc("whoever", uid)).collect();
    Incoming { readers, ..app.reply(THREAD, uid, "whoever") }
}

fn row(app: &App, thread: ThreadId) -> ThreadRow {
    app.vault.thread(thread).unwrap().row
}

fn reads(app: &App, thread: ThreadId, uid: &str) -> bool {
    row(app, thread).parties.iter().any(|party| party.uid == uid)
}

fn texts(app: &App, thread: ThreadId) -> Vec<String> {
    app.vault.thread(thread).unwrap().messages.into_iter().map(|message| message.text).collect()
}

/// The threads here, the oldest first.
fn threads(app: &App) -> Vec<ThreadId> {
    let rows = app.vault.threads(None, None, None).unwrap();
    let mut threads: Vec<_> = rows.iter().map(|row| row.id).collect();
    threads.sort_unstable();
    threads
}

#[test]
fn occupying_a_thread_id_in_advance_reveals_nothing() {
    let mut app = App::with_bob();
    app.befriend(MALLORY, "Mallory X");
    let squat = reply(&mut app, MALLORY, &[BOB, CAROL, ALICE]);
    let squatted = app.receive(&squat).thread;
    let forward = forward(&mut app, BOB, ["the first", "the second"]);
    receive(&mut app, &forward);
    let [first, thread] = threads(&app)[..] else { panic!("not two threads") };
    assert_eq!(first, squatted);
    assert_eq!(texts(&app, thread), ["the first", "the second"]);
    assert!(!reads(&app, thread, MALLORY));

    // The readers' letters go to the readers' thread, hers to hers, in whatever order.
    for (uid, readers, goes_to) in [
        (CAROL, vec![BOB, CAROL, ALICE], thread),
        (MALLORY, vec![BOB, CAROL, ALICE], squatted),
        (MALLORY, vec![], squatted),
        (BOB, vec![], thread),
        (CAROL, vec![], thread),
    ] {
        let letter = reply(&mut app, uid, &readers);
        assert_eq!(app.receive(&letter).thread, goes_to, "{uid} {readers:?}");
    }
    assert!(!reads(&app, thread, MALLORY));

    // A reply bears the thread's own id, and names its readers.
    app.queue_reply(thread, "between us").unwrap();
    let (_, post) = app.next_post();
    assert_eq!(post.thread_id, THREAD);
    let to: Vec<_> = post.recipients.iter().map(|to| to.id.as_str()).collect();
    assert_eq!(to, [BOB, CAROL]);
    assert_eq!((post.cc.len(), post.readers.len()), (0, 3));
    app.vault.check().unwrap();
}

#[test]
fn occupying_a_group_thread_id_in_advance_reveals_nothing() {
    for names in [vec![cc("Gardeners", "Gardeners")], vec![cc("Bob Jones", BOB)]] {
        let mut app = App::with_bob();
        let mut squat = reply(&mut app, MALLORY, &[]);
        squat.cc = names;
        let squatted = app.receive(&squat).thread;
        join_gardeners(&mut app);
        for lists in [false, true] {
            let mut letter = reply(&mut app, BOB, &[]);
            letter.groups = vec!["Gardeners".into()];
            if lists {
                letter.cc = vec![cc("Bob Jones", BOB), cc("Gardeners", "Gardeners")];
            }
            let thread = app.receive(&letter).thread;
            assert_ne!(thread, squatted);
            assert!(!reads(&app, thread, MALLORY));
        }
        app.vault.check().unwrap();
    }
}

#[test]
fn readers_naming_each_other_share_a_thread_without_its_first_letter() {
    let mut app = App::with_bob();
    let letter = reply(&mut app, BOB, &[BOB, CAROL, ALICE]);
    let thread = app.receive(&letter).thread;
    let letter = reply(&mut app, CAROL, &[BOB, CAROL, ALICE]);
    assert_eq!(app.receive(&letter).thread, thread);

    // The same in a group, of whose members only the service knows.
    let mut app = App::with_gardeners();
    let [first, second] = [BOB, CAROL].map(|uid| {
        let mut letter = reply(&mut app, uid, &[]);
        letter.cc = vec![cc("Gardeners", "Gardeners")];
        letter.groups = vec!["Gardeners".into()];
        app.receive(&letter).thread
    });
    assert_eq!(first, second);
}

#[test]
fn a_letter_enters_no_claimed_thread_with_readers_unknown_to_it() {
    // Bob answered in the thread that Mallory made under the id of another one. Whether his answer or
    // Mallory's letter came first, what he writes in the true thread comes into neither.
    for mallory_first in [true, false] {
        let mut app = App::with_bob();
        let lunch = reply(&mut app, MALLORY, &[MALLORY, BOB, ALICE]);
        let answer = reply(&mut app, BOB, &[MALLORY, BOB, ALICE]);
        let letters = if mallory_first { [&lunch, &answer] } else { [&answer, &lunch] };
        let [thread, same] = letters.map(|letter| app.receive(letter).thread);
        assert_eq!(thread, same);
        let letter = reply(&mut app, BOB, &[CAROL, BOB, ALICE]);
        let apart = app.receive(&letter).thread;
        assert_ne!(apart, thread);
        assert!(!reads(&app, apart, MALLORY));
        // And on in each of them.
        for (readers, goes_to) in [(&[MALLORY, BOB, ALICE], thread), (&[CAROL, BOB, ALICE], apart)]
        {
            let letter = reply(&mut app, BOB, readers);
            assert_eq!(app.receive(&letter).thread, goes_to);
        }
    }
}

#[test]
fn a_former_member_leaves_threads_made_by_their_reply() {
    let mut app = App::with_gardeners();
    let mut answer = reply(&mut app, MALLORY, &[MALLORY, BOB]);
    answer.groups = vec!["Gardeners".into()];
    let thread = app.receive(&answer).thread;
    assert!(!reads(&app, thread, MALLORY));
    assert!(reads(&app, thread, "Gardeners") && reads(&app, thread, BOB));
    let mut letter = reply(&mut app, MALLORY, &[]);
    letter.groups = vec!["Gardeners".into()];
    assert_eq!(app.receive(&letter).thread, thread);
    // Nobody vouches for what is posted beside the group.
    let letter = reply(&mut app, MALLORY, &[MALLORY, BOB]);
    assert_ne!(app.receive(&letter).thread, thread);
    app.vault.check().unwrap();
}

#[test]
fn a_reply_in_a_claimed_thread_goes_only_to_its_readers() {
    let typed = DraftContent { text: "between us".into(), ..DraftContent::default() };
    // Mallory's letter stands apart from a thread that is known, or claims one that is not.
    for is_known in [true, false] {
        let mut app = App::with_bob();
        let mut opener = app.letter(BOB, "Bob Jones", "the first");
        opener.msgid = MessageId::from_wire(THREAD).unwrap();
        if is_known {
            app.receive(&opener);
        } else {
            opener.cc.push(cc("Mallory X", MALLORY));
        }
        let claim = reply(&mut app, MALLORY, &[MALLORY, ALICE]);
        let apart = app.receive(&claim).thread;
        let draft = app
            .vault
            .save_draft(Upon::Anything, None, app.account, Some(apart), &typed, 9)
            .unwrap();
        // Now she is a reader of the true one.
        let thread = if is_known {
            let mut letter = app.reply(THREAD, BOB, "Bob Jones");
            letter.cc.push(cc("Mallory X", MALLORY));
            app.receive(&letter).thread
        } else {
            app.receive(&opener).thread
        };
        assert_ne!(thread, apart);
        assert!(reads(&app, thread, MALLORY));
        assert_eq!(row(&app, apart).belongs_to, Some(thread));
        let _ = app.vault.queue_draft(draft.value.id, None, 10, 0).unwrap();
        let to = app.next_post().1.recipients;
        assert_eq!(to.iter().map(|to| to.id.as_str()).collect::<Vec<_>>(), [MALLORY]);
        app.vault.check().unwrap();
    }
}

#[test]
fn readers_named_by_a_reply_are_not_added_to_a_known_thread() {
    // Carol answers in a thread that Mallory has made at hers under the id of this one.
    let mut app = App::with_bob();
    let mut letter = app.letter(BOB, "Bob Jones", "private");
    letter.cc.push(cc("Carol Brown", CAROL));
    let thread = app.receive(&letter).thread;
    let mut answer = app.reply(letter.msgid, CAROL, "Carol Brown");
    answer.readers = vec![cc("Carol Brown", CAROL), cc("Mallory X", MALLORY)];
    assert_eq!(app.receive(&answer).thread, thread);
    assert!(!reads(&app, thread, MALLORY));
    app.queue_reply(thread, "between us").unwrap();
    let to = app.next_post().1.recipients;
    assert!(to.iter().all(|to| to.id != MALLORY), "{to:?}");
}

#[test]
fn a_forwarded_thread_is_sorted_by_its_arrival() {
    let mut app = App::with_bob();
    let mut shown = forward(&mut app, BOB, ["of last year", "of last year too"]);
    shown.letters.iter_mut().for_each(|letter| letter.posted_ms = Some(1_000));
    shown.msgid = app.next_msgid();
    let letter = app.letter(BOB, "Bob Jones", "of a minute ago");
    app.receive(&letter);
    shown.posted_ms = app.now();
    receive(&mut app, &shown);
    let rows = app.vault.threads(None, None, None).unwrap();
    assert_eq!(rows[0].last_at_ms, shown.posted_ms);
    assert_eq!(texts(&app, rows[0].id), ["of last year", "of last year too"]);
    // And goes on so when a letter in it is confirmed.
    let mut copy = reply(&mut app, CAROL, &[]);
    copy.text = "of last year too".into();
    copy.confirms = Some(Confirms { id: SECOND.into() });
    app.receive(&copy);
    assert_eq!(app.vault.threads(None, None, None).unwrap()[0].last_at_ms, shown.posted_ms);
    app.vault.check().unwrap();
}

#[test]
fn a_forged_copy_does_not_block_the_original() {
    // By one who is in no thread, and by one who is named as a reader.
    for is_reader in [false, true] {
        let mut app = App::with_bob();
        let forged = forward(&mut app, MALLORY, ["forged", "the second"]);
        receive(&mut app, &forged);
        let mut forward = forward(&mut app, BOB, ["the first", "the second"]);
        if is_reader {
            // Bob is named by the forged one, and names Mallory.
            forward.cc.push(cc("Mallory X", MALLORY));
        }
        receive(&mut app, &forward);
        let all = threads(&app);
        assert_eq!(all.len(), if is_reader { 1 } else { 2 });
        let thread = all[all.len() - 1];
        let mut told = texts(&app, thread);
        told.sort();
        match is_reader {
            true => assert_eq!(told, ["forged", "the first", "the second"]),
            false => assert_eq!(told, ["the first", "the second"]),
        }
        assert_eq!(reads(&app, thread, MALLORY), is_reader);

        // The author's own copy takes the place of what says the same; what was read in other words stays.
        let mut copy = reply(&mut app, BOB, &[BOB, CAROL, ALICE]);
        copy.text = "the first".into();
        copy.confirms = Some(Confirms { id: THREAD.into() });
        app.receive(&copy);
        let mut told = texts(&app, thread);
        told.sort();
        match is_reader {
            true => assert_eq!(told, ["forged", "the first", "the second"]),
            false => assert_eq!(told, ["the first", "the second"]),
        }
        app.vault.check().unwrap();
    }
}

#[test]
fn a_confirmation_without_readers_is_placed_by_its_text() {
    let mut app = App::with_bob();
    let forged = forward(&mut app, MALLORY, ["the first", "forged"]);
    receive(&mut app, &forged);
    let forward = forward(&mut app, BOB, ["the first", "the second"]);
    receive(&mut app, &forward);
    let thread = threads(&app)[1];
    let mut copy = reply(&mut app, CAROL, &[]);
    copy.text = "the second".into();
    copy.confirms = Some(Confirms { id: SECOND.into() });
    assert_eq!(app.receive(&copy).thread, thread);
    let letter = reply(&mut app, CAROL, &[]);
    assert_eq!(app.receive(&letter).thread, thread, "her thread is known by it");
    // What she says otherwise of the same letter is another one, and not lost.
    copy.msgid = app.next_msgid();
    copy.text = "other words".into();
    assert_eq!(app.receive(&copy).text, "other words");
}

#[test]
fn readers_reached_by_a_reply_differ_from_mere_authors() {
    let mut app = App::with_bob();
    let mut shown = forward(&mut app, BOB, ["the first", "the second"]);
    shown.letters.push(forwarded("0000000000000009", MALLORY, "from a group"));
    receive(&mut app, &shown);
    let thread = threads(&app)[0];
    // Confirmed or not, who is not named in it gets no reply.
    for confirmed in [false, true] {
        if confirmed {
            let mut copy = reply(&mut app, MALLORY, &[]);
            copy.text = "from a group".into();
            copy.confirms = Some(Confirms { id: "0000000000000009".into() });
            assert_eq!(app.receive(&copy).thread, thread);
        }
        let mut reached: Vec<_> = app.vault.readers(thread).unwrap().readers;
        reached.retain(|reader| reader.reach != Reach::None && reader.party.uid != ALICE);
        let reached: Vec<_> = reached.into_iter().map(|reader| reader.party.uid).collect();
        app.queue_reply(thread, "an answer").unwrap();
        let (_, post) = app.next_post();
        let to: Vec<_> = post.recipients.iter().map(|to| to.id.clone()).collect();
        assert_eq!(to, [BOB, CAROL]);
        assert_eq!(reached, to);
        app.send_next();
        let all = app.vault.readers(thread).unwrap().readers;
        let mallory = all.iter().find(|reader| reader.party.uid == MALLORY).unwrap();
        assert_eq!((mallory.reach, mallory.struck), (Reach::None, false), "{confirmed}");
    }
}

#[test]
fn an_ambiguous_confirmation_enters_no_thread() {
    let mut app = App::with_bob();
    for from in [MALLORY, BOB] {
        let forward = forward(&mut app, from, ["the first", "the second"]);
        receive(&mut app, &forward);
    }
    let two = threads(&app);
    assert_eq!(two.len(), 2);
    let mut copy = reply(&mut app, CAROL, &[]);
    copy.text = "the second".into();
    copy.confirms = Some(Confirms { id: SECOND.into() });
    let thread = app.receive(&copy).thread;
    assert!(!two.contains(&thread));
}

#[test]
fn a_notice_outside_the_group_adds_no_readers_to_its_thread() {
    for (beside, named) in [(cc("Gardeners", "Gardeners"), false), (cc("Alice Smith", ALICE), true)]
    {
        let mut app = App::with_bob();
        join_gardeners(&mut app);
        let mut claim = reply(&mut app, MALLORY, &[BOB]);
        claim.readers.push(beside);
        let thread = app.receive(&claim).thread;
        let msgid = app.next_msgid();
        let note = note(msgid, BOB, THREAD, cc("Carol Brown", CAROL));
        let _ = app.vault.receive_notify(app.account, &note).unwrap();
        assert_eq!(reads(&app, thread, CAROL), named);
    }
}

#[test]
fn a_struck_reader_stays_struck_when_the_first_letter_names_them() {
    // Whether Mallory made the thread, or it was found later that hers is that of Bob's.
    for first in [MALLORY, BOB] {
        let mut app = App::with_bob();
        let mut opener = app.letter(BOB, "Bob Jones", "the first");
        opener.msgid = MessageId::from_wire(THREAD).unwrap();
        opener.cc.push(cc("Mallory X", MALLORY));
        for uid in [first, MALLORY] {
            let letter = reply(&mut app, uid, &[uid, ALICE]);
            let thread = app.receive(&letter).thread;
            if uid == MALLORY {
                let now = app.now();
                let _ = app.vault.strike(thread, &MALLORY.into(), true, now).unwrap();
            }
        }
        let thread = app.receive(&opener).thread;
        assert!(!reads(&app, thread, MALLORY));
        let letter = reply(&mut app, MALLORY, &[BOB, MALLORY, ALICE]);
        assert_ne!(app.receive(&letter).thread, thread);
        app.vault.check().unwrap();
    }
}

#[test]
fn a_struck_reader_does_not_return_by_a_confirmation() {
    let mut app = App::with_bob();
    let mut opener = app.letter(BOB, "Bob Jones", "hello");
    opener.cc.push(cc("Mallory X", MALLORY));
    let thread = app.receive(&opener).thread;
    let now = app.now();
    let _ = app.vault.strike(thread, &MALLORY.into(), true, now).unwrap();
    let mut shown = forward(&mut app, BOB, ["unused", "unused"]);
    shown.thread_id = opener.msgid.to_string();
    shown.letters = vec![forwarded("0000000000000009", MALLORY, "as Bob shows it")];
    receive(&mut app, &shown);
    let mut copy = app.reply(opener.msgid, MALLORY, "Mallory X");
    copy.subject = "renamed".into();
    copy.text = "struck, and here".into();
    copy.confirms = Some(Confirms { id: "0000000000000009".into() });
    assert_ne!(app.receive(&copy).thread, thread);
    let mut same = app.reply(opener.msgid, MALLORY, "Mallory X");
    same.text = "as Bob shows it".into();
    same.subject = String::new();
    same.confirms.clone_from(&copy.confirms);
    assert_ne!(app.receive(&same).thread, thread);
    assert_eq!(texts(&app, thread), ["hello", "as Bob shows it"]);
    assert_eq!(row(&app, thread).subject, "About hello");
}

#[test]
fn the_first_letter_evicts_what_an_outsider_forwarded() {
    let mut app = App::with_bob();
    let mut opener = app.letter(BOB, "Bob Jones", "the first");
    opener.msgid = MessageId::from_wire(THREAD).unwrap();
    opener.cc.push(cc("Carol Brown", CAROL));
    // Carol writes first, naming Mallory; Mallory forwards what she has made up.
    let letter = reply(&mut app, CAROL, &[CAROL, MALLORY, ALICE]);
    let thread = app.receive(&letter).thread;
    let mut forged = forward(&mut app, MALLORY, ["forged", "forged too"]);
    forged.cc.push(cc("Mallory X", MALLORY));
    receive(&mut app, &forged);
    assert_eq!(threads(&app), [thread]);
    assert_eq!(app.receive(&opener).thread, thread);
    assert!(!reads(&app, thread, MALLORY));
    let mut told = texts(&app, thread);
    told.sort();
    assert_eq!(told, ["a reply", "the first"]);
    let apart = threads(&app)[1];
    assert_eq!(texts(&app, apart), ["forged", "forged too"]);
    app.vault.check().unwrap();

    // What an outsider had claimed alone stays with what was answered there.
    let mut app = App::with_bob();
    let squat = reply(&mut app, MALLORY, &[BOB, ALICE]);
    let squatted = app.receive(&squat).thread;
    app.queue_reply(squatted, "to Mallory").unwrap();
    app.send_next();
    let thread = app.receive(&opener).thread;
    assert_eq!(texts(&app, thread), ["the first"]);
    assert_eq!(texts(&app, squatted).len(), 2);
    assert_eq!(row(&app, squatted).belongs_to, Some(thread));
    let received = app.vault.receive_post(app.account, &opener).unwrap().value;
    assert_eq!(received, Received::Duplicate);
    app.vault.check().unwrap();
}
