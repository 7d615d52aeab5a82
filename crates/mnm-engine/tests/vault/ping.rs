//! First contacts: who may come in, and what an answer changes.

use mnm_engine::error::VaultError;
use mnm_engine::vault::{OutboxAction, PingQuery, Received};
use mnm_engine::view::{PartyKind, PingState, Standing};

use crate::cast::{ALICE, App, BOB, CAROL, names};

#[test]
fn a_ping_waits_until_it_is_accepted_by_answering() {
    let mut app = App::new();
    let letter = app.letter(BOB, "Bob Jones", "we share a thread");
    let before = app.receive(&letter);
    assert_eq!(before.from.kind, PartyKind::Stranger);
    let ping = app.ping_from(BOB, "Bob Jones");
    let change = app.vault.receive_ping(app.account, &ping).unwrap();
    assert_eq!(names(&change.events), ["ping", "account"]);
    let Received::New(Some(id)) = change.value else { panic!("not stored") };
    assert_eq!(app.vault.account(app.account).unwrap().pings, 1);
    assert!(app.vault.contacts(None).unwrap().is_empty());

    let change = app.vault.queue_accept(id, Some("Yes"), 9).unwrap();
    assert_eq!(names(&change.events), ["thread", "ping", "ping", "contact", "account"]);
    assert_eq!(app.vault.contacts(None).unwrap()[0].uid, BOB);
    assert_eq!(app.vault.account(app.account).unwrap().pings, 0);
    let item = app.vault.next_outbox(app.account, 0).unwrap().unwrap();
    let OutboxAction::Ping { from, to, text, ping: answer } = item.action else {
        panic!("not a ping")
    };
    assert_eq!((&*from, &*to, &*text), ("Alice Smith", "Bob Jones", "Yes"));
    app.send_next();
    assert_eq!(app.vault.ping(answer).unwrap().state, PingState::Accepted);
    assert_eq!(app.message(before.id).from.kind, PartyKind::Contact);
    assert!(matches!(app.vault.queue_accept(id, None, 10), Err(VaultError::Conflict(_))));
}

#[test]
fn an_answered_ping_makes_a_contact() {
    let mut app = App::new();
    let ours = app.vault.queue_ping(app.account, "Bob Jones", "Hello", 5).unwrap().value;
    assert_eq!(ours.state, PingState::Queued);
    app.send_next();
    assert_eq!(app.vault.ping(ours.id).unwrap().state, PingState::Waiting);
    let ping = app.ping_from(BOB, "Bob Jones");
    let change = app.vault.receive_ping(app.account, &ping).unwrap();
    let Received::New(Some(theirs)) = change.value else { panic!("not stored") };
    assert_eq!(app.vault.ping(theirs).unwrap().state, PingState::Accepted);
    assert_eq!(app.vault.ping(ours.id).unwrap().state, PingState::Accepted);
    assert_eq!(app.vault.contacts(None).unwrap()[0].alias, "Bob Jones");
    assert_eq!(app.vault.receive_ping(app.account, &ping).unwrap().value, Received::Duplicate);
    assert_eq!(app.vault.pings(&PingQuery::default()).unwrap().len(), 2);
}

#[test]
fn crossing_pings_make_a_contact() {
    let mut app = App::new();
    let ours = app.vault.queue_ping(app.account, "Bob Jones", "Hello", 5).unwrap().value;
    let ping = app.ping_from(BOB, "Bob Jones");
    let _ = app.vault.receive_ping(app.account, &ping).unwrap();
    assert_eq!(app.vault.ping(ours.id).unwrap().state, PingState::Queued);
    app.send_next();
    assert_eq!(app.vault.ping(ours.id).unwrap().state, PingState::Accepted);
}

#[test]
fn pinging_a_waiting_sender_accepts_their_ping() {
    let mut app = App::new();
    let ping = app.ping_from(BOB, "Bob Jones");
    let Received::New(Some(id)) = app.vault.receive_ping(app.account, &ping).unwrap().value else {
        panic!("not stored")
    };
    let _ = app.vault.queue_ping(app.account, "Bob Jones", "Hello", 9).unwrap();
    assert_eq!(app.vault.ping(id).unwrap().state, PingState::Accepted);
    assert_eq!(app.vault.contacts(None).unwrap().len(), 1);
}

#[test]
fn an_ignored_ping_is_not_counted_and_can_be_accepted_later() {
    let mut app = App::new();
    let ping = app.ping_from(BOB, "Bob Jones");
    let Received::New(Some(id)) = app.vault.receive_ping(app.account, &ping).unwrap().value else {
        panic!("not stored")
    };
    let ignored = app.vault.ignore_ping(id).unwrap().value;
    assert_eq!(ignored.state, PingState::Ignored);
    assert_eq!(app.vault.account(app.account).unwrap().pings, 0);
    assert!(app.vault.queue_accept(id, None, 9).is_ok());
}

#[test]
fn invalid_texts_and_aliases_are_refused_before_queueing() {
    let mut app = App::new();
    let account = app.account;
    for (to, text) in [
        ("Bob", "alias too short"),
        ("Alice Smith", "own alias"),
        ("Bob\nJones", "control character"),
        ("Bob Jones", &*"x".repeat(141)),
        ("Bob Jones", "a bell \u{7}"),
    ] {
        let error = app.vault.queue_ping(account, to, text, 5).unwrap_err();
        assert!(matches!(error, VaultError::Invalid(_) | VaultError::TooLarge(_)), "{text}");
    }
    assert!(app.vault.queue_invite(account, &"tiny".into(), "Bob Jones", "", 5).is_err());
    assert_eq!(app.vault.next_outbox(account, 0).unwrap(), None);
    assert!(app.vault.pings(&PingQuery::default()).unwrap().is_empty());
}

#[test]
fn an_overlong_incoming_ping_is_truncated() {
    let mut app = App::new();
    let mut ping = app.ping_from(CAROL, "Carol\u{202e} Brown");
    ping.text = format!("{}\u{0}", "x".repeat(1000));
    let _ = app.vault.receive_ping(app.account, &ping).unwrap();
    let shown = &app.vault.pings(&PingQuery::default()).unwrap()[0];
    assert_eq!((shown.from.as_str(), shown.text.len()), ("Carol‹U+202E› Brown", 140));
}

#[test]
fn an_invitation_is_accepted_by_joining() {
    let mut app = App::new();
    let mut invitation = app.ping_from(BOB, "Bob Jones");
    invitation.gid = Some("Gardeners".into());
    let change = app.vault.receive_ping(app.account, &invitation).unwrap();
    assert_eq!(names(&change.events), ["ping", "group", "account"]);
    let Received::New(Some(id)) = change.value else { panic!("not stored") };
    assert!(app.vault.contacts(None).unwrap().is_empty());
    let standing = |app: &App| app.vault.groups(None).unwrap()[0].standing;
    assert_eq!(standing(&app), Standing::Invited);

    let _ = app.vault.queue_accept(id, None, 9).unwrap();
    let item = app.vault.next_outbox(app.account, 0).unwrap().unwrap();
    assert!(matches!(&item.action, OutboxAction::Join { gid, .. } if gid == "Gardeners"));
    let _ = app.vault.outbox_failed(item.id, "The group is closed.").unwrap();
    assert!(matches!(app.vault.ping(id).unwrap().state, PingState::Failed { .. }));
    let _ = app.vault.queue_accept(id, None, 10).unwrap();
    let item = app.vault.next_outbox(app.account, 0).unwrap().unwrap();
    let _ = app.vault.outbox_sent(item.id, None).unwrap();
    assert_eq!(standing(&app), Standing::Joined);
    assert_eq!(app.vault.groups(None).unwrap()[0].members[0].alias, "Alice Smith");
}

#[test]
fn an_invitation_shows_its_sender_as_a_member() {
    let mut app = App::new();
    let mut invitation = app.ping_from(BOB, "Bob Jones");
    invitation.gid = Some("Gardeners".into());
    let _ = app.vault.receive_ping(app.account, &invitation).unwrap();
    let members = &app.vault.groups(None).unwrap()[0].members;
    let members: Vec<_> = members.iter().map(|m| (m.alias.as_str(), m.standing)).collect();
    assert_eq!(members, [("Bob Jones", Standing::Joined), ("Alice Smith", Standing::Invited)]);
}

#[test]
fn pings_sent_from_another_device_are_listed() {
    let mut app = App::new();
    let mut ping = app.ping_from(ALICE, "Alice Smith");
    ping.to = "Bob Jones".into();
    let Received::New(Some(id)) = app.vault.receive_ping(app.account, &ping).unwrap().value else {
        panic!("not stored")
    };
    let shown = app.vault.ping(id).unwrap();
    assert_eq!((shown.incoming, shown.state), (false, PingState::Waiting));
    assert_eq!(app.vault.account(app.account).unwrap().pings, 0);
    // The answer comes to every device.
    let answer = app.ping_from(BOB, "Bob Jones");
    let _ = app.vault.receive_ping(app.account, &answer).unwrap();
    assert_eq!(app.vault.ping(id).unwrap().state, PingState::Accepted);
    assert_eq!(app.vault.contacts(None).unwrap()[0].uid, BOB);

    let mut invitation = app.ping_from(ALICE, "Alice Smith");
    (invitation.to, invitation.gid) = ("Carol Brown".into(), Some("Gardeners".into()));
    let _ = app.vault.receive_ping(app.account, &invitation).unwrap();
    let group = &app.vault.groups(None).unwrap()[0];
    assert_eq!(group.standing, Standing::Joined);
    let members: Vec<_> = group.members.iter().map(|m| (m.alias.as_str(), m.standing)).collect();
    assert_eq!(members, [("Alice Smith", Standing::Joined), ("Carol Brown", Standing::Invited)]);
}

#[test]
fn a_ping_from_oneself_is_dropped() {
    let mut app = App::new();
    let ping = app.ping_from(ALICE, "Alice Smith");
    let change = app.vault.receive_ping(app.account, &ping).unwrap();
    assert_eq!(change.value, Received::New(None));
    assert!(app.vault.pings(&PingQuery::default()).unwrap().is_empty());
}

#[test]
fn a_ping_flood_hides_nobody_and_is_ignored_at_once() {
    let mut app = App::new();
    let real = app.ping_from(BOB, "Björn Berg");
    let _ = app.vault.receive_ping(app.account, &real).unwrap();
    for n in 0..1500 {
        let ping = app.ping_from(&format!("FLOOD{n:027}"), &format!("Stranger {n}"));
        let _ = app.vault.receive_ping(app.account, &ping).unwrap();
    }
    // By its name, in whatever case, and by paging to the end.
    let find = |name: &str| {
        let query = PingQuery { find: Some(name.into()), ..PingQuery::default() };
        app.vault.pings(&query).unwrap()
    };
    assert_eq!(find("björn").len(), 1);
    assert_eq!(find("BJÖRN BERG")[0].from, "Björn Berg");
    let mut seen = Vec::new();
    loop {
        let before = seen.last().copied();
        let page = app.vault.pings(&PingQuery { before, limit: Some(400), ..PingQuery::default() });
        let page = page.unwrap();
        assert!(page.len() <= 400);
        if page.is_empty() {
            break;
        }
        seen.extend(page.iter().map(|ping| ping.id));
    }
    assert_eq!(seen.len(), 1501);
    assert!(seen.windows(2).all(|two| two[0] > two[1]), "newest first, none twice");

    let kept = app.vault.ping(seen[1500]).unwrap();
    let _ = app.vault.queue_accept(kept.id, None, 5).unwrap();
    let mut slices = Vec::new();
    loop {
        match app.vault.ignore_some(Some(app.account), None).unwrap().value {
            0 => break,
            some => slices.push(some),
        }
    }
    assert_eq!(slices.iter().sum::<u64>(), 1500);
    assert!(slices.iter().all(|some| *some <= 200), "a few at a time");
    assert_eq!(app.vault.account(app.account).unwrap().pings, 0);
    assert_eq!(app.vault.ping(kept.id).unwrap().state, PingState::Accepted);
}

#[test]
fn a_removed_contact_pings_again_and_their_letters_stay() {
    let mut app = App::with_bob();
    let letter = app.letter(BOB, "Bob Jones", "before");
    let thread = app.receive(&letter).thread;
    let now = app.now();
    let events = app.vault.remove_contact(app.account, &BOB.into(), now).unwrap().events;
    assert!(names(&events).contains(&"contact_gone"), "{events:?}");
    assert_eq!(app.vault.contacts(None).unwrap(), []);
    let left = app.vault.thread(thread).unwrap();
    assert_eq!(left.messages[0].from.kind, PartyKind::Stranger);
    assert_eq!(left.messages[0].text, "before");
    let ping = app.ping_from(BOB, "Bob Jones");
    let _ = app.vault.receive_ping(app.account, &ping).unwrap();
    assert_eq!(app.vault.contacts(None).unwrap(), [], "a ping once sent lets nobody in again");
    let now = app.now();
    assert!(app.vault.remove_contact(app.account, &BOB.into(), now).is_err());
}
