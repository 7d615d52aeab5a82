//! Tests of the bounds on stored presence.

use super::*;
use crate::vault::{NewAccount, SyncNotice};

fn vault() -> (tempfile::TempDir, Vault, AccountId) {
    let home = tempfile::tempdir().unwrap();
    let mut vault = crate::testing::open_vault(&home.path().join("home"));
    let new = NewAccount {
        address: "=h.example:1".into(),
        fingerprint: None,
        service: String::new(),
        uid: "me".into(),
        node: tmtp::id::NodeSecret::from("n"),
        device: "desk".into(),
        aliases: Vec::new(),
    };
    let account = vault.add_account(new, 1).unwrap().value.id;
    (home, vault, account)
}

#[test]
fn strangers_and_nonsense_are_not_remembered_without_bound() {
    let (_home, mut vault, account) = vault();
    for stranger in 0..10_000 {
        let event =
            vault.set_online(account, &format!("stranger {stranger}").into(), true).unwrap();
        assert!(event.is_none());
    }
    let long = "x".repeat(60_000);
    assert!(vault.set_online(account, &long.as_str().into(), true).unwrap().is_none());
    assert!(vault.runtime.online.is_empty());
    assert!(
        vault.runtime.met.len() <= MET_MAX
            && !vault.runtime.is_online(account, &long.as_str().into())
    );
    let changes = vault.changes_of_online(account, &[]);
    vault.set_some_online(account, &changes).unwrap();
    assert!(vault.runtime.met.is_empty());
}

#[test]
fn new_contact_who_is_online_is_shown_online() {
    let (_home, mut vault, account) = vault();
    vault.set_online(account, &"bob".into(), true).unwrap();
    let notice = r#"{"mnm":1,"contacts":[{"uid":"bob","alias":"bob babbage","since_ms":1}]}"#;
    let _ =
        vault.receive_sync(account, tmtp::id::MessageId(1), &SyncNotice::read(notice), 0).unwrap();
    assert!(vault.contacts(Some(account)).unwrap()[0].online);
    let gone = vault.set_online(account, &"bob".into(), false).unwrap();
    assert!(matches!(gone, Some(Event::Contact { contact }) if !contact.online));
    assert!(vault.runtime.online.is_empty() && vault.runtime.met.is_empty());
}
