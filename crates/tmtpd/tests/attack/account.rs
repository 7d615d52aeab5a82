//! Attack: accounts and devices without end.

use std::net::IpAddr;

use serde_json::json;
use tmtp_testkit::peer::RawPeer;
use tmtp_testkit::process::ServiceProcess;

use crate::cast::{Bystanders, Member, service};

/// Asks for an account and gives the first word of the answer.
async fn register(service: &ServiceProcess, from: [u8; 4]) -> String {
    let mut peer = RawPeer::connect_from(IpAddr::from(from), service.address()).await.unwrap();
    peer.greet().await.unwrap();
    peer.request(json!({"op": 1, "newnode": "n", "newalias": "_"})).await.unwrap();
    let answer = peer.next().await.unwrap();
    match answer.op() {
        "quit" => answer.text("error").to_owned(),
        op => op.to_owned(),
    }
}

#[tokio::test]
async fn registrations_per_address_are_limited_and_others_can_register() {
    let service = service("registrations_per_hour_per_address = 4\nregistrations_per_hour = 6");
    let mut bystanders = Bystanders::join(&service).await;
    for _ in 0..2 {
        assert_eq!(register(&service, [127, 0, 0, 1]).await, "registered");
    }
    // What is refused to one address is not taken from the others.
    for _ in 0..5 {
        assert_eq!(register(&service, [127, 0, 0, 1]).await, "register failure");
    }
    assert_eq!(register(&service, [127, 0, 0, 2]).await, "registered");
    assert_eq!(register(&service, [127, 0, 0, 3]).await, "registered");
    // That was the sixth.
    assert_eq!(register(&service, [127, 0, 0, 4]).await, "register failure");
    bystanders.are_served().await;
}

#[tokio::test]
async fn devices_are_limited_and_cheap() {
    let service = service("devices_per_member = 20");
    let mut bystanders = Bystanders::join(&service).await;
    let mut attacker = Member::join(&service, "many devices").await;
    let rss = service.rss_kib().unwrap();
    let mut links = Vec::new();
    for number in 1..20 {
        let node = attacker.peer.add_device(&format!("device {number}")).await.unwrap();
        links.push(RawPeer::enter(service.address(), &attacker.uid, &node).await.unwrap());
    }
    attacker.peer.request(json!({"op": 3, "id": "n", "newnode": "one more"})).await.unwrap();
    let ack = attacker.peer.expect_ack("n").await.unwrap();
    assert_eq!(ack.text("error"), "a member can have no more devices here");
    // One link for each device.
    let mut twice = RawPeer::connect(service.address()).await.unwrap();
    twice.greet().await.unwrap();
    let login = json!({"op": 2, "uid": attacker.uid, "node": attacker.node});
    twice.request(login).await.unwrap();
    twice.expect_quit("node already connected").await.unwrap();
    let grown = service.rss_kib().unwrap().saturating_sub(rss);
    assert!(grown < 16 << 10, "20 devices take {grown} KiB");
    bystanders.are_served().await;
}
