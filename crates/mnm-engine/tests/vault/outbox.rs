//! The outbox: order, the three ends of an attempt, taking back, and what races with the link.

use mnm_engine::error::VaultError;
use mnm_engine::vault::{Acked, Addressee, DraftContent, MemberAct, OutboxAction, Received, Upon};
use mnm_engine::view::{MessageState, PingState, Standing};

use crate::cast::{ALICE, App, BOB, CAROL, MALLORY, cc, member, names, note};

#[test]
fn a_new_letter_opens_a_thread_and_its_reply_continues_it() {
    let mut app = App::with_bob();
    let message = app.queue(&["Bob Jones"], "hello");
    let (item, post) = app.next_post();
    assert_eq!(post.thread_id, "");
    assert_eq!(post.cc, [cc("Alice Smith", ALICE), cc("Bob Jones", BOB)]);
    assert_eq!(post.recipients, [Addressee { id: BOB.into(), is_group: false }]);
    assert_eq!((post.subject.as_str(), post.text.as_str()), ("Plans", "hello"));
    let (ack, events) = app.send_next();
    assert_eq!(names(&events), ["thread", "message", "account"]);
    let sent = app.message(message.id);
    assert_eq!(sent.state, MessageState::Sent);
    assert_eq!((sent.msgid, sent.at_ms), (Some(ack.msgid.to_string()), ack.posted_ms));
    let again = app.vault.outbox_sent(item.id, Some(&ack));
    assert!(matches!(again, Err(VaultError::NotFound { .. })));

    let reply = DraftContent { subject: "Plans".into(), text: "more".into(), to: vec![] };
    let draft =
        app.vault.save_draft(Upon::Anything, None, app.account, Some(message.thread), &reply, 7);
    let _ = app.vault.queue_draft(draft.unwrap().value.id, None, 8, 0).unwrap();
    let (_, post) = app.next_post();
    assert_eq!(post.thread_id, ack.msgid.to_string());
    assert!(post.cc.is_empty() && post.subject.is_empty());
    assert_eq!(post.readers, [cc("Alice Smith", ALICE), cc("Bob Jones", BOB)]);
}

#[test]
fn items_leave_in_order_and_keep_their_request_id_over_restarts() {
    let mut app = App::with_bob();
    let first = app.queue(&["Bob Jones"], "one");
    app.queue(&["Bob Jones"], "two");
    let (item, _) = app.next_post();
    let _ = app.vault.outbox_interrupted(item.id).unwrap();
    let mut app = app.restart();
    let (again, post) = app.next_post();
    assert_eq!((again.request, again.attempts), (item.request, 1));
    assert_eq!(post.message, first.id);
    app.send_next();
    assert_eq!(app.next_post().1.text, "two");
    assert_eq!(app.vault.account(app.account).unwrap().queued, 1);
}

#[test]
fn a_refused_letter_can_be_retried_or_taken_back() {
    let mut app = App::with_bob();
    let message = app.queue(&["Bob Jones"], "hello");
    let (item, _) = app.next_post();
    let _ = app.vault.outbox_failed(item.id, "No such member.").unwrap();
    let error = "No such member.".to_owned();
    assert_eq!(app.message(message.id).state, MessageState::Failed { error });
    assert!(app.vault.next_outbox(app.account, 0).unwrap().is_none());

    let retried = app.vault.retry(message.id).unwrap().value;
    assert_eq!(retried.state, MessageState::Queued);
    assert!(matches!(app.vault.retry(message.id), Err(VaultError::Conflict(_))));
    let (second, _) = app.next_post();
    assert_ne!(second.request, item.request, "a refusal was an answer");
    assert!(matches!(app.vault.unsend(message.id, 9), Err(VaultError::Conflict(_))));
    let _ = app.vault.outbox_interrupted(second.id).unwrap();

    let change = app.vault.unsend(message.id, 9).unwrap();
    assert_eq!(names(&change.events), ["message_gone", "thread_gone", "draft", "account"]);
    assert_eq!(change.value.to, ["Bob Jones"]);
    assert_eq!((change.value.thread, change.value.text.as_str()), (None, "hello"));
    assert_eq!(change.value.subject, "Plans");
    assert_eq!(app.vault.next_outbox(app.account, 0).unwrap(), None);
}

#[test]
fn a_sent_letter_cannot_be_taken_back() {
    let mut app = App::with_bob();
    let message = app.queue(&["Bob Jones"], "hello");
    app.send_next();
    assert!(matches!(app.vault.unsend(message.id, 9), Err(VaultError::Conflict(_))));
}

#[test]
fn unsending_a_reply_keeps_the_draft_and_the_attachments() {
    let mut app = App::with_bob();
    let letter = app.letter(BOB, "Bob Jones", "question");
    let thread = app.receive(&letter).thread;
    let save = |app: &mut App, text: &str| {
        let typed = DraftContent { text: text.into(), ..DraftContent::default() };
        app.vault
            .save_draft(Upon::Anything, None, app.account, Some(thread), &typed, 5)
            .unwrap()
            .value
            .id
    };
    let draft = save(&mut app, "sent too early");
    let mut writer = app.vault.begin_blob().unwrap();
    app.vault.append_blob(&mut writer, b"x").unwrap();
    let blob = app.vault.finish_blob(writer).unwrap();
    let file = app.vault.attach(draft, "a", blob, 5).unwrap().value;
    let message = app.vault.queue_draft(draft, None, 6, 0).unwrap().value.id;
    save(&mut app, "already typing");
    let back = app.vault.unsend(message, 7).unwrap().value;
    assert_eq!(back.text, "sent too early\n\nalready typing");
    assert_eq!(back.thread, Some(thread));
    assert_eq!(back.attachments, [file]);
}

/// Between an acknowledgement and a delivery there is no promised order.
#[test]
fn a_reply_that_overtakes_the_acknowledgement_joins_its_thread() {
    let mut app = App::with_bob();
    let message = app.queue(&["Bob Jones"], "hello");
    let (item, _) = app.next_post();
    let ack = Acked { msgid: app.next_msgid(), posted_ms: app.now(), to: None };
    let mut reply = app.reply(ack.msgid, BOB, "Bob Jones");
    reply.cc = vec![cc("Mallory X", MALLORY)];
    let early = app.receive(&reply);
    assert_ne!(early.thread, message.thread);
    let change = app.vault.outbox_sent(item.id, Some(&ack)).unwrap();
    assert_eq!(names(&change.events)[0], "thread_gone");
    let thread = app.vault.thread(message.thread).unwrap();
    let texts: Vec<_> = thread.messages.iter().map(|m| m.text.as_str()).collect();
    assert_eq!(texts, ["hello", "a reply"]);
    assert_eq!(thread.row.parties.len(), 2, "the member chose who is in it");
    app.vault.check().unwrap();
}

/// Another device of the member may have been told first.
#[test]
fn a_copy_of_our_own_letter_is_merged_into_it() {
    let mut app = App::with_bob();
    let message = app.queue(&["Bob Jones"], "hello");
    let (item, _) = app.next_post();
    let copy = app.letter(ALICE, "Alice Smith", "hello");
    app.receive(&copy);
    let ack = Acked { msgid: copy.msgid, posted_ms: copy.posted_ms, to: None };
    let _ = app.vault.outbox_sent(item.id, Some(&ack)).unwrap();
    let thread = app.vault.thread(message.thread).unwrap();
    assert_eq!(thread.messages.len(), 1);
    assert_eq!(app.vault.threads(None, None, None).unwrap().len(), 1);
    let again = app.vault.receive_post(app.account, &copy).unwrap();
    assert_eq!(again.value, Received::Duplicate);
    app.vault.check().unwrap();
}

#[test]
fn a_note_to_oneself_has_no_recipients() {
    let mut app = App::new();
    app.queue(&["Alice Smith"], "remember");
    assert!(app.next_post().1.recipients.is_empty());
}

#[test]
fn group_letters_need_membership() {
    let mut app = App::with_bob();
    let account = app.account;
    let _ = app.vault.queue_invite(account, &"Gardeners".into(), "Bob Jones", "come", 5).unwrap();
    let item = app.vault.next_outbox(account, 0).unwrap().unwrap();
    assert!(matches!(&item.action, OutboxAction::Invite { gid, .. } if gid == "Gardeners"));
    let (_, events) = app.send_next();
    assert_eq!(names(&events), ["ping", "group", "account"]);
    let group = &app.vault.groups(None).unwrap()[0];
    assert_eq!(group.standing, Standing::Joined);
    let bob = group.members.iter().find(|m| m.alias == "Bob Jones").unwrap();
    assert_eq!(bob.standing, Standing::Invited);

    let joined = member(&mut app, BOB, "Bob Jones", MemberAct::Join);
    let _ = app.vault.receive_member(account, &joined).unwrap();
    app.queue(&["Gardeners", "Bob Jones"], "hello all");
    let (item, post) = app.next_post();
    let reached: Vec<_> = post.recipients.iter().map(|r| (r.id.as_str(), r.is_group)).collect();
    assert_eq!(reached, [("Gardeners", true), (BOB, false)]);
    let _ = app.vault.set_standing(account, &"Gardeners".into(), None, Standing::Left).unwrap();
    let _ = app.vault.outbox_interrupted(item.id).unwrap();
    assert_eq!(app.next_post().1.recipients.len(), 1);
}

#[test]
fn a_refused_answer_leaves_the_ping_waiting() {
    let mut app = App::new();
    let ping = app.ping_from(CAROL, "Carol Brown");
    let Received::New(Some(id)) = app.vault.receive_ping(app.account, &ping).unwrap().value else {
        panic!("not stored");
    };
    assert_eq!(app.vault.ping(id).unwrap().state, PingState::Waiting);
    let accepted = app.vault.queue_accept(id, None, 5).unwrap();
    assert_eq!(accepted.value.state, PingState::Accepted);
    let item = app.vault.next_outbox(app.account, 0).unwrap().unwrap();
    let _ = app.vault.outbox_failed(item.id, "Not now.").unwrap();
    assert_eq!(app.vault.ping(id).unwrap().state, PingState::Waiting);
    assert!(app.vault.queue_accept(id, None, 6).is_ok());
}

#[test]
fn a_forward_skips_unreachable_readers_and_names_them() {
    let mut app = App::with_bob();
    app.befriend(CAROL, "Carol Brown");
    app.befriend(MALLORY, "Mallory X");
    let thread = app.queue(&["Bob Jones"], "the first").thread;
    app.send_next();
    let to = ["Carol Brown".to_owned(), "Mallory X".to_owned()];
    app.forward(thread, &to).unwrap();
    let head = |app: &mut App| {
        let item = app.vault.next_outbox(app.account, 0).unwrap().unwrap();
        let OutboxAction::Forward(forward) = item.action else { panic!("{:?}", item.action) };
        (item.id, item.request, forward)
    };
    let (first, request, _) = head(&mut app);
    let out = [MALLORY.into(), BOB.into()];
    let _ = app.vault.outbox_left_out(first, &out, "unknown", "failed", 0).unwrap();
    let (second, other, forward) = head(&mut app);
    assert_eq!((second, forward.new.len(), forward.old.len()), (first, 1, 0));
    assert_eq!(forward.new[0].who_uid, CAROL);
    assert_ne!(request, other);
    let told = app.vault.thread(thread).unwrap().messages.pop().unwrap().text;
    assert!(told.starts_with("The thread was not forwarded to Mallory X. "), "{told}");
    // Nobody left: all of it has failed, and says so.
    let out = [CAROL.into()];
    let _ = app.vault.outbox_left_out(first, &out, "unknown", "Nobody got it.", 0).unwrap();
    assert!(app.vault.next_outbox(app.account, 0).unwrap().is_none());
    let told = app.vault.thread(thread).unwrap().messages;
    let wanted = "The thread was not forwarded to Carol Brown. Nobody got it.";
    assert!(told.iter().any(|message| message.text == wanted), "{told:?}");
}

#[test]
fn a_refused_confirmation_is_retried_with_backoff() {
    let mut app = App::with_bob();
    let letter = app.queue(&["Bob Jones"], "hello");
    let (ack, _) = app.send_next();
    let (msgid, hour) = (app.next_msgid(), 3_600_000);
    let word = note(msgid, BOB, ack.msgid, cc("Carol Brown", CAROL));
    let _ = app.vault.receive_notify(app.account, &word).unwrap();
    let (mut now, mut tries) = (0, 0);
    for wait in [0, hour, 24 * hour, 7 * 24 * hour, 21 * 24 * hour] {
        if wait > 0 {
            assert_eq!(app.vault.next_outbox(app.account, now + wait - 1).unwrap(), None);
        }
        now += wait;
        let item = app.vault.next_outbox(app.account, now).unwrap().unwrap();
        let OutboxAction::Confirm(post) = &item.action else { panic!("{:?}", item.action) };
        // By its readers it is known where it belongs, and by its words only where it names none.
        let readers = post.readers.iter().map(|cc| cc.who_uid.as_str()).collect::<Vec<_>>();
        assert_eq!((post.message, readers), (letter.id, vec![ALICE, BOB, CAROL]));
        let out = [CAROL.into()];
        let _ = app.vault.outbox_left_out(item.id, &out, "unknown", "failed", now).unwrap();
        tries += 1;
        // Neither a restart nor a letter that goes first changes when.
        app = app.restart();
        app.queue(&["Bob Jones"], "meanwhile");
        app.send_next();
    }
    assert_eq!((tries, app.vault.next_outbox(app.account, i64::MAX).unwrap()), (5, None));
}

#[test]
fn a_postponed_confirmation_resumes_when_the_reader_writes() {
    let mut app = App::with_bob();
    let letter = app.queue(&["Bob Jones"], "hello");
    let (ack, _) = app.send_next();
    app.queue_reply(letter.thread, "and more").unwrap();
    app.send_next();
    let msgid = app.next_msgid();
    let word = note(msgid, BOB, ack.msgid, cc("Carol Brown", CAROL));
    let _ = app.vault.receive_notify(app.account, &word).unwrap();
    let refuse = |app: &mut App, now| {
        let item = app.vault.next_outbox(app.account, now).unwrap().unwrap();
        let out = [CAROL.into()];
        let _ = app.vault.outbox_left_out(item.id, &out, "unknown", "failed", now).unwrap();
    };
    let hour = 3_600_000;
    refuse(&mut app, 0);
    refuse(&mut app, hour);
    assert_eq!(app.vault.next_outbox(app.account, 2 * hour).unwrap(), None);
    let from_her = app.letter(CAROL, "Carol Brown", "good day");
    app.receive(&from_her);
    let item = app.vault.next_outbox(app.account, 2 * hour).unwrap().unwrap();
    assert!(matches!(&item.action, OutboxAction::Confirm(post) if post.message == letter.id));
    let ack = Acked { msgid: app.next_msgid(), posted_ms: 1, to: None };
    let _ = app.vault.outbox_sent(item.id, Some(&ack)).unwrap();
    // The next letter to her is refused for the first time.
    refuse(&mut app, 2 * hour);
    assert!(app.vault.next_outbox(app.account, 3 * hour).unwrap().is_some());
}
