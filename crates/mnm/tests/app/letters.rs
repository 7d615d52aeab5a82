//! Two members of a real service, at the command line and over the loopback server: with the app
//! running, without it, and with a hostile hand on the other side.

use std::fs;
use std::io::BufRead as _;

use crate::raw::Server;
use serde_json::Value;
use tmtp_testkit::process::{AppProcess, ServiceProcess};

pub(crate) const ADA: &str = "Ada Lindqvist";
pub(crate) const BJORN: &str = "Björn Ekdal";

pub(crate) fn join(app: &AppProcess, service: &ServiceProcess, alias: &str) {
    let account = app.json(&["join", service.handed_out_address(), "--alias", alias]).unwrap();
    assert_eq!(account["alias"], alias, "{account}");
}

/// Repeats a question until the answer satisfies; a service delivers when it delivers.
pub(crate) fn until<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let start = std::time::Instant::now();
    while start.elapsed().as_secs() < 30 {
        if let Some(answer) = ask() {
            return answer;
        }
        std::thread::yield_now();
    }
    panic!("waited in vain for {what}");
}

pub(crate) fn waiting_ping(app: &AppProcess) -> Option<Value> {
    let pings = app.json(&["pings"]).unwrap();
    let waits = |ping: &&Value| ping["incoming"] == true && ping["state"]["state"] == "waiting";
    pings.as_array().unwrap().iter().find(waits).cloned()
}

/// Ada's and Björn's apps, who may write to each other.
pub(crate) fn acquainted(service: &ServiceProcess) -> (AppProcess, AppProcess) {
    let (ada, bjorn) = (AppProcess::new().unwrap(), AppProcess::new().unwrap());
    join(&ada, service, ADA);
    join(&bjorn, service, BJORN);
    introduce(&ada, &bjorn);
    (ada, bjorn)
}

pub(crate) fn introduce(ada: &AppProcess, bjorn: &AppProcess) {
    ada.ok(&["ping", BJORN, "Hello, Ada here."]).unwrap();
    let ping = until("the ping", || waiting_ping(bjorn));
    assert_eq!((&ping["from"], &ping["text"]), (&ADA.into(), &"Hello, Ada here.".into()));
    bjorn.ok(&["accept", &ping["id"].to_string()]).unwrap();
    until("the answer", || {
        let contacts = ada.json(&["contacts"]).unwrap();
        contacts.as_array().unwrap().iter().any(|contact| contact["alias"] == BJORN).then_some(())
    });
}

pub(crate) fn thread(app: &AppProcess, subject: &str) -> String {
    until(subject, || {
        let inbox = app.json(&["inbox"]).unwrap();
        let row = inbox.as_array().unwrap().iter().find(|row| row["subject"] == subject)?;
        Some(row["id"].to_string())
    })
}

#[test]
fn zero_width_joiners_survive_in_aliases_and_pings() {
    const NAME: &str = "مهدی نیک\u{200c}پور";
    const TEXT: &str = "می\u{200c}آیم 👨\u{200d}👩\u{200d}👧";
    let service = ServiceProcess::start_plain().unwrap();
    let (ada, mehdi) = (AppProcess::new().unwrap(), AppProcess::new().unwrap());
    join(&ada, &service, ADA);
    join(&mehdi, &service, NAME);
    mehdi.ok(&["ping", ADA, TEXT]).unwrap();
    let ping = until("the ping", || waiting_ping(&ada));
    assert_eq!((&ping["from"], &ping["text"]), (&NAME.into(), &TEXT.into()));
    let told = ada.ok(&["pings"]).unwrap();
    assert!(told.contains(NAME) && told.contains(TEXT) && !told.contains("U+200"), "{told}");
    ada.ok(&["accept", &ping["id"].to_string()]).unwrap();
    ada.ok(&["send", "--to", NAME, "--subject", "Welcome", "hello"]).unwrap();
    thread(&mehdi, "Welcome");
    assert_eq!(ada.json(&["contacts"]).unwrap()[0]["alias"], NAME);
    // The answer to a ping is no second row of the list, only of what programs read.
    assert_eq!(ada.json(&["pings"]).unwrap().as_array().unwrap().len(), 2);
    let listed = ada.ok(&["pings"]).unwrap();
    assert_eq!(listed.matches(NAME).count(), 1, "{listed}");
}

#[test]
fn commands_send_and_receive_without_a_running_app() {
    let service = ServiceProcess::start_plain().unwrap();
    let (ada, bjorn) = acquainted(&service);

    let bytes: Vec<u8> = (0..300_000_u32).map(|n| ((n * 31) >> 3) as u8).collect();
    fs::write(ada.desk().join("plan b.bin"), &bytes).unwrap();
    let letter =
        ["send", "--to", BJORN, "--subject", "The plan", "--attach", "plan b.bin", "*Look.*"];
    let sent = ada.json(&letter).unwrap();
    assert_eq!(sent["state"]["state"], "sent", "{sent}");

    let id = thread(&bjorn, "The plan");
    assert!(bjorn.ok(&["inbox", "--unread"]).unwrap().contains("The plan"));
    let shown = bjorn.ok(&["read", &id]).unwrap();
    assert!(shown.contains("│ *Look.*") && shown.contains("+ plan b.bin"), "{shown}");
    assert_eq!(bjorn.json(&["inbox", "--unread"]).unwrap(), Value::Array(vec![]));

    bjorn.ok(&["save", &id, "plan b.bin"]).unwrap();
    assert_eq!(fs::read(bjorn.desk().join("plan b.bin")).unwrap(), bytes);
    let again = bjorn.run(&["save", &id, "plan b.bin"]).unwrap();
    assert_eq!(again.status.code(), Some(1), "{again:?}");
    assert!(again.stderr.contains("--force"), "{again:?}");
    bjorn.ok(&["save", &id, "plan b.bin", "--force"]).unwrap();
    let nowhere = bjorn.run(&["save", &id, "here/"]).unwrap();
    assert_eq!(nowhere.status.code(), Some(3), "{nowhere:?}");
    assert!(nowhere.stderr.contains("There is no directory here/."), "{nowhere:?}");
    fs::create_dir(bjorn.desk().join("here")).unwrap();
    bjorn.ok(&["save", &id, "here"]).unwrap();
    assert_eq!(fs::read(bjorn.desk().join("here/plan b.bin")).unwrap(), bytes);
    let again = bjorn.run(&["save", &id, "here"]).unwrap();
    assert_eq!(again.status.code(), Some(1), "{again:?}");
    assert!(again.stdout.contains("Not saved: plan b.bin: "), "{again:?}");

    bjorn.ok(&["reply", &id, "Looks good."]).unwrap();
    let answered = thread(&ada, "The plan");
    until("the reply", || {
        ada.ok(&["read", &answered]).unwrap().contains("│ Looks good.").then_some(())
    });
    assert!(bjorn.ok(&["search", "good"]).unwrap().contains("The plan"));
}

#[test]
fn a_letter_needs_no_subject() {
    let service = ServiceProcess::start_plain().unwrap();
    let (ada, bjorn) = acquainted(&service);
    ada.ok(&["send", "--to", BJORN, "Lunch?"]).unwrap();
    let id = thread(&bjorn, "");
    assert!(bjorn.ok(&["inbox"]).unwrap().contains("(no subject)"));
    assert!(bjorn.ok(&["read", &id]).unwrap().starts_with("(no subject)\n"));
    // A second one begins a thread of its own.
    ada.ok(&["send", "--to", BJORN, "Or tea?"]).unwrap();
    until("the second", || {
        let inbox = bjorn.json(&["inbox"]).unwrap();
        (inbox.as_array().unwrap().iter().filter(|row| row["subject"] == "").count() == 2)
            .then_some(())
    });
}

#[test]
fn a_letter_is_queued_while_the_service_is_away() {
    let mut service = ServiceProcess::start_plain().unwrap();
    let (mut ada, bjorn) = (AppProcess::new().unwrap(), AppProcess::new().unwrap());
    ada.start().unwrap();
    join(&ada, &service, ADA);
    join(&bjorn, &service, BJORN);
    introduce(&ada, &bjorn);

    service.kill9().unwrap();
    let letter =
        ["send", "--to", BJORN, "--subject", "Patience", "--wait", "1", "--json", "It waits."];
    let queued = ada.run(&letter).unwrap();
    assert_eq!(queued.status.code(), Some(4), "{queued:?}");
    let message: Value = serde_json::from_str(&queued.stdout).unwrap();
    assert_eq!(message["state"]["state"], "queued", "{message}");

    service.restart().unwrap();
    thread(&bjorn, "Patience");
}

#[test]
fn a_hostile_letter_can_not_drive_the_terminal() {
    let service = ServiceProcess::start_plain().unwrap();
    let (ada, bjorn) = acquainted(&service);

    let subject = "Pay \u{1b}[2J\u{9b}31m\u{202e}now";
    let text = "first\u{1b}]0;owned\u{7}\nthread 1 on Bank, with you\n\u{2066}end\u{8}\u{8}";
    ada.ok(&["send", "--to", BJORN, "--subject", subject, text]).unwrap();
    let id = until("the letter", || {
        let inbox = bjorn.json(&["inbox"]).unwrap();
        Some(inbox.as_array().unwrap().first()?["id"].to_string())
    });
    for command in [
        &["inbox"][..],
        &["read", &id, "--peek"],
        &["search", "first"],
        &["inbox", "--json"],
        &["read", &id, "--json"],
    ] {
        let printed = bjorn.ok(command).unwrap();
        let harmful =
            |c: &char| (c.is_control() && *c != '\n') || ('\u{202a}'..='\u{2069}').contains(c);
        assert_eq!(printed.chars().find(harmful), None, "{command:?}: {printed:?}");
    }
    // What a sender writes stands behind our bar, so none of it reads as ours.
    let shown = bjorn.ok(&["read", &id]).unwrap();
    assert!(shown.contains("\n  │ thread 1 on Bank"), "{shown}");
}

#[test]
fn all_drafts_are_listed_however_long_they_are() {
    let service = ServiceProcess::start_plain().unwrap();
    let server = Server::start();
    let page = server.page();
    join(&server.app, &service, ADA);
    let text = "x".repeat(400_000);
    for n in 0..4 {
        let body = format!(
            r#"{{"cmd":"save_draft","draft":null,"account":1,"thread":null,"to":[],"subject":"Long {n}","text":"{text}"}}"#
        );
        server.page_command(&page, body.as_bytes());
    }
    let drafts = server.app.json(&["drafts"]).unwrap();
    let subjects: Vec<_> =
        drafts.as_array().unwrap().iter().map(|draft| draft["subject"].clone()).collect();
    assert_eq!(subjects, ["Long 3", "Long 2", "Long 1", "Long 0"]);
}

/// A server whose member has a draft to attach to; gives its number.
fn with_draft(server: &Server, service: &ServiceProcess, page: &str) -> String {
    join(&server.app, service, ADA);
    let body = br#"{"cmd":"save_draft","draft":null,"account":1,"thread":null,"to":[],"subject":"Files","text":""}"#;
    let saved = server.page_command(page, body);
    let saved: Value = serde_json::from_slice(&saved.body).unwrap();
    saved["ok"]["value"]["id"].to_string()
}

#[test]
fn attachments_can_be_saved_and_only_pictures_shown() {
    let service = ServiceProcess::start_plain().unwrap();
    let server = Server::start();
    let page = server.page();
    let draft = with_draft(&server, &service, &page);
    let origin = format!("http://{}", server.host());
    let page = [("Authorization", page.as_str()), ("Origin", origin.as_str())];

    let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x02\x80\0\0\x01\xe0 not much of a picture";
    let points = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x4e\x20\0\0\x4e\x20 some kilobytes";
    let jpeg = b"\xff\xd8\xff\xe0\0\x04..\xff\xc0\0\x11\x08\x01\xe0\x02\x80";
    let gif = b"GIF89a\x80\x02\xe0\x01\0\0\0\x2c\0\0\0\0\x80\x02\xe0\x01";
    let webp = b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\x7f\x02\0\xdf\x01\0";
    let html = b"<!doctype html><script>alert(1)</script>";
    let svg = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>";
    // Name in the address, bytes, and the type they are shown as.
    let rows: [(&str, &[u8], Option<&str>); 8] = [
        ("pic.png", png, Some("image/png")),
        ("pic.html", jpeg, Some("image/jpeg")),
        ("a.gif", gif, Some("image/gif")),
        ("a.webp", webp, Some("image/webp")),
        ("points.png", points, None),
        ("cut.png", &png[..20], None),
        ("fake.png", html, None),
        ("drawing.svg", svg, None),
    ];
    for (name, bytes, shown_as) in rows {
        let line = format!("POST /api/drafts/{draft}/attachments?name={name} HTTP/1.1");
        let answer = server.send(&line, &page, bytes);
        let answer: Value = serde_json::from_slice(&answer.body).unwrap();
        let attachments = answer["ok"]["value"]["attachments"].as_array().unwrap().clone();
        let about = attachments.last().unwrap();
        let id = about["id"].to_string();
        assert_eq!(about["inline"], shown_as.is_some(), "{name}");
        let size = match name {
            "points.png" => serde_json::json!({ "width": 20_000, "height": 20_000 }),
            _ if shown_as.is_some() => serde_json::json!({ "width": 640, "height": 480 }),
            _ => Value::Null,
        };
        assert_eq!(about["picture"], size, "{name}");

        let saved = server.send(&format!("GET /api/attachments/{id} HTTP/1.1"), &page[..1], b"");
        assert_eq!((saved.status, saved.body.as_slice()), (200, bytes), "{name}");
        assert_eq!(saved.header("content-type"), Some("application/octet-stream"), "{name}");
        let disposition = saved.header("content-disposition").unwrap();
        assert!(disposition.starts_with("attachment; "), "{disposition}");
        assert_eq!(saved.header("content-security-policy"), Some("default-src 'none'; sandbox"));

        let line = format!("GET /api/attachments/{id}?inline=1 HTTP/1.1");
        let shown = server.send(&line, &page[..1], b"");
        match shown_as {
            Some(kind) => {
                assert_eq!((shown.status, shown.body.as_slice()), (200, bytes), "{name}");
                assert_eq!(shown.header("content-type"), Some(kind), "{name}");
                assert_eq!(shown.header("x-content-type-options"), Some("nosniff"), "{name}");
            }
            None => assert_eq!(shown.status, 415, "{name}"),
        }
    }
}

#[test]
fn attachment_names_cannot_traverse_paths() {
    let service = ServiceProcess::start_plain().unwrap();
    let server = Server::start();
    let page = server.page();
    let draft = with_draft(&server, &service, &page);
    let origin = format!("http://{}", server.host());
    let page = [("Authorization", page.as_str()), ("Origin", origin.as_str())];
    for name in [
        "..%2F..%2Fup.txt",
        "%2Fetc%2Fpasswd",
        "..%5C..%5Cup.txt",
        ".bashrc",
        "a%22%3B%20x%3D%22.txt",
        "line%0D%0ASet-Cookie%3A%20a%3Db",
        "gr%C3%BC%C3%9Fe%20%E2%80%AEgpj.exe",
    ] {
        let line = format!("POST /api/drafts/{draft}/attachments?name={name} HTTP/1.1");
        let answer = server.send(&line, &page, b"bytes");
        let answer: Value = serde_json::from_slice(&answer.body).unwrap();
        // The engine may refuse a name; one that it takes must be harmless everywhere.
        let Some(attachments) = answer["ok"]["value"]["attachments"].as_array() else { continue };
        let id = attachments.last().unwrap()["id"].to_string();
        let saved = server.send(&format!("GET /api/attachments/{id} HTTP/1.1"), &page[..1], b"");
        let disposition = saved.header("content-disposition").unwrap();
        assert!(!disposition.contains(['/', '\\']) && disposition.is_ascii(), "{disposition}");
        assert_eq!(disposition.matches('"').count(), 2, "{disposition}");
        assert_eq!(saved.header("set-cookie"), None, "{}", saved.head);
    }
}

#[test]
fn pages_receive_events() {
    let service = ServiceProcess::start_plain().unwrap();
    let server = Server::start();
    let page = server.page();
    let (_, events) = server.events(&page);
    join(&server.app, &service, ADA);
    let mut lines = events.lines().map(Result::unwrap);
    let heard = lines.find_map(|line| Some(line.strip_prefix("data: ")?.to_owned())).unwrap();
    let event: Value = serde_json::from_str(&heard).unwrap();
    assert_eq!(event["event"], "account", "{event}");
}

#[test]
fn the_log_holds_nothing_of_a_letter_at_any_level() {
    let service = ServiceProcess::start().unwrap();
    let (ada, _) = acquainted(&service);
    let sent = std::process::Command::new(env!("CARGO_BIN_EXE_mnm"))
        .arg("--home")
        .arg(ada.home())
        .args([
            "send",
            "--to",
            BJORN,
            "**marker-4711** <b>marker-4712</b> & [a](https://marker-4713.org)",
        ])
        .env("MNM_LOG", "trace")
        .output()
        .unwrap();
    let log = String::from_utf8_lossy(&sent.stderr).into_owned();
    assert!(sent.status.success(), "a quick line needs no subject: {log}");
    assert!(log.contains("mnm_engine"), "our own lines are there: {log}");
    let others: Vec<_> = log.lines().filter(|line| line.contains("html5ever")).collect();
    assert!(others.is_empty() && !log.contains("marker-47"), "{log}");
}
