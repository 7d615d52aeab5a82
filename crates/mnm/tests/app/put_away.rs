//! Threads and single messages that are put away at the command line, and lists in other orders.

use serde_json::Value;
use tmtp_testkit::process::{AppProcess, ServiceProcess};

use crate::letters::{BJORN, acquainted, join, thread, until, waiting_ping};

#[test]
fn a_tag_is_of_the_service_of_its_thread() {
    let (service, other) =
        (ServiceProcess::start_plain().unwrap(), ServiceProcess::start_plain().unwrap());
    let (ada, bjorn) = acquainted(&service);
    join(&bjorn, &other, BJORN);
    ada.ok(&["send", "--to", BJORN, "--subject", "The plan", "Look."]).unwrap();
    let id = thread(&bjorn, "The plan");
    assert_eq!(bjorn.json(&["tag", "Boats", &id]).unwrap()["changed"], 1);
    let tags = bjorn.json(&["tags"]).unwrap();
    assert_eq!((&tags[0]["name"], tags.as_array().unwrap().len()), (&"Boats".into(), 1));
    assert_eq!(bjorn.json(&["tag", "boats", &id, "--undo"]).unwrap()["changed"], 1);
    assert_eq!(bjorn.run(&["tags", "--drop", "Boats"]).unwrap().status.code(), Some(3));
}

#[test]
fn threads_are_put_away_and_taken_back() {
    let service = ServiceProcess::start_plain().unwrap();
    let (ada, bjorn) = acquainted(&service);
    ada.ok(&["send", "--to", BJORN, "--subject", "The plan", "Look."]).unwrap();
    let id = thread(&bjorn, "The plan");
    let listed = |list: &[&str]| {
        let rows = bjorn.json(&[&["inbox"], list].concat()).unwrap();
        rows.as_array().unwrap().len()
    };
    assert_eq!(bjorn.json(&["archive", &id]).unwrap()["changed"], 1);
    assert!(bjorn.ok(&["archive", &id]).unwrap().contains("so already"));
    assert_eq!((listed(&[]), listed(&["--archive"])), (0, 1));
    bjorn.ok(&["star", &id]).unwrap();
    bjorn.ok(&["archive", &id, "--undo"]).unwrap();
    assert_eq!((listed(&[]), listed(&["--archive"]), listed(&["--starred"])), (1, 0, 1));
    bjorn.ok(&["mute", &id]).unwrap();
    bjorn.ok(&["pin", &id]).unwrap();
    let shown = bjorn.ok(&["inbox"]).unwrap();
    assert!(shown.contains("+pinned +star +muted"), "{shown}");
    assert_eq!(bjorn.run(&["archive", "99"]).unwrap().status.code(), Some(3));

    assert_eq!(bjorn.json(&["tag", "Boats", &id]).unwrap()["changed"], 1);
    assert_eq!(bjorn.json(&["tags"]).unwrap()[0]["name"], "Boats");
    assert!(bjorn.ok(&["search", "tag:boats", "look"]).unwrap().contains("The plan"));
    bjorn.ok(&["tag", "boats", &id, "--undo"]).unwrap();
    assert_eq!(bjorn.ok(&["tags", "--drop", "Boats"]).unwrap().trim(), "No tags.");

    let told = bjorn.ok(&["delete", &id]).unwrap();
    assert!(told.contains("for 30 days") && told.contains("stays with them"), "{told}");
    assert_eq!((listed(&[]), listed(&["--trash"])), (0, 1));
    let asked = bjorn.run(&["empty-trash"]).unwrap();
    assert_eq!(asked.status.code(), Some(2), "{asked:?}");
    assert!(asked.stderr.contains("would erase 1 thread"), "{asked:?}");
    assert_eq!(bjorn.json(&["empty-trash", "--yes"]).unwrap()["erased"], 1);
    assert_eq!((listed(&[]), listed(&["--trash"])), (0, 0));
    assert_eq!(bjorn.run(&["read", &id]).unwrap().status.code(), Some(3));
    assert_eq!(thread(&ada, "The plan").len(), 1, "Ada has it still");
}

#[test]
fn single_messages_are_starred_deleted_and_put_back() {
    let service = ServiceProcess::start_plain().unwrap();
    let (ada, bjorn) = acquainted(&service);
    ada.ok(&["send", "--to", BJORN, "--subject", "Lunch", "At noon."]).unwrap();
    let id = thread(&bjorn, "Lunch");
    let message = bjorn.json(&["read", &id]).unwrap()["messages"][0]["id"].to_string();
    let number = format!(", message {message}");
    let read = || bjorn.ok(&["read", &id]).unwrap();
    assert!(read().contains(&format!("{number}\n")), "{}", read());
    assert!(bjorn.ok(&["search", "noon"]).unwrap().contains(&number));
    let starred = || bjorn.json(&["inbox", "--starred"]).unwrap().as_array().unwrap().len();

    assert_eq!(bjorn.json(&["star-message", &message]).unwrap()["changed"], 1);
    assert!(bjorn.ok(&["star-message", &message]).unwrap().contains("so already"));
    assert!(read().contains(&format!("{number} +star\n")), "{}", read());
    assert_eq!(starred(), 1);
    let told = bjorn.ok(&["star-message", &message, "--undo"]).unwrap();
    assert_eq!((told.trim(), starred()), ("1 message without a star.", 0));

    let told = bjorn.ok(&["delete-message", &message]).unwrap();
    assert!(told.contains("30 days") && told.contains("Everybody else's copy stays"), "{told}");
    let undo = format!("delete-message {message} --undo");
    assert!(read().contains("(deleted;") && read().contains(&undo), "{}", read());
    assert!(!read().contains("At noon."), "{}", read());
    let put_back = bjorn.ok(&["delete-message", &message, "--undo"]).unwrap();
    assert_eq!(put_back.trim(), "1 message put back.");
    assert!(read().contains("At noon."));
    for command in ["star-message", "delete-message"] {
        let missing = bjorn.run(&[command, "99"]).unwrap();
        assert_eq!(missing.status.code(), Some(3), "{missing:?}");
    }
}

#[test]
fn a_message_that_has_not_left_is_not_deleted() {
    let mut service = ServiceProcess::start_plain().unwrap();
    let (ada, _) = acquainted(&service);
    service.kill9().unwrap();
    let letter = ["send", "--to", BJORN, "--subject", "Later", "--offline", "It waits.", "--json"];
    let queued = ada.run(&letter).unwrap();
    let message: Value = serde_json::from_str(&queued.stdout).unwrap();
    let told = ada.ok(&["delete-message", &message["id"].to_string()]).unwrap();
    assert!(told.contains("not sent yet") && told.contains("mnm resend"), "{told}");
}

#[test]
fn lists_are_in_the_order_that_is_asked_for() {
    const ZOE: &str = "Zoë Ångström";
    let service = ServiceProcess::start_plain().unwrap();
    let (ada, bjorn) = acquainted(&service);
    let zoe = AppProcess::new().unwrap();
    join(&zoe, &service, ZOE);
    zoe.ok(&["ping", BJORN, "Hello."]).unwrap();
    let ping = until("the ping", || waiting_ping(&bjorn));
    bjorn.ok(&["accept", &ping["id"].to_string()]).unwrap();
    until("the answer", || {
        let contacts = zoe.json(&["contacts"]).unwrap();
        (!contacts.as_array().unwrap().is_empty()).then_some(())
    });
    for (app, subject) in [(&zoe, "Boats"), (&ada, "Éclairs"), (&zoe, "apples")] {
        app.ok(&["send", "--to", BJORN, "--subject", subject, "text"]).unwrap();
        thread(&bjorn, subject);
    }
    let page = |options: &[&str]| {
        let rows = bjorn.json(&[&["inbox"], options].concat()).unwrap();
        let rows = rows.as_array().unwrap().clone();
        rows.iter().map(|row| row["subject"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let [newest, by_subject] = [["apples", "Éclairs", "Boats"], ["apples", "Boats", "Éclairs"]];
    assert_eq!(page(&[]), newest);
    assert_eq!(page(&["--sort", "newest"]), newest);
    assert_eq!(page(&["--sort", "oldest"]), ["Boats", "Éclairs", "apples"]);
    assert_eq!(page(&["--sort", "subject"]), by_subject);
    assert_eq!(page(&["--sort", "person"]), ["Éclairs", "apples", "Boats"]);
    assert_eq!(page(&["--sort", "subject", "--unread"]), by_subject);
    bjorn.ok(&["read", &thread(&bjorn, "apples")]).unwrap();
    assert_eq!(page(&["--sort", "unread"]), ["Éclairs", "Boats", "apples"]);

    // Page by page, as each tells how to go on.
    for sort in ["oldest", "subject", "person", "unread"] {
        let (whole, mut paged) = (page(&["--sort", sort]), Vec::new());
        let mut options = vec!["--sort".to_owned(), sort.to_owned()];
        until("the end of the list", || {
            let asked: Vec<&str> = options.iter().map(String::as_str).collect();
            let asked = [&asked[..], &["--limit", "1"]].concat();
            paged.extend(page(&asked));
            let told = bjorn.ok(&[&["inbox"], &asked[..]].concat()).unwrap();
            let Some((_, next)) = told.split_once("There are more: mnm inbox ") else {
                return Some(());
            };
            options = next.split_whitespace().map(str::to_owned).collect();
            None
        });
        assert_eq!(paged, whole, "{sort}");
    }
    let refused = bjorn.run(&["inbox", "--archive", "--sort", "unread"]).unwrap();
    assert!(!refused.status.success() && refused.stderr.contains("inbox"), "{refused:?}");
    assert_eq!(bjorn.run(&["inbox", "--sort", "size"]).unwrap().status.code(), Some(2));
}
