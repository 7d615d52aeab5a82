//! A service and its administrator beside a store's files: `tmtpd check`, and a full disk.
#![allow(clippy::unwrap_used, clippy::expect_used)] // the helpers are tests too

#[path = "store/check.rs"]
mod check;
#[path = "store/full_disk.rs"]
mod full_disk;

use std::path::{Path, PathBuf};

use tmtp_store::{Batch, DeviceNumber, Limits};
use tmtp_testkit::store::{BlockingStore, Message};

fn open(dir: &Path) -> BlockingStore {
    BlockingStore::open(dir, Limits::default()).unwrap()
}

fn post(store: &BlockingStore, id: u64, data: &str, devices: &[DeviceNumber]) {
    store.post(Message::text(id, data, devices), Batch::new()).wait().unwrap();
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
