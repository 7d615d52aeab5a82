//! `--json` with every command.

use std::collections::BTreeSet;

use serde_json::Value;
use tmtp_testkit::process::{AppProcess, ServiceProcess};

use crate::letters::{ADA, BJORN, acquainted, thread};

/// The commands that `mnm --help` lists.
fn commands(app: &AppProcess) -> BTreeSet<String> {
    let help = app.ok(&["--help"]).unwrap();
    let (_, list) = help.split_once("\nCommands:\n").unwrap();
    let list = list.lines().take_while(|line| !line.is_empty());
    let words = list.filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    words.filter(|word| !word.is_empty() && *word != "help").map(str::to_owned).collect()
}

#[test]
fn every_command_answers_in_json() {
    let service = ServiceProcess::start_plain().unwrap();
    let (mut ada, bjorn) = acquainted(&service);
    for place in ["HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"] {
        ada.set_env(place, ada.desk().join("user").to_str().unwrap());
    }
    ada.ok(&["send", "--to", BJORN, "--subject", "Regatta", "on Sunday"]).unwrap();
    bjorn.ok(&["reply", &thread(&bjorn, "Regatta"), "I come"]).unwrap();
    let id = &*thread(&ada, "Regatta");
    let rows: &[&[&str]] = &[
        &["account"],
        &["status"],
        &["presence", "on"],
        &["devices"],
        &["devices", "add", "desk"],
        &["browsers"],
        &["contacts"],
        &["groups"],
        &["drafts"],
        &["inbox"],
        &["inbox", "--sort", "subject"],
        &["search", "sunday"],
        &["notify"],
        &["read", id],
        &["people", id],
        &["tag", "Boats", id],
        &["tags"],
        &["archive", id],
        &["archive", id, "--undo"],
        &["mute", id],
        &["pin", id],
        &["star", id],
        &["star-message", "1"],
        &["delete-message", "1"],
        &["delete-message", "1", "--undo"],
        &["unread", id],
        &["reply", id, "Good"],
        &["send", "--to", BJORN, "Lunch?"],
        &["chat", BJORN],
        &["delete", id],
        &["empty-trash"],
        &["empty-trash", "--yes"],
        &["invite", "Garden Party", BJORN],
        &["pings"],
        &["leave", "Garden Party"],
        &["join-group", "Garden Party"],
        &["drop", "Garden Party", BJORN],
        &["ignore", "--all"],
        &["check"],
        &["completions", "bash"],
        &["man"],
        // These have nothing to work on, and say so.
        &["accept", "99"],
        &["ping", ADA, "hello"],
        &["forward", "99", "--to", BJORN],
        &["resend", "99"],
        &["save", "99", "file"],
        &["take-in", "99"],
        &["install", "--remove"],
        &["join", "nowhere", "--alias", ADA],
        &["stop"],
        &["url"],
    ];
    let mut tried = BTreeSet::from(["watch".to_owned()]);
    for row in rows {
        tried.insert(row[0].to_owned());
        let done = ada.run(&[row, &["--json"][..]].concat()).unwrap();
        assert!(!done.stdout.is_empty(), "{row:?}: {done:?}");
        for line in done.stdout.lines() {
            let document: Value = serde_json::from_str(line)
                .unwrap_or_else(|error| panic!("{row:?}: {error}: {done:?}"));
            let is_failure = document.get("error").is_some_and(|error| error["code"].is_string());
            assert!(!is_failure || !done.status.success(), "{row:?}: {done:?}");
            assert!(is_failure || document.is_array() || document.is_object(), "{row:?}: {done:?}");
        }
    }
    assert_eq!(tried, commands(&ada));
}
