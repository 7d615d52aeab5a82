//! Tests of the embedded store with a faulty engine, or with prepared rows.
//!
//! One is of a checkpoint that was made although the engine reported a failure, as after a sync that
//! returned an error.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::io;
use std::ops::{Bound, ControlFlow};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;

use super::{EmbeddedStore, StoreLimits, open};
use crate::batch::Change;
use crate::engine::memory::MemoryEngine;
use crate::engine::redb::RedbEngine;
use crate::engine::{Engine, KeyRange, ReadRows, Visitor};
use crate::error::StoreError;
use crate::message::{NewData, NewMessage};
use crate::position::{Class, Cursor};
use crate::row::FORMAT_KEY;
use crate::store::{Commit, Store};

/// Commits all changes, and reports one failure of a commit that was made.
#[derive(Debug, Default)]
struct LyingEngine {
    rows: MemoryEngine,
    lies: AtomicBool,
}

impl ReadRows for LyingEngine {
    fn get_many(&self, keys: &[&[u8]]) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        self.rows.get_many(keys)
    }

    fn scan(&self, range: KeyRange<'_>, visit: &mut Visitor<'_>) -> Result<(), StoreError> {
        self.rows.scan(range, visit)
    }
}

impl Engine for LyingEngine {
    fn commit(&self, changes: &[Change]) -> Result<(), StoreError> {
        self.rows.commit(changes)?;
        match self.lies.swap(false, Ordering::SeqCst) {
            true => Err(StoreError::Io {
                doing: "lying",
                source: Arc::new(io::Error::other("it happened all the same")),
            }),
            false => Ok(()),
        }
    }
}

impl LyingEngine {
    fn copy(&self) -> MemoryEngine {
        let mut rows = Vec::new();
        let all = (Bound::Unbounded, Bound::Unbounded);
        let keep = &mut |key: &[u8], value: &[u8]| {
            rows.push(Change::Put(key.into(), value.to_vec()));
            ControlFlow::Continue(())
        };
        self.scan(all, keep).unwrap();
        let copy = MemoryEngine::default();
        copy.commit(&rows).unwrap();
        copy
    }
}

fn open_with(dir: &Path, engine: Arc<dyn Engine>) -> EmbeddedStore {
    EmbeddedStore {
        shared: Arc::new(open::open_with(dir, &StoreLimits::default(), engine).unwrap()),
    }
}

async fn post(store: &EmbeddedStore, text: &'static str) {
    let data = NewData::Inline(Bytes::from_static(text.as_bytes()));
    let message = NewMessage { class: Class::Rest, head: Bytes::new(), data, devices: vec![7] };
    let commit = Commit { messages: vec![message], ..Commit::default() };
    store.commit(Box::new(|_| Ok(commit))).await.unwrap();
}

/// Otherwise what comes next would be appended to the log that no start reads any more.
#[tokio::test]
async fn a_checkpoint_that_happened_all_the_same_is_taken_for_done() {
    let dir = tempfile::tempdir().unwrap();
    let engine = Arc::<LyingEngine>::default();
    let store = open_with(dir.path(), engine.clone());
    post(&store, "first").await;
    engine.lies.store(true, Ordering::SeqCst);
    // Makes a checkpoint.
    store.backup(&dir.path().join("copy")).await.unwrap();
    assert!(!engine.lies.load(Ordering::SeqCst));
    post(&store, "second").await;

    // What is there if the process is killed now: first the files, then the rows.
    let killed = tempfile::tempdir().unwrap();
    copy_files(dir.path(), killed.path());
    let rows = Arc::new(engine.copy());
    let again = open_with(killed.path(), rows);
    let (queued, _) = again.next(7, Cursor::start(), 10).await.unwrap();
    let mut shown = Vec::new();
    for queued in &queued {
        let mut reader = again.read(queued).await.unwrap();
        shown.push(reader.chunk(100).await.unwrap().unwrap());
    }
    assert_eq!(shown, ["first", "second"]);
}

fn copy_files(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_files(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}

#[tokio::test]
async fn rows_of_a_newer_format_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let store = EmbeddedStore::open(dir.path(), StoreLimits::default()).unwrap();
    store.close().await.unwrap();
    let engine = RedbEngine::open(&dir.path().join("rows.redb"), 1 << 20).unwrap();
    let format = Change::Put(FORMAT_KEY.into(), 3_u32.to_be_bytes().to_vec());
    engine.commit(&[format]).unwrap();
    drop(engine);
    let refused = EmbeddedStore::open(dir.path(), StoreLimits::default());
    assert!(matches!(refused, Err(StoreError::NewerFormat { found: 3, known: 2 })));
}
