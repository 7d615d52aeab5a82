//! Tests of idempotency: requests whose ack was lost are delivered once, the ones that are
//! meant twice are delivered twice.

#![allow(clippy::unwrap_used, reason = "tests, their helpers included")]

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tmtp_testkit::peer::RawPeer;
use tmtp_testkit::process::ServiceProcess;

/// An id that an app gives to one message only.
const UNIQUE: &str = "9c0e6a5f24d1b837";
/// An id that may be that of every message.
const CONSTANT: &str = "1";
/// Longer than what the service keeps in memory.
const LARGE_BYTES: usize = 300_000;

/// A service, a sender who is off, and a receiver who is on.
struct Scene {
    service: ServiceProcess,
    sender: (String, String),
    receiver: (String, String),
    link: RawPeer,
    /// Ids of what the receiver has: after a crash of the service some of it may come again.
    seen: BTreeSet<String>,
}

impl Scene {
    async fn set() -> Self {
        let service = ServiceProcess::start().unwrap();
        let address = service.address();
        let (peer, uid, node) = RawPeer::join(address, "sender of it").await.unwrap();
        peer.quit().await.unwrap();
        let sender = (uid, node);
        let (link, uid, node) = RawPeer::join(address, "receiver of it").await.unwrap();
        Self { service, sender, receiver: (uid, node), link, seen: BTreeSet::new() }
    }

    /// A link of the sender's, as soon as the one before is gone at the service too.
    async fn sender(&self) -> RawPeer {
        enter(&self.service, &self.sender).await
    }

    fn head(&self, id: &str, data: &[u8]) -> Value {
        json!({"op": 7, "id": id, "for": [{"id": self.receiver.0, "type": 1}], "datalen": data.len()})
    }

    async fn start(&self, peer: &mut RawPeer, id: &str, data: &[u8]) {
        peer.send(&self.head(id, data).to_string(), data).await.unwrap();
    }

    /// Sends a post under the id that posts here have, and waits for its ack.
    async fn post(&self, peer: &mut RawPeer, data: &[u8]) -> String {
        self.post_as(peer, UNIQUE, data).await
    }

    async fn post_as(&self, peer: &mut RawPeer, id: &str, data: &[u8]) -> String {
        self.start(peer, id, data).await;
        peer.expect_done(id).await.unwrap().text("msgid").to_owned()
    }

    /// The next message that is new to the receiver: its id and data.
    async fn receive(&mut self) -> (String, Vec<u8>) {
        loop {
            let frame = self.link.receive("delivery").await.unwrap();
            if self.seen.insert(frame.id().to_owned()) {
                return (frame.id().to_owned(), frame.data);
            }
        }
    }

    /// SIGKILL of the service; it starts again, and the receiver logs in.
    async fn crash(&mut self) {
        self.service.kill9().unwrap();
        self.service.restart().unwrap();
        self.link = enter(&self.service, &self.receiver).await;
    }
}

async fn enter(service: &ServiceProcess, (uid, node): &(String, String)) -> RawPeer {
    for _ in 0..1_000 {
        match RawPeer::enter(service.address(), uid, node).await {
            Ok(peer) => return peer,
            Err(error) if format!("{error:#}").contains("node already connected") => {}
            Err(error) => panic!("{error:#}"),
        }
    }
    panic!("the service does not let the link before go");
}

#[tokio::test]
async fn request_repeated_after_a_lost_ack_is_delivered_once() {
    for data in [b"the very same".to_vec(), vec![7; LARGE_BYTES]] {
        let mut scene = Scene::set().await;
        // Nobody reads this ack: the receiver's copy shows that the message was accepted.
        let mut peer = scene.sender().await;
        scene.start(&mut peer, UNIQUE, &data).await;
        let (msgid, received) = scene.receive().await;
        assert_eq!(received, data);
        peer.drop_link();

        let mut peer = scene.sender().await;
        assert_eq!(scene.post(&mut peer, &data).await, msgid, "the ack it would have got");
        peer.drop_link();
        scene.crash().await;
        let mut peer = scene.sender().await;
        assert_eq!(scene.post(&mut peer, &data).await, msgid, "again, and after a crash");
        peer.drop_link();
        // An app that was upgraded meanwhile asks for more.
        let mut peer = scene.sender().await;
        let mut head = scene.head(UNIQUE, &data);
        head["notalone"] = json!(true);
        peer.send(&head.to_string(), &data).await.unwrap();
        assert_eq!(
            peer.expect_done(UNIQUE).await.unwrap().text("msgid"),
            msgid,
            "and after an upgrade"
        );

        let last = scene.post(&mut peer, b"something else").await;
        assert_eq!(scene.receive().await, (last, b"something else".to_vec()));
    }
}

#[tokio::test]
async fn second_message_of_the_same_bytes_is_delivered() {
    let mut scene = Scene::set().await;
    let mut peer = scene.sender().await;
    let mut sent = Vec::new();
    // On one link, however often, whatever the id.
    for _ in 0..3 {
        sent.push(scene.post(&mut peer, b"tick").await);
    }
    // After a farewell, which says that the acks were read.
    peer.quit().await.unwrap();
    let mut peer = scene.sender().await;
    sent.push(scene.post(&mut peer, b"tick").await);
    peer.drop_link();
    // After a link without farewell, when it is not the first, or not the same.
    let mut peer = scene.sender().await;
    sent.push(scene.post(&mut peer, b"tock").await);
    sent.push(scene.post(&mut peer, b"tick").await);
    peer.drop_link();
    let mut peer = scene.sender().await;
    sent.push(scene.post(&mut peer, b"tock").await);

    let mut received = Vec::new();
    for _ in 0..sent.len() {
        received.push(scene.receive().await.0);
    }
    assert_eq!(received, sent);
    sent.dedup();
    assert_eq!(received, sent, "each has an id of its own");
}

#[tokio::test]
async fn app_without_unique_ids_loses_nothing() {
    let mut scene = Scene::set().await;
    for _ in 0..3 {
        let mut peer = scene.sender().await;
        let msgid = scene.post_as(&mut peer, CONSTANT, b"tick").await;
        assert_eq!(scene.receive().await.0, msgid);
        peer.drop_link();
    }
}

#[tokio::test]
async fn repeated_ping_is_delivered_once() {
    let mut scene = Scene::set().await;
    let head = json!({"op": 9, "id": UNIQUE, "from": "sender of it", "to": "receiver of it",
        "datalen": 5});
    let mut acks = Vec::new();
    for _ in 0..2 {
        let mut peer = scene.sender().await;
        peer.send(&head.to_string(), b"hello").await.unwrap();
        acks.push(peer.expect_done(UNIQUE).await.unwrap().text("msgid").to_owned());
        peer.drop_link();
    }
    assert_eq!(acks[0], acks[1]);
    let mut peer = scene.sender().await;
    let last = scene.post(&mut peer, b"afterwards").await;
    assert_eq!(scene.link.receive("ping").await.unwrap().id(), acks[0]);
    assert_eq!(scene.receive().await.0, last);
    let more = scene.link.expect_op("ping");
    let more = tokio::time::timeout(std::time::Duration::ZERO, more).await;
    assert!(more.is_err(), "one ping: {more:?}");
}
