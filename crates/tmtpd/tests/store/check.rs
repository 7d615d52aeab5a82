//! `tmtpd check` as an administrator meets it: what it says, and its exit codes.

use std::fs;
use std::path::{Path, PathBuf};
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
    let mut bytes = fs::read(&segment).unwrap();
    bytes[150] ^= 4; // in the third message
    fs::write(&segment, bytes).unwrap();
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

/// A copy of the store that a killed service left, and its write-ahead log.
fn killed(dir: &Path) -> (PathBuf, Vec<u8>) {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/old_store/format-2");
    for file in ["rows.redb", "journal.0", "journal.1"] {
        fs::copy(from.join(file), dir.join(file)).unwrap();
    }
    fs::create_dir_all(dir.join("bodies/large")).unwrap();
    for file in fs::read_dir(from.join("bodies")).unwrap().map(Result::unwrap) {
        if file.path().is_file() {
            fs::copy(file.path(), dir.join("bodies").join(file.file_name())).unwrap();
        }
    }
    for file in fs::read_dir(from.join("bodies/large")).unwrap().map(Result::unwrap) {
        fs::copy(file.path(), dir.join("bodies/large").join(file.file_name())).unwrap();
    }
    fs::write(dir.join("LOCK"), "").unwrap();
    let log = dir.join("journal.0");
    let bytes = fs::read(&log).unwrap();
    (log, bytes)
}

#[test]
fn check_calls_what_a_kill_leaves_ordinary() {
    let dir = tempfile::tempdir().unwrap();
    killed(dir.path());
    let checked = check(dir.path(), &[]);
    let text = said(&checked);
    assert_eq!(checked.status.code(), Some(0), "{text}");
    assert!(
        text.starts_with("whole\n") && text.contains("killed or lost power. That is"),
        "{text}"
    );
    assert!(text.contains("nothing that was acknowledged is lost") && !text.contains("undoes"));
}

#[test]
fn check_calls_an_incomplete_newest_commit_ordinary_and_a_damaged_one_damage() {
    let dir = tempfile::tempdir().unwrap();
    let (log, whole) = killed(dir.path());
    let last = whole.iter().rposition(|byte| *byte != 0).unwrap();
    let flipped = |at: usize| {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        fs::write(&log, bytes).unwrap();
        let checked = check(dir.path(), &[]);
        (checked.status.code(), said(&checked))
    };
    let (code, text) = flipped(last);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("during a commit, which the next start undoes"), "{text}");
    assert!(text.contains("That is ordinary: nothing that was acknowledged is lost"), "{text}");
    let (code, text) = flipped(100);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.starts_with("damaged\n") && !text.contains("ordinary"), "{text}");
}
