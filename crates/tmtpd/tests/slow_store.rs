//! Tests of a store that takes its time, or fails: a link whose queue is being read does everything else
//! meanwhile, and says nothing more after a failure.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests, their helpers included")]

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tmtp::certificate::CertificateHash;
use tmtp_testkit::store::ModelStore;
use tmtp_testkit::wire;
use tmtpd::config::{DaemonConfig, Overrides};
use tmtpd::conn_limit::ConnLimit;
use tmtpd::link::Carrier;
use tmtpd::platform::Machine;
use tmtpd::service::Service;
use tmtpd::shutdown::Shutdown;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio::time::timeout;

/// Far more than it takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// An app on a link in memory.
struct Peer {
    stream: DuplexStream,
    uid: String,
}

impl Peer {
    async fn join(service: &Arc<Service>, conn_limit: &Arc<ConnLimit>, alias: &str) -> Self {
        let (stream, theirs) = tokio::io::duplex(64 * 1_024);
        let peer = conn_limit.admit(([127, 0, 0, 1], 1).into()).unwrap();
        let carrier = Carrier { stream: theirs, peer, certificate: CertificateHash::of(b"") };
        tokio::spawn(tmtpd::link::run(carrier, Arc::clone(service), Shutdown::new()));
        let mut peer = Self { stream, uid: String::new() };
        peer.send(&json!({"op": 0, "id": "1"}), b"").await;
        peer.send(&json!({"op": 1, "newnode": "raw", "newalias": alias}), b"").await;
        peer.uid = peer.receive("registered").await.0["uid"].as_str().unwrap().to_owned();
        peer
    }

    async fn send(&mut self, head: &Value, data: &[u8]) {
        let bytes = wire::frame(&head.to_string(), data).unwrap();
        self.stream.write_all(&bytes).await.unwrap();
    }

    async fn post(&mut self, id: &str, uid: &str, text: &str) {
        let to = json!([{"id": uid, "type": 1}]);
        let head = json!({"op": 7, "id": id, "for": to, "datalen": text.len()});
        self.send(&head, text.as_bytes()).await;
        self.expect_done(id).await;
    }

    async fn ping(&mut self, from: &str, to: &str) {
        let head = json!({"op": 9, "id": "ping", "from": from, "to": to, "datalen": 2});
        self.send(&head, b"hi").await;
        self.expect_done("ping").await;
    }

    async fn expect_done(&mut self, id: &str) {
        let ack = self.receive("ack").await.0;
        assert_eq!((&ack["id"], &ack["error"]), (&json!(id), &Value::Null));
    }

    async fn frame(&mut self) -> (Value, Vec<u8>) {
        let mut len = [0; 4];
        self.stream.read_exact(&mut len).await.unwrap();
        let len = usize::from_str_radix(std::str::from_utf8(&len).unwrap(), 16).unwrap();
        let mut head = vec![0; len];
        self.stream.read_exact(&mut head).await.unwrap();
        let head: Value = serde_json::from_slice(&head).unwrap();
        let mut data = vec![0; usize::try_from(head["datalen"].as_u64().unwrap_or(0)).unwrap()];
        self.stream.read_exact(&mut data).await.unwrap();
        (head, data)
    }

    /// The next frame of this kind.
    async fn receive(&mut self, op: &str) -> (Value, Vec<u8>) {
        loop {
            let frame = self.frame().await;
            if frame.0["op"] == op {
                return frame;
            }
        }
    }
}

#[tokio::test]
async fn link_is_served_while_its_queue_is_read() {
    timeout(PATIENCE, hold_and_go_on()).await.expect("the link waits for the store");
}

#[tokio::test]
async fn link_that_ends_while_its_queue_is_read_says_so() {
    timeout(PATIENCE, hold_and_quit()).await.expect("the link waits for the store");
}

#[tokio::test]
async fn large_body_that_comes_in_pieces_is_delivered() {
    timeout(PATIENCE, send_large()).await.expect("the link waits for the store");
}

#[tokio::test]
async fn link_is_served_while_its_large_body_is_written() {
    timeout(PATIENCE, write_large_and_go_on()).await.expect("the link waits for the store");
}

#[tokio::test]
async fn after_a_failed_sync_nothing_more_is_said() {
    timeout(PATIENCE, fail_and_quit()).await.expect("the link goes on");
}

async fn fail_and_quit() {
    let Scene { store, ada, mut bob, .. } = scene().await;
    // Later posts are decided while others wait.
    bob.post("1", &ada.uid, "stored").await;
    store.fail();
    let to = json!([{"id": ada.uid, "type": 1}]);
    let post = json!({"op": 7, "id": "2", "for": to, "datalen": 1}).to_string();
    let quit = json!({"op": 12}).to_string();
    let both = [wire::frame(&post, b"x").unwrap(), wire::frame(&quit, b"").unwrap()].concat();
    bob.stream.write_all(&both).await.unwrap();
    let mut said = Vec::new();
    bob.stream.read_to_end(&mut said).await.unwrap();
    assert_eq!(String::from_utf8_lossy(&said), "", "neither an ack nor a goodbye");
}

async fn hold_and_quit() {
    let Scene { store, mut ada, mut bob, .. } = scene().await;
    store.hold_reads(true);
    ada.post("1", &bob.uid.clone(), "never read").await;
    bob.post("2", &ada.uid.clone(), "after the wake").await;
    bob.send(&json!({"op": 12}), b"").await;
    assert_eq!(bob.receive("quit").await.0["error"], "logout ok");
    assert_eq!(bob.stream.read(&mut [0]).await.unwrap(), 0, "the link is closed");
}

async fn send_large() {
    let Scene { mut ada, mut bob, .. } = scene().await;
    let text = "of many pieces ".repeat(20_000);
    ada.post("1", &bob.uid.clone(), &text).await;
    assert_eq!(bob.receive("delivery").await.1, text.as_bytes());
}

async fn write_large_and_go_on() {
    let Scene { store, mut ada, mut bob, .. } = scene().await;
    store.hold_writes(true);
    let text = "of many pieces ".repeat(20_000);
    let to = json!([{"id": bob.uid, "type": 1}]);
    let head = json!({"op": 7, "id": "1", "for": to, "datalen": text.len()});
    let post = wire::frame(&head.to_string(), text.as_bytes()).unwrap();
    // More than the stream and the link's buffer hold, so the link is writing when it has taken this.
    let (begin, rest) = post.split_at(40_000);
    ada.stream.write_all(begin).await.unwrap();
    bob.post("2", &ada.uid.clone(), "meanwhile").await;
    assert_eq!(ada.receive("delivery").await.1, b"meanwhile");
    store.hold_writes(false);
    ada.stream.write_all(rest).await.unwrap();
    ada.expect_done("1").await;
    assert_eq!(bob.receive("delivery").await.1, text.as_bytes());
}

async fn hold_and_go_on() {
    let Scene { store, service, mut ada, mut bob } = scene().await;
    store.hold_reads(true);
    ada.post("1", &bob.uid.clone(), "first").await;
    // The link of Bob looks at his queue by now, or does so before it answers this.
    for id in ["2", "3"] {
        bob.post(id, &ada.uid.clone(), "meanwhile").await;
    }
    ada.post("4", &bob.uid.clone(), "second").await;
    store.hold_reads(false);
    for text in ["first", "second"] {
        assert_eq!(bob.receive("delivery").await.1, text.as_bytes());
    }
    service.close().await.unwrap();
}

/// Two members who may write to each other.
struct Scene {
    store: Arc<ModelStore>,
    service: Arc<Service>,
    ada: Peer,
    bob: Peer,
}

async fn scene() -> Scene {
    let over = Overrides { data: Some("unused".into()), ..Overrides::default() };
    let config = DaemonConfig::resolve(over, None).unwrap();
    let config = config.only().unwrap();
    let store = ModelStore::new();
    let service = Arc::new(Service::open(config, store.clone(), Machine).await.unwrap());
    let conn_limit = ConnLimit::new(&config.limits);
    let mut ada = Peer::join(&service, &conn_limit, "ada of the test").await;
    let mut bob = Peer::join(&service, &conn_limit, "bob of the test").await;
    ada.ping("ada of the test", "bob of the test").await;
    bob.ping("bob of the test", "ada of the test").await;
    Scene { store, service, ada, bob }
}
