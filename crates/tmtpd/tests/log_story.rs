//! Tests of the log: it tells what happened and why, never what was said or by whom, and never too often.

#![allow(clippy::unwrap_used, reason = "tests, their helpers included")]

use std::fs;

use serde_json::json;
use tmtp_testkit::peer::RawPeer;
use tmtp_testkit::process::ServiceProcess;

/// What members say, call themselves and prove themselves by in the story. None of it may be in the
/// log; nor may a file that holds it be named by it.
const SECRETS: [&str; 8] = [
    "alias-of-ada",
    "alias-of-bob",
    "alias-added",
    "label-of-device",
    "name-of-group",
    "words-of-ping",
    "content-of-letter",
    "long-content-of-letter",
];

/// Plays a story with everything a member can do, refusals and violations included; gives the ids
/// and device secrets that were in it.
async fn story(service: &ServiceProcess) -> Vec<String> {
    let address = service.address();
    let (mut ada, ada_uid, ada_node) = RawPeer::join(address, SECRETS[0]).await.unwrap();
    let (mut bob, bob_uid, bob_node) = RawPeer::join(address, SECRETS[1]).await.unwrap();
    ada.ping(SECRETS[0], SECRETS[1], SECRETS[5]).await.unwrap();
    bob.receive("ping").await.unwrap();
    let invite = json!({"op": 5, "id": "g", "gid": SECRETS[4], "from": SECRETS[0],
        "to": SECRETS[1], "datalen": SECRETS[5].len()});
    ada.send(&invite.to_string(), SECRETS[5].as_bytes()).await.unwrap();
    ada.expect_ack("g").await.unwrap();
    bob.receive("invite").await.unwrap();
    ada.post(&[&bob_uid], SECRETS[6].as_bytes()).await.unwrap();
    bob.receive("delivery").await.unwrap();
    let long = SECRETS[7].repeat(20_000);
    ada.post(&[&bob_uid], long.as_bytes()).await.unwrap();
    bob.expect_large("delivery").await.unwrap();
    let phone = ada.add_device(SECRETS[3]).await.unwrap();
    ada.request(json!({"op": 3, "id": "a", "newalias": SECRETS[2]})).await.unwrap();
    ada.expect_ack("a").await.unwrap();

    // Refused: somebody who is not there, an alias that is taken, one that is not one's own.
    ada.post(&[&ada_node], SECRETS[6].as_bytes()).await.unwrap_err();
    ada.request(json!({"op": 3, "id": "b", "newalias": SECRETS[1]})).await.unwrap();
    ada.expect_ack("b").await.unwrap_or_else(|error| panic!("{error}"));
    ada.ping(SECRETS[1], SECRETS[0], SECRETS[5]).await.unwrap_err();
    // Against the protocol, and a login with another's secret.
    bob.send_raw(format!("zzzz{}", SECRETS[6]).as_bytes()).await.unwrap();
    bob.expect_quit("invalid header length").await.unwrap();
    let mut thief = RawPeer::connect(address).await.unwrap();
    thief.greet().await.unwrap();
    thief.request(json!({"op": 2, "uid": bob_uid, "node": ada_node})).await.unwrap();
    thief.expect_quit("login failed").await.unwrap();
    ada.quit().await.unwrap();
    vec![ada_uid, bob_uid, ada_node, bob_node, phone]
}

#[tokio::test]
async fn log_at_trace_level_holds_no_secret() {
    for format in ["text", "json"] {
        let more = ["--log-level", "trace", "--log-format", format];
        let mut service = ServiceProcess::start_with("", &more).unwrap();
        let ids = story(&service).await;
        assert!(service.sigterm().unwrap().success());
        let log = fs::read_to_string(service.log_file()).unwrap();
        for told in [
            "request refused",
            "unknown",
            "name_taken",
            "not_own_alias",
            "link ended",
            "quit: invalid header length",
            "quit: login failed",
            "quit: logout",
            &ids[0][..8],
        ] {
            assert!(log.contains(told), "{told:?} is not in {log}");
        }
        for secret in SECRETS.iter().copied().chain(ids.iter().map(String::as_str)) {
            assert!(!log.contains(secret), "{secret:?} is in {log}");
            // Nor the better part of it.
            let part = &secret[..secret.len() * 3 / 4];
            assert!(!log.contains(part), "{part:?} is in {log}");
        }
    }
}

#[tokio::test]
async fn frequent_log_lines_are_rate_limited() {
    let mut service = ServiceProcess::start().unwrap();
    let (mut ada, _, _) = RawPeer::join(service.address(), "ada lovelace").await.unwrap();
    for _ in 0..100 {
        ada.post(&["nobody"], b"x").await.unwrap_err();
        RawPeer::connect(service.address()).await.unwrap().drop_link();
    }
    ada.quit().await.unwrap();
    assert!(service.sigterm().unwrap().success());
    let log = fs::read_to_string(service.log_file()).unwrap();
    let lines = |text: &str| log.lines().filter(|line| line.contains(text)).count();
    assert_eq!(lines("request refused"), 10, "{log}");
    // Of each reason: closed, or broken where the end of the link came as an error.
    assert!((10..=20).contains(&(lines("link ended") - lines("quit: "))), "{log}");
    assert_eq!(lines("quit: logout"), 1, "{log}");
}
