//! Attack: a flood of requests, each of them cheap to send.

use serde_json::json;
use tmtp_testkit::wire;

use crate::cast::{Bystanders, Member, disk_bytes, service};

/// Frames of one request, so many times over.
fn many(head: &serde_json::Value, times: usize) -> Vec<u8> {
    wire::frame(&head.to_string(), b"").unwrap().repeat(times)
}

#[tokio::test]
async fn acks_of_unknown_messages_change_nothing() {
    let service = service("");
    let mut bystanders = Bystanders::join(&service).await;
    let mut attacker = Member::join(&service, "ack attacker").await;
    let (rss, disk) = (service.rss_kib().unwrap(), disk_bytes(&service.data_dir()));
    let acks: Vec<u8> = (0..100_000_u64)
        .flat_map(|id| {
            let head = json!({"op": 10, "id": format!("{id:016x}"), "type": "ok"});
            wire::frame(&head.to_string(), b"").unwrap()
        })
        .collect();
    attacker.peer.send_raw(&acks).await.unwrap();
    // It is answered after all of them.
    let uid = attacker.uid.clone();
    attacker.peer.post(&[&uid], b"after the flood").await.unwrap();
    bystanders.are_served().await;
    let grown = service.rss_kib().unwrap().saturating_sub(rss);
    assert!(grown < 16 << 10, "100,000 acks left {grown} KiB");
    let grown = disk_bytes(&service.data_dir()).saturating_sub(disk);
    assert!(grown < 1 << 20, "100,000 acks left {grown} bytes on the disk");
}

#[tokio::test]
async fn flooding_device_is_read_more_slowly_and_delays_nobody() {
    let service = service("requests_per_second = 100");
    let mut bystanders = Bystanders::join(&service).await;
    let mut attacker = Member::join(&service, "pulse attacker").await;
    let pulses = many(&json!({"op": 11}), 1_000);
    attacker.peer.send_raw(&pulses).await.unwrap();
    bystanders.are_served().await;
    // None of them is refused, the link is not ended, and what comes behind them is answered.
    let uid = attacker.uid.clone();
    attacker.peer.post(&[&uid], b"after the flood").await.unwrap();
}

#[tokio::test]
async fn presence_changes_are_limited() {
    let service = service("presence_per_minute = 50");
    let mut bystanders = Bystanders::join(&service).await;
    let mut attacker = Member::join(&service, "presence attacker").await;
    let mut told = Vec::new();
    for _ in 0..20 {
        told.push(Member::join(&service, "_").await);
    }
    let whom: Vec<_> = told.iter().map(|member| json!({"id": member.uid})).collect();
    let mut refused = 0;
    for (number, act) in ["init", "drop"].iter().cycle().take(20).enumerate() {
        let id = number.to_string();
        attacker.peer.request(json!({"op": 4, "id": id, "type": act, "for": whom})).await.unwrap();
        let ack = attacker.peer.expect_ack(&id).await.unwrap();
        refused += usize::from(!ack.head["error"].is_null());
    }
    assert!((1..=18).contains(&refused), "{refused} of 20 are refused");
    // Each was told of what was granted, and of nothing else.
    for member in &mut told {
        for _ in 0..20 - refused {
            member.peer.expect_op("ohi").await.unwrap();
        }
        let id = member.peer.start_post(&json!([]), b"x").await.unwrap();
        let next = member.peer.next().await.unwrap();
        assert_eq!((next.op(), next.id()), ("ack", &*id));
    }
    bystanders.are_served().await;
}

#[tokio::test]
async fn endless_group_edits_delay_nobody() {
    let service = service("");
    let mut bystanders = Bystanders::join(&service).await;
    let mut attacker = Member::join(&service, "group attacker").await;
    let mut victim = Member::join(&service, "group victim").await;
    let invite = json!({"op": 5, "id": "i", "gid": "group of two", "from": "group attacker",
        "to": "group victim", "datalen": 0});
    attacker.peer.request(invite).await.unwrap();
    attacker.peer.expect_done("i").await.unwrap();
    let join = json!({"op": 6, "id": "j", "act": "join", "gid": "group of two"});
    victim.peer.request(join.clone()).await.unwrap();
    victim.peer.expect_done("j").await.unwrap();
    attacker.peer.send_raw(&many(&join, 500)).await.unwrap();
    bystanders.are_served().await;
    for _ in 0..500 {
        attacker.peer.expect_ack("j").await.unwrap();
    }
    bystanders.are_served().await;
}

#[tokio::test]
async fn group_notices_are_limited() {
    let service = service("group_notices_per_minute = 60");
    let mut bystanders = Bystanders::join(&service).await;
    let mut attacker = Member::join(&service, "group attacker").await;
    let rename = json!({"op": 3, "id": "n", "newalias": "attacker again"});
    attacker.peer.request(rename).await.unwrap();
    attacker.peer.expect_done("n").await.unwrap();
    let mut told = Vec::new();
    for number in 0..5 {
        let alias: &'static str = format!("group victim {number}").leak();
        let mut victim = Member::join(&service, alias).await;
        let invite = json!({"op": 5, "id": "i", "gid": "group of six", "from": "group attacker",
            "to": alias, "datalen": 0});
        attacker.peer.request(invite).await.unwrap();
        attacker.peer.expect_done("i").await.unwrap();
        let join = json!({"op": 6, "id": "j", "act": "join", "gid": "group of six"});
        victim.peer.request(join).await.unwrap();
        victim.peer.expect_done("j").await.unwrap();
        told.push(victim);
    }
    // Six devices are told of each change.
    let (mut granted, mut refused) = (0, 0);
    for alias in ["attacker again", "group attacker"].into_iter().cycle().take(20) {
        let rename = json!({"op": 6, "id": "a", "act": "alias", "gid": "group of six",
            "newalias": alias});
        attacker.peer.request(rename).await.unwrap();
        let ack = attacker.peer.expect_ack("a").await.unwrap();
        match ack.text("error") {
            "" => granted += 1,
            error => {
                assert!(error.contains("change groups too often"), "{error}");
                refused += 1;
            }
        }
    }
    assert!((9..=12).contains(&granted), "{granted} granted, {refused} refused");
    // Others are not bounded by it.
    let other = told.first_mut().unwrap();
    let leave = json!({"op": 6, "id": "l", "act": "drop", "gid": "group of six",
        "to": "group victim 0"});
    other.peer.request(leave).await.unwrap();
    other.peer.expect_done("l").await.unwrap();
    bystanders.are_served().await;
}
