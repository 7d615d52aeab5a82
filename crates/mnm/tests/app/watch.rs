//! `mnm watch`: what comes and goes, beside the running app and without one.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use serde_json::Value;
use tmtp_testkit::process::{AppProcess, Ongoing, ServiceProcess};

use crate::letters::{ADA, BJORN, acquainted, join, thread, until};

/// Watches, and is connected.
fn watch(app: &AppProcess, more: &[&str]) -> Ongoing {
    let watch = app.begin(&[&["watch", "--json"], more].concat()).unwrap();
    watch.event("watching").unwrap();
    while watch.event("service").unwrap()["state"] != "online" {}
    watch
}

fn text<'a>(event: &'a Value, field: &str) -> &'a str {
    event[field].as_str().unwrap_or_else(|| panic!("{field} in {event}"))
}

#[test]
fn arrivals_and_what_is_sent_are_told_once() {
    let service = ServiceProcess::start_plain().unwrap();
    let (ada, mut bjorn) = acquainted(&service);
    ada.ok(&["send", "--to", BJORN, "--subject", "Before", "not news"]).unwrap();
    bjorn.start().unwrap();
    let before = thread(&bjorn, "Before");
    let mut here = watch(&bjorn, &[]);
    let mut there = watch(&ada, &["--text"]);
    // What has been here is no news when it is read.
    bjorn.ok(&["read", &before]).unwrap();
    std::fs::write(ada.desk().join("plan.txt"), "the plan").unwrap();
    ada.ok(&["send", "--to", BJORN, "--subject", "Regatta", "--attach", "plan.txt", "on *Sunday*"])
        .unwrap();

    let letter = here.event("letter").unwrap();
    assert_eq!((text(&letter, "subject"), text(&letter, "from")), ("Regatta", ADA), "{letter}");
    assert_eq!((&letter["files"], &letter["from_kind"]), (&1.into(), &"contact".into()));
    assert_eq!(letter["text"], Value::Null, "only if it is asked for");
    let id = letter["thread"].to_string();
    assert_eq!(id, thread(&bjorn, "Regatta"));
    let time = text(&letter, "time");
    assert!(time.len() == 24 && time.ends_with('Z') && time.contains('T'), "{time}");
    assert_eq!(letter["account"], 1);
    assert!(!text(&letter, "service").is_empty());
    let queued = there.event("queued").unwrap();
    let sent = there.event("sent").unwrap();
    assert_eq!((text(&queued, "text"), &sent["id"]), ("on *Sunday*", &queued["id"]));
    assert_eq!(sent["not_reached"], Value::Array(vec![]));

    // A reply says the subject of its thread; reading it is no news either.
    bjorn.ok(&["reply", &id, "I come."]).unwrap();
    let reply = there.event("letter").unwrap();
    assert_eq!((text(&reply, "subject"), text(&reply, "text")), ("Regatta", "I come."));
    ada.ok(&["read", &thread(&ada, "Regatta")]).unwrap();
    ada.ok(&["unread", &thread(&ada, "Regatta")]).unwrap();
    bjorn.ok(&["send", "--to", ADA, "--subject", "Last", "x"]).unwrap();
    assert_eq!(there.event("letter").unwrap()["subject"], "Last");
    assert_eq!(here.event("sent").unwrap()["subject"], "Regatta");
    assert!(there.interrupt().unwrap().success());
    assert!(here.interrupt().unwrap().success());
}

#[test]
fn a_watch_without_the_app_serves_other_commands_and_ends_with_stop() {
    let service = ServiceProcess::start_plain().unwrap();
    let (ada, bjorn) = (AppProcess::new().unwrap(), AppProcess::new().unwrap());
    join(&ada, &service, ADA);
    join(&bjorn, &service, BJORN);
    let mut watch = watch(&bjorn, &["--text"]);
    assert!(bjorn.ok(&["status"]).unwrap().contains("The app is running."));
    ada.ok(&["ping", BJORN, "It is me"]).unwrap();
    let ping = watch.event("ping").unwrap();
    assert_eq!((text(&ping, "from"), text(&ping, "text")), (ADA, "It is me"));
    let there = self::watch(&ada, &[]);
    bjorn.ok(&["accept", &ping["id"].to_string()]).unwrap();
    let accepted = there.event("accepted").unwrap();
    assert_eq!(text(&accepted, "to"), BJORN, "{accepted}");
    bjorn.ok(&["invite", "Garden Party", ADA]).unwrap();
    assert_eq!(text(&there.event("invitation").unwrap(), "group"), "Garden Party");
    let unknown = bjorn.run(&["ping", "Nobody At All", "hello"]).unwrap();
    assert_eq!(unknown.status.code(), Some(1), "{unknown:?}");
    assert!(text(&watch.event("ping_failed").unwrap(), "error").contains("nobody"));

    assert_eq!(bjorn.json(&["stop"]).unwrap()["stopped"], true);
    let end = watch.event("end").unwrap();
    assert_eq!(end["reason"], "stopped");
    assert!(watch.exit_status().unwrap().success());
}

#[test]
fn the_end_of_the_app_and_of_the_service_are_told() {
    let mut service = ServiceProcess::start_plain().unwrap();
    let (_ada, mut bjorn) = acquainted(&service);
    bjorn.start().unwrap();
    let mut watch = watch(&bjorn, &[]);
    let mut plain = bjorn.begin(&["watch"]).unwrap();
    plain.line("20").unwrap();
    service.kill9().unwrap();
    until("it is offline", || {
        (watch.event("service").unwrap()["state"] == "offline").then_some(())
    });
    bjorn.ok(&["send", "--to", ADA, "--subject", "Later", "--wait", "0", "x"]).unwrap_err();
    assert_eq!(watch.event("queued").unwrap()["subject"], "Later");
    // What waited before is told when it is sent.
    let mut late = bjorn.begin(&["watch", "--json"]).unwrap();
    late.event("watching").unwrap();
    service.restart().unwrap();
    assert_eq!(late.event("sent").unwrap()["subject"], "Later");
    bjorn.stop().unwrap();
    for watch in [&mut watch, &mut late] {
        let end = watch.event("end").unwrap();
        assert_eq!(end["reason"], "app_ended", "{end}");
        assert!(text(&end, "message").contains("app has ended"), "{end}");
        assert_eq!(watch.exit_status().unwrap().code(), Some(7));
    }
    assert_eq!(plain.exit_status().unwrap().code(), Some(7));
    let told = std::fs::read_to_string(bjorn.log_file()).unwrap();
    assert!(told.contains("mnm: The running app has ended"), "{told}");
}

#[test]
fn a_closed_pipe_ends_a_watch_also_while_nothing_comes() {
    let service = ServiceProcess::start_plain().unwrap();
    let ada = AppProcess::new().unwrap();
    join(&ada, &service, ADA);
    let mut command = ada.command().unwrap();
    let mut watch = command.arg("watch").stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(watch.stdout.take().unwrap());
    let mut line = String::new();
    while !line.contains("online") {
        line.clear();
        assert_ne!(lines.read_line(&mut line).unwrap(), 0);
    }
    drop(lines);
    let status = until("the end", || watch.try_wait().unwrap());
    assert!(status.success(), "{status}");
}

#[test]
fn lines_for_people_are_safe_and_complete() {
    let service = ServiceProcess::start_plain().unwrap();
    let (ada, bjorn) = acquainted(&service);
    let watch = bjorn.begin(&["watch", "--text"]).unwrap();
    while !watch.line("20").unwrap().ends_with(": online") {}
    let subject = "Pay \u{1b}[2J\u{202e}now";
    ada.ok(&[
        "send",
        "--to",
        BJORN,
        "--subject",
        subject,
        "first\u{7}\n2026-01-01 00:00  Bank: letter",
    ])
    .unwrap();
    let line = watch.line("20").unwrap();
    assert!(line.contains(&format!(": letter from {ADA}, thread ")), "{line}");
    assert!(line.ends_with("[2Jnow") && !line.contains(['\u{1b}', '\u{202e}']), "{line}");
    // What others write stands behind our bar.
    assert_eq!(watch.line("  │ ").unwrap(), "  │ first\\u{7}");
    assert_eq!(watch.line("  │ ").unwrap(), "  │ 2026-01-01 00:00  Bank: letter");
}
