//! Tests of a store that takes its time: a link whose queue is being read does everything else meanwhile.

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
        assert_eq!(self.receive("ack").await.0["id"], id);
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
    let ada = Peer::join(&service, &conn_limit, "ada of the test").await;
    let mut bob = Peer::join(&service, &conn_limit, "bob of the test").await;
    let ping = json!({"op": 9, "id": "p", "from": "bob of the test", "to": "ada of the test", "datalen": 2});
    bob.send(&ping, b"hi").await;
    assert_eq!(bob.receive("ack").await.0["error"], Value::Null);
    Scene { store, service, ada, bob }
}
