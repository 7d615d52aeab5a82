//! Tests of names on the wire: one is one member's, however it is spelled, nobody comes by another's, and
//! every spelling of a name finds who has it.

#![allow(clippy::unwrap_used, reason = "tests, their helpers included")]

use serde_json::{Value, json};
use tmtp_testkit::peer::RawPeer;
use tmtp_testkit::process::{SITE, ServiceProcess};
use tmtp_testkit::wire::Frame;

/// Composed, as most systems type it.
const JOSE: &str = "José Núñez";
/// Decomposed: the same to any reader.
const JOSE_APART: &str = "Jose\u{301} Nu\u{301}n\u{303}ez";

/// The ack of a request.
async fn ask(peer: &mut RawPeer, mut head: Value) -> Frame {
    let id = peer.request_id();
    head["id"] = json!(id);
    peer.request(head).await.unwrap();
    peer.expect_ack(&id).await.unwrap()
}

async fn refused(peer: &mut RawPeer, head: Value) -> String {
    let error = ask(peer, head.clone()).await.text("error").to_owned();
    assert!(!error.is_empty(), "granted: {head}");
    error
}

async fn granted(peer: &mut RawPeer, head: Value) {
    assert_eq!(ask(peer, head.clone()).await.text("error"), "", "{head}");
}

fn alias(name: &str) -> Value {
    json!({"op": 3, "newalias": name})
}

/// The claim of docs/security.md: a member cannot appear under another member's alias.
#[tokio::test]
async fn no_name_is_granted_that_reads_as_another_members() {
    let mut service = ServiceProcess::start().unwrap();
    let (_dora, _, _) = RawPeer::join(service.address(), "Dora Dorn").await.unwrap();
    let (_jose, _, _) = RawPeer::join(service.address(), JOSE).await.unwrap();
    let (_omid, _, _) = RawPeer::join(service.address(), "مهدی نیک\u{200c}پور").await.unwrap();
    let (mut eve, uid, node) = RawPeer::join(service.address(), "eve malory").await.unwrap();
    let spellings = [
        "Dora Dorn ",
        " Dora Dorn",
        "Dora  Dorn",
        "Dora\u{a0}Dorn",
        "Dora Dorn\u{3164}",
        "Dora\u{34f} Dorn",
        "Dora Dorn\u{fe0f}",
        "Dora\u{2800}Dorn",
        "Ｄｏｒａ Ｄｏｒｎ",
        JOSE_APART,
        "مهدی نیکپور",
        SITE,
    ];
    for name in spellings {
        refused(&mut eve, alias(name)).await;
        let invite = json!({"op": 5, "gid": name, "from": "eve malory", "to": "Dora Dorn"});
        if name != SITE {
            refused(&mut eve, invite).await;
        }
    }
    // Nor after a restart, nor at registration, where the account is made without a name.
    service.kill9().unwrap();
    service.restart().unwrap();
    let mut eve = RawPeer::enter(service.address(), &uid, &node).await.unwrap();
    refused(&mut eve, alias(JOSE_APART)).await;
    let mut late = RawPeer::connect(service.address()).await.unwrap();
    late.greet().await.unwrap();
    late.request(json!({"op": 1, "newnode": "phone", "newalias": JOSE_APART})).await.unwrap();
    let registered = late.expect_op("registered").await.unwrap();
    assert_eq!(registered.text("error"), "newalias is already taken");
}

#[tokio::test]
async fn name_must_not_be_or_end_with_a_uid_or_hold_replacement_characters() {
    let service = ServiceProcess::start().unwrap();
    let (mut ada, uid, _) = RawPeer::join(service.address(), "ada lovelace").await.unwrap();
    let (mut eve, own, _) = RawPeer::join(service.address(), "eve malory").await.unwrap();
    for uid in [&uid, &own] {
        assert!(refused(&mut eve, alias(uid)).await.contains("uid"));
        let group = json!({"op": 5, "gid": uid, "from": "eve malory", "to": "ada lovelace"});
        assert_eq!(refused(&mut eve, group).await, "gid must not have the form of a uid");
    }
    let tag = format!("ada lovelace #{}", &uid[..8]);
    assert!(refused(&mut eve, alias(&tag)).await.contains('#'));
    let group = json!({"op": 5, "gid": tag, "from": "eve malory", "to": "ada lovelace"});
    assert!(refused(&mut eve, group).await.contains('#'));
    // The words are those of the deployed service.
    assert_eq!(refused(&mut ada, alias("bad\u{fffd}alias")).await, "AddAlias: invalid string");
}

/// Whom it is from is not looked for: an app knows its member's alias from the service.
#[tokio::test]
async fn ping_needs_the_senders_alias_as_granted() {
    let service = ServiceProcess::start().unwrap();
    let (mut jose, _, _) = RawPeer::join(service.address(), JOSE).await.unwrap();
    let (mut ada, _, _) = RawPeer::join(service.address(), "ada lovelace").await.unwrap();
    for from in
        [JOSE_APART, "José  Núñez", " José Núñez", "José Núñez ", "josé núñez", "ada lovelace"]
    {
        let ping = json!({"op": 9, "from": from, "to": "ada lovelace"});
        assert_eq!(refused(&mut jose, ping).await, "from must identify sender", "{from:?}");
        let invite = json!({"op": 5, "gid": "Café Club", "from": from, "to": "ada lovelace"});
        assert_eq!(refused(&mut jose, invite).await, "from must identify sender", "{from:?}");
    }
    let invite = json!({"op": 5, "gid": "Café Club", "from": "ada lovelace", "to": JOSE});
    granted(&mut ada, invite).await;
    for act in ["join", "alias"] {
        let edit = json!({"op": 6, "act": act, "gid": "Café Club", "newalias": JOSE_APART});
        assert_eq!(refused(&mut jose, edit).await, "newalias must identify sender");
        granted(&mut jose, json!({"op": 6, "act": "join", "gid": "Café Club"})).await;
    }
    jose.ping(JOSE, "ada lovelace", "hello").await.unwrap();
}

#[tokio::test]
async fn every_spelling_finds_the_member_and_the_granted_name_is_sent() {
    let service = ServiceProcess::start().unwrap();
    let (mut jose, _, _) = RawPeer::join(service.address(), JOSE).await.unwrap();
    let (mut ada, _, _) = RawPeer::join(service.address(), "ada lovelace").await.unwrap();

    // Who spelled it otherwise is told by which name the answer comes.
    let ack = ada.ping("ada lovelace", JOSE_APART, "hello").await.unwrap();
    assert_eq!(ack.text("to"), JOSE);
    assert_eq!(jose.receive("ping").await.unwrap().text("to"), JOSE);
    let ack = ada.ping("ada lovelace", JOSE, "hello").await.unwrap();
    assert!(ack.head["to"].is_null(), "{}", ack.raw_head);
    jose.receive("ping").await.unwrap();
    jose.ping(JOSE, "ada  lovelace ", "hello").await.unwrap();
    let ping = ada.receive("ping").await.unwrap();
    assert_eq!((ping.text("alias"), ping.text("to")), (JOSE, "ada lovelace"));

    let (club, club_apart) = ("Café Club", "Cafe\u{301} Club");
    granted(&mut ada, json!({"op": 5, "gid": club, "from": "ada lovelace", "to": JOSE_APART}))
        .await;
    let invite = jose.receive("invite").await.unwrap();
    assert_eq!((invite.text("gid"), invite.text("to")), (club, JOSE));
    ada.receive("member").await.unwrap();
    let join = json!({"op": 6, "act": "join", "gid": club_apart, "newalias": JOSE});
    granted(&mut jose, join).await;
    let joined = ada.receive("member").await.unwrap();
    assert_eq!((joined.text("gid"), joined.text("alias")), (club, JOSE));
    let to_group = ada.start_post(&json!([{"id": club_apart, "type": 3}]), b"all").await.unwrap();
    ada.expect_done(&to_group).await.unwrap();
    jose.receive("delivery").await.unwrap();
    let drop = json!({"op": 6, "act": "drop", "gid": club_apart, "to": JOSE_APART});
    granted(&mut ada, drop).await;
    let dropped = ada.receive("member").await.unwrap();
    assert_eq!((dropped.text("act"), dropped.text("alias")), ("drop", JOSE));
}
