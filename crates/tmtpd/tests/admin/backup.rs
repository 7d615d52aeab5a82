//! Tests of `tmtpd backup`: a copy of a running service is served, and everybody gets from it what was queued for them.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Stdio};
use std::slice::from_ref;

use serde_json::json;
use tempfile::tempdir;
use tmtp_testkit::peer::RawPeer;
use tmtp_testkit::process::ServiceProcess;
use tmtp_testkit::wire::Frame;

use crate::tool::{ended, printed, rows, tmtpd};

/// `tmtpd serve` on a copy.
pub(crate) struct Served {
    child: Child,
    pub(crate) address: SocketAddr,
    /// What members join by.
    invitation: String,
}

impl Served {
    pub(crate) fn start(data: &Path) -> Self {
        let mut command = tmtpd("serve", data);
        let command = command.args(["--listen", "127.0.0.1:0"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut ready = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut ready).unwrap();
        let invitation = ready.split_whitespace().nth(1).unwrap().to_owned();
        let address = invitation.trim_start_matches('=').split('#').next().unwrap();
        Self { child, address: address.parse().unwrap(), invitation }
    }

    /// Shuts it down by command, in order.
    pub(crate) fn stop(mut self, data: &Path) {
        printed("shutdown", data);
        assert_eq!(self.child.wait().unwrap().code(), Some(0));
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What logs a device in.
struct Device {
    uid: String,
    node: String,
}

/// A message to a device: what it is, and what it says.
type Told = (String, Vec<u8>);

fn told(op: &str, data: impl Into<Vec<u8>>) -> Told {
    (op.to_owned(), data.into())
}

impl Device {
    /// Logs in and fetches all that is queued for it, acknowledging each; gives what members sent, in order, and
    /// the ids of all messages.
    async fn fetch(&self, at: SocketAddr) -> (Vec<Told>, Vec<String>) {
        let mut peer = RawPeer::enter(at, &self.uid, &self.node).await.unwrap();
        // The newest message comes last.
        let last = peer.post(&[&self.uid], b"a mark of one's own").await.unwrap();
        let (mut fetched, mut ids) = (Vec::new(), Vec::new());
        loop {
            let frame = peer.expect("a message", is_owed).await.unwrap();
            peer.ack(frame.id()).await.unwrap();
            if frame.id() == last {
                break;
            }
            ids.push(frame.id().to_owned());
            let is_mark = frame.data == b"a mark of one's own";
            if ["delivery", "ping", "invite"].contains(&frame.op()) && !is_mark {
                fetched.push((frame.op().to_owned(), frame.data));
            }
        }
        peer.quit().await.unwrap();
        (fetched, ids)
    }
}

/// Whether it is to be acknowledged.
fn is_owed(frame: &Frame) -> bool {
    !["ack", "info", "ohi", "pulse"].contains(&frame.op())
}

/// Messages that wait for somebody in the service.
struct Scene {
    ada: RawPeer,
    /// Has acknowledged some, has seen some, has not seen some.
    desk: Device,
    /// Has never been on.
    tablet: Device,
    carol: Device,
    queued_for_desk: Vec<Told>,
    queued_for_tablet: Vec<Told>,
    queued_for_carol: Vec<Told>,
}

impl Scene {
    async fn play(service: &ServiceProcess) -> Self {
        let at = service.address();
        let (ada, _, _) = RawPeer::join(at, "ada lovelace").await.unwrap();
        let (mut bob, bob_uid, bob_node) = RawPeer::join(at, "bob babbage").await.unwrap();
        let (carol, carol_uid, carol_node) = RawPeer::join(at, "carol shaw").await.unwrap();
        carol.quit().await.unwrap();
        let tablet = bob.add_device("a tablet in a drawer").await.unwrap();
        let mut scene = Self {
            ada,
            desk: Device { uid: bob_uid.clone(), node: bob_node },
            tablet: Device { uid: bob_uid, node: tablet },
            carol: Device { uid: carol_uid, node: carol_node },
            queued_for_desk: Vec::new(),
            queued_for_tablet: Vec::new(),
            queued_for_carol: Vec::new(),
        };
        for number in 0..20 {
            let letter = scene.write_to_bob(format!("acknowledged {number}").into_bytes()).await;
            assert_eq!(bob.receive("delivery").await.unwrap().data, letter.1);
            scene.queued_for_tablet.push(letter);
        }
        bob.quit().await.unwrap();
        scene.wait_for_acks(service).await;

        let mut bob = RawPeer::enter(at, &scene.desk.uid, &scene.desk.node).await.unwrap();
        for number in 0..5 {
            let letter = scene.write_to_bob(format!("seen {number}").into_bytes()).await;
            assert_eq!(bob.expect_op("delivery").await.unwrap().data, letter.1);
            scene.owe_to_bob(letter);
        }
        bob.drop_link();
        // Bodies in memory, in segments, and in files of their own.
        for bytes in [1, 1_000, 60_000, 300_000, 3_000_000] {
            let letter = scene.write_to_bob(vec![b'b'; bytes]).await;
            scene.owe_to_bob(letter);
        }
        scene.write_to_carol().await;
        scene
    }

    async fn write_to_bob(&mut self, letter: Vec<u8>) -> Told {
        self.ada.post(&[&self.desk.uid], &letter).await.unwrap();
        told("delivery", letter)
    }

    fn owe_to_bob(&mut self, letter: Told) {
        self.queued_for_tablet.push(letter.clone());
        self.queued_for_desk.push(letter);
    }

    /// A ping, an invitation, and a letter to her and Bob.
    async fn write_to_carol(&mut self) {
        self.ada.ping("ada lovelace", "carol shaw", "hello").await.unwrap();
        let invite = json!({"op": 5, "id": "g", "gid": "rowing eights", "from": "ada lovelace",
            "to": "carol shaw", "datalen": 4});
        self.ada.send(&invite.to_string(), b"row!").await.unwrap();
        self.ada.expect_done("g").await.unwrap();
        self.ada.post(&[&self.carol.uid, &self.desk.uid], b"to both").await.unwrap();
        let to_carol = [("ping", &b"hello"[..]), ("invite", b"row!"), ("delivery", b"to both")];
        self.queued_for_carol.extend(to_carol.map(|(op, data)| told(op, data)));
        self.owe_to_bob(told("delivery", "to both"));
    }

    /// Comes back when the store has all acks of the desk: of Bob, only the tablet has anything queued.
    async fn wait_for_acks(&self, service: &ServiceProcess) {
        let member = &self.desk.uid[..8];
        let queues = || rows("queues", &service.data_dir(), &[]);
        while queues().iter().filter(|queue| queue["member"] == *member).count() > 1 {}
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn restored_backup_delivers_every_queued_message_once() {
    let service = ServiceProcess::start().unwrap();
    let mut scene = Scene::play(&service).await;
    let folder = tempdir().unwrap();
    let copy = folder.path().join("copy");

    // While it is copied it is written to.
    let (data, to) = (service.data_dir(), copy.clone());
    let backup =
        tokio::task::spawn_blocking(move || ended(tmtpd("backup", &data).arg(&to).arg("--json")));
    let mut meanwhile = vec![scene.write_to_bob(b"meanwhile".to_vec()).await];
    while !backup.is_finished() {
        let letter = format!("meanwhile {}", meanwhile.len()).into_bytes();
        meanwhile.push(scene.write_to_bob(letter).await);
    }
    let made = backup.await.unwrap();
    assert_eq!(made.code, Some(0), "{made:?}");
    let after = scene.write_to_bob(b"after the copy".to_vec()).await;

    // Both are served, side by side, under one certificate.
    let served = Served::start(&copy);
    let fingerprint = served.invitation.split_once('#').unwrap().1;
    assert_eq!(fingerprint, service.fingerprint());
    let mut newest = String::new();
    for (device, queued, meanwhile) in [
        (&scene.desk, &scene.queued_for_desk, &meanwhile[..]),
        (&scene.tablet, &scene.queued_for_tablet, &meanwhile[..]),
        (&scene.carol, &scene.queued_for_carol, &[]),
    ] {
        let (fetched, ids) = device.fetch(served.address).await;
        let (first, rest) = fetched.split_at(queued.len());
        assert!(
            first == queued.as_slice(),
            "queued: {}, fetched: {}",
            summed(queued),
            summed(&fetched)
        );
        // Of what was written meanwhile it has what came before one moment.
        assert_eq!(rest, &meanwhile[..rest.len()]);
        assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "one came twice");
        newest = newest.max(ids.into_iter().max().unwrap());

        // Nothing is queued any more there, and all is here.
        assert_eq!(device.fetch(served.address).await.0, []);
        let (fetched, _) = device.fetch(service.address()).await;
        let since = if meanwhile.is_empty() { &[][..] } else { from_ref(&after) };
        assert!(fetched == [queued, meanwhile, since].concat(), "the copy takes from the original");
    }

    // The copy goes on by itself.
    let enter = async |device: &Device| {
        RawPeer::enter(served.address, &device.uid, &device.node).await.unwrap()
    };
    let mut carol = enter(&scene.carol).await;
    let id = carol.post(&[&scene.carol.uid], b"on the copy").await.unwrap();
    assert!(id > newest, "{id} is not above {newest}");
    let letter = carol.expect("the new letter", |frame| frame.id() == id && is_owed(frame)).await;
    assert_eq!(letter.unwrap().data, b"on the copy");
    drop(carol);
    served.stop(&copy);
    assert_eq!(ended(&mut tmtpd("check", &copy)).code, Some(0));
}

/// What messages say, as far as a person can read it.
fn summed(messages: &[Told]) -> String {
    let short = |(op, data): &Told| {
        let start = String::from_utf8_lossy(data.get(..20).unwrap_or(data)).into_owned();
        format!("{op} of {} bytes {start:?}", data.len())
    };
    messages.iter().map(short).collect::<Vec<_>>().join(", ")
}
