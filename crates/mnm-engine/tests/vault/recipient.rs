//! Tests of recipients: a waiting letter goes to those who read its thread when the member sent it.

use mnm_engine::vault::{DraftContent, MemberAct, OutboxAction, OutgoingPost, Upon};
use mnm_engine::view::{MessageRowId, MessageState, ThreadId};

use crate::cast::{ALICE, App, BOB, CAROL, MALLORY, cc, member, note, recipients};

/// Bob's thread with Alice, and its id at the service.
fn of_two() -> (App, ThreadId, String) {
    let mut app = App::with_bob();
    app.befriend(CAROL, "Carol Brown");
    while app.vault.next_outbox(app.account, 0).unwrap().is_some() {
        app.send_next();
    }
    let letter = app.letter(BOB, "Bob Jones", "between us");
    let thread = app.receive(&letter).thread;
    (app, thread, letter.msgid.to_string())
}

/// Somebody adds Carol to a thread.
fn add_carol(app: &mut App, by: &str, thread_id: &str) {
    let mut letter = app.reply(thread_id, by, "");
    letter.cc = vec![cc("Carol Brown", CAROL)];
    app.receive(&letter);
}

fn held(app: &mut App, thread: ThreadId, text: &str) -> MessageRowId {
    let typed = DraftContent { text: text.into(), ..DraftContent::default() };
    let draft = app
        .vault
        .save_draft(Upon::Anything, None, app.account, Some(thread), &typed, 5)
        .unwrap()
        .value;
    app.vault.queue_draft(draft.id, None, 100, 5_000).unwrap().value.id
}

/// All whom a letter names as readers.
fn named(post: &OutgoingPost) -> Vec<&str> {
    post.cc.iter().chain(&post.readers).map(|cc| cc.who_uid.as_str()).collect()
}

#[test]
fn a_queued_letter_ignores_readers_added_meanwhile() {
    for is_held in [true, false] {
        let (mut app, thread, id) = of_two();
        let letter = match is_held {
            true => held(&mut app, thread, "for Bob alone"),
            false => app.queue_reply(thread, "for Bob alone").unwrap().id,
        };
        add_carol(&mut app, BOB, &id);
        // Held letters leave with the next start at the latest.
        let mut app = app.restart();
        for _ in 0..2 {
            let (item, post) = app.next_post();
            assert_eq!((post.message, recipients(&post)), (letter, vec![BOB]), "{is_held}");
            assert_eq!(named(&post), [BOB, ALICE]);
            assert_eq!(post.unreachable, None);
            let _ = app.vault.outbox_interrupted(item.id).unwrap();
        }
        app.send_next();
        app.queue_reply(thread, "for both").unwrap();
        let (_, post) = app.next_post();
        assert_eq!(recipients(&post), [BOB, CAROL]);
        assert_eq!(named(&post), [BOB, ALICE, CAROL]);
    }
}

#[test]
fn a_letter_without_remaining_readers_waits_for_the_member() {
    let (mut app, thread, id) = of_two();
    let letter = app.queue_reply(thread, "for Bob alone").unwrap().id;
    add_carol(&mut app, BOB, &id);
    let now = app.now();
    let _ = app.vault.strike(thread, &BOB.into(), true, now).unwrap();
    let (item, post) = app.next_post();
    let why = post.unreachable.expect("it would reach nobody");
    assert!(why.contains("Nobody to whom this letter was written"), "{why}");
    assert!(post.recipients.is_empty());
    let _ = app.vault.outbox_failed(item.id, &why).unwrap();
    assert!(matches!(app.message(letter).state, MessageState::Failed { .. }));
    // Whoever tries again sees who reads the thread now.
    let _ = app.vault.retry(letter).unwrap();
    assert_eq!(recipients(&app.next_post().1), [CAROL]);
}

#[test]
fn a_struck_reader_gets_no_queued_letter() {
    let mut app = App::with_bob();
    let (thread, _) = app.of_three();
    app.queue_reply(thread, "for both").unwrap();
    let now = app.now();
    let _ = app.vault.strike(thread, &CAROL.into(), true, now).unwrap();
    let (_, post) = app.next_post();
    assert_eq!((recipients(&post), named(&post)), (vec![BOB], vec![BOB, ALICE]));
    // Nor one who was struck then and is not any more.
    app.send_next();
    app.queue_reply(thread, "for Bob alone").unwrap();
    let _ = app.vault.strike(thread, &CAROL.into(), false, now).unwrap();
    assert_eq!(recipients(&app.next_post().1), [BOB]);
}

#[test]
fn merging_threads_adds_no_recipients_to_a_queued_letter() {
    let (mut app, ..) = of_two();
    let mut first = app.letter(CAROL, "Carol Brown", "the first");
    first.cc = vec![cc("Carol Brown", CAROL), cc("Alice Smith", ALICE), cc("Bob Jones", BOB)];
    first.cc.push(cc("Mallory X", MALLORY));
    let mut reply = app.reply(first.msgid, BOB, "Bob Jones");
    reply.readers = vec![cc("Bob Jones", BOB), cc("Alice Smith", ALICE)];
    let claimed = app.receive(&reply).thread;
    let letter = app.queue_reply(claimed, "for Bob alone").unwrap().id;
    // It comes late, and says who is in the thread.
    let thread = app.receive(&first).thread;
    assert_eq!(app.message(letter).thread, thread);
    let (_, post) = app.next_post();
    assert_eq!((recipients(&post), post.unreachable.as_ref()), (vec![BOB], None));
    assert!(!named(&post).contains(&MALLORY) && !named(&post).contains(&CAROL), "{post:?}");
}

#[test]
fn a_group_joined_meanwhile_gets_no_queued_letter() {
    let mut app = App::with_bob();
    let mut letter = app.letter(BOB, "Bob Jones", "hello");
    letter.cc.push(cc("Gardeners", "Gardeners"));
    let thread = app.receive(&letter).thread;
    app.queue_reply(thread, "to Bob, as it says").unwrap();
    let joined = member(&mut app, ALICE, "Alice Smith", MemberAct::Join);
    let _ = app.vault.receive_member(app.account, &joined).unwrap();
    assert_eq!(recipients(&app.next_post().1), [BOB]);
}

#[test]
fn a_queued_letter_is_not_confirmed_to_the_recipient_of_a_forward() {
    let (mut app, thread, id) = of_two();
    app.queue_reply(thread, "said before").unwrap();
    app.send_next();
    let letter = held(&mut app, thread, "for Bob alone");
    let msgid = app.next_msgid();
    let word = note(msgid, BOB, &id, cc("Carol Brown", CAROL));
    let _ = app.vault.receive_notify(app.account, &word).unwrap();
    let _ = app.vault.release(letter).unwrap();
    let (mut posted, mut confirmed) = (Vec::new(), Vec::new());
    while let Some(item) = app.vault.next_outbox(app.account, 0).unwrap() {
        match &item.action {
            OutboxAction::Post(post) => posted.push((post.message, recipients(post).join(" "))),
            OutboxAction::Confirm(post) => {
                confirmed.push((post.text.clone(), recipients(post).join(" ")));
            }
            other => panic!("{other:?}"),
        }
        app.send_next();
    }
    assert_eq!(posted, [(letter, BOB.to_owned())]);
    assert_eq!(confirmed, [("said before".to_owned(), CAROL.to_owned())]);
}

#[test]
fn letters_after_ones_own_forward_go_to_the_newcomer() {
    let (mut app, thread, _) = of_two();
    app.forward(thread, &["Carol Brown".to_owned()]).unwrap();
    app.queue_reply(thread, "for both").unwrap();
    let item = app.vault.next_outbox(app.account, 0).unwrap().unwrap();
    assert!(matches!(item.action, OutboxAction::Forward(_)));
    app.send_next();
    let (_, post) = app.next_post();
    assert_eq!(recipients(&post), [BOB, CAROL]);

    // If the forward is refused, she is no reader.
    let (mut app, thread, _) = of_two();
    let forward = app.forward(thread, &["Carol Brown".to_owned()]).unwrap();
    app.queue_reply(thread, "for both").unwrap();
    let _ = app.vault.outbox_failed(forward, "refused").unwrap();
    assert_eq!(recipients(&app.next_post().1), [BOB]);
}

/// Carol forwards a thread to Mallory; which letters that confirms.
fn forwarded_by_carol(app: &mut App, id: &str) -> Vec<String> {
    let msgid = app.next_msgid();
    let word = note(msgid, CAROL, id, cc("Mallory X", MALLORY));
    let _ = app.vault.receive_notify(app.account, &word).unwrap();
    let mut confirmed = Vec::new();
    while let Some(item) = app.vault.next_outbox(app.account, 0).unwrap() {
        if let OutboxAction::Confirm(post) = &item.action {
            confirmed.push(post.text.clone());
        }
        app.send_next();
    }
    confirmed
}

#[test]
fn a_forward_by_a_skipped_recipient_confirms_nothing() {
    let (mut app, thread, id) = of_two();
    let letter = held(&mut app, thread, "for Bob alone");
    add_carol(&mut app, BOB, &id);
    let _ = app.vault.release(letter).unwrap();
    app.send_next();
    app.queue_reply(thread, "for both").unwrap();
    app.send_next();
    assert_eq!(forwarded_by_carol(&mut app, &id), ["for both"]);
}
