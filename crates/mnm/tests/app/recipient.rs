//! Tests of recipients at the command line: whom names mean, and no group that the member
//! is only invited to.

use serde_json::json;
use tmtp_testkit::peer::RawPeer;
use tmtp_testkit::process::{AppProcess, ServiceProcess};
use tokio::runtime::Runtime;

use crate::letters::{ADA, BJORN, acquainted, thread, until};

const CLEO: &str = "Cleo Cramm";
const STAN: &str = "Stranger Stan";

/// Ada, who knows Björn and Cleo.
fn members(service: &ServiceProcess, runtime: &Runtime) -> (AppProcess, AppProcess, RawPeer) {
    let (ada, bjorn) = acquainted(service);
    let mut cleo = runtime.block_on(raw(service, CLEO));
    runtime.block_on(cleo.ping(CLEO, ADA, "hello")).unwrap();
    let ping = until("the ping", || {
        let pings = ada.json(&["pings"]).unwrap();
        let ping = pings.as_array().unwrap().iter().find(|ping| ping["from"] == CLEO)?;
        Some(ping["id"].to_string())
    });
    ada.ok(&["accept", &ping]).unwrap();
    runtime.block_on(cleo.receive("ping")).unwrap();
    (ada, bjorn, cleo)
}

async fn raw(service: &ServiceProcess, alias: &str) -> RawPeer {
    RawPeer::join(service.address(), alias).await.unwrap().0
}

async fn invite(peer: &mut RawPeer, group: &str, from: &str, to: &str) {
    let id = peer.request_id();
    let invite = json!({"op": 5, "id": id, "gid": group, "from": from, "to": to});
    peer.request(invite).await.unwrap();
    peer.expect_done(&id).await.unwrap();
}

/// The next letter that comes to somebody.
async fn delivered(peer: &mut RawPeer) -> String {
    let frame = peer.receive("delivery").await.unwrap();
    String::from_utf8_lossy(&frame.data).into_owned()
}

/// The readers of a thread beside oneself.
fn others(app: &AppProcess, thread: &str) -> Vec<String> {
    let readers = app.json(&["people", thread]).unwrap();
    let readers = readers["readers"].as_array().unwrap().iter();
    let parties = readers.map(|reader| &reader["party"]).filter(|party| party["kind"] != "me");
    parties.map(|party| format!("{} {}", party["kind"], party["alias"]).replace('"', "")).collect()
}

fn invited(app: &AppProcess, group: &str) -> String {
    until("the invitation", || {
        let pings = app.json(&["pings"]).unwrap();
        let mut pings = pings.as_array().unwrap().iter();
        pings.find(|ping| ping["group"] == group).map(|ping| ping["id"].to_string())
    })
}

#[test]
fn a_letter_reaches_the_named_contact_and_no_group_of_that_name() {
    let service = ServiceProcess::start_plain().unwrap();
    let runtime = Runtime::new().unwrap();
    let (ada, bjorn, mut cleo) = members(&service, &runtime);
    let mut stan = runtime.block_on(raw(&service, STAN));
    let both = format!("{BJORN}, {CLEO}");
    for group in [both.as_str(), "cleo cramm"] {
        runtime.block_on(invite(&mut stan, group, STAN, ADA));
        invited(&ada, group);
    }
    for (subject, put_away) in [("Plans", false), ("More plans", true)] {
        if put_away {
            ada.ok(&["ignore", &invited(&ada, &both)]).unwrap();
        }
        ada.ok(&["send", "--to", &both, "--subject", subject, "for both"]).unwrap();
        let sent = others(&ada, &thread(&ada, subject));
        assert_eq!(sent, [format!("contact {BJORN}"), format!("contact {CLEO}")]);
        thread(&bjorn, subject);
        assert!(runtime.block_on(delivered(&mut cleo)).ends_with("for both"));
        for spelled in ["cleo cramm", "cleo  cramm"] {
            let run = ada.run(&["send", "--to", spelled, "for Cleo"]).unwrap();
            assert_eq!(run.status.code(), Some(1), "{run:?}");
            assert!(run.stderr.contains("You are invited to cleo cramm"), "{run:?}");
            assert!(run.stderr.contains("mnm join-group 'cleo cramm'"), "{run:?}");
        }
    }
    ada.ok(&["send", "--to", ADA, "--subject", "Note", "to myself"]).unwrap();
    let note = thread(&ada, "Note");
    let run = ada.run(&["forward", &note, "--to", "cleo cramm"]).unwrap();
    assert!(run.stderr.contains("You are invited to cleo cramm"), "{run:?}");
    ada.ok(&["forward", &note, "--to", &both]).unwrap();
    assert_eq!(others(&ada, &note), [format!("contact {BJORN}"), format!("contact {CLEO}")]);

    // Once she has joined it, both can be meant.
    ada.ok(&["join-group", &both]).unwrap();
    let run = ada.run(&["send", "--to", &both, "for whom?"]).unwrap();
    assert_eq!(run.status.code(), Some(2), "{run:?}");
    let whole = format!("--to '\"{both}\"'");
    assert!(run.stderr.contains(&whole), "{run:?}");
    assert!(run.stderr.contains(&format!("--to '{BJORN}'")), "{run:?}");
    let whole = format!("\"{both}\"");
    ada.ok(&["send", "--to", &whole, "--subject", "The group", "for the group"]).unwrap();
    assert_eq!(others(&ada, &thread(&ada, "The group")), [format!("group {both}")]);
    ada.ok(&["send", "--to", BJORN, "--to", CLEO, "--subject", "The two", "for the two"]).unwrap();
    let sent = others(&ada, &thread(&ada, "The two"));
    assert_eq!(sent, [format!("contact {BJORN}"), format!("contact {CLEO}")]);
}

#[test]
fn a_member_invited_again_writes_only_after_joining() {
    let service = ServiceProcess::start_plain().unwrap();
    let runtime = Runtime::new().unwrap();
    let (ada, bjorn, _cleo) = members(&service, &runtime);
    ada.ok(&["invite", "Garden Party", BJORN]).unwrap();
    bjorn.ok(&["accept", &invited(&bjorn, "Garden Party")]).unwrap();
    ada.ok(&["inbox"]).unwrap();
    ada.ok(&["send", "--to", "Garden Party", "--subject", "Tulips", "hello"]).unwrap();
    let tulips = thread(&bjorn, "Tulips");
    bjorn.ok(&["leave", "Garden Party"]).unwrap();
    ada.ok(&["invite", "Garden Party", BJORN]).unwrap();
    until("the second invitation", || {
        let pings = bjorn.json(&["pings"]).unwrap();
        let pings = pings.as_array().unwrap().iter();
        (pings.filter(|ping| ping["group"] == "Garden Party").count() == 2).then_some(())
    });
    assert!(
        bjorn.ok(&["read", &tulips]).unwrap().contains("You have left Garden Party. Join again")
    );
    let run = bjorn.run(&["reply", &tulips, "into the void"]).unwrap();
    assert_eq!(run.status.code(), Some(1), "{run:?}");
    assert!(run.stderr.contains("You have left Garden Party"), "{run:?}");
    bjorn.ok(&["join-group", "Garden Party"]).unwrap();
    bjorn.ok(&["reply", &tulips, "back again"]).unwrap();
    let at_ada = thread(&ada, "Tulips");
    until("the answer", || {
        ada.ok(&["inbox"]).unwrap();
        ada.ok(&["read", &at_ada]).unwrap().contains("back again").then_some(())
    });
}
