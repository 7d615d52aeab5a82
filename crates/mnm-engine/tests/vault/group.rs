//! Groups as readers: whose letters belong into their threads, and when a letter would reach nobody.

use mnm_engine::Error;
use mnm_engine::error::Offer;
use mnm_engine::vault::{Acked, IncomingNote, MemberAct, Received, Upon};
use mnm_engine::view::{MayReply, MessageState, PartyKind, PingId, PingState, Reach, Standing};

use crate::cast::{
    ALICE, App, BOB, CAROL, MALLORY, alice, cc, join_gardeners, member, note, recipients,
    through_gardeners,
};

#[test]
fn threads_of_a_group_that_was_left_take_no_letter() {
    let mut app = App::with_gardeners();
    let mut letter = app.letter(BOB, "Bob Jones", "hello group");
    letter.cc = vec![cc("Bob Jones", BOB), cc("Gardeners", "Gardeners")];
    let thread = app.receive(&letter).thread;
    assert_eq!(app.may_reply(thread), MayReply::Yes);
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
    let groups = vec!["Gardeners".into()];
    assert_eq!(app.may_reply(thread), MayReply::LeftGroup { groups });
    app.refused_reply(thread);
    // Struck from the thread, the group is no reader any more, and Bob still is.
    let now = app.now();
    let _ = app.vault.strike(thread, &"Gardeners".into(), true, now).unwrap();
    app.queue_reply(thread, "between us").unwrap();
    assert_eq!(recipients(&app.next_post().1), [BOB]);
}

#[test]
fn an_empty_group_takes_no_letter() {
    let mut app = App::with_bob();
    let account = app.account;
    let _ = app.vault.queue_invite(account, &"Gardeners".into(), "Bob Jones", "come", 5).unwrap();
    app.send_next();
    let draft = |app: &mut App, to: &[&str]| {
        let content = mnm_engine::vault::DraftContent {
            to: to.iter().map(|&name| name.to_owned()).collect(),
            text: "hello group".into(),
            ..Default::default()
        };
        let now = app.now();
        app.vault.save_draft(Upon::Anything, None, account, None, &content, now).unwrap().value.id
    };
    // With a name beside it the group would get nothing all the same.
    for to in [&["Gardeners"] as &[_], &["Bob Jones", "Gardeners"]] {
        let draft = draft(&mut app, to);
        let error = app.vault.queue_draft(draft, None, 9, 0).unwrap_err().to_string();
        assert!(error.contains("Nobody else is in Gardeners"), "{error}");
    }
    assert_eq!(app.vault.next_outbox(account, 0).unwrap(), None);
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
    let groups = vec!["Gardeners".into()];
    assert_eq!(app.may_reply(letter.thread), MayReply::EmptyGroup { groups });
    let (item, post) = app.next_post();
    let why = post.unreachable.expect("it would reach nobody");
    let _ = app.vault.outbox_failed(item.id, &why).unwrap();
    assert!(app.vault.retry(queued.id).is_err());
    let error = app.refused_reply(letter.thread);
    assert!(error.contains("Nobody else is in Gardeners"), "{error}");

    // Where not all members are known, somebody may be there.
    let mut app = App::with_gardeners();
    app.queue(&["Gardeners"], "hello group");
}

#[test]
fn a_removed_member_is_told_until_invited_again() {
    let mut app = App::with_gardeners();
    let mut letter = app.letter(BOB, "Bob Jones", "hello group");
    letter.cc = vec![cc("Bob Jones", BOB), cc("Gardeners", "Gardeners")];
    let thread = app.receive(&letter).thread;
    let removed = member(&mut app, BOB, "Alice Smith", MemberAct::Drop);
    let _ = app.vault.receive_member(app.account, &removed).unwrap();
    app = app.restart();
    let groups = vec!["Gardeners".into()];
    assert_eq!(app.may_reply(thread), MayReply::RemovedFromGroup { groups });
    let group = &app.vault.groups(None).unwrap()[0];
    let own = group.members.iter().find(|member| member.alias == "Alice Smith").unwrap();
    assert_eq!((group.standing, own.standing), (Standing::Removed, Standing::Removed));
    let error = app.refused_reply(thread);
    assert!(error.contains("You were removed from Gardeners"), "{error}");
    let content = mnm_engine::vault::DraftContent {
        to: vec!["Gardeners".into()],
        text: "hello".into(),
        ..Default::default()
    };
    let draft = app
        .vault
        .save_draft(Upon::Anything, None, app.account, None, &content, 9)
        .unwrap()
        .value
        .id;
    let error = app.vault.queue_draft(draft, None, 9, 0).unwrap_err().to_string();
    assert!(error.contains("You were removed from Gardeners"), "{error}");
    let mut invitation = app.ping_from(BOB, "Bob Jones");
    invitation.gid = Some("Gardeners".into());
    let _ = app.vault.receive_ping(app.account, &invitation).unwrap();
    let groups = vec!["Gardeners".into()];
    assert_eq!(app.may_reply(thread), MayReply::LeftGroup { groups });
    join_gardeners(&mut app);
    assert_eq!(app.may_reply(thread), MayReply::Yes);
    // Of one's own will it is leaving, from whichever device.
    let left = member(&mut app, ALICE, "Alice Smith", MemberAct::Drop);
    let _ = app.vault.receive_member(app.account, &left).unwrap();
    assert_eq!(app.vault.groups(None).unwrap()[0].standing, Standing::Left);
}

#[test]
fn adding_a_left_group_keeps_a_thread_of_two_open() {
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
        assert_eq!(app.may_reply(thread) == MayReply::Yes, named);
        let msgid = app.next_msgid();
        let word =
            IncomingNote { posted_ms: app.now(), ..note(msgid, BOB, letter.msgid, forwarded) };
        let _ = app.vault.receive_notify(app.account, &word).unwrap();
        let groups = vec!["Gardeners".into()];
        if !named {
            // Who knows it only through the group is in it no more.
            assert_eq!(app.may_reply(thread), MayReply::RemovedFromGroup { groups });
            app.refused_reply(thread);
            continue;
        }
        assert_eq!(app.may_reply(thread), MayReply::Others { groups });
        app.queue_reply(thread, "still between us").unwrap();
        let (_, post) = app.next_post();
        assert_eq!((recipients(&post), post.unreachable.as_ref()), (vec![BOB], None));
    }
}

#[test]
fn a_foreign_group_does_not_block_the_other_readers() {
    let mut app = App::with_gardeners();
    let mut letter = app.letter(BOB, "Bob Jones", "hello group");
    letter.cc = vec![cc("Bob Jones", BOB), cc("Gardeners", "Gardeners"), cc("Choir", "Choir")];
    let thread = app.receive(&letter).thread;
    let others = |groups: &[&str]| MayReply::Others {
        groups: groups.iter().map(|&group| group.into()).collect(),
    };
    assert_eq!(app.may_reply(thread), others(&["Choir"]));
    app.queue_reply(thread, "to all but the choir").unwrap();
    let (_, post) = app.next_post();
    assert_eq!((recipients(&post), post.unreachable.as_ref()), (vec![BOB, "Gardeners"], None));
    let now = app.now();
    let _ = app.vault.strike(thread, &"Choir".into(), true, now).unwrap();
    assert_eq!(app.may_reply(thread), MayReply::Yes);
}

#[test]
fn a_non_member_cannot_enter_group_threads() {
    let mut app = App::with_gardeners();
    let mut letter = app.letter(BOB, "Bob Jones", "private");
    letter.cc = vec![cc("Bob Jones", BOB), cc("Gardeners", "Gardeners")];
    let thread = app.receive(&letter).thread;
    let mut intrusion = app.reply(letter.msgid, MALLORY, "Carol Brown");
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
    let vouched = through_gardeners(app.reply(letter.msgid, CAROL, "Carol Brown"));
    assert_eq!(app.receive(&vouched).thread, thread);
    let row = app.vault.thread(thread).unwrap().row;
    assert!(row.parties.iter().all(|party| party.uid != CAROL));
}

#[test]
fn a_joining_members_earlier_letters_enter_group_threads() {
    let mut app = App::with_gardeners();
    let mut letter = app.letter(BOB, "Bob Jones", "private");
    letter.cc = vec![cc("Bob Jones", BOB), cc("Gardeners", "Gardeners")];
    let thread = app.receive(&letter).thread;
    let early = app.reply(letter.msgid, CAROL, "Carol Brown");
    let early = app.receive(&early);
    assert_ne!(early.thread, thread);
    let joined = member(&mut app, CAROL, "Carol Brown", MemberAct::Join);
    let _ = app.vault.receive_member(app.account, &joined).unwrap();
    assert_eq!(app.message(early.id).thread, thread);
    // Removed, she is outside again.
    let removed = member(&mut app, ALICE, "Carol Brown", MemberAct::Drop);
    let _ = app.vault.receive_member(app.account, &removed).unwrap();
    let late = app.reply(letter.msgid, CAROL, "Carol Brown");
    assert_ne!(app.receive(&late).thread, thread);
}

#[test]
fn with_a_vouching_service_only_group_posts_enter_group_threads() {
    let mut app = App::with_gardeners();
    // By an invitation she was known as a member, and nobody said when she was no more.
    let joined = member(&mut app, MALLORY, "Mallory X", MemberAct::Join);
    let _ = app.vault.receive_member(app.account, &joined).unwrap();
    let letter = app.letter_to_gardeners(BOB, "Bob Jones", "private");
    // One that she posted to the group before the first letter came belongs to it, one beside it does not.
    let early = through_gardeners(app.reply(letter.msgid, MALLORY, "Mallory X"));
    let beside = app.reply(letter.msgid, CAROL, "Carol Brown");
    let (early, beside) = (app.receive(&early).id, app.receive(&beside).id);
    let thread = app.receive(&letter).thread;
    assert_eq!(app.message(early).thread, thread);
    assert_ne!(app.message(beside).thread, thread);
    // Nor does the address book open a group's thread.
    for (uid, alias) in [(MALLORY, "Mallory X"), (CAROL, "Carol Brown")] {
        let mut intrusion = app.reply(letter.msgid, uid, alias);
        intrusion.subject = "Renamed".into();
        assert_ne!(app.receive(&intrusion).thread, thread);
    }
    let row = app.vault.thread(thread).unwrap().row;
    assert_eq!((row.subject.as_str(), row.count), ("About private", 2));
    // Who is in the thread by name writes into it without the group.
    let named = app.reply(letter.msgid, BOB, "Bob Jones");
    assert_eq!(app.receive(&named).thread, thread);
    app.vault.check().unwrap();
}

#[test]
fn a_repeated_sync_keeps_letters_that_came_through_the_group() {
    let mut laptop = App::with_gardeners();
    let mut tablet = App::with_gardeners();
    let letter = laptop.letter_to_gardeners(BOB, "Bob Jones", "seeds");
    let through = through_gardeners(laptop.reply(letter.msgid, CAROL, "Carol Brown"));
    let opened = laptop.receive(&letter).thread;
    let thread = tablet.receive(&letter).thread;
    let through = tablet.receive(&through).id;
    laptop.add_device();
    laptop.notices();
    laptop.queue_reply(opened, "from the laptop").unwrap();
    let told = laptop.notices();
    assert_eq!(told.len(), 1, "{told:?}");
    tablet.hears(&told);
    assert_eq!(tablet.message(through).thread, thread);
}

#[test]
fn an_invitation_is_accepted_when_the_invited_joins() {
    let mut app = App::new();
    let invite = app.vault.queue_invite(app.account, &"Gardeners".into(), "Carol Brown", "", 5);
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
fn without_vouching_contacts_are_trusted_as_group_members() {
    let mut app = App::with_bob();
    app.befriend(CAROL, "Carol Brown");
    join_gardeners(&mut app);
    // Of Bob and Carol, who were in the group before, no notice told.
    let mut opener = app.letter(CAROL, "Carol Brown", "hello group");
    opener.cc = vec![cc("Carol Brown", CAROL), cc("Gardeners", "Gardeners")];
    let thread = app.receive(&opener).thread;
    let reply = app.reply(opener.msgid, BOB, "Bob Jones");
    assert_eq!(app.receive(&reply).thread, thread, "a contact");
    let reply = app.reply(opener.msgid, MALLORY, "Mallory X");
    assert_ne!(app.receive(&reply).thread, thread, "a stranger");

    // From the first letter on that the service vouches for, only such letters come in.
    let vouched = through_gardeners(app.reply(opener.msgid, CAROL, "Carol Brown"));
    assert_eq!(app.receive(&vouched).thread, thread);
    let reply = app.reply(opener.msgid, BOB, "Bob Jones");
    assert_ne!(app.receive(&reply).thread, thread);
}

#[test]
fn posts_from_before_vouching_enter_group_threads() {
    let mut app = App::with_gardeners();
    let account = app.account;
    // The service is replaced by one that vouches while two letters wait.
    for vouches in [false, true] {
        let _ = app.vault.set_greeting(account, "the club", vouches).unwrap();
    }
    let mut opener = app.letter(CAROL, "Carol Brown", "hello group");
    opener.cc = vec![cc("Carol Brown", CAROL), cc("Gardeners", "Gardeners")];
    let thread = app.receive(&opener).thread;
    let reply = app.reply(opener.msgid, BOB, "Bob Jones");
    assert_eq!(app.receive(&reply).thread, thread);
    let vouched = through_gardeners(app.reply(opener.msgid, CAROL, "Carol Brown"));
    assert_eq!(app.receive(&vouched).thread, thread);
    let reply = app.reply(opener.msgid, BOB, "Bob Jones");
    assert_ne!(app.receive(&reply).thread, thread, "from now on");
}

#[test]
fn without_vouching_taking_in_a_letter_admits_its_author() {
    let mut app = App::with_gardeners();
    let mut opener = app.letter(BOB, "Bob Jones", "hello group");
    opener.cc = vec![cc("Bob Jones", BOB), cc("Gardeners", "Gardeners")];
    let thread = app.receive(&opener).thread;
    for (n, uid) in [MALLORY, CAROL].into_iter().enumerate() {
        let reply = app.reply(opener.msgid, uid, "Mallory X");
        let apart = app.receive(&reply).thread;
        assert_ne!(apart, thread, "nothing is known of {n}");
        let now = app.now();
        assert_eq!(app.vault.take_in(apart, now).unwrap().value, thread);
        let reply = app.reply(opener.msgid, uid, "Mallory X");
        assert_eq!(app.receive(&reply).thread, thread);
    }
}

#[test]
fn a_returning_member_knows_only_members_seen_since() {
    let mut app = App::with_gardeners();
    for (uid, alias) in [(BOB, "Bob Jones"), (CAROL, "Carol Brown"), (MALLORY, "Mallory X")] {
        let joined = member(&mut app, uid, alias, MemberAct::Join);
        let _ = app.vault.receive_member(app.account, &joined).unwrap();
    }
    let left = member(&mut app, BOB, "Bob Jones", MemberAct::Drop);
    let _ = app.vault.receive_member(app.account, &left).unwrap();
    let listed = |app: &App| {
        let members = app.vault.groups(None).unwrap().remove(0).members.into_iter();
        members.map(|member| (member.alias, member.standing)).collect::<Vec<_>>()
    };
    let left = member(&mut app, ALICE, "Alice Smith", MemberAct::Drop);
    let _ = app.vault.receive_member(app.account, &left).unwrap();
    assert_eq!(listed(&app).len(), 4, "{:?}", listed(&app));
    // Meanwhile Bob may have come back, and Carol may have gone.
    join_gardeners(&mut app);
    assert_eq!(listed(&app), [("Alice Smith".to_owned(), Standing::Joined)]);
    let letter = app.letter_to_gardeners(MALLORY, "Mallory X", "seeds");
    app.receive(&letter);
    let both = ["Alice Smith", "Mallory X"].map(|alias| (alias.to_owned(), Standing::Joined));
    assert_eq!(listed(&app), both);
    assert!(!app.vault.groups(None).unwrap()[0].whole);
}

/// Somebody invites Alice.
fn invite(app: &mut App, gid: &str) -> PingId {
    let mut invitation = app.ping_from(MALLORY, "Mallory X");
    invitation.gid = Some(gid.into());
    let change = app.vault.receive_ping(app.account, &invitation).unwrap();
    let Received::New(Some(id)) = change.value else { panic!("{change:?}") };
    id
}

#[test]
fn an_unaccepted_invitation_captures_no_letter_and_no_thread() {
    let mut app = App::with_bob();
    app.befriend(CAROL, "Carol Brown");
    let mut letter = app.letter(BOB, "Bob Jones", "hello");
    letter.cc.extend([cc("bob jones", "bob jones"), cc("Choir", "Choir")]);
    let thread = app.receive(&letter).thread;
    let gids = ["Carol Brown, Dora Dorsch", "carol brown", "bob jones"];
    for gid in gids {
        let id = invite(&mut app, gid);
        for is_put_away in [false, true] {
            if is_put_away {
                let _ = app.vault.ignore_ping(id).unwrap();
            }
            for name in [gid.to_owned(), gid.replace(' ', "  ")] {
                let error = Error::from(app.try_queue(&[&name], "for Carol").unwrap_err());
                assert!(error.message.contains(&format!("You are invited to {gid}")), "{error}");
                assert_eq!(error.offer, Some(Offer::Group { group: gid.to_owned() }));
                let error = app.forward(thread, &[name]).unwrap_err().to_string();
                assert!(error.contains(&format!("You are invited to {gid}")), "{error}");
            }
            assert_eq!(app.vault.next_outbox(app.account, 0).unwrap(), None);
        }
    }
    // Nor is it a reader of a thread that names it.
    let groups = vec!["bob jones".into(), "Choir".into()];
    assert_eq!(app.may_reply(thread), MayReply::Others { groups });
    app.queue_reply(thread, "for Bob").unwrap();
    assert_eq!(recipients(&app.next_post().1), [BOB]);
    app.send_next();
    let readers = app.vault.readers(thread).unwrap().readers;
    let group = readers.iter().find(|reader| reader.party.uid == "bob jones").unwrap();
    assert_eq!(group.reach, Reach::None);
    // Who has joined it means it.
    let account = app.account;
    let _ = app.vault.set_standing(account, &gids[1].into(), None, Standing::Joined).unwrap();
    app.queue(&["carol  brown"], "to the group");
    assert_eq!(recipients(&app.next_post().1), ["carol brown"]);
}

#[test]
fn an_invitation_after_leaving_is_no_membership() {
    let mut app = App::with_gardeners();
    let letter = app.letter_to_gardeners(BOB, "Bob Jones", "hello group");
    let thread = app.receive(&letter).thread;
    let mut beside = app.letter(BOB, "Bob Jones", "hello all");
    beside.cc.push(cc("Gardeners", "Gardeners"));
    let beside = app.receive(&beside).thread;
    let left = member(&mut app, ALICE, "Alice Smith", MemberAct::Drop);
    let _ = app.vault.receive_member(app.account, &left).unwrap();
    let id = invite(&mut app, "Gardeners");
    let groups = || vec!["Gardeners".into()];
    assert_eq!(app.may_reply(thread), MayReply::LeftGroup { groups: groups() });
    let error = app.refused_reply(thread);
    assert!(error.contains("You have left Gardeners"), "{error}");
    // Where she was named beside it she writes to the others.
    assert_eq!(app.may_reply(beside), MayReply::Others { groups: groups() });
    app.queue_reply(beside, "to the others").unwrap();
    assert_eq!(recipients(&app.next_post().1), [BOB]);
    app.send_next();
    // The invitation is taken back.
    let removed = member(&mut app, BOB, "Alice Smith", MemberAct::Drop);
    let _ = app.vault.receive_member(app.account, &removed).unwrap();
    assert_eq!(app.vault.ping(id).unwrap().state, PingState::Ignored);
    assert_eq!(app.may_reply(thread), MayReply::RemovedFromGroup { groups: groups() });
    app.refused_reply(thread);
    invite(&mut app, "Gardeners");
    app.refused_reply(thread);
    join_gardeners(&mut app);
    assert_eq!(app.may_reply(thread), MayReply::Yes);
}

#[test]
fn removing_a_former_member_removes_nobody_else() {
    let mut app = App::with_gardeners();
    let mut letter = app.letter(BOB, "Bob Jones", "private");
    letter.cc = vec![cc("Bob Jones", BOB), cc("Gardeners", "Gardeners")];
    let thread = app.receive(&letter).thread;
    // Mallory is known as a member, and not by what name.
    for (from, alias, act) in [
        (CAROL, "Carol Brown", MemberAct::Join),
        (CAROL, "Carol Brown", MemberAct::Drop),
        (MALLORY, "Dave Dull", MemberAct::Invite),
        (BOB, "Carol Brown", MemberAct::Drop),
    ] {
        let notice = member(&mut app, from, alias, act);
        let _ = app.vault.receive_member(app.account, &notice).unwrap();
    }
    let reply = app.reply(letter.msgid, MALLORY, "Mallory X");
    assert_eq!(app.receive(&reply).thread, thread);
    let late = app.reply(letter.msgid, CAROL, "Carol Brown");
    assert_ne!(app.receive(&late).thread, thread);
}

#[test]
fn joining_before_the_invitation_is_answered_counts() {
    let mut app = App::with_bob();
    let account = app.account;
    let ping =
        app.vault.queue_invite(account, &"Gardeners".into(), "Bob Jones", "come", 5).unwrap().value;
    let item = app.vault.next_outbox(account, 0).unwrap().unwrap();
    let msgid = app.next_msgid();
    let joined = member(&mut app, BOB, "Bob Jones", MemberAct::Join);
    let _ = app.vault.receive_member(account, &joined).unwrap();
    let ack = Acked { msgid, posted_ms: app.now(), to: None };
    let _ = app.vault.outbox_sent(item.id, Some(&ack)).unwrap();
    assert_eq!(app.vault.ping(ping.id).unwrap().state, PingState::Accepted);
    let group = app.vault.groups(None).unwrap().remove(0);
    assert!(group.joined == 2 && !group.empty, "{group:?}");
    app.queue(&["Gardeners"], "welcome");
}
