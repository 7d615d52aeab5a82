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
fn all_members_of_a_group_are_listed_however_many() {
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
