//! `mnm chat`: two members who write to each other line by line, over pipes.

use tmtp_testkit::process::{AppProcess, Ongoing, ServiceProcess};

use crate::letters::{ADA, BJORN, acquainted, join, thread, until};

const CARL: &str = "Carl Edman";

fn chat(app: &AppProcess, with: &str) -> Ongoing {
    let chat = app.begin(&["chat", with, "--json"]).unwrap();
    chat.event("chat").unwrap();
    chat
}

#[test]
fn two_members_write_to_each_other() {
    let service = ServiceProcess::start_plain().unwrap();
    let (ada, mut bjorn) = acquainted(&service);
    bjorn.start().unwrap();
    let (mut here, mut there) = (chat(&ada, BJORN), chat(&bjorn, ADA));
    // The first line begins a thread, into which the other comes.
    here.write("Lunch?").unwrap();
    let sent = here.event("sent").unwrap();
    assert_eq!((&sent["text"], &sent["subject"]), (&"Lunch?".into(), &"".into()));
    assert_eq!(there.event("letter").unwrap()["text"], "Lunch?");
    there.write("").unwrap();
    there.write("At *noon*.").unwrap();
    let answer = here.event("letter").unwrap();
    assert_eq!((&answer["text"], &answer["thread"]), (&"At *noon*.".into(), &sent["thread"]));
    here.write("See you").unwrap();
    assert_eq!(there.event("letter").unwrap()["text"], "See you");
    there.write("/quit").unwrap();
    assert_eq!(there.event("end").unwrap()["reason"], "quit");
    assert!(there.exit_status().unwrap().success());
    assert_eq!(bjorn.json(&["status"]).unwrap()["accounts"][0]["unread"], 0, "it was read");

    // The end of the input ends it once the last line is sent.
    here.write("Bye").unwrap();
    here.end_input();
    assert!(here.exit_status().unwrap().success());
    let id = thread(&bjorn, "");
    until("the last line", || bjorn.ok(&["read", &id]).unwrap().contains("│ Bye").then_some(()));
    assert_eq!(bjorn.json(&["inbox"]).unwrap().as_array().unwrap().len(), 1);
}

#[test]
fn it_goes_on_in_the_newest_thread_with_that_person_alone() {
    let service = ServiceProcess::start_plain().unwrap();
    let (ada, bjorn) = acquainted(&service);
    let carl = AppProcess::new().unwrap();
    join(&carl, &service, CARL);
    ada.ok(&["ping", CARL, "hello"]).unwrap();
    let ping = until("the ping", || {
        carl.json(&["pings"]).unwrap().get(0).map(|ping| ping["id"].to_string())
    });
    carl.ok(&["accept", &ping]).unwrap();
    for (to, subject) in [
        (BJORN.to_owned(), "Old"),
        (BJORN.to_owned(), "Of two"),
        (format!("{BJORN}, {CARL}"), "Of three"),
    ] {
        ada.ok(&[
            "send",
            "--to",
            &to,
            "--subject",
            subject,
            &format!("first\u{1b}[2J\nof {subject}"),
        ])
        .unwrap();
        thread(&bjorn, subject);
    }
    let mut chat =
        bjorn.begin(&["chat", &ADA.to_uppercase().to_lowercase(), "--last", "1"]).unwrap();
    assert_eq!(chat.exit_status().unwrap().code(), Some(3), "a name in another case is another");

    let mut chat = bjorn.begin(&["chat", &ADA.replace(' ', "  "), "--last", "1"]).unwrap();
    let head = chat.line(ADA).unwrap();
    assert!(head.contains("Of two") && head.ends_with("Ctrl-D or /quit ends."), "{head}");
    assert_eq!(chat.line("  │ ").unwrap(), "  │ first\\u{1b}[2J");
    assert_eq!(chat.line("  │ ").unwrap(), "  │ of Of two");
    chat.write("mine").unwrap();
    chat.line("you  ").unwrap();
    assert_eq!(chat.line("  │ ").unwrap(), "  │ mine");
    ada.ok(&["send", "--to", BJORN, "--subject", "Apart", "x"]).unwrap();
    let apart = chat.line("! ").unwrap();
    assert!(apart.contains("wrote in another thread") && apart.ends_with(": Apart"), "{apart}");
    chat.end_input();
    assert!(chat.exit_status().unwrap().success());

    let nobody = bjorn.run(&["chat", CARL]).unwrap();
    assert_eq!(nobody.status.code(), Some(3), "{nobody:?}");
    assert!(nobody.stderr.contains("Nobody in your address book is called"), "{nobody:?}");
}

#[test]
fn lines_wait_while_the_service_is_away() {
    let mut service = ServiceProcess::start_plain().unwrap();
    let (ada, bjorn) = acquainted(&service);
    let mut chat = ada.begin(&["chat", BJORN, "--wait", "1"]).unwrap();
    chat.line(BJORN).unwrap();
    service.kill9().unwrap();
    assert!(chat.line("! ").unwrap().starts_with("! Not connected: what you write is queued."));
    chat.write("It waits.").unwrap();
    chat.end_input();
    assert_eq!(chat.exit_status().unwrap().code(), Some(4));
    service.restart().unwrap();
    until("the letter", || {
        ada.ok(&["inbox"]).unwrap();
        let inbox = bjorn.json(&["inbox"]).unwrap();
        (inbox.as_array().unwrap().len() == 1).then_some(())
    });
}

#[test]
fn a_reply_that_the_pages_hold_is_not_lost_and_the_end_of_the_app_is_told() {
    let service = ServiceProcess::start_plain().unwrap();
    let (ada, bjorn) = acquainted(&service);
    let server = crate::raw::Server::start_on(ada);
    let page = server.page();
    bjorn.ok(&["send", "--to", ADA, "Lunch?"]).unwrap();
    let id = thread(&server.app, "");
    let body = format!(
        r#"{{"cmd":"save_draft","draft":null,"account":1,"thread":{id},"to":[],"subject":"","text":"half a"}}"#
    );
    server.page_command(&page, body.as_bytes());
    let mut chat = chat(&server.app, BJORN);
    chat.write("Yes").unwrap();
    let note = chat.event("note").unwrap();
    assert!(note["message"].as_str().unwrap().contains("has an unsent reply"), "{note}");
    assert_eq!(server.app.json(&["drafts"]).unwrap()[0]["text"], "half a");
    let mut app = server.app;
    app.stop().unwrap();
    assert_eq!(chat.event("end").unwrap()["reason"], "app_ended");
    assert_eq!(chat.exit_status().unwrap().code(), Some(7));
}

#[test]
fn a_line_goes_to_nobody_whom_the_other_has_added() {
    let service = ServiceProcess::start_plain().unwrap();
    let (ada, mut bjorn) = acquainted(&service);
    let carl = AppProcess::new().unwrap();
    join(&carl, &service, CARL);
    bjorn.ok(&["ping", CARL, "hello"]).unwrap();
    let ping = until("the ping", || {
        carl.json(&["pings"]).unwrap().get(0).map(|ping| ping["id"].to_string())
    });
    carl.ok(&["accept", &ping]).unwrap();
    bjorn.start().unwrap();
    let mut here = chat(&ada, BJORN);
    here.write("hello").unwrap();
    let first = here.event("sent").unwrap()["thread"].to_string();
    let id = thread(&bjorn, "");
    bjorn.ok(&["forward", &id, "--to", CARL]).unwrap();
    until("Carl among the readers", || {
        let row = &ada.json(&["read", &first]).unwrap()["row"];
        (row["readers"] == 3).then_some(())
    });
    here.write("for you alone").unwrap();
    let told = here.event("note").unwrap()["message"].to_string();
    assert!(told.contains("Others read thread"), "{told}");
    let second = here.event("sent").unwrap();
    assert_ne!(second["thread"].to_string(), first);
    until("the line", || {
        let found = bjorn.json(&["search", "alone"]).unwrap();
        (found.to_string().contains("for you")).then_some(())
    });
    let with_carl = carl.json(&["search", "alone"]).unwrap().to_string();
    assert!(!with_carl.contains("for you"), "{with_carl}");
}
