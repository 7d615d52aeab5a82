//! Tests of a service that moves, shows another certificate, or is left.

use std::future::{Future as _, poll_fn};
use std::task::Poll;

use mnm_engine::command::{Command, Reply};
use mnm_engine::error::Offer;
use mnm_engine::event::Event;
use mnm_engine::view::{AccountId, Link};
use mnm_engine::{Error, ErrorCode};
use tmtp_testkit::process::ServiceProcess;

use crate::cast::{Person, ask};

fn set_service(account: AccountId, address: Option<&str>, trust: Option<&str>) -> Command {
    Command::SetService {
        account,
        address: address.map(str::to_owned),
        trust: trust.map(str::to_owned),
    }
}

fn join(address: &str, another: bool) -> Command {
    let alias = "ada the second".to_owned();
    Command::Join { address: address.to_owned(), alias, device: None, another }
}

fn offers_account(error: &Error, account: AccountId) -> bool {
    error.code == ErrorCode::KnownService
        && matches!(error.offer, Some(Offer::Account { account: known, .. }) if known == account)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_address_with_the_pinned_certificate_is_trusted() {
    let mut service = ServiceProcess::start_plain().unwrap();
    let ada = Person::join(&service, "ada lovelace").await;
    let bob = Person::join(&service, "bob babbage").await;
    ada.befriend(&bob).await;
    let old = service.handed_out_address().to_owned();
    service.kill9().unwrap();
    service.restart_elsewhere().unwrap();
    let new = service.handed_out_address().to_owned();
    assert_ne!(old, new);

    // A second account would have neither the alias nor the letters.
    for address in [new.as_str(), service.invitation(), &old, &old.replace('=', "+")] {
        let error = ada.refused(join(address, false)).await;
        assert!(offers_account(&error, ada.account), "{address}: {error:?}");
    }
    for person in [&ada, &bob] {
        let moved = ask!(person, set_service(person.account, Some(&new), None), Account);
        assert_eq!((moved.id, moved.address.as_str()), (person.account, new.as_str()));
        assert_eq!(moved.fingerprint.as_deref(), Some(service.fingerprint()));
        person.online().await;
    }
    let letter = ada.queue(&["bob babbage"], "we have moved", &[]).await;
    ada.sent(&letter).await;
    bob.until_message("we have moved").await;
    // Whoever wants a second account says so.
    assert_ne!(ask!(ada, join(&new, true), Account).id, ada.account);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_moved_service_with_another_certificate_is_recognised_by_its_host() {
    let mut service = ServiceProcess::start_plain().unwrap();
    let ada = Person::join(&service, "ada lovelace").await;
    // While the first is where it was, one beside it is another.
    let beside = ServiceProcess::start_plain().unwrap();
    let second = ask!(ada, join(beside.handed_out_address(), false), Account);
    assert_ne!(second.id, ada.account);
    service.sigterm().unwrap();
    std::fs::remove_dir_all(service.data_dir().join("tls")).unwrap();
    service.restart_elsewhere().unwrap();
    ada.until_link("the end", |link| !matches!(link, Link::Online { .. })).await;

    let new = service.handed_out_address().split('#').next().unwrap().to_owned();
    let error = ada.refused(join(&new, false)).await;
    assert!(offers_account(&error, ada.account), "{error:?}");
    let seen = service.fingerprint();
    let offer =
        Offer::Account { account: ada.account, address: new.clone(), seen: Some(seen.to_owned()) };
    assert_eq!(error.offer, Some(offer));
    // It is read by pages and terminal alike.
    assert!(error.message.contains(seen) && !error.message.contains("mnm "), "{error}");
    ask!(ada, set_service(ada.account, Some(&new), Some(seen)), Account);
    ada.online().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_certificate_needs_the_members_consent() {
    let service = ServiceProcess::start_plain().unwrap();
    let other = ServiceProcess::start_plain().unwrap();
    let ada = Person::join(&service, "ada lovelace").await;
    let before = ada.state().await;
    let (address, seen) = (other.handed_out_address(), other.fingerprint());
    let offer =
        Offer::Trust { known: Some(service.fingerprint().to_owned()), seen: seen.to_owned() };
    // Neither without a word, nor because the address itself brings the fingerprint.
    for address in [address, other.invitation()] {
        let error = ada.refused(set_service(ada.account, Some(address), None)).await;
        assert_eq!((error.code, error.offer.as_ref()), (ErrorCode::Untrusted, Some(&offer)));
        assert!(error.message.contains(seen) && error.message.contains(service.fingerprint()));
    }
    // Nor by the fingerprint of something else, nor by half of it.
    let wrong = "0".repeat(64);
    let error = ada.refused(set_service(ada.account, Some(address), Some(&wrong))).await;
    assert_eq!(error.code, ErrorCode::Untrusted, "{error}");
    let error = ada.refused(set_service(ada.account, Some(address), Some(&seen[..32]))).await;
    assert_eq!(error.code, ErrorCode::Invalid, "{error}");
    // Public authorities do not vouch for it, so naming it does not help either.
    let public = address.replace('=', "+");
    let error = ada.refused(set_service(ada.account, Some(&public), Some(seen))).await;
    assert_eq!(error.code, ErrorCode::Untrusted, "{error}");
    let after = ada.state().await;
    assert_eq!((&after.address, &after.fingerprint), (&before.address, &before.fingerprint));
    assert!(matches!(after.link, Link::Online { .. }), "{after:?}");

    let moved = ask!(ada, set_service(ada.account, Some(address), Some(seen)), Account);
    assert_eq!((moved.address.as_str(), moved.fingerprint.as_deref()), (address, Some(seen)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewed_certificate_is_shown_beside_the_known_one_and_can_be_trusted() {
    let mut service = ServiceProcess::start_plain().unwrap();
    let ada = Person::join(&service, "ada lovelace").await;
    let known = service.fingerprint().to_owned();
    service.kill9().unwrap();
    std::fs::remove_dir_all(service.data_dir().join("tls")).unwrap();
    service.restart().unwrap();
    let seen = service.fingerprint().to_owned();
    assert_ne!(known, seen);

    let link = ada.until_link("refused", |link| matches!(link, Link::Refused { .. })).await;
    assert!(matches!(&link, Link::Refused { seen: Some(shown), .. } if *shown == seen), "{link:?}");
    assert_eq!(ada.state().await.fingerprint.as_deref(), Some(known.as_str()));
    // Joining again offers the account that is here.
    for address in [service.handed_out_address(), service.invitation()] {
        let error = ada.refused(join(address, false)).await;
        assert!(offers_account(&error, ada.account), "{error:?}");
    }
    let error = ada.refused(set_service(ada.account, None, Some(&known))).await;
    assert_eq!(error.code, ErrorCode::Untrusted, "{error}");
    let trusted = ask!(ada, set_service(ada.account, None, Some(&seen)), Account);
    assert_eq!((trusted.id, trusted.alias.as_str()), (ada.account, "ada lovelace"));
    ada.online().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removed_account_takes_its_letters_and_can_be_joined_again() {
    let mut service = ServiceProcess::start_plain().unwrap();
    let ada = Person::join(&service, "ada lovelace").await;
    let bob = Person::join(&service, "bob babbage").await;
    ada.befriend(&bob).await;
    // More files than one slice erases.
    let file = crate::cast::noise(3 << 20);
    for text in ["first of all", "second of all"] {
        let letter = ada.queue(&["bob babbage"], text, &[("a.bin", &file), ("b.bin", &file)]).await;
        ada.sent(&letter).await;
    }
    let tablet = ada.another_device("tablet").await;
    service.kill9().unwrap();
    ada.queue(&["bob babbage"], "never to leave", &[]).await;

    let losses = ask!(ada, Command::Losses { account: ada.account }, Losses);
    assert_eq!((losses.letters, losses.queued, losses.drafts), (3, 1, 0));
    assert_eq!((losses.contacts, losses.other_devices), (1, 1));
    let mut events = ada.engine.events();
    let remove = Command::RemoveAccount { account: ada.account };
    assert!(matches!(ada.engine.command(remove).await.unwrap(), Reply::Done));
    let gone = std::iter::from_fn(|| events.try_recv().ok())
        .any(|event| event == Event::AccountGone { account: ada.account });
    assert!(gone, "pages are told");
    assert!(ask!(ada, Command::State, State).accounts.is_empty());
    assert!(ada.threads().await.is_empty());
    assert!(ask!(ada, Command::Contacts { account: None }, Contacts).is_empty());
    let error = ada.refused(Command::Losses { account: ada.account }).await;
    assert_eq!(error.code, ErrorCode::NotFound, "{error}");

    // The other device has kept its place, and lets this one in again.
    service.restart().unwrap();
    tablet.online().await;
    let add = Command::AddDevice { account: tablet.account, label: "desk".into() };
    let code = ask!(tablet, add, Code);
    let back = ask!(ada, Command::JoinDevice { code }, Account);
    assert_eq!(back.alias, "ada lovelace");
    assert_ne!(back.id, ada.account);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_change_of_service_leaves_the_account_connected() {
    let service = ServiceProcess::start_plain().unwrap();
    let ada = Person::join(&service, "ada lovelace").await;
    let address = service.handed_out_address().to_owned();
    // Gives up after one more look at the command each time, until it is done before.
    for looks in 1.. {
        let mut set = Box::pin(ada.engine.command(set_service(ada.account, Some(&address), None)));
        let mut looked = 0;
        let done = poll_fn(|context| {
            looked += 1;
            match set.as_mut().poll(context) {
                Poll::Pending if looked < looks => Poll::Pending,
                polled => Poll::Ready(polled.is_ready()),
            }
        });
        let done = done.await;
        drop(set);
        // Waits for its turn behind what was given up.
        ada.refused(join(&address, false)).await;
        let note = ada.queue(&["ada lovelace"], "a note to myself", &[]).await;
        ada.sent(&note).await;
        if done {
            break;
        }
    }
}
