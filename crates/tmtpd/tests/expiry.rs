//! Return and expiry (requirement A4): what nobody fetched in time leaves the disk, and whoever wrote
//! it is told, once, also when the service is killed while it does that.
//!
//! Time passes for a stopped service only in its files: the rows of its calendar are written by hand.

#![allow(clippy::unwrap_used, reason = "tests, their helpers included")]

#[path = "expiry/app.rs"]
mod app;
#[path = "expiry/clock.rs"]
mod clock;
#[path = "expiry/crash.rs"]
mod crash;
#[path = "expiry/scene.rs"]
mod scene;

use std::process::Command;

use serde_json::{Value, json};
use tmtp_testkit::process::ServiceProcess;

use scene::{Member, SERVICE, letter, pass, pass_and_give_up};

const DAYS: u32 = 31;

#[tokio::test]
async fn unfetched_letter_is_returned_and_erased() {
    let mut service = ServiceProcess::start().unwrap();
    let mut ada = Member::join(&service, "ada lovelace").await;
    let mut bob = Member::join(&service, "bob babbage").await;
    let tablet = bob.add_device().await;
    bob.leave().await;
    let first = ada.posts(&[&bob], &letter("", &[&bob], "the-first-body")).await;
    let second = ada.posts(&[&bob], &letter(&first, &[], "the-second-body")).await;
    assert_ne!(first, second);
    ada.leave().await;

    // Thirty days and not a day more: nothing happens.
    pass(&mut service, DAYS - 1).await;
    assert!(!service.grep_data_dir("the-first-body").unwrap().is_empty());

    pass_and_give_up(&mut service, 1, "the-first-body").await;
    ada.enter(&service).await;
    // Both in one word, in the thread that they are of.
    let word = ada.receive_word().await;
    assert_eq!((word.thread.as_str(), word.subject.as_str()), (first.as_str(), ""));
    assert!(word.text.starts_with("Your 2 messages from 20"), "{}", word.text);
    assert!(word.text.contains("were not delivered to bob babbage. In 30 days"), "{}", word.text);
    assert!(service.grep_data_dir("the-second-body").unwrap().is_empty());

    // Each of his devices is marked, also through a crash, until it learns what it missed, once;
    // nothing else comes but what comes now.
    assert_eq!(missing(&service, &bob), [2, 2]);
    service.kill9().unwrap();
    service.restart().unwrap();
    assert_eq!(missing(&service, &bob), [2, 2]);
    ada.enter(&service).await;
    for (node, left) in [(bob.node.clone(), [0, 2]), (tablet, [0, 0])] {
        bob.node = node;
        bob.enter(&service).await;
        let word = bob.receive_word().await;
        assert_eq!(word.subject, "This device is missing messages");
        assert!(word.text.contains("2 messages for it"), "{}", word.text);
        assert_eq!(missing(&service, &bob), left);
        bob.leave().await;
    }
    ada.leave().await;
    // In order, so that the service has noted what was acknowledged.
    assert!(service.sigterm().unwrap().success());
    service.restart().unwrap();
    assert_eq!(missing(&service, &bob), [0, 0]);
    ada.enter(&service).await;
    bob.enter(&service).await;
    let now = ada.posts(&[&bob], b"now").await;
    assert_eq!(bob.peer().receive("delivery").await.unwrap().id(), now);
}

/// What `tmtpd members --json` says.
fn members(service: &ServiceProcess) -> Vec<Value> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tmtpd"));
    let asked = command.args(["members", "--json", "--data"]).arg(service.data_dir()).output();
    let rows = String::from_utf8(asked.unwrap().stdout).unwrap();
    rows.lines().map(|row| serde_json::from_str(row).unwrap()).collect()
}

/// What each device of a member is said to be missing.
fn missing(service: &ServiceProcess, member: &Member) -> Vec<u64> {
    let rows = members(service);
    let row = rows.iter().find(|row| row["member"] == member.uid[..8]).unwrap();
    let devices = row["devices"].as_array().unwrap();
    devices.iter().map(|device| device["missing"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn letter_fetched_by_one_device_is_not_returned() {
    let mut service = ServiceProcess::start().unwrap();
    let mut ada = Member::join(&service, "ada lovelace").await;
    let mut bob = Member::join(&service, "bob babbage").await;
    let tablet = bob.add_device().await;
    let id = ada.posts(&[&bob], &letter("", &[&bob], "the-only-body")).await;
    assert_eq!(bob.peer().receive("delivery").await.unwrap().id(), id);
    bob.leave().await;
    ada.leave().await;
    pass_and_give_up(&mut service, DAYS, "the-only-body").await;

    bob.node = tablet;
    bob.enter(&service).await;
    assert!(bob.receive_word().await.text.contains("1 message for it"));
    // Nothing comes back: her next delivery is the next letter.
    ada.enter(&service).await;
    let now = bob.posts(&[&ada], b"now").await;
    assert_eq!(ada.peer().receive("delivery").await.unwrap().id(), now);
}

#[tokio::test]
async fn returned_pings_and_invitations_may_be_sent_again() {
    let config = "[limits]\nunanswered_pings_max = 2\n";
    let mut service = ServiceProcess::start_with(config, &[]).unwrap();
    let mut ada = Member::join(&service, "ada lovelace").await;
    let mut bob = Member::join(&service, "bob babbage").await;
    bob.leave().await;
    ada.peer().ping("ada lovelace", "bob babbage", "hello").await.unwrap();
    let invite = json!({"op": 5, "id": "i", "gid": "the engine", "from": "ada lovelace",
        "to": "bob babbage"});
    ada.peer().request(invite).await.unwrap();
    ada.peer().expect_done("i").await.unwrap();
    ada.leave().await;
    pass(&mut service, DAYS).await;

    ada.enter(&service).await;
    let words = [ada.receive_word().await, ada.receive_word().await];
    let subjects = words.each_ref().map(|word| word.subject.as_str());
    assert_eq!(
        subjects,
        [
            "Not delivered: ping to bob babbage",
            "Not delivered: invitation of bob babbage to the engine"
        ]
    );
    assert!(words[0].text.contains("Your ping of 20"), "{}", words[0].text);
    assert!(words.iter().all(|word| word.thread.is_empty()));
}

#[tokio::test]
async fn one_notice_covers_a_group_and_notices_are_not_returned() {
    let mut service = ServiceProcess::start().unwrap();
    let mut ada = Member::join(&service, "ada lovelace").await;
    let mut others = Vec::new();
    for name in
        ["member one", "member two", "member three", "member four", "member five", "member six"]
    {
        let mut member = Member::join(&service, name).await;
        ada.lets_in(&mut member, "the engine").await;
        member.leave().await;
        others.push(member);
    }
    let id = ada.posts_to_group("the engine", &letter("", &[], "body")).await;
    ada.leave().await;
    pass(&mut service, DAYS).await;

    ada.enter(&service).await;
    let word = ada.receive_word().await;
    assert_eq!(word.thread, id);
    let names = "member one, member two, member three, member four and 2 more members";
    assert!(word.text.contains(names), "{}", word.text);
    ada.leave().await;

    // The word is not fetched by anybody's second device either; it goes without a word.
    let mut eve = Member::join(&service, "eve malory").await;
    eve.posts(&[&others[0]], b"to one who is gone").await;
    eve.leave().await;
    pass_and_give_up(&mut service, DAYS, "to one who is gone").await;
    assert!(!service.grep_data_dir("was not delivered").unwrap().is_empty());
    pass_and_give_up(&mut service, DAYS, "was not delivered").await;
    eve.enter(&service).await;
    assert!(eve.receive_word().await.text.contains("1 message for it"));
}

#[tokio::test]
async fn returned_letter_without_a_head_gets_a_thread() {
    let mut service = ServiceProcess::start().unwrap();
    let mut ada = Member::join(&service, "ada lovelace").await;
    let mut bob = Member::join(&service, "bob babbage").await;
    bob.leave().await;
    // Data that lies about its head must not keep anything from being returned.
    let head = json!({"op": 7, "id": "1", "for": [{"id": bob.uid, "type": 1}], "datalen": 9,
        "datahead": 7});
    ada.peer().send(&head.to_string(), b"{\"Threadx").await.unwrap();
    let odd = ada.peer().expect_done("1").await.unwrap().text("msgid").to_owned();
    let plain = ada.posts(&[&bob], b"no head at all").await;
    // One too large for memory.
    let id = ada.peer().start_large_post(&[&bob.uid], &[b'x'; 65_536], 8).await.unwrap();
    let large = ada.peer().expect_done(&id).await.unwrap().text("msgid").to_owned();
    ada.leave().await;
    pass(&mut service, DAYS).await;
    ada.enter(&service).await;
    for id in [odd, plain, large] {
        assert_eq!(ada.receive_word().await.thread, id);
    }
}

#[tokio::test]
async fn answer_to_the_service_reaches_the_other_readers_only() {
    let service = ServiceProcess::start().unwrap();
    let mut ada = Member::join(&service, "ada lovelace").await;
    let mut bob = Member::join(&service, "bob babbage").await;
    let bobs = bob.uid.clone();
    let id = ada.peer().post(&[SERVICE, &bobs], b"to both").await.unwrap();
    assert_eq!(bob.peer().receive("delivery").await.unwrap().id(), id);
    let error = ada.peer().post(&[SERVICE], b"to it alone").await.unwrap_err().to_string();
    assert!(error.contains("the service itself takes no messages"), "{error}");
}
