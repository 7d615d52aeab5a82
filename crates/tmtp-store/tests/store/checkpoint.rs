//! Tests of a checkpoint that happened although the engine said that it failed, as after a sync whose answer
//! was an error.

use std::io;
use std::ops::{Bound, ControlFlow};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tmtp_store::engine::{Change, Engine, KeyRange, MemoryEngine, ReadRows, Visitor};
use tmtp_store::{Limits, Position, Store, StoreError};

use crate::{content, every_file, post};

/// Does what it is told, and once says that it did not.
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

/// Otherwise what comes next would be appended to the journal that no start reads any more.
#[test]
fn a_checkpoint_that_happened_all_the_same_is_taken_for_done() {
    let dir = tempfile::tempdir().unwrap();
    let engine = Arc::<LyingEngine>::default();
    let store = Store::open_with(dir.path(), Limits::default(), engine.clone()).unwrap();
    post(&store, 1, "first", &[7]);
    engine.lies.store(true, Ordering::SeqCst);
    // Makes a checkpoint.
    store.backup(&dir.path().join("copy")).unwrap();
    assert!(!engine.lies.load(Ordering::SeqCst));
    post(&store, 2, "second", &[7]);

    // What is there if the process is killed now: first the files, then the rows.
    let killed = tempfile::tempdir().unwrap();
    for (path, bytes) in every_file(dir.path()) {
        let to = killed.path().join(path.strip_prefix(dir.path()).unwrap());
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::write(to, bytes).unwrap();
    }
    let rows = Arc::new(engine.copy());
    let again = Store::open_with(killed.path(), Limits::default(), rows).unwrap();
    let owed = again.queued(7, Position::start(), 10).unwrap();
    let shown: Vec<_> = owed.iter().map(|owed| content(&again, owed).1).collect();
    assert_eq!(shown, [b"first".to_vec(), b"second".to_vec()]);
}
