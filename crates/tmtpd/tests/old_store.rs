//! Upgrade tests: a store that an earlier version left opens, and everybody gets from it what is queued for them.
//!
//! `old_store/format-N/` is the data folder of a service (without `tls/`, so that no key lies in the
//! repository), and `owed.json` beside it says what is owed to whom in it. That of format 1 was stopped
//! in order; that of format 2 was killed, so that a part of what it stored is in its write-ahead log alone.
//! Each is committed once, by the first version that wrote its format, and stays for good:
//!
//!     MAKE_OLD_STORE=format-2 cargo test -p tmtpd --test old_store
#![allow(clippy::unwrap_used, reason = "tests, their helpers included")]

#[path = "old_store/policy.rs"]
mod policy;

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tmtp_testkit::peer::RawPeer;
use tmtp_testkit::process::ServiceProcess;
use tmtp_testkit::wire::Frame;

/// What one device is owed in a store.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Owed {
    uid: String,
    secret: String,
    /// Header and data of each message, in order of delivery.
    messages: Vec<(Value, String)>,
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/old_store").join(name)
}

#[tokio::test]
async fn store_of_format_1_is_read_completely() {
    reads("format-1").await;
}

#[tokio::test]
async fn killed_store_of_format_2_is_read_completely() {
    reads("format-2").await;
}

async fn reads(name: &str) {
    let service = serve_copy(name);
    let log = fs::read_to_string(service.log_file()).unwrap();
    assert!(!log.contains("undone"), "a kill between commits is none of a commit: {log}");
    let owed = fs::read(fixture(name).join("owed.json")).unwrap();
    let owed: Vec<Owed> = serde_json::from_slice(&owed).unwrap();
    assert!(!owed.is_empty());
    for expected in &owed {
        assert_eq!(read(&service, &expected.uid, &expected.secret).await, *expected);
    }
    // And it goes on: an old member writes to another.
    let mut ada = RawPeer::enter(service.address(), &owed[0].uid, &owed[0].secret).await.unwrap();
    let id = ada.post(&[&owed[1].uid], b"later").await.unwrap();
    let old = owed.iter().flat_map(|owed| &owed.messages).map(|(head, _)| head["id"].as_str());
    assert!(old.max().flatten().unwrap() < id.as_str(), "new ids lie above all old ones");
}

/// A service that runs on a copy of a store that is kept.
fn serve_copy(name: &str) -> ServiceProcess {
    // So old that all of it would be returned to its authors, if that were not put off.
    serve_copy_with(name, "[limits]\nundelivered_days = 3650\n")
}

fn serve_copy_with(name: &str, config: &str) -> ServiceProcess {
    let mut service = ServiceProcess::start_with(config, &[]).unwrap();
    assert!(service.sigterm().unwrap().success());
    for left in ["rows.redb", "bodies", "journal.0", "journal.1"] {
        let path = service.data_dir().join(left);
        if path.is_dir() {
            fs::remove_dir_all(path).unwrap()
        } else {
            fs::remove_file(path).unwrap()
        }
    }
    copy(&fixture(name), &service.data_dir());
    service.restart().unwrap();
    service
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else if entry.path().is_file() && entry.file_name() != "LOCK" {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// Written by a device to itself: what comes before it was owed before.
const END: &[u8] = b"<that is all of it>";

/// Logs in and reads all that the device is owed; acknowledges none of it.
async fn read(service: &ServiceProcess, uid: &str, secret: &str) -> Owed {
    let mut peer = RawPeer::enter(service.address(), uid, secret).await.unwrap();
    let end = peer.post(&[uid], END).await.unwrap();
    let mut messages = Vec::new();
    loop {
        let frame = peer.expect("a message", |frame| frame.op() != "login").await.unwrap();
        match (frame.data == END, frame.id() == end) {
            (true, true) => break,
            (true, false) => {} // a sibling's
            (false, _) => messages.push(in_short(frame)),
        }
    }
    Owed { uid: uid.into(), secret: secret.into(), messages }
}

/// Long data by its length and sum.
fn in_short(frame: Frame) -> (Value, String) {
    let data = match frame.data.len() {
        0..1_000 => String::from_utf8(frame.data).unwrap(),
        len => format!("{len} bytes, CRC-32C {:08x}", crc32c::crc32c(&frame.data)),
    };
    (frame.head, data)
}

/// Not a test unless it is told where: makes a store to be kept, with messages of every kind.
#[tokio::test]
async fn make() {
    let Ok(name) = std::env::var("MAKE_OLD_STORE") else { return };
    if !name.starts_with("format-") {
        return;
    }
    let mut service = ServiceProcess::start().unwrap();
    let devices = fill(&service).await;
    service.kill9().unwrap();
    let to = fixture(&name);
    copy(&service.data_dir(), &to);
    fs::remove_dir_all(to.join("tls")).unwrap();
    service.restart().unwrap();
    let mut owed = Vec::new();
    for (uid, secret) in devices {
        owed.push(read(&service, &uid, &secret).await);
    }
    fs::write(to.join("owed.json"), serde_json::to_vec_pretty(&owed).unwrap()).unwrap();
}

/// Members, groups and letters; gives uid and secret of each device.
async fn fill(service: &ServiceProcess) -> Vec<(String, String)> {
    let address = service.address();
    let (mut ada, ada_uid, ada_desk) = RawPeer::join(address, "ada lovelace").await.unwrap();
    let (bob, bob_uid, bob_desk) = RawPeer::join(address, "bob babbage").await.unwrap();
    let (cyd, cyd_uid, cyd_desk) = RawPeer::join(address, "cyd charisse").await.unwrap();
    bob.quit().await.unwrap();
    cyd.quit().await.unwrap();
    let ada_pad = ada.add_device("pad").await.unwrap();
    ada.request(json!({"op": 3, "id": "a", "newalias": "countess of it"})).await.unwrap();
    ada.expect_done("a").await.unwrap();
    ada.receive("user").await.unwrap();

    ada.ping("ada lovelace", "bob babbage", "Good morning!").await.unwrap();
    ada.post(&[&bob_uid, &cyd_uid], b"a letter to two").await.unwrap();
    let large = ada.start_large_post(&[&bob_uid], &[b'x'; 10_000], 7).await.unwrap();
    ada.expect_done(&large).await.unwrap();
    let note = json!({"op": 8, "id": "n", "for": [{"id": bob_uid, "type": 1}],
        "notefor": [{"id": cyd_uid, "type": 1}], "notelen": 4, "datalen": 9});
    ada.send(&note.to_string(), b"notecopy!").await.unwrap();
    ada.expect_done("n").await.unwrap();
    let invite = json!({"op": 5, "id": "i", "gid": "the engine", "from": "ada lovelace",
        "to": "cyd charisse", "datalen": 8});
    ada.send(&invite.to_string(), b"Join us!").await.unwrap();
    ada.expect_done("i").await.unwrap();
    ada.receive("member").await.unwrap();
    let to_group = ada.start_post(&json!([{"id": "the engine", "type": 2}]), b"to all").await;
    ada.expect_done(&to_group.unwrap()).await.unwrap();
    ada.receive("delivery").await.unwrap();
    ada.quit().await.unwrap();
    vec![(ada_uid.clone(), ada_pad), (bob_uid, bob_desk), (cyd_uid, cyd_desk), (ada_uid, ada_desk)]
}
