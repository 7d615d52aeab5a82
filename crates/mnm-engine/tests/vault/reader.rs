//! Readers of a thread: a letter always knows its readers, and nobody gets in who is not among them.

use mnm_engine::vault::{SyncNotice, Vault};
use mnm_engine::view::{MayReply, MessageState, PartyKind};
use tmtp::id::{MessageId, Uid};

use crate::cast::{ALICE, App, BOB, CAROL, MALLORY, cc, recipients};

/// Permanent ids of which nobody has heard.
fn uid(n: u32) -> String {
    let mut bytes = [7; 20];
    bytes[..4].copy_from_slice(&n.to_be_bytes());
    Uid::from_bytes(&bytes).as_str().to_owned()
}

#[test]
fn a_reply_in_a_thread_whose_readers_are_not_known_is_refused() {
    let mut app = App::with_bob();
    // Written on another device, in a thread that is older than this one.
    let copy = app.reply("0000000000000007", ALICE, "Alice Smith");
    let thread = app.receive(&copy).thread;
    assert_eq!(app.may_reply(thread), MayReply::Nobody);
    let error = app.refused_reply(thread);
    assert!(error.contains("Nothing was sent"), "{error}");
}

#[test]
fn a_second_device_replies_to_the_same_readers_in_any_order() {
    let mut laptop = App::with_bob();
    let (thread, opening) = laptop.of_three();
    laptop.add_device();
    laptop.notices();
    let reply = laptop.queue_reply(thread, "from the laptop").unwrap();
    let told = laptop.notices();
    assert_eq!(told.len(), 1, "the other device is told once who is in the thread");
    let again = laptop.queue_reply(thread, "once more").unwrap();
    assert!(laptop.notices().is_empty());
    assert_ne!(reply.id, again.id);

    for told_first in [true, false] {
        let mut tablet = App::new();
        let mut copy = tablet.reply(opening.msgid, ALICE, "Alice Smith");
        copy.msgid = MessageId(0x2000);
        let hear = |tablet: &mut App, msgid: MessageId| {
            let _ = tablet
                .vault
                .receive_sync(tablet.account, msgid, &SyncNotice::read(&told[0]), 0)
                .unwrap();
        };
        if told_first {
            hear(&mut tablet, MessageId(0x2001));
        }
        let thread = tablet.receive(&copy).thread;
        if !told_first {
            assert_eq!(tablet.may_reply(thread), MayReply::Nobody);
            hear(&mut tablet, MessageId(0x2001));
        }
        // Told again, nothing changes.
        hear(&mut tablet, MessageId(0x2002));
        assert_eq!(tablet.may_reply(thread), MayReply::Yes, "{told_first}");
        tablet.queue_reply(thread, "from the tablet").unwrap();
        let (_, post) = tablet.next_post();
        let mut to = recipients(&post);
        to.sort_unstable();
        assert_eq!((to, post.thread_id.as_str()), (vec![BOB, CAROL], &*opening.msgid.to_string()));
    }
}

#[test]
fn an_unlisted_author_cannot_enter_a_thread_on_a_second_device() {
    let mut laptop = App::with_bob();
    let (_, opening) = laptop.of_three();
    laptop.add_device();
    let now = laptop.now();
    let _ = laptop.vault.queue_address_book(laptop.account, now).unwrap();
    let told = laptop.notices();
    for told_first in [true, false] {
        let mut tablet = App::new();
        let account = tablet.account;
        let hear = |vault: &mut Vault, from: u64| {
            for (n, told) in told.iter().enumerate() {
                let msgid = MessageId(from + n as u64);
                let _ = vault.receive_sync(account, msgid, &SyncNotice::read(told), 0).unwrap();
            }
        };
        if told_first {
            hear(&mut tablet.vault, 0x3000);
        }
        let mut intrusion = tablet.reply(opening.msgid, MALLORY, "Carol Brown");
        intrusion.msgid = MessageId(0x2000);
        let outside = tablet.receive(&intrusion);
        let mut reply = tablet.reply(opening.msgid, CAROL, "Carol Brown");
        reply.msgid = MessageId(0x2003);
        let inside = tablet.receive(&reply);
        if !told_first {
            hear(&mut tablet.vault, 0x3000);
        }
        let (outside, inside) = (tablet.message(outside.id), tablet.message(inside.id));
        assert_ne!(outside.thread, inside.thread, "{told_first}");
        let row = tablet.vault.thread(inside.thread).unwrap().row;
        assert!(row.parties.iter().all(|party| party.uid != MALLORY), "{:?}", row.parties);
        assert_eq!((row.count, row.parties.len()), (1, 3));
        tablet.vault.check().unwrap();
    }
}

#[test]
fn the_service_is_no_reader_and_a_note_to_oneself_has_one() {
    let mut app = App::with_bob();
    let mut word = app.letter(Uid::SERVICE, "Test Service", "not delivered");
    word.cc = vec![cc("Alice Smith", ALICE)];
    let thread = app.receive(&word).thread;
    assert_eq!(app.may_reply(thread), MayReply::Service);
    let error = app.refused_reply(thread);
    assert!(error.contains("the service itself"), "{error}");

    let note = app.queue(&["Alice Smith"], "buy milk");
    assert_eq!(app.may_reply(note.thread), MayReply::Oneself);
    assert_eq!(app.next_post().1.unreachable, None);
    app.send_next();
    app.queue_reply(note.thread, "and bread").unwrap();
    app.send_next();
    // So is the copy of one from another device.
    let mut copy = app.letter(ALICE, "Alice Smith", "from my phone");
    copy.cc = vec![cc("Alice Smith", ALICE)];
    let thread = app.receive(&copy).thread;
    assert_eq!(app.may_reply(thread), MayReply::Oneself);
}

#[test]
fn the_member_can_take_a_letter_into_its_thread() {
    let mut app = App::with_gardeners();
    let mut letter = app.letter(BOB, "Bob Jones", "private");
    letter.cc = vec![cc("Bob Jones", BOB), cc("Gardeners", "Gardeners")];
    let thread = app.receive(&letter).thread;
    let outside = app.reply(letter.msgid, CAROL, "Carol Brown");
    let outside = app.receive(&outside);
    let now = app.now();
    assert_eq!(app.vault.take_in(outside.thread, now).unwrap().value, thread);
    assert_eq!(app.message(outside.id).thread, thread);
    // From now on her letters in the group's threads are.
    let more = app.reply(letter.msgid, CAROL, "Carol Brown");
    assert_eq!(app.receive(&more).thread, thread);
    assert!(app.vault.take_in(thread, now).is_err());
}

#[test]
fn readers_are_limited_to_a_header_and_to_valid_ids() {
    let mut app = App::with_bob();
    let mut letter = app.letter(BOB, "Bob Jones", "to all the world");
    for n in 0..900 {
        letter.cc.push(cc("Somebody", &uid(n)));
    }
    let thread = app.receive(&letter).thread;
    let mut reply = app.reply(letter.msgid, BOB, "Bob Jones");
    reply.cc = (900..1_900).map(|n| cc("Somebody", &uid(n))).collect();
    app.receive(&reply);
    let readers = app.vault.readers(thread).unwrap();
    assert_eq!(readers.readers.len(), 401);
    assert!(readers.unlisted > 0);
    app.queue_reply(thread, "an answer").unwrap();
    assert_eq!(app.next_post().1.recipients.len(), 400);

    let mut letter = app.letter(BOB, "Bob Jones", "nonsense");
    for id in ["EVE", "", "x\u{202e}y", &"g".repeat(300), "%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%"] {
        letter.cc.push(cc("Eve Ensemble", id));
        letter.cc.push(cc(id, id));
    }
    let thread = app.receive(&letter).thread;
    let parties = app.vault.thread(thread).unwrap().row.parties;
    let members = parties.iter().filter(|party| party.kind != PartyKind::Group);
    assert_eq!(members.count(), 2, "{parties:?}");
}

#[test]
fn one_id_is_one_reader_and_no_group() {
    let mut app = App::with_bob();
    let mut letter = app.letter(BOB, "Bob Jones", "twice");
    for (who, uid) in [("Quentin Q", CAROL), (CAROL, CAROL), (MALLORY, MALLORY), (ALICE, ALICE)] {
        letter.cc.push(cc(who, uid));
    }
    let thread = app.receive(&letter).thread;
    let parties = app.vault.thread(thread).unwrap().row.parties;
    assert!(parties.iter().all(|party| party.kind != PartyKind::Group), "{parties:?}");
    let mut uids: Vec<_> = parties.iter().map(|party| party.uid.as_str()).collect();
    uids.sort_unstable();
    let mut expected = vec![ALICE, BOB, CAROL, MALLORY];
    expected.sort_unstable();
    assert_eq!(uids, expected);
    app.queue_reply(thread, "to all three").unwrap();
    let (_, post) = app.next_post();
    assert_eq!(post.recipients.len(), 3);
    assert!(post.recipients.iter().all(|to| !to.is_group));
}

#[test]
fn taking_in_a_letter_is_synced_to_the_other_devices() {
    let mut app = App::with_bob();
    let (thread, letter) = app.of_three();
    let reply = app.reply(letter.msgid, MALLORY, "Mallory X");
    let apart = app.receive(&reply).thread;
    app.add_device();
    app.notices();
    let now = app.now();
    assert_eq!(app.vault.take_in(apart, now).unwrap().value, thread);
    let told = app.notices();
    assert!(told.iter().any(|notice| notice.contains(MALLORY)), "{told:?}");
}

#[test]
fn a_letter_goes_to_the_others_when_one_cannot_be_reached() {
    let mut app = App::with_bob();
    let (thread, _) = app.of_three();
    let queued = app.queue_reply(thread, "to both").unwrap();
    let (first, _) = app.next_post();
    let left = vec![CAROL.into()];
    let _ = app.vault.outbox_left_out(first.id, &left, "unknown", "failed", 0).unwrap();
    let (second, post) = app.next_post();
    assert_eq!((recipients(&post), second.id), (vec![BOB], first.id));
    assert_ne!(second.request, first.request);
    app.send_next();
    let sent = app.message(queued.id);
    assert_eq!(sent.state, MessageState::Sent);
    assert_eq!((sent.left_out[0].party.uid.as_str(), sent.left_out.len()), (CAROL, 1));
    // Nobody left: it has failed, and says so.
    let queued = app.queue_reply(thread, "to both again").unwrap();
    let (item, _) = app.next_post();
    let left = vec![CAROL.into(), BOB.into()];
    let _ = app.vault.outbox_left_out(item.id, &left, "unknown", "failed", 0).unwrap();
    assert!(matches!(app.message(queued.id).state, MessageState::Failed { .. }));
}

#[test]
fn a_service_letter_renames_no_thread() {
    let mut app = App::with_bob();
    let (thread, letter) = app.of_three();
    let mut word = app.reply(letter.msgid, Uid::SERVICE, "Test Service");
    word.subject = "Not delivered".into();
    app.receive(&word);
    assert_eq!(app.vault.thread(thread).unwrap().row.subject, "About hello both");
}

#[test]
fn an_answered_early_letter_leaves_a_thread_that_refuses_it() {
    let mut app = App::with_bob();
    let first = app.letter(BOB, "Bob Jones", "the first letter");
    let early = app.reply(first.msgid, MALLORY, "Mallory");
    let apart = app.receive(&early).thread;
    let answer = app.reply(early.msgid, MALLORY, "Mallory");
    assert_eq!(app.receive(&answer).thread, apart);
    let thread = app.receive(&first).thread;
    assert_ne!(thread, apart);
    let messages = |app: &App, thread| app.vault.thread(thread).unwrap().messages;
    assert_eq!(messages(&app, thread).len(), 1);
    assert_eq!(messages(&app, apart).len(), 2);
}
