//! The durable store, tested on real files: one program for all of it, so that it links once.
#![allow(clippy::unwrap_used, clippy::expect_used)] // the helpers are tests too

#[path = "store/backup.rs"]
mod backup;
#[path = "store/checkpoint.rs"]
mod checkpoint;
#[path = "store/crash.rs"]
mod crash;
#[path = "store/damage.rs"]
mod damage;
#[path = "store/engine.rs"]
mod engine;
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
use tmtp_store::{
    Batch, Class, DeviceNumber, Limits, MessageId, NewData, NewMessage, Position, Queued, Store,
};

fn open(dir: &Path) -> Store {
    Store::open(dir, Limits::default()).unwrap()
}

fn message(id: MessageId, data: &str, devices: &[DeviceNumber]) -> NewMessage {
    NewMessage {
        id,
        class: Class::Rest,
        head: Bytes::from(format!("head of {id}:")),
        data: NewData::Inline(Bytes::copy_from_slice(data.as_bytes())),
        devices: devices.to_vec(),
    }
}

fn post(store: &Store, id: MessageId, data: &str, devices: &[DeviceNumber]) {
    store.post(message(id, data, devices), Batch::new()).wait().unwrap();
}

fn owed_ids(store: &Store, device: DeviceNumber) -> Vec<MessageId> {
    let owed = store.queued(device, Position::start(), 10_000).unwrap();
    owed.iter().map(Queued::id).collect()
}

fn content(store: &Store, owed: &Queued) -> (Bytes, Vec<u8>) {
    let mut reader = store.read(owed).unwrap();
    let mut data = Vec::new();
    while let Some(chunk) = reader.chunk(100_000).unwrap() {
        data.extend_from_slice(&chunk);
    }
    assert_eq!(data.len() as u64, reader.data_len());
    (reader.head().clone(), data)
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
