//! Readers of a thread: a letter always knows its readers, and nobody gets in who is not among them.

use mnm_engine::vault::{
    Incoming, IncomingNote, MemberAct, OutboxAction, OutgoingPost, Received, SyncNotice,
    UserNotice, Vault,
};
use mnm_engine::view::{MayReply, MessageState, PartyKind, PingState, Reach, Standing, ThreadId};
use tmtp::id::Uid;

use crate::cast::{ALICE, App, BOB, CAROL, MALLORY, alice, cc, join_gardeners, member, note};

/// Permanent ids of which nobody has heard.
fn uid(n: u32) -> String {
    let mut bytes = [7; 20];
    bytes[..4].copy_from_slice(&n.to_be_bytes());
    Uid::from_bytes(&bytes).as_str().to_owned()
}

fn may_reply(app: &App, thread: ThreadId) -> MayReply {
    app.vault.thread(thread).unwrap().row.may_reply
}

fn refused(app: &mut App, thread: ThreadId) -> String {
    let error = app.queue_reply(thread, "is anybody there?").unwrap_err().to_string();
    assert_eq!(app.vault.outbox_len(app.account).unwrap(), 0, "{error}");
    error
}

fn recipients(post: &OutgoingPost) -> Vec<&str> {
    post.recipients.iter().map(|to| to.id.as_str()).collect()
}

fn add_device(app: &mut App) {
    let (msgid, now) = (app.next_msgid(), app.now());
    let device = UserNotice::Device { label: "tablet".into() };
    let _ = app.vault.receive_user(app.account, &msgid, now, &device).unwrap();
}

/// What the app has for the member's other devices.
fn notices(app: &mut App) -> Vec<String> {
    let mut notices = Vec::new();
    while let Some(item) = app.vault.next_outbox(app.account, 0).unwrap() {
        if let OutboxAction::Sync { body } = &item.action {
            notices.push(body.clone());
        }
        let ack =
            mnm_engine::vault::Acked { msgid: app.next_msgid(), posted_ms: app.now(), to: None };
        let _ = app.vault.outbox_sent(item.id, Some(&ack)).unwrap();
    }
    notices
}

/// A thread with Bob and Carol, and the opening letter.
fn of_three(app: &mut App) -> (ThreadId, Incoming) {
    let mut letter = app.letter(BOB, "Bob Jones", "hello both");
    letter.cc.push(cc("Carol Brown", CAROL));
    (app.receive(&letter).thread, letter)
}

#[test]
fn a_reply_in_a_thread_whose_readers_are_not_known_is_refused() {
    let mut app = App::with_bob();
    // Written on another device, in a thread that is older than this one.
    let copy = app.reply("0000000000000007", ALICE, "Alice Smith");
    let thread = app.receive(&copy).thread;
    assert_eq!(may_reply(&app, thread), MayReply::Nobody);
    let error = refused(&mut app, thread);
    assert!(error.contains("Nothing was sent"), "{error}");
}

#[test]
fn a_further_device_answers_to_the_same_people_whichever_word_comes_first() {
    let mut laptop = App::with_bob();
    let (thread, opening) = of_three(&mut laptop);
    add_device(&mut laptop);
    notices(&mut laptop);
    let reply = laptop.queue_reply(thread, "from the laptop").unwrap();
    let told = notices(&mut laptop);
    assert_eq!(told.len(), 1, "the other device is told once who is in the thread");
    let again = laptop.queue_reply(thread, "once more").unwrap();
    assert!(notices(&mut laptop).is_empty());
    assert_ne!(reply.id, again.id);

    for told_first in [true, false] {
        let mut tablet = App::new();
        let mut copy = tablet.reply(&opening.msgid, ALICE, "Alice Smith");
        copy.msgid = "0000000000002000".into();
        let hear = |tablet: &mut App, msgid: &str| {
            let _ = tablet
                .vault
                .receive_sync(tablet.account, msgid, &SyncNotice::read(&told[0]), 0)
                .unwrap();
        };
        if told_first {
            hear(&mut tablet, "0000000000002001");
        }
        let thread = tablet.receive(&copy).thread;
        if !told_first {
            assert_eq!(may_reply(&tablet, thread), MayReply::Nobody);
            hear(&mut tablet, "0000000000002001");
        }
        // Told again, nothing changes.
        hear(&mut tablet, "0000000000002002");
        assert_eq!(may_reply(&tablet, thread), MayReply::Yes, "{told_first}");
        tablet.queue_reply(thread, "from the tablet").unwrap();
        let (_, post) = tablet.next_post();
        let mut to = recipients(&post);
        to.sort_unstable();
        assert_eq!((to, post.thread_id.as_str()), (vec![BOB, CAROL], opening.msgid.as_str()));
    }
}

#[test]
fn who_was_not_told_of_does_not_get_into_a_thread_on_a_further_device() {
    let mut laptop = App::with_bob();
    let (_, opening) = of_three(&mut laptop);
    add_device(&mut laptop);
    let now = laptop.now();
    let _ = laptop.vault.queue_address_book(laptop.account, now).unwrap();
    let told = notices(&mut laptop);
    for told_first in [true, false] {
        let mut tablet = App::new();
        let account = tablet.account;
        let hear = |vault: &mut Vault, from: u32| {
            for (n, told) in told.iter().enumerate() {
                let msgid = format!("{:016x}", from as usize + n);
                let _ = vault.receive_sync(account, &msgid, &SyncNotice::read(told), 0).unwrap();
            }
        };
        if told_first {
            hear(&mut tablet.vault, 0x3000);
        }
        let mut intrusion = tablet.reply(&opening.msgid, MALLORY, "Carol Brown");
        intrusion.msgid = "0000000000002000".into();
        let outside = tablet.receive(&intrusion);
        let mut reply = tablet.reply(&opening.msgid, CAROL, "Carol Brown");
        reply.msgid = "0000000000002003".into();
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
fn after_leaving_a_group_its_threads_take_no_letter() {
    let mut app = App::with_bob();
    join_gardeners(&mut app);
    let mut letter = app.letter(BOB, "Bob Jones", "hello group");
    letter.cc = vec![cc("Bob Jones", BOB), cc("Gardeners", "Gardeners")];
    let thread = app.receive(&letter).thread;
    assert_eq!(may_reply(&app, thread), MayReply::Yes);
    // What was queued before is not sent to fewer than was meant.
    let queued = app.queue_reply(thread, "queued in time").unwrap();
    let left = member(&mut app, ALICE, "Alice Smith", MemberAct::Drop);
    let change = app.vault.receive_member(app.account, &left).unwrap();
    let told = change.events.iter().any(|event| {
        matches!(event,
        mnm_engine::event::Event::Thread { thread: row } if row.id == thread)
    });
    assert!(told, "the page hears of it");
    let (item, post) = app.next_post();
    let why = post.unreachable.expect("it would not reach the group");
    assert!(why.contains("You have left Gardeners"), "{why}");
    let _ = app.vault.outbox_failed(item.id, &why).unwrap();
    let error = app.vault.retry(queued.id).unwrap_err().to_string();
    assert!(error.contains("Join Gardeners again"), "{error}");
    assert!(matches!(app.message(queued.id).state, MessageState::Failed { .. }));
    let groups = vec!["Gardeners".to_owned()];
    assert_eq!(may_reply(&app, thread), MayReply::LeftGroup { groups });
    refused(&mut app, thread);
    // Struck from the thread, the group is no reader any more, and Bob still is.
    let now = app.now();
    let _ = app.vault.strike(thread, "Gardeners", true, now).unwrap();
    app.queue_reply(thread, "between us").unwrap();
    assert_eq!(recipients(&app.next_post().1), [BOB]);
}

#[test]
fn a_group_that_nobody_else_has_joined_takes_no_letter() {
    let mut app = App::with_bob();
    let account = app.account;
    let _ = app.vault.queue_invite(account, "Gardeners", "Bob Jones", "come", 5).unwrap();
    app.send_next();
    let draft = |app: &mut App, to: &[&str]| {
        let content = mnm_engine::vault::DraftContent {
            to: to.iter().map(|&name| name.to_owned()).collect(),
            text: "hello group".into(),
            ..Default::default()
        };
        let now = app.now();
        app.vault.save_draft(None, account, None, &content, now).unwrap().value.id
    };
    // With a name beside it the group would get nothing all the same.
    for to in [&["Gardeners"] as &[_], &["Bob Jones", "Gardeners"]] {
        let draft = draft(&mut app, to);
        let error = app.vault.queue_draft(draft, 9).unwrap_err().to_string();
        assert!(error.contains("Nobody else is in Gardeners"), "{error}");
    }
    assert_eq!(app.vault.outbox_len(account).unwrap(), 0);
    let joined = member(&mut app, BOB, "Bob Jones", MemberAct::Join);
    let _ = app.vault.receive_member(account, &joined).unwrap();
    let letter = app.queue(&["Gardeners"], "hello group");
    app.send_next();
    let queued = app.queue_reply(letter.thread, "to whom is left").unwrap();
    let left = member(&mut app, BOB, "Bob Jones", MemberAct::Drop);
    let change = app.vault.receive_member(account, &left).unwrap();
    let told = change.events.iter().any(|event| {
        matches!(event,
        mnm_engine::event::Event::Thread { thread: row } if row.id == letter.thread)
    });
    assert!(told, "the page hears of it");
    let groups = vec!["Gardeners".to_owned()];
    assert_eq!(may_reply(&app, letter.thread), MayReply::EmptyGroup { groups });
    let (item, post) = app.next_post();
    let why = post.unreachable.expect("it would reach nobody");
    let _ = app.vault.outbox_failed(item.id, &why).unwrap();
    assert!(app.vault.retry(queued.id).is_err());
    let error = refused(&mut app, letter.thread);
    assert!(error.contains("Nobody else is in Gardeners"), "{error}");

    // Where not all members are known, somebody may be there.
    let mut app = App::with_bob();
    join_gardeners(&mut app);
    app.queue(&["Gardeners"], "hello group");
}

#[test]
fn who_was_removed_from_a_group_is_told_so_until_invited_anew() {
    let mut app = App::with_bob();
    join_gardeners(&mut app);
    let mut letter = app.letter(BOB, "Bob Jones", "hello group");
    letter.cc = vec![cc("Bob Jones", BOB), cc("Gardeners", "Gardeners")];
    let thread = app.receive(&letter).thread;
    let removed = member(&mut app, BOB, "Alice Smith", MemberAct::Drop);
    let _ = app.vault.receive_member(app.account, &removed).unwrap();
    app = app.restart();
    let groups = vec!["Gardeners".to_owned()];
    assert_eq!(may_reply(&app, thread), MayReply::RemovedFromGroup { groups });
    let group = &app.vault.groups(None).unwrap()[0];
    let own = group.members.iter().find(|member| member.alias == "Alice Smith").unwrap();
    assert_eq!((group.standing, own.standing), (Standing::Removed, Standing::Removed));
    let error = refused(&mut app, thread);
    assert!(error.contains("You were removed from Gardeners"), "{error}");
    let content = mnm_engine::vault::DraftContent {
        to: vec!["Gardeners".into()],
        text: "hello".into(),
        ..Default::default()
    };
    let draft = app.vault.save_draft(None, app.account, None, &content, 9).unwrap().value.id;
    let error = app.vault.queue_draft(draft, 9).unwrap_err().to_string();
    assert!(error.contains("You were removed from Gardeners"), "{error}");
    let mut invitation = app.ping_from(BOB, "Bob Jones");
    invitation.gid = Some("Gardeners".into());
    let _ = app.vault.receive_ping(app.account, &invitation).unwrap();
    assert_eq!(may_reply(&app, thread), MayReply::Yes);
    join_gardeners(&mut app);
    // Of one's own will it is leaving, from whichever device.
    let left = member(&mut app, ALICE, "Alice Smith", MemberAct::Drop);
    let _ = app.vault.receive_member(app.account, &left).unwrap();
    assert_eq!(app.vault.groups(None).unwrap()[0].standing, Standing::Left);
}

#[test]
fn a_thread_of_two_stays_open_to_them_when_a_group_comes_to_it_that_one_has_left() {
    for (by, named) in [(ALICE, true), (BOB, true), (BOB, false)] {
        let mut app = App::with_bob();
        join_gardeners(&mut app);
        let mut letter = app.letter(BOB, "Bob Jones", "between us");
        let forwarded = cc("Gardeners", "Gardeners");
        if !named {
            letter.cc = vec![cc("Bob Jones", BOB), forwarded.clone()];
        }
        let thread = app.receive(&letter).thread;
        let left = member(&mut app, by, "Alice Smith", MemberAct::Drop);
        let _ = app.vault.receive_member(app.account, &left).unwrap();
        assert_eq!(may_reply(&app, thread) == MayReply::Yes, named);
        let msgid = app.next_msgid();
        let word =
            IncomingNote { posted_ms: app.now(), ..note(&msgid, BOB, &letter.msgid, forwarded) };
        let _ = app.vault.receive_notify(app.account, &word).unwrap();
        let groups = vec!["Gardeners".to_owned()];
        if !named {
            // Who knows it only through the group is in it no more.
            assert_eq!(may_reply(&app, thread), MayReply::RemovedFromGroup { groups });
            refused(&mut app, thread);
            continue;
        }
        assert_eq!(may_reply(&app, thread), MayReply::Others { groups });
        app.queue_reply(thread, "still between us").unwrap();
        let (_, post) = app.next_post();
        assert_eq!((recipients(&post), post.unreachable.as_ref()), (vec![BOB], None));
    }
}

#[test]
fn a_group_that_the_member_is_not_in_keeps_no_letter_from_the_others() {
    let mut app = App::with_bob();
    join_gardeners(&mut app);
    let mut letter = app.letter(BOB, "Bob Jones", "hello group");
    letter.cc = vec![cc("Bob Jones", BOB), cc("Gardeners", "Gardeners"), cc("Choir", "Choir")];
    let thread = app.receive(&letter).thread;
    let others = |groups: &[&str]| MayReply::Others {
        groups: groups.iter().map(|&group| group.to_owned()).collect(),
    };
    assert_eq!(may_reply(&app, thread), others(&["Choir"]));
    app.queue_reply(thread, "to all but the choir").unwrap();
    let (_, post) = app.next_post();
    assert_eq!((recipients(&post), post.unreachable.as_ref()), (vec![BOB, "Gardeners"], None));
    let now = app.now();
    let _ = app.vault.strike(thread, "Choir", true, now).unwrap();
    assert_eq!(may_reply(&app, thread), MayReply::Yes);
}

#[test]
fn the_service_reads_no_letters_and_a_note_to_oneself_is_one() {
    let mut app = App::with_bob();
    let mut word = app.letter(Uid::SERVICE, "Test Service", "not delivered");
    word.cc = vec![cc("Alice Smith", ALICE)];
    let thread = app.receive(&word).thread;
    assert_eq!(may_reply(&app, thread), MayReply::Service);
    let error = refused(&mut app, thread);
    assert!(error.contains("the service itself"), "{error}");

    let note = app.queue(&["Alice Smith"], "buy milk");
    assert_eq!(may_reply(&app, note.thread), MayReply::Oneself);
    assert_eq!(app.next_post().1.unreachable, None);
    app.send_next();
    app.queue_reply(note.thread, "and bread").unwrap();
    app.send_next();
    // So is the copy of one from another device.
    let mut copy = app.letter(ALICE, "Alice Smith", "from my phone");
    copy.cc = vec![cc("Alice Smith", ALICE)];
    let thread = app.receive(&copy).thread;
    assert_eq!(may_reply(&app, thread), MayReply::Oneself);
}

#[test]
fn who_is_not_in_a_group_does_not_get_into_its_threads() {
    let mut app = App::with_bob();
    join_gardeners(&mut app);
    let mut letter = app.letter(BOB, "Bob Jones", "private");
    letter.cc = vec![cc("Bob Jones", BOB), cc("Gardeners", "Gardeners")];
    let thread = app.receive(&letter).thread;
    let mut intrusion = app.reply(&letter.msgid, MALLORY, "Carol Brown");
    intrusion.subject = "Budget 2027 FINAL".into();
    intrusion.cc = vec![cc("Mallory X", MALLORY), cc("Gardeners", "Gardeners")];
    intrusion.groups = vec!["Another group".into()];
    let outside = app.receive(&intrusion);
    assert_ne!(outside.thread, thread);
    assert_eq!(outside.from.kind, PartyKind::Stranger);
    let row = app.vault.thread(thread).unwrap().row;
    assert_eq!((row.subject.as_str(), row.count), ("About private", 1));
    assert!(row.parties.iter().all(|party| party.uid != MALLORY));
    assert_eq!(app.vault.thread(outside.thread).unwrap().row.belongs_to, Some(thread));
    // One whom the service vouches for gets in, and is no reader by name.
    let mut vouched = app.reply(&letter.msgid, CAROL, "Carol Brown");
    vouched.groups = vec!["Gardeners".into()];
    assert_eq!(app.receive(&vouched).thread, thread);
    let row = app.vault.thread(thread).unwrap().row;
    assert!(row.parties.iter().all(|party| party.uid != CAROL));
}

#[test]
fn who_is_seen_joining_a_group_gets_into_its_threads_also_with_what_came_before() {
    let mut app = App::with_bob();
    join_gardeners(&mut app);
    let mut letter = app.letter(BOB, "Bob Jones", "private");
    letter.cc = vec![cc("Bob Jones", BOB), cc("Gardeners", "Gardeners")];
    let thread = app.receive(&letter).thread;
    let early = app.reply(&letter.msgid, CAROL, "Carol Brown");
    let early = app.receive(&early);
    assert_ne!(early.thread, thread);
    let joined = member(&mut app, CAROL, "Carol Brown", MemberAct::Join);
    let _ = app.vault.receive_member(app.account, &joined).unwrap();
    assert_eq!(app.message(early.id).thread, thread);
    // Removed, she is outside again.
    let removed = member(&mut app, ALICE, "Carol Brown", MemberAct::Drop);
    let _ = app.vault.receive_member(app.account, &removed).unwrap();
    let late = app.reply(&letter.msgid, CAROL, "Carol Brown");
    assert_ne!(app.receive(&late).thread, thread);
}

#[test]
fn where_the_service_vouches_nobody_gets_into_a_groups_threads_beside_it() {
    let mut app = App::with_bob();
    join_gardeners(&mut app);
    // By an invitation she was known as a member, and nobody said when she was no more.
    let joined = member(&mut app, MALLORY, "Mallory X", MemberAct::Join);
    let _ = app.vault.receive_member(app.account, &joined).unwrap();
    let mut letter = app.letter(BOB, "Bob Jones", "private");
    letter.cc = vec![cc("Bob Jones", BOB), cc("Gardeners", "Gardeners")];
    letter.groups = vec!["Gardeners".into()];
    // One that she posted to the group before the first letter came belongs to it, one beside it does not.
    let mut early = app.reply(&letter.msgid, MALLORY, "Mallory X");
    early.groups = vec!["Gardeners".into()];
    let beside = app.reply(&letter.msgid, CAROL, "Carol Brown");
    let (early, beside) = (app.receive(&early).id, app.receive(&beside).id);
    let thread = app.receive(&letter).thread;
    assert_eq!(app.message(early).thread, thread);
    assert_ne!(app.message(beside).thread, thread);
    // Nor does the address book open a group's thread.
    for (uid, alias) in [(MALLORY, "Mallory X"), (CAROL, "Carol Brown")] {
        let mut intrusion = app.reply(&letter.msgid, uid, alias);
        intrusion.subject = "Renamed".into();
        assert_ne!(app.receive(&intrusion).thread, thread);
    }
    let row = app.vault.thread(thread).unwrap().row;
    assert_eq!((row.subject.as_str(), row.count), ("About private", 2));
    // Who is in the thread by name writes into it without the group.
    let named = app.reply(&letter.msgid, BOB, "Bob Jones");
    assert_eq!(app.receive(&named).thread, thread);
    app.vault.check().unwrap();
}

#[test]
fn the_member_may_put_a_letter_where_it_says_it_belongs() {
    let mut app = App::with_bob();
    join_gardeners(&mut app);
    let mut letter = app.letter(BOB, "Bob Jones", "private");
    letter.cc = vec![cc("Bob Jones", BOB), cc("Gardeners", "Gardeners")];
    let thread = app.receive(&letter).thread;
    let outside = app.reply(&letter.msgid, CAROL, "Carol Brown");
    let outside = app.receive(&outside);
    let now = app.now();
    assert_eq!(app.vault.take_in(outside.thread, now).unwrap().value, thread);
    assert_eq!(app.message(outside.id).thread, thread);
    // From now on her letters in the group's threads are.
    let more = app.reply(&letter.msgid, CAROL, "Carol Brown");
    assert_eq!(app.receive(&more).thread, thread);
    assert!(app.vault.take_in(thread, now).is_err());
}

#[test]
fn a_thread_takes_so_many_readers_as_a_header_does_and_only_ids() {
    let mut app = App::with_bob();
    let mut letter = app.letter(BOB, "Bob Jones", "to all the world");
    for n in 0..900 {
        letter.cc.push(cc("Somebody", &uid(n)));
    }
    let thread = app.receive(&letter).thread;
    let mut reply = app.reply(&letter.msgid, BOB, "Bob Jones");
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
fn one_id_is_one_reader_and_a_members_id_is_no_group() {
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
fn who_is_struck_gets_no_more_letters_and_who_added_them_is_seen() {
    let mut app = App::with_bob();
    let (thread, letter) = of_three(&mut app);
    let mut reply = app.reply(&letter.msgid, CAROL, "Carol Brown");
    reply.cc = vec![cc("Mallory X", MALLORY)];
    app.receive(&reply);
    let reader = |app: &App, uid: &str| {
        let readers = app.vault.readers(thread).unwrap().readers;
        readers.into_iter().find(|reader| reader.party.uid == uid).unwrap()
    };
    let mallory = reader(&app, MALLORY);
    assert_eq!((mallory.by.as_deref(), mallory.at_ms), (Some(CAROL), reply.posted_ms));
    add_device(&mut app);
    notices(&mut app);
    let now = app.now();
    let _ = app.vault.strike(thread, MALLORY, true, now).unwrap();
    assert!(reader(&app, MALLORY).struck);
    let told = notices(&mut app);
    assert!(told.iter().any(|notice| notice.contains("struck_ms")), "{told:?}");
    app.queue_reply(thread, "without them").unwrap();
    let (_, post) = app.next_post();
    assert!(!recipients(&post).contains(&MALLORY));
    // Nobody else brings them back, and their letters stay outside.
    let mut again = app.reply(&letter.msgid, CAROL, "Carol Brown");
    again.cc = vec![cc("Mallory X", MALLORY)];
    app.receive(&again);
    assert!(reader(&app, MALLORY).struck);
    let intrusion = app.reply(&letter.msgid, MALLORY, "Mallory X");
    assert_ne!(app.receive(&intrusion).thread, thread);
    let now = app.now();
    let _ = app.vault.strike(thread, MALLORY, false, now).unwrap();
    assert!(!reader(&app, MALLORY).struck);
    assert!(app.vault.strike(thread, ALICE, true, now).is_err());
    // With everybody struck there is nobody to write to, and it is no note to oneself.
    for uid in [BOB, CAROL, MALLORY] {
        let _ = app.vault.strike(thread, uid, true, now).unwrap();
    }
    assert_eq!(may_reply(&app, thread), MayReply::Struck);
    assert!(app.queue_reply(thread, "alone").is_err());
}

#[test]
fn who_is_struck_does_not_come_in_through_a_group() {
    let mut app = App::with_bob();
    join_gardeners(&mut app);
    let mut letter = app.letter(MALLORY, "Mallory X", "sail");
    letter.cc = vec![cc("Mallory X", MALLORY), cc("Gardeners", "Gardeners")];
    letter.groups = vec!["Gardeners".into()];
    let thread = app.receive(&letter).thread;
    let joined = member(&mut app, MALLORY, "Mallory X", MemberAct::Join);
    let _ = app.vault.receive_member(app.account, &joined).unwrap();
    let now = app.now();
    let _ = app.vault.strike(thread, MALLORY, true, now).unwrap();
    for groups in [vec!["Gardeners".to_owned()], Vec::new()] {
        let mut intrusion = app.reply(&letter.msgid, MALLORY, "Mallory X");
        intrusion.subject = "Renamed".into();
        intrusion.groups = groups;
        assert_ne!(app.receive(&intrusion).thread, thread);
    }
    let row = app.vault.thread(thread).unwrap().row;
    assert_eq!((row.subject.as_str(), row.count), ("About sail", 1));
    // The others of the group write on, and one who is let in again does too.
    let mut other = app.reply(&letter.msgid, CAROL, "Carol Brown");
    other.groups = vec!["Gardeners".into()];
    assert_eq!(app.receive(&other).thread, thread);
    let now = app.now();
    let _ = app.vault.strike(thread, MALLORY, false, now).unwrap();
    let more = app.reply(&letter.msgid, MALLORY, "Mallory X");
    assert_eq!(app.receive(&more).thread, thread);
}

#[test]
fn who_writes_only_through_a_group_is_listed_and_can_be_struck() {
    let mut app = App::with_bob();
    join_gardeners(&mut app);
    let mut letter = app.letter(BOB, "Bob Jones", "seeds");
    letter.cc = vec![cc("Bob Jones", BOB), cc("Gardeners", "Gardeners")];
    letter.groups = vec!["Gardeners".into()];
    let thread = app.receive(&letter).thread;
    let mut through = app.reply(&letter.msgid, CAROL, "Carol Brown");
    through.groups = vec!["Gardeners".into()];
    assert_eq!(app.receive(&through).thread, thread);
    let listed = app.vault.readers(thread).unwrap().readers;
    assert!(listed.iter().any(|reader| reader.party.uid == CAROL && !reader.struck), "{listed:?}");
    let reach = |uid: &str| listed.iter().find(|reader| reader.party.uid == uid).unwrap().reach;
    assert_eq!(
        [BOB, "Gardeners", CAROL].map(reach),
        [Reach::Named, Reach::Named, Reach::Group],
        "{listed:?}"
    );
    let now = app.now();
    let _ = app.vault.strike(thread, CAROL, true, now).unwrap();
    let mut again = app.reply(&letter.msgid, CAROL, "Carol Brown");
    again.groups = vec!["Gardeners".into()];
    assert_ne!(app.receive(&again).thread, thread);
    let listed = app.vault.readers(thread).unwrap().readers;
    let struck = listed.iter().find(|reader| reader.party.uid == CAROL && reader.struck).unwrap();
    assert_eq!(struck.party.alias, "Carol Brown");
    // Who never wrote there can't be.
    let now = app.now();
    assert!(app.vault.strike(thread, MALLORY, true, now).is_err());
}

#[test]
fn who_writes_only_through_a_group_is_struck_on_every_device() {
    let mut laptop = App::with_bob();
    let mut tablet = App::with_bob();
    join_gardeners(&mut laptop);
    join_gardeners(&mut tablet);
    let mut letter = laptop.letter(BOB, "Bob Jones", "seeds");
    letter.cc = vec![cc("Bob Jones", BOB), cc("Gardeners", "Gardeners")];
    letter.groups = vec!["Gardeners".into()];
    let mut through = laptop.reply(&letter.msgid, CAROL, "Carol Brown");
    through.groups = vec!["Gardeners".into()];
    let thread = laptop.receive(&letter).thread;
    let beside = tablet.receive(&letter).thread;
    for app in [&mut laptop, &mut tablet] {
        app.receive(&through);
    }
    add_device(&mut laptop);
    notices(&mut laptop);
    let now = laptop.now();
    let _ = laptop.vault.strike(thread, CAROL, true, now).unwrap();
    for notice in notices(&mut laptop) {
        let (account, msgid) = (tablet.account, tablet.next_msgid());
        let _ = tablet.vault.receive_sync(account, &msgid, &SyncNotice::read(&notice), 0).unwrap();
    }
    let listed = tablet.vault.readers(beside).unwrap().readers;
    assert!(listed.iter().any(|reader| reader.party.uid == CAROL && reader.struck), "{listed:?}");
    tablet.queue_reply(beside, "without her").unwrap();
    assert!(!recipients(&tablet.next_post().1).contains(&CAROL));
}

#[test]
fn who_is_taken_in_by_hand_is_told_to_the_other_devices() {
    let mut app = App::with_bob();
    let (thread, letter) = of_three(&mut app);
    let reply = app.reply(&letter.msgid, MALLORY, "Mallory X");
    let apart = app.receive(&reply).thread;
    add_device(&mut app);
    notices(&mut app);
    let now = app.now();
    assert_eq!(app.vault.take_in(apart, now).unwrap().value, thread);
    let told = notices(&mut app);
    assert!(told.iter().any(|notice| notice.contains(MALLORY)), "{told:?}");
}

#[test]
fn of_what_two_devices_say_of_a_reader_the_later_word_counts() {
    let mut laptop = App::with_bob();
    let mut tablet = App::with_bob();
    let (there, letter) = of_three(&mut laptop);
    let here = tablet.receive(&letter).thread;
    add_device(&mut laptop);
    notices(&mut laptop);
    let hear = |tablet: &mut App, told: &[String]| {
        for notice in told {
            let (account, msgid) = (tablet.account, tablet.next_msgid());
            let notice = SyncNotice::read(notice);
            let _ = tablet.vault.receive_sync(account, &msgid, &notice, 0).unwrap();
        }
        let readers = tablet.vault.readers(here).unwrap().readers;
        readers.into_iter().find(|reader| reader.party.uid == CAROL).unwrap().struck
    };
    let at = laptop.now() + 1_000;
    let _ = laptop.vault.strike(there, CAROL, true, at).unwrap();
    let struck = notices(&mut laptop);
    assert!(hear(&mut tablet, &struck));
    let _ = tablet.vault.strike(here, CAROL, false, at + 10).unwrap();
    assert!(!hear(&mut tablet, &struck), "an old word comes late");
    let _ = laptop.vault.strike(there, CAROL, false, at + 20).unwrap();
    let again = notices(&mut laptop);
    let _ = tablet.vault.strike(here, CAROL, true, at + 30).unwrap();
    assert!(hear(&mut tablet, &again), "likewise");
}

#[test]
fn what_came_through_a_group_stays_when_another_device_tells_of_the_thread_again() {
    let mut laptop = App::with_bob();
    let mut tablet = App::with_bob();
    join_gardeners(&mut laptop);
    join_gardeners(&mut tablet);
    let mut letter = laptop.letter(BOB, "Bob Jones", "seeds");
    letter.cc = vec![cc("Bob Jones", BOB), cc("Gardeners", "Gardeners")];
    letter.groups = vec!["Gardeners".into()];
    let mut through = laptop.reply(&letter.msgid, CAROL, "Carol Brown");
    through.groups = vec!["Gardeners".into()];
    let opened = laptop.receive(&letter).thread;
    let thread = tablet.receive(&letter).thread;
    let through = tablet.receive(&through).id;
    add_device(&mut laptop);
    notices(&mut laptop);
    laptop.queue_reply(opened, "from the laptop").unwrap();
    let told = notices(&mut laptop);
    assert_eq!(told.len(), 1, "{told:?}");
    for notice in &told {
        let (account, msgid) = (tablet.account, tablet.next_msgid());
        let _ = tablet.vault.receive_sync(account, &msgid, &SyncNotice::read(notice), 0).unwrap();
    }
    assert_eq!(tablet.message(through).thread, thread);
}

#[test]
fn who_was_struck_on_another_device_begins_no_thread_through_a_group() {
    let mut laptop = App::with_bob();
    join_gardeners(&mut laptop);
    let mut opening = laptop.letter(MALLORY, "Mallory X", "sail");
    opening.cc = vec![cc("Mallory X", MALLORY), cc("Gardeners", "Gardeners")];
    let thread = laptop.receive(&opening).thread;
    add_device(&mut laptop);
    notices(&mut laptop);
    let now = laptop.now();
    let _ = laptop.vault.strike(thread, MALLORY, true, now).unwrap();
    let told = notices(&mut laptop);

    let mut tablet = App::with_bob();
    join_gardeners(&mut tablet);
    for notice in &told {
        let (account, msgid) = (tablet.account, tablet.next_msgid());
        let _ = tablet.vault.receive_sync(account, &msgid, &SyncNotice::read(notice), 0).unwrap();
    }
    let mut intrusion = tablet.reply(&opening.msgid, MALLORY, "Mallory X");
    intrusion.msgid = "0000000000002001".into();
    intrusion.groups = vec!["Gardeners".into()];
    let outside = tablet.receive(&intrusion).thread;
    let mut other = tablet.reply(&opening.msgid, CAROL, "Carol Brown");
    other.msgid = "0000000000002002".into();
    other.groups = vec!["Gardeners".into()];
    assert_ne!(tablet.receive(&other).thread, outside);
    tablet.vault.check().unwrap();
}

#[test]
fn a_letter_goes_to_the_others_when_one_cannot_be_reached() {
    let mut app = App::with_bob();
    let (thread, _) = of_three(&mut app);
    let queued = app.queue_reply(thread, "to both").unwrap();
    let (first, _) = app.next_post();
    let left = vec![CAROL.to_owned()];
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
    let left = vec![CAROL.to_owned(), BOB.to_owned()];
    let _ = app.vault.outbox_left_out(item.id, &left, "unknown", "failed", 0).unwrap();
    assert!(matches!(app.message(queued.id).state, MessageState::Failed { .. }));
}

#[test]
fn a_word_of_the_service_renames_no_thread() {
    let mut app = App::with_bob();
    let (thread, letter) = of_three(&mut app);
    let mut word = app.reply(&letter.msgid, Uid::SERVICE, "Test Service");
    word.subject = "Not delivered".into();
    app.receive(&word);
    assert_eq!(app.vault.thread(thread).unwrap().row.subject, "About hello both");
}

#[test]
fn an_invitation_is_answered_when_the_invited_joins() {
    let mut app = App::new();
    let invite = app.vault.queue_invite(app.account, "Gardeners", "Carol Brown", "", 5);
    let invite = invite.unwrap().value.id;
    app.send_next();
    assert_eq!(app.vault.ping(invite).unwrap().state, PingState::Waiting);
    let joined = member(&mut app, CAROL, "Carol Brown", MemberAct::Join);
    let first = app.vault.receive_member(app.account, &joined).unwrap();
    assert_eq!(first.value, Received::New(()));
    assert_eq!(app.vault.ping(invite).unwrap().state, PingState::Accepted);
    assert_eq!(alice().uid, ALICE);
}

#[test]
fn where_no_service_says_who_is_in_a_group_contacts_are_believed() {
    let mut app = App::with_bob();
    app.befriend(CAROL, "Carol Brown");
    join_gardeners(&mut app);
    // Of Bob and Carol, who were in the group before, no notice told.
    let mut opener = app.letter(CAROL, "Carol Brown", "hello group");
    opener.cc = vec![cc("Carol Brown", CAROL), cc("Gardeners", "Gardeners")];
    let thread = app.receive(&opener).thread;
    let reply = app.reply(&opener.msgid, BOB, "Bob Jones");
    assert_eq!(app.receive(&reply).thread, thread, "a contact");
    let reply = app.reply(&opener.msgid, MALLORY, "Mallory X");
    assert_ne!(app.receive(&reply).thread, thread, "a stranger");

    // From the first letter on that the service vouches for, only such letters come in.
    let mut vouched = app.reply(&opener.msgid, CAROL, "Carol Brown");
    vouched.groups = vec!["Gardeners".into()];
    assert_eq!(app.receive(&vouched).thread, thread);
    let reply = app.reply(&opener.msgid, BOB, "Bob Jones");
    assert_ne!(app.receive(&reply).thread, thread);
}

#[test]
fn what_was_posted_to_a_group_before_its_service_vouched_comes_in() {
    let mut app = App::with_bob();
    join_gardeners(&mut app);
    let account = app.account;
    // The service is replaced by one that vouches while two letters wait.
    for vouches in [false, true] {
        let _ = app.vault.set_greeting(account, "the club", vouches).unwrap();
    }
    let mut opener = app.letter(CAROL, "Carol Brown", "hello group");
    opener.cc = vec![cc("Carol Brown", CAROL), cc("Gardeners", "Gardeners")];
    let thread = app.receive(&opener).thread;
    let reply = app.reply(&opener.msgid, BOB, "Bob Jones");
    assert_eq!(app.receive(&reply).thread, thread);
    let mut vouched = app.reply(&opener.msgid, CAROL, "Carol Brown");
    vouched.groups = vec!["Gardeners".into()];
    assert_eq!(app.receive(&vouched).thread, thread);
    let reply = app.reply(&opener.msgid, BOB, "Bob Jones");
    assert_ne!(app.receive(&reply).thread, thread, "from now on");
}

#[test]
fn where_no_service_says_who_is_in_a_group_a_letter_put_there_teaches_whose_belong_there() {
    let mut app = App::with_bob();
    join_gardeners(&mut app);
    let mut opener = app.letter(BOB, "Bob Jones", "hello group");
    opener.cc = vec![cc("Bob Jones", BOB), cc("Gardeners", "Gardeners")];
    let thread = app.receive(&opener).thread;
    for (n, uid) in [MALLORY, CAROL].into_iter().enumerate() {
        let reply = app.reply(&opener.msgid, uid, "Mallory X");
        let apart = app.receive(&reply).thread;
        assert_ne!(apart, thread, "nothing is known of {n}");
        let now = app.now();
        assert_eq!(app.vault.take_in(apart, now).unwrap().value, thread);
        let reply = app.reply(&opener.msgid, uid, "Mallory X");
        assert_eq!(app.receive(&reply).thread, thread);
    }
}

#[test]
fn an_early_letter_that_was_answered_leaves_a_thread_that_it_is_not_let_into() {
    let mut app = App::with_bob();
    let first = app.letter(BOB, "Bob Jones", "the first letter");
    let early = app.reply(&first.msgid, MALLORY, "Mallory");
    let apart = app.receive(&early).thread;
    let answer = app.reply(&early.msgid, MALLORY, "Mallory");
    assert_eq!(app.receive(&answer).thread, apart);
    let thread = app.receive(&first).thread;
    assert_ne!(thread, apart);
    let messages = |app: &App, thread| app.vault.thread(thread).unwrap().messages;
    assert_eq!(messages(&app, thread).len(), 1);
    assert_eq!(messages(&app, apart).len(), 2);
}
