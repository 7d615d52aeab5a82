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

use std::path::{Path, PathBuf};

use bytes::Bytes;
use tmtp_store::{Batch, DeviceNumber, Limits, Queued};
use tmtp_testkit::store::{BlockingStore, Message, ModelStore};
use tmtp_testkit::store_conformance;

store_conformance!(embedded, {
    let dir = tempfile::tempdir().unwrap();
    (crate::open(dir.path()), dir)
});
store_conformance!(model, (crate::BlockingStore::new(crate::ModelStore::new()), ()));

fn open(dir: &Path) -> BlockingStore {
    BlockingStore::open(dir, Limits::default()).unwrap()
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

/// Every file under `dir`, and what it holds.
fn every_file(dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(every_file(&path));
        } else {
            match std::fs::read(&path) {
                Ok(bytes) => files.push((path, bytes)),
                // A running store unlinks; what is gone holds nothing.
                Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::NotFound, "{error}"),
            }
        }
    }
    files
}

/// Names of the files under `dir` that hold `marker`.
fn files_with(dir: &Path, marker: &[u8]) -> Vec<String> {
    every_file(dir)
        .into_iter()
        .filter(|(_, bytes)| bytes.windows(marker.len()).any(|window| window == marker))
        .map(|(path, _)| path.display().to_string())
        .collect()
}
