//! Homes that an earlier version left: they open, and everything that it showed is still shown.
//!
//! `old_home/VERSION-stopped` and `-killed` hold the vault of an app of that version, with rows of
//! every kind, and `expected.json`, which has what that version answered to the commands of
//! [`QUESTIONS`] and to `read` of each thread. The killed one has a part of its rows in the log of
//! its database alone, a letter, a ping, an invitation, a joining and a read mark in its outbox, and
//! a letter that was refused. What an answer may gain with a version is allowed; nothing
//! may go. One thing is put right in it: an invitation that was taken up is answered, and no longer
//! waits.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tmtp_testkit::process::AppProcess;

use crate::raw::Server;

const QUESTIONS: &[(&str, &[&str])] = &[
    ("status", &["status"]),
    ("contacts", &["contacts"]),
    ("pings", &["pings"]),
    ("groups", &["groups"]),
    ("devices", &["devices"]),
    ("drafts", &["drafts"]),
    ("inbox", &["inbox"]),
    ("search", &["search", "oars"]),
];

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/old_home").join(name)
}

/// A copy of a home that is kept, as its version left it.
fn copy(name: &str) -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    copy_to(name, home.path());
    home
}

fn copy_to(name: &str, home: &Path) {
    for file in fs::read_dir(fixture(name).join("home")).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), home.join(file.file_name())).unwrap();
    }
}

fn ask(home: &Path, arguments: &[&str]) -> Value {
    serde_json::from_str(&say(home, &[&["--json"], arguments].concat())).unwrap()
}

fn say(home: &Path, arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_mnm"))
        .arg("--home")
        .arg(home)
        .arg("--offline")
        .args(arguments)
        .env_remove("MNM_HOME")
        .output()
        .unwrap();
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Every value of `old` stands in `new` at the same place.
fn keeps(old: &Value, new: &Value, at: &str) {
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => {
            for (key, value) in old {
                let now = new.get(key).unwrap_or_else(|| panic!("{at}.{key} is gone"));
                keeps(value, now, &format!("{at}.{key}"));
            }
        }
        (Value::Array(old), Value::Array(new)) => {
            assert_eq!(old.len(), new.len(), "{at}: {old:#?}\nis now\n{new:#?}");
            for (index, (old, new)) in old.iter().zip(new).enumerate() {
                keeps(old, new, &format!("{at}[{index}]"));
            }
        }
        _ => assert_eq!(old, new, "{at}"),
    }
}

fn is_whole(name: &str) {
    let expected = fs::read(fixture(name).join("expected.json")).unwrap();
    let expected: Value = serde_json::from_slice(&expected).unwrap();
    let home = copy(name);
    // Twice: the first opening brings the store up to date, the second finds it so.
    for _ in 0..2 {
        for (question, arguments) in QUESTIONS {
            keeps(&expected[question], &ask(home.path(), arguments), question);
        }
        let threads = expected["threads"].as_array().unwrap();
        assert!(!threads.is_empty());
        for thread in threads {
            let id = thread["row"]["id"].to_string();
            keeps(thread, &ask(home.path(), &["read", &id, "--peek"]), &format!("thread {id}"));
        }
        // It told its whole address book, and goes on until the member chooses.
        assert_eq!(ask(home.path(), &["presence"])["presence"], true);
        let said = say(home.path(), &["presence"]);
        assert!(said.contains("on, as before version 0.2.0, until you choose"), "{said}");
    }
}

#[test]
fn a_stopped_home_of_0_1_0_is_whole() {
    is_whole("0.1.0-stopped");
}

#[test]
fn a_killed_home_of_0_1_0_is_whole() {
    is_whole("0.1.0-killed");
}

#[test]
fn files_of_an_old_home_are_saved_byte_for_byte() {
    let home = copy("0.1.0-stopped");
    let plan = ask(home.path(), &["inbox"]);
    let row = plan.as_array().unwrap().iter().find(|row| row["subject"] == "Plan").unwrap();
    let saved = home.path().join("plan.txt");
    ask(home.path(), &["save", &row["id"].to_string(), &saved.to_string_lossy()]);
    assert_eq!(fs::read(saved).unwrap(), "The plan, page one.\n".repeat(50).as_bytes());
}

#[test]
fn letters_of_an_old_home_are_shown_by_the_rules_of_today() {
    let app = AppProcess::new().unwrap();
    fs::create_dir_all(app.home()).unwrap();
    copy_to("0.1.0-stopped", &app.home());
    let mut server = Server { app, port: 0 };
    server.restart();
    let page = server.page();
    let inbox = ask(&server.app.home(), &["inbox"]);
    let row = inbox.as_array().unwrap().iter().find(|row| row["subject"] == "Plan").unwrap();
    let body = format!(r#"{{"cmd":"thread","thread":{},"at":null,"limit":null}}"#, row["id"]);
    let thread = server.page_command(&page, body.as_bytes());
    let thread = String::from_utf8(thread.body).unwrap();
    // That version had stored it without the line end.
    assert!(thread.contains("<em>second</em> page.<br>\\nAnd a second line."), "{thread}");
}
