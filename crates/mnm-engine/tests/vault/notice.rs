//! Notices of groups, devices, aliases and forwarded threads: each handled once.

use mnm_engine::vault::{MemberAct, MemberNotice, Received, UserNotice};
use mnm_engine::view::{PingState, Standing};

use crate::cast::{ALICE, App, BOB, CAROL, MALLORY, cc, join_gardeners, member, note};

fn notice(app: &mut App, from_uid: &str, alias: &str, act: MemberAct) -> MemberNotice {
    MemberNotice {
        msgid: app.next_msgid(),
        from_uid: from_uid.into(),
        gid: "Gardeners".into(),
        alias: alias.into(),
        uid: None,
        act,
    }
}

fn members(app: &App) -> Vec<(String, Standing)> {
    let groups = app.vault.groups(None).unwrap();
    let members = groups[0].members.iter();
    members.map(|m| (m.alias.clone(), m.standing)).collect()
}

/// How many members of the group are known, and how many have joined.
fn counts(app: &App) -> (u64, u64) {
    let group = &app.vault.groups(None).unwrap()[0];
    (group.known, group.joined)
}

#[test]
fn group_notices_update_the_members() {
    let mut app = App::new();
    for (from, alias, act) in [
        (ALICE, "Alice Smith", MemberAct::Join),
        (ALICE, "Bob Jones", MemberAct::Invite),
        (BOB, "Bob Jones", MemberAct::Join),
        (BOB, "Bob Jones", MemberAct::Alias("Bobby Jones".into())),
        (CAROL, "Carol Brown", MemberAct::Join),
        (ALICE, "Carol Brown", MemberAct::Drop),
    ] {
        let notice = notice(&mut app, from, alias, act);
        let first = app.vault.receive_member(app.account, &notice).unwrap();
        assert_eq!(first.value, Received::New(()));
        let again = app.vault.receive_member(app.account, &notice).unwrap();
        assert_eq!(again.value, Received::Duplicate);
    }
    let expected = [
        ("Alice Smith".to_owned(), Standing::Joined),
        ("Bobby Jones".to_owned(), Standing::Joined),
        ("Carol Brown".to_owned(), Standing::Left),
    ];
    assert_eq!(members(&app), expected);
    assert_eq!(counts(&app), (3, 2));
    // A name that somebody had here who left is another's now.
    let taken = notice(&mut app, BOB, "Bobby Jones", MemberAct::Alias("Carol Brown".into()));
    let _ = app.vault.receive_member(app.account, &taken).unwrap();
    assert_eq!(counts(&app), (2, 2));

    let renamed = notice(&mut app, ALICE, "Alice Smith", MemberAct::Alias("Alice in G".into()));
    let _ = app.vault.receive_member(app.account, &renamed).unwrap();
    let removed = notice(&mut app, BOB, "Alice in G", MemberAct::Drop);
    let _ = app.vault.receive_member(app.account, &removed).unwrap();
    assert_eq!(app.vault.groups(None).unwrap()[0].standing, Standing::Removed);
    let group = &app.vault.groups(None).unwrap()[0];
    assert_eq!((group.alias.as_str(), counts(&app)), ("Alice in G", (2, 1)));
    assert_eq!(members(&app)[1], ("Alice in G".to_owned(), Standing::Removed));
}

#[test]
fn a_leaving_member_is_marked_whatever_their_alias() {
    let mut app = App::new();
    join_gardeners(&mut app);
    // Invited by Mallory, Alice knows her by a name that she gave up before Alice was told of anything.
    let invited = member(&mut app, MALLORY, "Mallory X", MemberAct::Join);
    let mut dropped = member(&mut app, BOB, "Mallory Second", MemberAct::Drop);
    dropped.uid = Some(MALLORY.into());
    let other = member(&mut app, CAROL, "Carol Brown", MemberAct::Join);
    for notice in [&invited, &dropped, &other] {
        let _ = app.vault.receive_member(app.account, notice).unwrap();
    }
    let expected = [
        ("Alice Smith".to_owned(), Standing::Joined),
        ("Carol Brown".to_owned(), Standing::Joined),
        ("Mallory Second".to_owned(), Standing::Left),
    ];
    assert_eq!(members(&app), expected);
    // That a name is the member's own does not make them the one who goes.
    let mut namesake = member(&mut app, BOB, "Alice Smith", MemberAct::Drop);
    namesake.uid = Some(CAROL.into());
    let _ = app.vault.receive_member(app.account, &namesake).unwrap();
    assert_eq!(app.vault.groups(None).unwrap()[0].standing, Standing::Joined);
}

#[test]
fn a_drop_of_a_non_member_changes_nothing() {
    let mut app = App::new();
    // Removed from what the member never heard of, and from what they were only invited to.
    let removed = notice(&mut app, MALLORY, "Alice Smith", MemberAct::Drop);
    let _ = app.vault.receive_member(app.account, &removed).unwrap();
    assert!(app.vault.groups(None).unwrap().is_empty());
    let mut invitation = app.ping_from(MALLORY, "Mallory X");
    invitation.gid = Some("Gardeners".into());
    let invited = app.vault.receive_ping(app.account, &invitation).unwrap().value;
    let Received::New(Some(invited)) = invited else { panic!("{invited:?}") };
    assert_eq!(app.vault.groups(None).unwrap()[0].standing, Standing::Invited);
    let removed = notice(&mut app, MALLORY, "Alice Smith", MemberAct::Drop);
    let _ = app.vault.receive_member(app.account, &removed).unwrap();
    assert!(app.vault.groups(None).unwrap().is_empty());
    assert_eq!(app.vault.ping(invited).unwrap().state, PingState::Ignored);
}

#[test]
fn account_notices_are_applied_once() {
    let mut app = App::new();
    for notice in
        [UserNotice::Device { label: "phone".into() }, UserNotice::Alias("Alice Again".into())]
    {
        let msgid = app.next_msgid();
        for expected in [Received::New(()), Received::Duplicate] {
            let change = app.vault.receive_user(app.account, msgid, 9, &notice).unwrap();
            assert_eq!(change.value, expected);
        }
    }
    let devices = app.vault.devices(Some(app.account)).unwrap();
    let labels: Vec<_> = devices.iter().map(|d| (d.label.as_str(), d.this)).collect();
    assert_eq!(labels, [("laptop", true), ("phone", false)]);
    let account = app.vault.account(app.account).unwrap();
    assert_eq!(account.alias, "Alice Smith");
    assert_eq!(account.aliases, ["Alice Smith", "Alice Again"]);
}

#[test]
fn only_readers_of_a_thread_add_readers() {
    let mut app = App::with_bob();
    let letter = app.letter(BOB, "Bob Jones", "hello");
    let thread = app.receive(&letter).thread;
    let count = |app: &App| app.vault.thread(thread).unwrap().row.parties.len();
    for (from, named, expected) in [(MALLORY, MALLORY, 2), (BOB, CAROL, 3)] {
        let msgid = app.next_msgid();
        let note = note(msgid, from, letter.msgid, cc("Carol Brown", named));
        let change = app.vault.receive_notify(app.account, &note);
        assert_eq!(change.unwrap().value, Received::New(()));
        assert_eq!(count(&app), expected, "{from}");
    }
}

#[test]
fn only_a_forward_through_the_group_adds_readers() {
    let mut app = App::with_gardeners();
    let mut letter = app.letter(BOB, "Bob Jones", "seeds");
    letter.cc = vec![cc("Bob Jones", BOB), cc("Gardeners", "Gardeners")];
    letter.groups = vec!["Gardeners".into()];
    let thread = app.receive(&letter).thread;
    let msgid = app.next_msgid();
    let mut word = note(msgid, CAROL, letter.msgid, cc("Mallory X", MALLORY));
    word.groups = vec!["Gardeners".into()];
    let _ = app.vault.receive_notify(app.account, &word).unwrap();
    let parties = app.vault.thread(thread).unwrap().row.parties;
    assert!(parties.iter().any(|party| party.uid == MALLORY));
    let beside = app.reply(letter.msgid, CAROL, "Carol Brown");
    assert_ne!(app.receive(&beside).thread, thread);
}

#[test]
fn handled_ids_are_remembered_over_restarts() {
    let mut app = App::new();
    let notice = notice(&mut app, BOB, "Bob Jones", MemberAct::Join);
    let first = app.vault.receive_member(app.account, &notice).unwrap();
    assert_eq!(first.value, Received::New(()));
    let mut app = app.restart();
    let again = app.vault.receive_member(app.account, &notice).unwrap();
    assert_eq!(again.value, Received::Duplicate);
}
