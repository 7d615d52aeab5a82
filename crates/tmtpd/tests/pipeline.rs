//! Tests of pipelined requests: they are answered in order, each sees what the ones before
//! it did, and nothing that was answered is lost.

#![allow(clippy::unwrap_used, reason = "tests, their helpers included")]

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tmtp_testkit::peer::RawPeer;
use tmtp_testkit::process::ServiceProcess;
use tmtp_testkit::wire;

/// More than are decided while others wait for the disk.
const IN_FLIGHT: usize = 150;

/// A post to a member, as it goes on the wire.
fn post(id: &str, uid: &str, text: &str) -> (Value, Vec<u8>) {
    let to = json!([{"id": uid, "type": 1}]);
    (json!({"op": 7, "id": id, "for": to, "datalen": text.len()}), text.into())
}

async fn send(peer: &mut RawPeer, (head, data): &(Value, Vec<u8>)) {
    peer.send(&head.to_string(), data).await.unwrap();
}

/// The frames that are no messages, to the end of the link: "ID" or "ID: error" of acks, and what else.
async fn answers_to_the_end(peer: &mut RawPeer) -> Vec<String> {
    let mut answers = Vec::new();
    while let Some(frame) = peer.next_or_closed().await.unwrap() {
        match (frame.op(), frame.text("error")) {
            ("ack", "") => answers.push(frame.text("id").to_owned()),
            ("ack", error) => answers.push(format!("{}: {error}", frame.text("id"))),
            ("quit", _) => answers.push(frame.text("error").to_owned()),
            _ => {}
        }
    }
    answers
}

#[tokio::test]
async fn pipelined_requests_are_answered_and_delivered_in_order() {
    let service = ServiceProcess::start().unwrap();
    let (mut sender, _, _) = RawPeer::join(service.address(), "sender of many").await.unwrap();
    let (mut reader, uid, _) = RawPeer::join(service.address(), "reader of many").await.unwrap();

    let mut asked = Vec::new();
    for number in 0..IN_FLIGHT {
        let id = format!("post {number}");
        match number {
            70 => {
                send(&mut sender, &post(&id, "NOBODY", "lost")).await;
                asked.push(format!("{id}: a recipient named in for is unknown"));
            }
            90 => {
                let (from, to) = ("sender of many", "reader of many");
                let head = json!({"op": 9, "id": id, "from": from, "to": to, "datalen": 2});
                send(&mut sender, &(head, b"hi".to_vec())).await;
                asked.push(id);
            }
            _ => {
                send(&mut sender, &post(&id, &uid, &number.to_string())).await;
                asked.push(id);
            }
        }
    }
    sender.request(json!({"op": 12})).await.unwrap();
    asked.push("logout ok".into());

    assert_eq!(answers_to_the_end(&mut sender).await, asked);
    for number in (0..IN_FLIGHT).filter(|number| ![70, 90].contains(number)) {
        let text = String::from_utf8(reader.receive("delivery").await.unwrap().data).unwrap();
        assert_eq!(text, number.to_string());
    }
}

#[tokio::test]
async fn a_pipelined_request_sees_what_the_ones_before_it_did() {
    let service = ServiceProcess::start().unwrap();
    let (mut sender, _, _) = RawPeer::join(service.address(), "sender of it").await.unwrap();
    let (mut reader, _, _) = RawPeer::join(service.address(), "reader of it").await.unwrap();
    let (from, to, gid) = ("sender of it", "reader of it", "the group of both");
    let to_group = |id: &str, text: &str| {
        let to = json!([{"id": gid, "type": 2}]);
        (json!({"op": 7, "id": id, "for": to, "datalen": text.len()}), text.as_bytes().to_vec())
    };
    let invite = json!({"op": 5, "id": "invite", "gid": gid, "from": from, "to": to, "datalen": 0});
    let leave = json!({"op": 6, "id": "leave", "act": "drop", "gid": gid, "to": from});

    send(&mut sender, &to_group("too early", "1")).await;
    send(&mut sender, &(invite, Vec::new())).await;
    send(&mut sender, &to_group("now", "2")).await;
    send(&mut sender, &(leave, Vec::new())).await;
    send(&mut sender, &to_group("too late", "3")).await;
    sender.request(json!({"op": 12})).await.unwrap();

    let refused = "sender is not a member of a group named in for";
    let expected = [
        format!("too early: {refused}"),
        "invite".into(),
        "now".into(),
        "leave".into(),
        format!("too late: {refused}"),
        "logout ok".into(),
    ];
    assert_eq!(answers_to_the_end(&mut sender).await, expected);
    assert_eq!(reader.receive("invite").await.unwrap().text("gid"), gid);
}

/// What is answered when the service ends in the middle of a flight is there after its next start, once and
/// in order; what is not answered may be.
async fn end_in_the_middle(end: impl FnOnce(&mut ServiceProcess)) {
    let mut service = ServiceProcess::start().unwrap();
    let (mut sender, _, _) = RawPeer::join(service.address(), "sender of it").await.unwrap();
    let (reader, uid, node) = RawPeer::join(service.address(), "reader of it").await.unwrap();
    reader.quit().await.unwrap();
    for number in 0..IN_FLIGHT {
        send(&mut sender, &post(&number.to_string(), &uid, &number.to_string())).await;
    }
    let mut answered = BTreeSet::new();
    while answered.len() < IN_FLIGHT / 3 {
        answered.insert(sender.expect_op("ack").await.unwrap().text("id").to_owned());
    }
    end(&mut service);
    while let Ok(Some(frame)) = sender.next_or_closed().await {
        if frame.op() == "ack" && frame.text("error").is_empty() {
            answered.insert(frame.text("id").to_owned());
        }
    }

    service.restart().unwrap();
    let mut reader = RawPeer::enter(service.address(), &uid, &node).await.unwrap();
    reader.post(&[&uid], b"the last").await.unwrap();
    let mut came = Vec::new();
    loop {
        let text = String::from_utf8(reader.receive("delivery").await.unwrap().data).unwrap();
        if text == "the last" {
            break;
        }
        came.push(text);
    }
    let in_order: Vec<_> = (0..came.len()).map(|number| number.to_string()).collect();
    assert_eq!(came, in_order, "once, in order, without a gap");
    let lost: Vec<_> = answered.iter().filter(|id| !came.contains(id)).collect();
    assert!(lost.is_empty(), "answered and lost: {lost:?} of {}", answered.len());
}

#[tokio::test]
async fn kill9_loses_no_pipelined_post_that_was_answered() {
    end_in_the_middle(|service| service.kill9().unwrap()).await;
}

#[tokio::test]
async fn stopping_loses_no_pipelined_post_that_was_answered() {
    end_in_the_middle(|service| assert!(service.sigterm().unwrap().success())).await;
}

/// Posts of these ids to a member, as one piece of bytes.
fn posts(ids: &[String], uid: &str) -> Vec<u8> {
    let posts = ids.iter().map(|id| post(id, uid, "text"));
    posts.flat_map(|(head, data)| wire::frame(&head.to_string(), &data).unwrap()).collect()
}

fn ids(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("post {number}")).collect()
}

#[tokio::test]
async fn posts_before_the_end_of_sending_are_answered() {
    let service = ServiceProcess::start().unwrap();
    let (_reader, uid, _) = RawPeer::join(service.address(), "reader of it").await.unwrap();
    for (round, by_tls) in (0..8).zip([true, false].into_iter().cycle()) {
        let alias = format!("sender of round {round}");
        let (mut sender, _, _) = RawPeer::join(service.address(), &alias).await.unwrap();
        // The first is finished before the next are decided.
        sender.post(&[&uid], b"first").await.unwrap();
        // So few that the end is read before they are durable.
        let ids = ids(3);
        sender.send_raw(&posts(&ids, &uid)).await.unwrap();
        sender.close_sending(by_tls).await.unwrap();
        assert_eq!(answers_to_the_end(&mut sender).await, ids, "round {round}");
    }
}

#[tokio::test]
async fn limit_of_a_queue_holds_for_posts_under_way() {
    let config = "[limits]\nowed_messages_max = 10\n";
    let service = ServiceProcess::start_with(config, &[]).unwrap();
    let (mut sender, _, _) = RawPeer::join(service.address(), "sender of it").await.unwrap();
    let (reader, uid, _) = RawPeer::join(service.address(), "reader of it").await.unwrap();
    sender.post(&[&uid], b"read").await.unwrap();
    reader.quit().await.unwrap();
    let ids = ids(64);
    sender.send_raw(&posts(&ids, &uid)).await.unwrap();
    let mut taken = 0;
    for id in &ids {
        taken += usize::from(sender.expect_ack(id).await.unwrap().text("error").is_empty());
    }
    // What the reader did not acknowledge before it left counts too.
    assert!((7..=10).contains(&taken), "{taken}");
}
