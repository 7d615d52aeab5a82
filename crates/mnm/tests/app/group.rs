//! Groups of more members than are told of at once.

use serde_json::{Value, json};
use tmtp_testkit::peer::RawPeer;
use tmtp_testkit::process::{AppProcess, ServiceProcess};

use crate::letters::{ADA, BJORN, join, until};

/// One page has 50.
const OTHERS: usize = 60;
const GROUP: &str = "Garden Party";

fn names(group: &Value) -> Vec<String> {
    let members = group["members"].as_array().unwrap().iter();
    members.map(|member| member["alias"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn all_members_of_a_large_group_are_listed() {
    let service = ServiceProcess::start_plain().unwrap();
    let ada = AppProcess::new().unwrap();
    join(&ada, &service, ADA);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let invite = async |peer: &mut RawPeer, to: &str| {
        let id = peer.request_id();
        peer.request(json!({"op": 5, "id": id, "gid": GROUP, "from": BJORN, "to": to}))
            .await
            .unwrap();
        peer.expect_done(&id).await.unwrap();
    };
    let mut bjorn = runtime.block_on(async {
        let (mut bjorn, ..) = RawPeer::join(service.address(), BJORN).await.unwrap();
        invite(&mut bjorn, ADA).await;
        bjorn
    });
    let invitation = until("the invitation", || {
        ada.json(&["pings"]).unwrap().get(0).map(|ping| ping["id"].to_string())
    });
    ada.ok(&["accept", &invitation]).unwrap();
    runtime.block_on(async {
        for number in 0..OTHERS {
            let alias = format!("Gardener {number:02}");
            RawPeer::join(service.address(), &alias).await.unwrap();
            invite(&mut bjorn, &alias).await;
        }
    });
    let group = until("all of them", || {
        let group = ada.json(&["groups"]).unwrap()[0].take();
        (group["known"].as_u64() >= Some(OTHERS as u64 + 2)).then_some(group)
    });
    let names = names(&group);
    assert_eq!(names.len(), OTHERS + 2, "{names:?}");
    let shown = ada.ok(&["groups"]).unwrap();
    for number in 0..OTHERS {
        let alias = format!("Gardener {number:02}");
        assert!(names.contains(&alias) && shown.contains(&alias), "{alias}: {shown}");
    }
}

#[test]
fn an_undeliverable_letter_is_reported_and_can_be_resent_or_dropped() {
    let service = ServiceProcess::start_plain().unwrap();
    let (ada, bjorn) = (AppProcess::new().unwrap(), AppProcess::new().unwrap());
    join(&ada, &service, ADA);
    join(&bjorn, &service, BJORN);
    ada.ok(&["invite", GROUP, BJORN]).unwrap();
    let invitation = bjorn.json(&["pings"]).unwrap()[0]["id"].to_string();
    bjorn.ok(&["accept", &invitation]).unwrap();
    ada.ok(&["leave", GROUP]).unwrap();
    // He was there before, and after: who else is in the group he was never told.
    bjorn.ok(&["leave", GROUP]).unwrap();
    bjorn.ok(&["join-group", GROUP]).unwrap();
    let sent = bjorn.run(&["send", "--to", GROUP, "--subject", "void", "x"]).unwrap();
    assert_eq!(sent.status.code(), Some(1), "{sent:?}");
    assert!(sent.stdout.contains("nobody else is in the group now"), "{sent:?}");
    let inbox = bjorn.json(&["inbox"]).unwrap();
    let thread = inbox[0]["id"].to_string();
    // Now that he knows it, nothing is even tried.
    let again = bjorn.run(&["resend", &thread]).unwrap();
    assert!(again.stderr.contains("Nobody else is in"), "{again:?}");
    ada.ok(&["join-group", GROUP]).unwrap();
    bjorn.ok(&["inbox"]).unwrap();
    assert!(bjorn.ok(&["resend", &thread]).unwrap().starts_with("Sent."));
    assert!(ada.ok(&["inbox"]).unwrap().contains("void"));
    let none = bjorn.run(&["resend", &thread, "--discard"]).unwrap();
    assert_eq!(none.status.code(), Some(3), "{none:?}");

    ada.ok(&["leave", GROUP]).unwrap();
    let sent = bjorn.run(&["reply", &thread, "--offline", "too late"]).unwrap();
    assert_eq!(sent.status.code(), Some(4), "{sent:?}");
    until("it is refused", || {
        bjorn.ok(&["inbox"]).unwrap();
        bjorn.ok(&["read", &thread]).unwrap().contains("not sent: Nobody else is in").then_some(())
    });
    assert!(bjorn.ok(&["resend", &thread, "--discard"]).unwrap().contains("1 letter"));
    assert!(!bjorn.ok(&["read", &thread]).unwrap().contains("too late"));
}

#[test]
fn an_invitation_is_answered_by_joining_the_group() {
    let service = ServiceProcess::start_plain().unwrap();
    let (ada, mut bjorn) = (AppProcess::new().unwrap(), AppProcess::new().unwrap());
    join(&ada, &service, ADA);
    join(&bjorn, &service, BJORN);
    bjorn.start().unwrap();
    let waiting =
        |bjorn: &AppProcess| bjorn.json(&["status"]).unwrap()["accounts"][0]["pings"].as_u64();
    ada.ok(&["invite", GROUP, BJORN]).unwrap();
    until("the invitation", || (waiting(&bjorn) == Some(1)).then_some(()));
    bjorn.ok(&["join-group", GROUP]).unwrap();
    assert_eq!(waiting(&bjorn), Some(0));
    assert_eq!(bjorn.json(&["pings"]).unwrap()[0]["state"]["state"], "accepted");
}
