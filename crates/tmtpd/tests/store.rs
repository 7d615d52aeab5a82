//! A service and its administrator beside a store's files: `tmtpd check`, and a full disk.
#![allow(clippy::unwrap_used, clippy::expect_used)] // the helpers are tests too

#[path = "store/check.rs"]
mod check;
#[path = "store/full_disk.rs"]
mod full_disk;

use std::path::Path;

use tmtp_store::{Batch, DeviceNumber, StoreLimits};
use tmtp_testkit::store::{BlockingStore, Message};

fn open(dir: &Path) -> BlockingStore {
    BlockingStore::open(dir, StoreLimits::default()).unwrap()
}

fn post(store: &BlockingStore, id: u64, data: &str, devices: &[DeviceNumber]) {
    store.post(Message::text(id, data, devices), Batch::new()).wait().unwrap();
}
