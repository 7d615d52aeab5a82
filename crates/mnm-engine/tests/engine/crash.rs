//! Crash tests: after kills and restarts at bad moments everything arrives, once.

use mnm_engine::command::{Command, Reply};
use mnm_engine::event::Event;
use mnm_engine::view::{Link, MessageState};
use mnm_engine::{OpenError, Options};
use tmtp_testkit::process::ServiceProcess;
use tokio::time::timeout;

use crate::cast::{PATIENCE, Person, ask, noise, open};

/// Waits until some of a letter's bytes are under way.
async fn until_progress(person: &Person, events: &mut tokio::sync::broadcast::Receiver<Event>) {
    let progress = async {
        loop {
            match events.recv().await.unwrap() {
                Event::Progress { state: MessageState::Sending { sent, .. }, .. } if sent > 0 => {
                    return;
                }
                _ => {}
            }
        }
    };
    assert!(timeout(PATIENCE, progress).await.is_ok(), "{:?}", person.state().await.link);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_killed_during_an_upload_loses_and_duplicates_nothing() {
    let mut service = ServiceProcess::start().unwrap();
    let ada = Person::join(&service, "ada lovelace").await;
    let bob = Person::join(&service, "bob babbage").await;
    ada.befriend(&bob).await;
    let before = ada.queue(&["bob babbage"], "before", &[]).await;
    ada.sent(&before).await;
    let bytes = noise(48 << 20);
    let mut events = ada.engine.events();
    let letter = ada.queue(&["bob babbage"], "large", &[("large.bin", &bytes)]).await;
    let after = ada.queue(&["bob babbage"], "after", &[]).await;
    until_progress(&ada, &mut events).await;
    service.kill9().unwrap();
    ada.until_link("offline", |link| matches!(link, Link::Offline { .. })).await;
    service.restart().unwrap();
    ada.sent(&letter).await;
    ada.sent(&after).await;
    // In order, so the last one proves the others.
    bob.until_message("after").await;
    let got = bob.until_message("large").await;
    assert!(bob.bytes(&got.attachments[0]).await == bytes);
    assert_eq!(bob.messages("before").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_app_sends_the_rest_after_a_restart() {
    let mut service = ServiceProcess::start().unwrap();
    let ada = Person::join(&service, "ada lovelace").await;
    let bob = Person::join(&service, "bob babbage").await;
    ada.befriend(&bob).await;
    service.kill9().unwrap();
    let texts: Vec<String> = (0..5).map(|n| format!("queued {n}")).collect();
    for text in &texts {
        let message = ada.queue(&["bob babbage"], text, &[]).await;
        assert_eq!(message.state, MessageState::Queued);
    }
    assert_eq!(ada.state().await.queued, 5);
    // Dropped, not closed: the links break off.
    let (home, account) = ada.into_home();
    service.restart().unwrap();
    let ada = Person::reopened(home, account).await;
    for text in &texts {
        bob.until_message(text).await;
    }
    ada.until("an empty outbox", || async { (ada.state().await.queued == 0).then_some(()) }).await;
    let order: Vec<_> = {
        let mut got = Vec::new();
        for text in &texts {
            got.push(bob.until_message(text).await.msgid.unwrap());
        }
        got
    };
    assert!(order.is_sorted(), "{order:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn letters_written_offline_stay_queued() {
    let service = ServiceProcess::start().unwrap();
    let ada = Person::join(&service, "ada lovelace").await;
    let bob = Person::join(&service, "bob babbage").await;
    ada.befriend(&bob).await;
    ada.engine.close().await;
    let (home, account) = ada.into_home();
    let path = home.path().join("home");
    let offline = open(&path, false).await;
    let second = mnm_native::open(Options { home: path, connect: true }).await;
    assert!(matches!(second, Err(OpenError::InUse { .. })));
    let ask = Command::AddAlias { account, alias: "another alias".into() };
    let error = offline.command(ask).await.unwrap_err();
    assert_eq!(error.code, mnm_engine::ErrorCode::Offline);
    let draft = Command::SaveDraft {
        draft: None,
        account,
        thread: None,
        to: vec!["bob babbage".into()],
        subject: String::new(),
        text: "written offline".into(),
        version: None,
        leaving: false,
    };
    let Reply::Draft(draft) = offline.command(draft).await.unwrap() else { panic!() };
    offline.command(Command::Send { draft: draft.id, version: None, hold_ms: None }).await.unwrap();
    offline.close().await;
    let ada = Person::reopened(home, account).await;
    bob.until_message("written offline").await;
    assert_eq!(ask!(ada, Command::Drafts { account: None, before: None }, Drafts), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn repeated_kills_lose_and_duplicate_nothing() {
    let mut service = ServiceProcess::start().unwrap();
    let mut ada = Person::join(&service, "ada lovelace").await;
    let mut bob = Person::join(&service, "bob babbage").await;
    ada.befriend(&bob).await;
    let file = noise(1 << 20);
    let mut texts = Vec::new();
    for round in 0..4 {
        for n in 0..6 {
            let text = format!("round {round} letter {n}");
            ada.queue(&["bob babbage"], &text, &[("noise.bin", &file)]).await;
            texts.push(text);
        }
        // Somewhere amid the sending and receiving of this round.
        bob.until_messages(&format!("round {round} letter {round}")).await;
        match round % 2 {
            0 => {
                service.kill9().unwrap();
                service.restart().unwrap();
            }
            _ => {
                (ada, bob) = (broken_off(ada).await, broken_off(bob).await);
            }
        }
    }
    for text in &texts {
        let got = bob.until_message(text).await;
        assert!(bob.bytes(&got.attachments[0]).await == file, "{text}");
    }
    ada.until("an empty outbox", || async { (ada.state().await.queued == 0).then_some(()) }).await;
    let letters = bob.threads().await.iter().map(|row| row.count).sum::<u64>();
    assert_eq!(letters, texts.len() as u64);
}

/// The same device after its app broke off.
async fn broken_off(person: Person) -> Person {
    let (home, account) = person.into_home();
    Person::reopened(home, account).await
}
