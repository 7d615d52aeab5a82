//! Attack: a member with a long queue who adds devices.

use std::path::Path;
use std::time::Instant;

use bytes::Bytes;
use serde_json::json;
use tmtp::event::{Message, MessageKind};
use tmtp::id::{MessageId, Uid};
use tmtp::request::Data;
use tmtp_store::{Batch, Class, NewData, Receipt, StoreLimits};
use tmtp_testkit::peer::RawPeer;
use tmtp_testkit::process::ServiceProcess;
use tmtp_testkit::store::{self, BlockingStore};

use crate::cast::{Bystanders, Member, service};

/// Messages in the queue. `LONG_QUEUE` says how many, to measure by hand.
fn messages() -> u64 {
    std::env::var("LONG_QUEUE").map_or(4_000, |messages| messages.parse().unwrap())
}

/// Puts messages into the queue of a device while the service does not run.
fn fill(data: &Path, device: u32, messages: u64) {
    let store = BlockingStore::open(data, StoreLimits::default()).unwrap();
    let first = store.last_id() + 1;
    let ids: Vec<_> = (first..first + messages).collect();
    // No more at once than the store takes.
    for ids in ids.chunks(1_000) {
        let posted: Vec<_> = ids.iter().map(|id| post(&store, *id, device)).collect();
        for receipt in posted {
            receipt.wait().unwrap();
        }
    }
    store.close().unwrap();
}

fn post(store: &BlockingStore, id: u64, device: u32) -> Receipt {
    let kind = MessageKind::NewAlias { alias: "much to fetch".into() };
    let message = Message::new(MessageId(id), Uid::service(), 0, Data::default(), kind);
    let (head, data) = (message.pack().unwrap().into(), NewData::Inline(Bytes::new()));
    store.post(
        store::Message { id, class: Class::Rest, head, data, devices: vec![device] },
        Batch::new(),
    )
}

/// A member without a link, of whom the device is owed many messages.
async fn with_long_queue(service: &mut ServiceProcess) -> (String, String) {
    // The first of the service, so its device has the first number.
    let Member { peer, uid, node } = Member::join(service, "much to fetch").await;
    peer.quit().await.unwrap();
    service.sigterm().unwrap();
    let data = service.data_dir();
    tokio::task::spawn_blocking(move || fill(&data, 0, messages())).await.unwrap();
    service.restart().unwrap();
    (uid, node)
}

/// Logs in. The word of it comes behind the queue and is not waited for.
async fn enter(service: &ServiceProcess, (uid, node): &(String, String)) -> RawPeer {
    let mut peer = RawPeer::connect(service.address()).await.unwrap();
    peer.greet().await.unwrap();
    peer.request(json!({"op": 2, "uid": uid, "node": node})).await.unwrap();
    peer
}

/// Asks for a device on a link of its own, whose deliveries are left unread.
async fn ask(service: &ServiceProcess, member: &(String, String)) -> RawPeer {
    let mut peer = enter(service, member).await;
    peer.request(json!({"op": 3, "id": "n", "newnode": "one more"})).await.unwrap();
    peer
}

#[tokio::test]
async fn others_are_served_during_the_copy_of_a_long_queue() {
    let mut service = service("");
    let member = with_long_queue(&mut service).await;
    let mut bystanders = Bystanders::join(&service).await;
    let mut peer = ask(&service, &member).await;
    let began = Instant::now();
    let done = tokio::spawn(async move { peer.expect_done("n").await.map(drop) });
    let (mut served, mut longest) = (0, began - began);
    while !done.is_finished() {
        let before = Instant::now();
        bystanders.are_served().await;
        longest = longest.max(before.elapsed());
        served += 1;
    }
    println!("{served} letters in {:?}, one of them took {longest:?}", began.elapsed());
    done.await.unwrap().unwrap();
    assert!(served >= 2, "{served} letters while {} messages were copied", messages());
}

#[tokio::test]
async fn half_added_device_is_undone_after_a_crash() {
    let mut service = service("");
    let member = with_long_queue(&mut service).await;
    let mut bystanders = Bystanders::join(&service).await;
    let _peer = ask(&service, &member).await;
    // The copy takes several such letters; see above.
    bystanders.are_served().await;
    service.kill9().unwrap();
    service.restart().unwrap();
    let mut peer = enter(&service, &member).await;
    let id = peer.start_post(&json!([{"id": member.0, "type": 1}]), b"x").await.unwrap();
    peer.expect_done(&id).await.unwrap();
    service.sigterm().unwrap();
    let store = BlockingStore::open(&service.data_dir(), StoreLimits::default()).unwrap();
    let queues = store.inner().queues();
    let long: Vec<_> = queues.iter().filter(|(_, queue)| queue.messages > 10).collect();
    assert_eq!(long.len(), 1, "only the old device: {queues:?}");
    assert_eq!(store.scan(b"n/").unwrap(), []);
}

#[tokio::test]
async fn devices_per_hour_and_the_copied_queue_are_limited() {
    let service = service("devices_per_hour = 2\nowed_messages_max = 10");
    let mut ada = Member::join(&service, "ada lovelace").await;
    ada.peer.add_device("first").await.unwrap();
    ada.peer.add_device("second").await.unwrap();
    let error = refusal_of_a_device(&mut ada).await;
    assert!(error.contains("no more devices here within this hour"), "{error}");

    let mut bob = Member::join(&service, "bob babbage").await;
    bob.peer.add_device("in a drawer").await.unwrap();
    for _ in 0..9 {
        ada.peer.post(&[&bob.uid], b"x").await.unwrap();
    }
    // Each of his devices is owed nine or ten: a third of that is more than twice ten.
    let error = refusal_of_a_device(&mut bob).await;
    assert!(error.contains("too much waits for your devices"), "{error}");
    // What he has fetched makes room, as soon as it is counted.
    for _ in 0..9 {
        bob.peer.receive("delivery").await.unwrap();
    }
    while !refusal_of_a_device(&mut bob).await.is_empty() {}
}

/// Why the member may not add a device; nothing if they may.
async fn refusal_of_a_device(member: &mut Member) -> String {
    member.peer.request(json!({"op": 3, "id": "n", "newnode": "third"})).await.unwrap();
    member.peer.expect_ack("n").await.unwrap().text("error").to_owned()
}
