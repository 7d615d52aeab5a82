//! Presence: seen by those whom the member chose, and by nobody else.

use mnm_engine::ErrorCode;
use mnm_engine::command::{Command, Reply};
use mnm_engine::view::Contact;
use tmtp_testkit::process::ServiceProcess;

use crate::cast::Person;

async fn choose(person: &Person, contact: Option<&Contact>, shown: Option<bool>) {
    let contact = contact.map(|contact| contact.uid.clone());
    let choose = Command::SetPresence { account: person.account, contact, shown };
    assert!(matches!(person.engine.command(choose).await.unwrap(), Reply::Done));
}

/// Whether `person` sees somebody online now.
async fn sees(person: &Person, alias: &str) -> bool {
    person.until_contact(alias).await.online
}

async fn until_seen(person: &Person, alias: &str, online: bool) {
    person
        .until("presence", || async move { (sees(person, alias).await == online).then_some(()) })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn presence_is_shown_only_to_chosen_contacts() {
    let service = ServiceProcess::start_plain().unwrap();
    let ada = Person::join(&service, "ada lovelace").await;
    let bob = Person::join(&service, "bob babbage").await;
    let eve = Person::join(&service, "eve ensemble").await;
    ada.befriend(&bob).await;
    ada.befriend(&eve).await;
    assert_eq!(ada.state().await.presence, None, "nothing is chosen unasked");
    let bobs = ada.until_contact("bob babbage").await;
    let unknown = Command::SetPresence {
        account: ada.account,
        contact: Some("nobody".into()),
        shown: Some(true),
    };
    assert_eq!(ada.refused(unknown).await.code, ErrorCode::Invalid);

    // One contact alone. A letter sent afterwards would arrive behind a word to the other.
    choose(&ada, Some(&bobs), Some(true)).await;
    until_seen(&bob, "ada lovelace", true).await;
    ada.sent(&ada.queue(&["eve ensemble"], "first", &[]).await).await;
    eve.until_message("first").await;
    assert!(!sees(&eve, "ada lovelace").await, "she was not chosen");
    // All but one.
    choose(&ada, Some(&bobs), Some(false)).await;
    until_seen(&bob, "ada lovelace", false).await;
    choose(&ada, None, Some(true)).await;
    until_seen(&eve, "ada lovelace", true).await;
    assert!(!sees(&bob, "ada lovelace").await);

    // The next login tells the same.
    ada.engine.close().await;
    until_seen(&eve, "ada lovelace", false).await;
    let (home, account) = ada.into_home();
    let ada = Person::reopened(home, account).await;
    until_seen(&eve, "ada lovelace", true).await;
    ada.sent(&ada.queue(&["bob babbage"], "second", &[]).await).await;
    bob.until_message("second").await;
    assert!(!sees(&bob, "ada lovelace").await);
    assert!(!sees(&ada, "bob babbage").await && !sees(&ada, "eve ensemble").await);

    // As for the others again, and then for nobody.
    choose(&ada, Some(&bobs), None).await;
    until_seen(&bob, "ada lovelace", true).await;
    choose(&ada, None, Some(false)).await;
    until_seen(&bob, "ada lovelace", false).await;
    until_seen(&eve, "ada lovelace", false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_presence_choice_reaches_every_device() {
    let service = ServiceProcess::start_plain().unwrap();
    let ada = Person::join(&service, "ada lovelace").await;
    let bob = Person::join(&service, "bob babbage").await;
    ada.befriend(&bob).await;
    choose(&ada, None, Some(true)).await;
    let tablet = ada.another_device("tablet").await;
    let chosen = |device: &Person, account: Option<bool>, contact: Option<bool>| {
        let device = device.engine.clone();
        async move {
            let Reply::State(state) = device.command(Command::State).await.unwrap() else {
                return None;
            };
            let Reply::Contacts(contacts) =
                device.command(Command::Contacts { account: None }).await.unwrap()
            else {
                return None;
            };
            let contacts: Vec<_> = contacts.iter().map(|contact| contact.presence).collect();
            (state.accounts[0].presence == account && contacts == [contact]).then_some(())
        }
    };
    tablet.until("the choice", || chosen(&tablet, Some(true), None)).await;
    let bobs = tablet.until_contact("bob babbage").await;
    choose(&tablet, Some(&bobs), Some(false)).await;
    ada.until("the exception", || chosen(&ada, Some(true), Some(false))).await;
    // Neither device tells him any more.
    until_seen(&bob, "ada lovelace", false).await;
    choose(&ada, None, Some(false)).await;
    tablet.until("the end of it", || chosen(&tablet, Some(false), Some(false))).await;
}
