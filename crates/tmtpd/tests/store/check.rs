//! `tmtpd check` as an administrator meets it: what it says, and its exit codes.

use std::path::Path;
use std::process::{Command, Output};

use crate::{open, post};

fn check(dir: &Path, more: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tmtpd"));
    command.arg("check").arg("--data").arg(dir).args(more).output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn check_reports_whole_and_damaged_messages() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let none = check(&data, &[]);
    assert_eq!(none.status.code(), Some(2));
    assert!(!data.exists(), "a check makes nothing");

    let store = open(&data);
    (1..=5).for_each(|id| post(&store, id, &"body ".repeat(10), &[1, 2]));
    assert_eq!(check(&data, &[]).status.code(), Some(3), "a service runs");
    store.close().unwrap();

    let whole = check(&data, &[]);
    assert_eq!(whole.status.code(), Some(0));
    assert!(said(&whole).contains("messages: 5 waiting"), "{}", said(&whole));
    assert!(said(&whole).contains("5 of them whole; 10 deliveries in all"), "{}", said(&whole));

    let segment = data.join("bodies/00000001.seg");
    let mut bytes = std::fs::read(&segment).unwrap();
    bytes[150] ^= 4; // in the third message
    std::fs::write(&segment, bytes).unwrap();
    let damaged = check(&data, &[]);
    assert_eq!(damaged.status.code(), Some(1));
    let named = "damaged: message 3: body segment 00000001, offset ";
    assert!(said(&damaged).contains(named), "{}", said(&damaged));

    let json = check(&data, &["--json"]);
    assert_eq!(json.status.code(), Some(1));
    let report: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(report["whole"], false);
    assert_eq!((&report["messages"], &report["messages_whole"]), (&5.into(), &4.into()));
    assert_eq!(report["damage"][0]["message"], 3);
}
