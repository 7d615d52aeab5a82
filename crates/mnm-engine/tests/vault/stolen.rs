//! Tests of a stolen device: what it tells gives nobody another's name.

use mnm_engine::error::VaultError;
use mnm_engine::vault::Received;
use mnm_engine::view::{Contact, NameMark, PingState};

use crate::cast::{App, BOB, CAROL, MALLORY, recipients};

fn told(uid: &str, alias: &str) -> String {
    format!(r#"{{"mnm":1,"contacts":[{{"uid":"{uid}","alias":"{alias}","since_ms":9000}}]}}"#)
}

fn contact(app: &App, uid: &str) -> Contact {
    let contacts = app.vault.contacts(None).unwrap();
    contacts.into_iter().find(|contact| contact.uid == uid).unwrap()
}

fn pinged_by(app: &mut App, uid: &str, alias: &str) -> PingState {
    let ping = app.ping_from(uid, alias);
    let Received::New(Some(id)) = app.vault.receive_ping(app.account, &ping).unwrap().value else {
        panic!("not stored")
    };
    app.vault.ping(id).unwrap().state
}

/// Mallory is shown as one who only claims to be called so, and nobody reaches her by the bare name.
fn only_claims(app: &mut App, name: &str) {
    let mallory = contact(app, MALLORY);
    assert_eq!(mallory.alias, format!("{name} #MLLRY444"));
    assert_eq!(mallory.mark, Some(NameMark::Claimed));
    let error = app.try_queue(&[name], "for one only").unwrap_err();
    assert!(matches!(error, VaultError::ClaimedRecipient { .. }), "{error}");
    assert_eq!(pinged_by(app, MALLORY, "Xaver Thief"), PingState::Waiting);
    let message = app.try_queue(&[&mallory.alias], "for her").unwrap();
    let parties = app.vault.thread(message.thread).unwrap().row.parties;
    assert!(parties.iter().any(|party| party.uid == MALLORY), "{parties:?}");
}

#[test]
fn a_stolen_device_cannot_take_a_contacts_name() {
    let mut app = App::with_bob();
    let parted = format!(r#"{{"mnm":1,"parted":[{{"uid":"{BOB}","at_ms":9000}}],"#);
    app.hears(&[told(MALLORY, "Bob Jones").replace(r#"{"mnm":1,"#, &parted)]);
    // Once a contact was parted from, they are known all the same.
    only_claims(&mut app, "Bob Jones");
    let app = app.restart();
    assert_eq!(contact(&app, MALLORY).mark, Some(NameMark::Claimed));
}

#[test]
fn a_stolen_device_cannot_take_a_synced_contacts_name() {
    let mut app = App::new();
    app.hears(&[told(BOB, "Bob Jones")]);
    let parted = format!(r#"{{"mnm":1,"parted":[{{"uid":"{BOB}","at_ms":9000}}]}}"#);
    app.hears(&[parted, told(MALLORY, "Bob Jones")]);
    only_claims(&mut app, "Bob Jones");
}

#[test]
fn a_stolen_device_cannot_take_a_pingers_name() {
    let mut app = App::new();
    let letter = app.letter(MALLORY, "Carol Clay", "hello");
    let _ = app.receive(&letter);
    app.hears(&[told(CAROL, "Carol Clay")]);
    app.queue(&["Carol Clay"], "to the true one");
    assert_eq!(recipients(&app.next_post().1), [CAROL]);

    let mut app = App::new();
    assert_eq!(pinged_by(&mut app, CAROL, "Carol Clay"), PingState::Waiting);
    app.hears(&[told(MALLORY, "Carol Clay")]);
    only_claims(&mut app, "Carol Clay");
}

#[test]
fn a_stolen_device_cannot_take_a_pinged_members_name() {
    let mut app = App::new();
    let now = app.now();
    let _ = app.vault.queue_ping(app.account, "Carol Clay", "Hello", now).unwrap();
    app.send_next();
    app.hears(&[told(MALLORY, "Carol Clay")]);
    only_claims(&mut app, "Carol Clay");
    let pings = app.vault.pings(&Default::default()).unwrap();
    assert!(pings.iter().all(|ping| ping.state == PingState::Waiting), "{pings:?}");
}

#[test]
fn syncs_of_an_honest_device_are_applied() {
    let mut app = App::new();
    let letter = app.letter(BOB, "Bob Jones", "hello");
    let _ = app.receive(&letter);
    // He answered a ping of the member, or the member has accepted his on the other device.
    let now = app.now();
    let _ = app.vault.queue_ping(app.account, "Carol Clay", "Hello", now).unwrap();
    app.send_next();
    let mut carol = app.ping_from(CAROL, "Carol Clay");
    carol.gid = Some("Gardeners".into());
    let _ = app.vault.receive_ping(app.account, &carol).unwrap();
    app.hears(&[told(BOB, "Bob Jones"), told(CAROL, "Carol Clay"), told(MALLORY, "Mallory X")]);
    for (uid, alias) in [(BOB, "Bob Jones"), (CAROL, "Carol Clay"), (MALLORY, "Mallory X")] {
        let contact = contact(&app, uid);
        assert_eq!((contact.alias.as_str(), contact.mark), (alias, None));
        let _ = app.queue(&[alias], "found by the name");
    }
    // Who was parted from and is met again is the same.
    let parted = format!(r#"{{"mnm":1,"parted":[{{"uid":"{BOB}","at_ms":9000}}]}}"#);
    app.hears(&[parted, told(BOB, "Bob Jones")]);
    assert_eq!(contact(&app, BOB).mark, None);
}

#[test]
fn a_member_with_a_claimed_name_can_still_become_a_contact() {
    let mut app = App::with_bob();
    app.hears(&[told(MALLORY, "Bob Jones")]);
    assert_eq!(pinged_by(&mut app, MALLORY, "Mallory X"), PingState::Waiting);
    let ping = app.vault.pings(&Default::default()).unwrap().remove(0);
    let now = app.now();
    let _ = app.vault.queue_accept(ping.id, None, now).unwrap();
    let mallory = contact(&app, MALLORY);
    assert_eq!((mallory.alias.as_str(), mallory.mark), ("Mallory X", None));
    assert_eq!(contact(&app, BOB).alias, "Bob Jones");
}
