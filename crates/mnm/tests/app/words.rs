//! Tests of the messages of commands that are not simply done: what happened, and the command that helps.

use std::os::unix::net::UnixListener;
use std::process::Command;
use std::time::{Duration, Instant};

use tmtp_testkit::process::{AppProcess, ServiceProcess};

use crate::letters::{ADA, BJORN, acquainted, join, thread, until};

#[test]
fn a_taken_alias_and_a_refused_ping_say_what_they_were_about() {
    let service = ServiceProcess::start_plain().unwrap();
    let (ada, other) = (AppProcess::new().unwrap(), AppProcess::new().unwrap());
    join(&ada, &service, ADA);
    let address = service.handed_out_address();
    let plain = address.split('#').next().unwrap();
    let taken = other.run(&["join", address, "--alias", ADA]).unwrap();
    assert_eq!(taken.status.code(), Some(1), "{taken:?}");
    assert!(taken.stderr.contains(ADA) && taken.stderr.contains(plain), "{taken:?}");
    // The command that it names works.
    other.ok(&["join", plain, "--alias", BJORN]).unwrap();
    assert_eq!(other.json(&["status"]).unwrap()["accounts"][0]["alias"], BJORN);

    let nobody = ada.run(&["ping", "Nobody At All", "words of the ping"]).unwrap();
    assert!(nobody.stdout.contains("nobody there has that alias"), "{nobody:?}");
    let listed = ada.ok(&["pings"]).unwrap();
    assert!(listed.contains("words of the ping"), "{listed}");
    assert!(listed.contains("nobody there has that alias"), "{listed}");
}

#[test]
fn a_group_that_was_left_and_a_thread_without_readers_say_so() {
    let service = ServiceProcess::start_plain().unwrap();
    let (ada, bjorn) = acquainted(&service);
    ada.ok(&["invite", "Garden Party", BJORN]).unwrap();
    let early = ada.run(&["send", "--to", "Garden Party", "hello"]).unwrap();
    assert_eq!(early.status.code(), Some(1), "{early:?}");
    assert!(early.stderr.contains("Nobody else is in Garden Party now"), "{early:?}");
    bjorn.ok(&["accept", &invitation(&bjorn, "Garden Party")]).unwrap();
    // Nothing was asked of the service since.
    ada.ok(&["send", "--to", "Garden Party", "--subject", "Tulips", "hello"]).unwrap();
    let tulips = thread(&bjorn, "Tulips");
    ada.ok(&["drop", "Garden Party", BJORN]).unwrap();
    until("the removal", || {
        let shown = bjorn.ok(&["inbox"]).and_then(|_| bjorn.ok(&["read", &tulips])).unwrap();
        shown.contains("You were removed from Garden Party; ask a member").then_some(())
    });
    let late = bjorn.run(&["reply", &tulips, "too late"]).unwrap();
    assert_eq!(late.status.code(), Some(1), "{late:?}");
    assert!(late.stderr.contains("You were removed from Garden Party"), "{late:?}");
    let alone = ada.run(&["reply", &thread(&ada, "Tulips"), "to nobody"]).unwrap();
    assert!(alone.stderr.contains("Nobody else is in Garden Party now"), "{alone:?}");
    ada.ok(&["leave", "Garden Party"]).unwrap();
    let left = ada.run(&["send", "--to", "Garden Party", "hello"]).unwrap();
    assert_eq!(left.status.code(), Some(1), "{left:?}");
    assert!(left.stderr.contains("You have left Garden Party"), "{left:?}");
    assert!(left.stderr.contains("mnm join-group 'Garden Party'"), "{left:?}");
    let invited = ada.run(&["invite", "Garden Party", BJORN]).unwrap();
    assert_eq!(invited.status.code(), Some(1), "{invited:?}");
    assert!(invited.stdout.contains("mnm join-group 'Garden Party'"), "{invited:?}");
    // Two of one look are told apart by who is in them.
    bjorn.ok(&["invite", "GARDEN Party", ADA]).unwrap();
    let pings = until("the invitation", || {
        let pings = ada.ok(&["pings"]).unwrap();
        pings.contains("[group GARDEN Party").then_some(pings)
    });
    assert!(pings.contains("another group's name looks the same"), "{pings}");
    let groups = ada.ok(&["groups"]).unwrap();
    assert_eq!(groups.matches("another group's name looks the same").count(), 2, "{groups}");

    ada.ok(&["send", "--to", BJORN, "--subject", "Two of us", "hello"]).unwrap();
    let id = thread(&ada, "Two of us");
    ada.ok(&["people", &id, "--strike", BJORN]).unwrap();
    let nobody = ada.run(&["reply", &id, "is anybody there"]).unwrap();
    assert_eq!(nobody.status.code(), Some(1), "{nobody:?}");
    assert!(nobody.stderr.contains("struck everybody else"), "{nobody:?}");
    assert!(ada.ok(&["read", &id]).unwrap().contains("--readmit"));
}

fn invitation(app: &AppProcess, group: &str) -> String {
    until("the invitation", || {
        let pings = app.json(&["pings"]).unwrap();
        let mut pings = pings.as_array().unwrap().iter();
        pings.find(|ping| ping["group"] == group).map(|ping| ping["id"].to_string())
    })
}

#[test]
fn taking_in_a_struck_authors_letter_says_how_to_readmit_them() {
    let service = ServiceProcess::start_plain().unwrap();
    let (ada, bjorn) = acquainted(&service);
    ada.ok(&["invite", "Garden Party", BJORN]).unwrap();
    bjorn.ok(&["accept", &invitation(&bjorn, "Garden Party")]).unwrap();
    ada.ok(&["send", "--to", "Garden Party", "--subject", "Tulips", "hello"]).unwrap();
    let tulips = thread(&bjorn, "Tulips");
    // Who writes there as a member of the group only is struck, named and let in again by name.
    bjorn.ok(&["reply", &tulips, "through the group"]).unwrap();
    let own = thread(&ada, "Tulips");
    until("the reply", || {
        let shown = ada.ok(&["inbox"]).and_then(|_| ada.ok(&["read", &own])).unwrap();
        shown.contains("through the group").then_some(())
    });
    ada.ok(&["people", &own, "--strike", BJORN]).unwrap();
    let people = ada.ok(&["people", &own]).unwrap();
    assert!(people.contains(&format!("{BJORN} (struck)")), "{people}");
    bjorn.ok(&["reply", &tulips, "stands apart"]).unwrap();
    let apart = until("the letter apart", || {
        let rows = ada.json(&["inbox"]).unwrap();
        let mut rows = rows.as_array().unwrap().iter();
        rows.find(|row| row["belongs_to"].as_i64() == own.parse().ok())
            .map(|row| row["id"].to_string())
    });
    let taken = ada.ok(&["take-in", &apart]).unwrap();
    assert!(taken.contains(&format!("You have struck {BJORN}")), "{taken}");
    // The command that it names works.
    let (_, named) = taken.split_once("mnm people ").unwrap();
    ada.ok(&["people", &own, "--readmit", named.split('\'').nth(1).unwrap()]).unwrap();
    let people = ada.ok(&["people", &own]).unwrap();
    assert!(!people.contains("(struck)"), "{people}");
}

#[test]
fn attaching_what_is_no_file_is_refused_by_name() {
    let service = ServiceProcess::start_plain().unwrap();
    let ada = AppProcess::new().unwrap();
    join(&ada, &service, ADA);
    let at = |name: &str| ada.desk().join(name);
    assert!(Command::new("mkfifo").arg(at("pipe")).status().unwrap().success());
    let _socket = UnixListener::bind(at("socket")).unwrap();
    std::fs::create_dir(at("folder")).unwrap();
    std::os::unix::fs::symlink(at("pipe"), at("link")).unwrap();
    for name in ["pipe", "socket", "folder", "link", "/dev/zero"] {
        let since = Instant::now();
        let refused = ada.run(&["send", "--to", ADA, "--attach", name, "x"]).unwrap();
        assert_eq!(refused.status.code(), Some(1), "{name}: {refused:?}");
        assert!(refused.stderr.contains(&format!("Can't attach {name}: it is")), "{refused:?}");
        assert!(since.elapsed() < Duration::from_secs(20), "{name}: nobody writes to it");
    }
    assert_eq!(ada.json(&["drafts"]).unwrap(), serde_json::json!([]));
}

#[test]
fn a_new_contact_can_be_written_to_at_once() {
    let service = ServiceProcess::start_plain().unwrap();
    let (ada, bjorn) = (AppProcess::new().unwrap(), AppProcess::new().unwrap());
    join(&ada, &service, ADA);
    join(&bjorn, &service, BJORN);
    ada.ok(&["ping", BJORN, "hello"]).unwrap();
    let ping = until("the ping", || {
        bjorn
            .json(&["pings"])
            .unwrap()
            .as_array()
            .unwrap()
            .first()
            .map(|ping| ping["id"].to_string())
    });
    bjorn.ok(&["accept", &ping]).unwrap();
    // Nothing was asked of the service since.
    ada.ok(&["send", "--to", BJORN, "--subject", "At once", "hello"]).unwrap();
    thread(&bjorn, "At once");
    let contacts = ada.ok(&["contacts", "--remove", BJORN]).unwrap();
    assert!(contacts.contains("Removed"), "{contacts}");
    assert_eq!(ada.json(&["contacts"]).unwrap(), serde_json::json!([]));
    let again = ada.run(&["contacts", "--remove", BJORN]).unwrap();
    assert_eq!(again.status.code(), Some(3), "{again:?}");
}

#[test]
fn the_first_command_reports_a_copied_home() {
    let service = ServiceProcess::start_plain().unwrap();
    let (ada, copy) = (AppProcess::new().unwrap(), AppProcess::new().unwrap());
    join(&ada, &service, ADA);
    let copied = Command::new("cp").arg("-r").args([ada.home(), copy.home()]).status().unwrap();
    assert!(copied.success());
    let first = copy.run(&["drafts"]).unwrap();
    assert!(first.stderr.contains("was copied or restored"), "{first:?}");
    let second = copy.run(&["drafts"]).unwrap();
    assert!(!second.stderr.contains("was copied"), "{second:?}");
}

#[test]
fn joining_a_service_that_moved_with_another_certificate_names_the_command_that_works() {
    let mut service = ServiceProcess::start_plain().unwrap();
    let ada = AppProcess::new().unwrap();
    join(&ada, &service, ADA);
    service.sigterm().unwrap();
    std::fs::remove_dir_all(service.data_dir().join("tls")).unwrap();
    service.restart().unwrap();
    let address = service.handed_out_address().split('#').next().unwrap().to_owned();
    let known = ada.run(&["join", &address, "--alias", ADA]).unwrap();
    assert_eq!(known.status.code(), Some(1), "{known:?}");
    let named = known.stderr.lines().find_map(|line| Some(line.split_once("mnm account ")?.1));
    let named = named.unwrap_or_else(|| panic!("no command: {known:?}")).replace('\'', "");
    assert!(named.contains(service.fingerprint()), "{named}");
    let mut command = vec!["account"];
    command.extend(named.split_whitespace());
    ada.ok(&command).unwrap();
    assert!(ada.ok(&["status"]).unwrap().contains("online"));
}
