//! The durable store, tested on real files: one program for all of it, so that it links once.
#![allow(clippy::unwrap_used, clippy::expect_used)] // the helpers are tests too

#[path = "store/backup.rs"]
mod backup;
#[path = "store/crash.rs"]
mod crash;
#[path = "store/damage.rs"]
mod damage;
#[path = "store/full.rs"]
mod full;
#[path = "store/power.rs"]
mod power;
#[path = "store/queue.rs"]
mod queue;
#[path = "store/rows.rs"]
mod rows;

use std::path::Path;

use bytes::Bytes;
use tmtp_store::{Batch, DeviceNumber, Queued, StoreLimits};
use tmtp_testkit::store::{BlockingStore, Message, ModelStore};
use tmtp_testkit::store_conformance;

store_conformance!(
    embedded,
    {
        let dir = tempfile::tempdir().unwrap();
        (crate::open(dir.path()), dir)
    },
    crate::open
);
store_conformance!(model, (crate::BlockingStore::new(crate::ModelStore::new()), ()), |dir| {
    crate::BlockingStore::new(crate::ModelStore::open_backup(dir).unwrap())
});

fn open(dir: &Path) -> BlockingStore {
    BlockingStore::open(dir, StoreLimits::default()).unwrap()
}

fn message(id: u64, data: &str, devices: &[DeviceNumber]) -> Message {
    Message::text(id, data, devices)
}

fn post(store: &BlockingStore, id: u64, data: &str, devices: &[DeviceNumber]) {
    store.post(message(id, data, devices), Batch::new()).wait().unwrap();
}

fn queued_ids(store: &BlockingStore, device: DeviceNumber) -> Vec<u64> {
    store.queued_ids(device)
}

fn content(store: &BlockingStore, queued: &Queued) -> (Bytes, Vec<u8>) {
    store.content(queued).unwrap()
}
