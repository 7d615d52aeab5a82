//! Upgrade test of the post policy: a store of the time when a uid was enough to post keeps that until it is
//! told otherwise, and then parts nobody who was in contact.
//!
//! `uid-policy` was written by the program of commit 682b074:
//!
//!     TMTPD_BIN=… MAKE_OLD_STORE=uid-policy cargo test -p tmtpd --test old_store

use std::fs;
use std::process::Command;

use serde_json::{Value, json};
use tmtp_testkit::peer::RawPeer;
use tmtp_testkit::process::ServiceProcess;

use super::{copy, fixture, serve_copy_with};

const KEPT: &str = "[service]\nname = \"Test Harbour\"\n[limits]\nundelivered_days = 3650\n";
const SWITCHED: &str = "[service]\nname = \"Test Harbour\"\npost_policy = \"acquainted\"\n\
                        [limits]\nundelivered_days = 3650\n";

/// Each with uid and secret, in the order in which they joined.
fn cast() -> Vec<(String, String)> {
    let file = fs::read(fixture("uid-policy").join("cast.json")).unwrap();
    serde_json::from_slice(&file).unwrap()
}

/// Whether one may post to another.
async fn may(service: &ServiceProcess, from: &(String, String), to: &(String, String)) -> bool {
    let mut peer = RawPeer::enter(service.address(), &from.0, &from.1).await.unwrap();
    let posted = peer.post(&[&to.0], b"letter").await;
    peer.quit().await.unwrap();
    match posted {
        Ok(_) => true,
        Err(error) if error.to_string().contains("must be pinged first") => false,
        Err(error) => panic!("{error}"),
    }
}

/// What `tmtpd status --json` says of the policy.
fn policy(service: &ServiceProcess) -> String {
    let mut status = Command::new(env!("CARGO_BIN_EXE_tmtpd"));
    let asked = status.args(["status", "--json", "--data"]).arg(service.data_dir()).output();
    let row: Value = serde_json::from_slice(&asked.unwrap().stdout).unwrap();
    row["post_policy"].as_str().unwrap().to_owned()
}

fn configure(service: &mut ServiceProcess, config: &str) {
    fs::write(service.data_dir().with_file_name("tmtpd.toml"), config).unwrap();
    service.restart().unwrap();
}

#[tokio::test]
async fn service_with_members_keeps_the_uid_policy_and_a_change_separates_nobody_in_contact() {
    let mut service = serve_copy_with("uid-policy", KEPT);
    let [ada, bob, cyd, dan, eve, fay, gus] = &cast()[..] else { panic!() };
    assert!(policy(&service).starts_with("uid, kept from before; `post_policy = \"acquainted\"`"));
    let log = fs::read_to_string(service.log_file()).unwrap();
    assert!(log.contains("who may post to whom: uid, kept from before"), "{log}");
    // What passes between two from now on is noted, although it is not asked for.
    assert!(may(&service, dan, gus).await);
    assert!(may(&service, gus, dan).await);

    configure(&mut service, SWITCHED);
    assert_eq!(policy(&service), "acquainted");
    for (one, other, how) in [
        (ada, bob, "a ping each way"),
        (ada, cyd, "a ping, answered by a post"),
        (eve, fay, "a group"),
        (dan, gus, "letters before the switch"),
    ] {
        assert!(may(&service, one, other).await, "{how}");
        assert!(may(&service, other, one).await, "{how}, back");
    }
    assert!(may(&service, gus, ada).await, "who was pinged may answer");
    for stranger in [dan, eve] {
        assert!(!may(&service, stranger, ada).await);
        assert!(!may(&service, stranger, bob).await);
    }
}

#[tokio::test]
async fn new_service_requires_acquaintance_after_a_restart_too() {
    let mut service =
        ServiceProcess::start_with("[service]\nname = \"Test Harbour\"\n", &[]).unwrap();
    assert_eq!(policy(&service), "acquainted");
    let join = async |service: &ServiceProcess, alias| {
        let (peer, uid, node) = RawPeer::join(service.address(), alias).await.unwrap();
        peer.quit().await.unwrap();
        (uid, node)
    };
    let ada = join(&service, "ada lovelace").await;
    let bob = join(&service, "bob babbage").await;
    assert!(!may(&service, &ada, &bob).await);
    // With members in it, and after a time under the other policy.
    configure(&mut service, "[service]\npost_policy = \"uid\"\n");
    assert_eq!(policy(&service), "uid");
    assert!(may(&service, &ada, &bob).await);
    configure(&mut service, "[service]\nname = \"Test Harbour\"\n");
    assert_eq!(policy(&service), "acquainted");
    assert!(may(&service, &bob, &ada).await, "whoever was written to may answer");
    let cyd = join(&service, "cyd charisse").await;
    assert!(!may(&service, &cyd, &ada).await);
}

/// Makes the store, where it is told: see the head of this file.
#[tokio::test]
async fn make() {
    let Ok(name) = std::env::var("MAKE_OLD_STORE") else { return };
    if name != "uid-policy" {
        return;
    }
    let mut service = ServiceProcess::start_plain().unwrap();
    let address = service.address();
    let names = [
        "ada lovelace",
        "bob babbage",
        "cyd charisse",
        "dan dennett",
        "eve malory",
        "fay wray of kong",
        "gus van sant",
    ];
    let (mut peers, mut cast) = (Vec::new(), Vec::new());
    for name in names {
        let (peer, uid, node) = RawPeer::join(address, name).await.unwrap();
        peers.push(peer);
        cast.push((uid, node));
    }
    let [ada, bob, cyd, _, eve, fay, gus] = &mut peers[..] else { panic!() };
    ada.ping(names[0], names[1], "hello").await.unwrap();
    bob.receive("ping").await.unwrap();
    bob.ping(names[1], names[0], "hello back").await.unwrap();
    ada.receive("ping").await.unwrap();
    ada.ping(names[0], names[2], "hello").await.unwrap();
    cyd.receive("ping").await.unwrap();
    cyd.post(&[&cast[0].0], b"hello back").await.unwrap();
    ada.receive("delivery").await.unwrap();
    ada.ping(names[0], names[6], "hello").await.unwrap();
    gus.receive("ping").await.unwrap();
    let invite = json!({"op": 5, "id": "i", "gid": "the engine", "from": names[4], "to": names[5]});
    eve.request(invite).await.unwrap();
    eve.expect_done("i").await.unwrap();
    fay.receive("invite").await.unwrap();
    fay.request(json!({"op": 6, "id": "j", "gid": "the engine", "act": "join"})).await.unwrap();
    fay.expect_done("j").await.unwrap();
    for peer in peers {
        peer.quit().await.unwrap();
    }
    assert!(service.sigterm().unwrap().success());
    let to = fixture(&name);
    copy(&service.data_dir(), &to);
    fs::remove_dir_all(to.join("tls")).unwrap();
    fs::write(to.join("cast.json"), serde_json::to_vec_pretty(&cast).unwrap()).unwrap();
}
