//! Tests of contacts' names: a contact is made of whom the service vouches for under the very name we pinged, or
//! whom the member accepts; and nobody ever becomes somebody else.

use mnm_engine::error::VaultError;
use mnm_engine::vault::{OutboxAction, Received, Upon};
use mnm_engine::view::{NameMark, PartyKind, Ping, PingState};

use crate::cast::{App, BOB, CAROL, MALLORY, cc, note};

fn pinged(alias: &str) -> App {
    let mut app = App::new();
    let now = app.now();
    let _ = app.vault.queue_ping(app.account, alias, "Hello", now).unwrap();
    app.send_next();
    app
}

fn receive_ping(app: &mut App, uid: &str, alias: &str) -> Ping {
    let ping = app.ping_from(uid, alias);
    let Received::New(Some(id)) = app.vault.receive_ping(app.account, &ping).unwrap().value else {
        panic!("not stored")
    };
    app.vault.ping(id).unwrap()
}

#[test]
fn an_alias_with_invisible_differences_answers_no_ping() {
    for (odd, shown) in [
        ("Dora Dorn ", "Dora Dorn␣"),
        (" Dora Dorn", "␣Dora Dorn"),
        ("Dora  Dorn", "Dora ␣Dorn"),
        ("Dora\u{200b} Dorn", "Dora‹U+200B› Dorn"),
        ("Dora\u{3164} Dorn", "Dora‹U+3164› Dorn"),
        ("Dora\u{fe0f} Dorn", "Dora‹U+FE0F› Dorn"),
        ("Dora\u{34f} Dorn", "Dora‹U+034F› Dorn"),
        ("Dora Dorn\u{0}", "Dora Dorn‹U+0000›"),
        ("Dora\nDorn", "Dora‹U+000A›Dorn"),
    ] {
        let mut app = pinged("Dora Dorn");
        let ping = receive_ping(&mut app, MALLORY, odd);
        assert_eq!(ping.state, PingState::Waiting, "{odd:?}");
        assert_eq!((ping.from.as_str(), ping.mark), (shown, Some(NameMark::Odd)));
        assert!(app.vault.contacts(None).unwrap().is_empty(), "{odd:?}");
        // The one who was pinged is met all the same.
        assert_eq!(receive_ping(&mut app, CAROL, "Dora Dorn").state, PingState::Accepted);
        let contacts = app.vault.contacts(None).unwrap();
        assert_eq!((contacts[0].uid.as_str(), contacts[0].mark), (CAROL, None));
    }
}

#[test]
fn long_aliases_with_a_common_prefix_differ() {
    let (one, other) = ("x".repeat(255), "x".repeat(256));
    let mut app = pinged(&one);
    let waits = receive_ping(&mut app, MALLORY, &other);
    assert_eq!(waits.state, PingState::Waiting);
    assert_ne!(waits.from, one);
}

#[test]
fn the_answer_goes_to_the_exact_alias_of_the_ping() {
    for odd in ["Dora Dorn ", "Dora\u{200b} Dorn", &"y".repeat(300)] {
        let mut app = App::new();
        let ping = receive_ping(&mut app, MALLORY, odd);
        let _ = app.vault.queue_accept(ping.id, None, 9).unwrap();
        let item = app.vault.next_outbox(app.account, 0).unwrap().unwrap();
        let OutboxAction::Ping { to, .. } = item.action else { panic!("not a ping") };
        assert_eq!(to, odd);
    }
}

#[test]
fn pinging_a_name_accepts_only_the_ping_from_that_name() {
    let mut app = App::new();
    let ping = receive_ping(&mut app, MALLORY, "Dora Dorn ");
    let _ = app.vault.queue_ping(app.account, "Dora Dorn", "Hello", 9).unwrap();
    assert_eq!(app.vault.ping(ping.id).unwrap().state, PingState::Waiting);
    assert!(app.vault.contacts(None).unwrap().is_empty());
}

#[test]
fn an_alias_claimed_in_a_letter_makes_no_contact() {
    let mut app = pinged("Carol Brown");
    let mut letter = app.letter(MALLORY, "Carol Brown", "Hello yourself");
    letter.cc.push(cc("Carol Brown", MALLORY));
    let message = app.receive(&letter);
    assert_eq!(message.from.kind, PartyKind::Stranger);
    assert!(app.vault.contacts(None).unwrap().is_empty());
    let names = vec!["Carol Brown".to_owned()];
    let content = mnm_engine::vault::DraftContent { to: names, ..Default::default() };
    let content = mnm_engine::vault::DraftContent { text: "secret".into(), ..content };
    let draft =
        app.vault.save_draft(Upon::Anything, None, app.account, None, &content, 9).unwrap().value;
    let error = app.vault.queue_draft(draft.id, None, 9, 0).unwrap_err();
    assert!(matches!(error, VaultError::UnknownRecipients(_)), "{error}");
    // Nor do a notification or an invitation that name her.
    let msgid = app.next_msgid();
    let note = note(msgid, MALLORY, letter.msgid, cc("Carol Brown", MALLORY));
    let _ = app.vault.receive_notify(app.account, &note).unwrap();
    let mut invitation = app.ping_from(MALLORY, "Carol Brown");
    invitation.gid = Some("Gardeners".into());
    let _ = app.vault.receive_ping(app.account, &invitation).unwrap();
    assert!(app.vault.contacts(None).unwrap().is_empty());
    // She herself is met, and is nobody else.
    assert_eq!(receive_ping(&mut app, CAROL, "Carol Brown").state, PingState::Accepted);
    assert_eq!(app.vault.contacts(None).unwrap()[0].uid, CAROL);
}

#[test]
fn a_second_member_with_the_same_alias_waits_and_is_marked() {
    let mut app = App::with_bob();
    let now = app.now();
    let _ = app.vault.queue_ping(app.account, "Bob Jones", "Again", now).unwrap();
    app.send_next();
    let ping = receive_ping(&mut app, MALLORY, "Bob Jones");
    assert_eq!((ping.state, ping.mark), (PingState::Waiting, Some(NameMark::Alike)));
    let _ = app.vault.queue_accept(ping.id, None, 9).unwrap();
    let contacts = app.vault.contacts(None).unwrap();
    let names: Vec<_> = contacts.iter().map(|c| (c.uid.as_str(), c.alias.as_str())).collect();
    assert!(names.contains(&(BOB, "Bob Jones #BBB22222")), "{names:?}");
    assert!(names.contains(&(MALLORY, "Bob Jones #MLLRY444")), "{names:?}");
    assert!(contacts.iter().all(|contact| contact.mark == Some(NameMark::Alike)));
    // The name alone reaches neither; with its tag, the right one.
    let queue = |app: &mut App, to: &str| {
        let to = vec![to.to_owned()];
        let content =
            mnm_engine::vault::DraftContent { to, text: "hi".into(), ..Default::default() };
        let draft = app
            .vault
            .save_draft(Upon::Anything, None, app.account, None, &content, 9)
            .unwrap()
            .value;
        app.vault.queue_draft(draft.id, None, 9, 0)
    };
    let error = queue(&mut app, "Bob Jones").unwrap_err().to_string();
    assert!(error.contains("Bob Jones #BBB22222") && error.contains("#MLLRY444"), "{error}");
    assert!(queue(&mut app, "bob jones").is_err());
    let message = queue(&mut app, "Bob Jones #BBB22222").unwrap().value;
    let parties = app.vault.thread(message.thread).unwrap().row.parties;
    assert!(parties.iter().any(|party| party.uid == BOB));
    assert!(parties.iter().all(|party| party.uid != MALLORY));
}

#[test]
fn a_contact_with_an_odd_alias_is_shown_and_found_with_its_mark() {
    let mut app = App::with_bob();
    let ping = receive_ping(&mut app, MALLORY, "Bob\u{200b} Jones");
    let _ = app.vault.queue_accept(ping.id, None, 9).unwrap();
    let contacts = app.vault.contacts(None).unwrap();
    assert!(contacts.iter().any(|c| c.alias == "Bob‹U+200B› Jones #MLLRY444"), "{contacts:?}");
    let letter = app.letter(MALLORY, "Bob Jones", "it is me");
    assert_eq!(app.receive(&letter).from.alias, "Bob‹U+200B› Jones #MLLRY444");
}

/// Befriends somebody of whom the app waits for no ping.
fn accept(app: &mut App, uid: &str, alias: &str) -> Ping {
    let ping = receive_ping(app, uid, alias);
    let _ = app.vault.queue_accept(ping.id, None, 9).unwrap();
    ping
}

fn shown_names(app: &App) -> Vec<(String, String)> {
    let contacts = app.vault.contacts(None).unwrap();
    contacts.into_iter().map(|contact| (contact.uid.into_string(), contact.alias)).collect()
}

#[test]
fn an_alias_cannot_imitate_another_members_tag() {
    let forged = "Bob Jones #BBB22222";
    for (first, forger) in [(BOB, MALLORY), (MALLORY, BOB)] {
        let mut app = App::new();
        for uid in [first, forger] {
            let alias = if uid == BOB { "Bob Jones" } else { forged };
            let _ = accept(&mut app, uid, alias);
        }
        accept(&mut app, CAROL, "BOB JONES");
        let names = shown_names(&app);
        let of = |uid: &str| names.iter().find(|(of, _)| of == uid).unwrap().1.clone();
        assert_eq!(of(BOB), forged);
        assert_eq!(of(MALLORY), "Bob Jones ‹#›BBB22222 #MLLRY444");
        assert_eq!(of(CAROL), "BOB JONES #CRRL3333");
        for (uid, alias) in &names {
            let message = app.queue(&[alias], "to whom?");
            let parties = app.vault.thread(message.thread).unwrap().row.parties;
            assert!(parties.iter().any(|party| party.uid == **uid), "{alias}: {parties:?}");
        }
        let error = app.try_queue(&["Bob Jones"], "to whom?").unwrap_err().to_string();
        assert!(error.contains(forged) && error.contains("#MLLRY444"), "{error}");
        // Without him, his name with his tag reaches nobody else.
        let now = app.now();
        let _ = app.vault.remove_contact(app.account, &BOB.into(), now).unwrap();
        let _ = app.vault.remove_contact(app.account, &CAROL.into(), now).unwrap();
        assert!(matches!(
            app.try_queue(&[forged], "to whom?"),
            Err(VaultError::UnknownRecipients(_))
        ));
        app.queue(&["Bob Jones ‹#›BBB22222"], "to Mallory herself");
    }
}

#[test]
fn an_alias_imitating_app_remarks_counts_as_the_bare_name() {
    for ending in [
        " #BBB22222",
        " #bbb222",
        "#BBB22222",
        " ＃BBB22222",
        " #BBB22222 (struck)",
        " (struck)",
        " (GROUP)",
        " （group）",
        " (not confirmed)",
        " (left)",
        " (you)",
        " (not in your address book)",
        " (the service itself)",
    ] {
        let mut app = App::with_bob();
        let forged = format!("Bob Jones{ending}");
        let now = app.now();
        let _ = app.vault.queue_ping(app.account, &forged, "Hello", now).unwrap();
        app.send_next();
        let ping = accept(&mut app, MALLORY, &forged);
        assert_eq!((ping.state, ping.mark), (PingState::Waiting, Some(NameMark::Odd)), "{forged}");
        let names = shown_names(&app);
        assert!(names.contains(&(BOB.into(), "Bob Jones #BBB22222".into())), "{names:?}");
        let (_, shown) = names.iter().find(|(uid, _)| uid == MALLORY).unwrap();
        assert!(shown.ends_with(" #MLLRY444") && shown.contains('‹'), "{shown}");
        let letter = app.letter(CAROL, &forged, "from a stranger");
        assert!(app.receive(&letter).from.alias.contains('‹'));
    }
    for plain in ["Bob Jones (work)", "Bob Jones #1", "Bob Jones #hashtag", "#BBB22222"] {
        let mut app = App::with_bob();
        let ping = accept(&mut app, MALLORY, plain);
        assert_ne!(ping.mark, Some(NameMark::Alike), "{plain}");
        assert!(shown_names(&app).contains(&(BOB.into(), "Bob Jones".into())));
    }
    let mut app = App::new();
    let letter = app.letter(CAROL, "You", "what did I write?");
    assert_eq!(app.receive(&letter).from.alias, "‹you›");
}
