//! Tests of backup: a copy of a running store is a store of one moment, whole, and for its owner alone.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tmtp_store::disk::SystemDisk;
use tmtp_store::{Batch, Cursor, Executor, Inspection, NewData, StoreError, StoreLimits};
use tmtp_testkit::disk::SimulatedDisk;
use tmtp_testkit::files::files_with;
use tmtp_testkit::store::{BlockingStore, Message};

use crate::{content, message, open, post, queued_ids};

fn is_whole(dir: &Path) {
    let inspection = Inspection::open(Arc::new(SystemDisk), dir).unwrap();
    let findings = inspection.check().unwrap();
    assert_eq!(findings.damage, [], "{}", dir.display());
    assert!(findings.closed_in_order);
}

#[test]
fn a_copy_holds_what_was_queued_and_the_keys_and_lets_nobody_else_in() {
    let dir = tempfile::tempdir().unwrap();
    let (data, copy) = (dir.path().join("data"), dir.path().join("copy"));
    let store = open(&data);
    std::fs::create_dir(data.join("tls")).unwrap();
    std::fs::write(data.join("tls/key.pem"), "the key").unwrap();
    post(&store, 1, "acked before", &[1]);
    post(&store, 2, "kept", &[1, 2]);
    let mut large = store.large_body();
    large.write(&[7; 300_000]).unwrap();
    let new = Message { data: NewData::Large(large.finish().unwrap()), ..message(3, "", &[2]) };
    let mut rows = Batch::new();
    rows.put(b"d/row".as_slice(), b"value".as_slice());
    store.post(new, rows).wait().unwrap();
    store.ack(1, &[1]);
    store.flush().wait().unwrap();

    let copied = store.backup(&copy).unwrap();
    assert_eq!((copied.messages, copied.damaged.len()), (2, 0));
    store.ack(1, &[2]);
    store.ack(2, &[2, 3]);
    store.close().unwrap();
    assert_eq!(
        files_with(&data, b"kept").unwrap(),
        Vec::<&Path>::new(),
        "erasing goes on after the copy"
    );

    is_whole(&copy);
    assert_eq!(std::fs::read(copy.join("tls/key.pem")).unwrap(), b"the key");
    only_for_its_owner(&copy);
    let restored = open(&copy);
    assert_eq!(restored.get(b"d/row").unwrap().unwrap(), b"value");
    assert_eq!((queued_ids(&restored, 1), queued_ids(&restored, 2)), (vec![2], vec![2, 3]));
    let queued = restored.queued(2, Cursor::start(), 10).unwrap();
    assert_eq!(content(&restored, &queued[0]).1, b"kept");
    assert_eq!(content(&restored, &queued[1]).1, [7; 300_000]);
    assert_eq!(restored.last_id(), 3);
    assert_eq!(files_with(&copy, b"acked before").unwrap(), Vec::<&Path>::new());
    assert!(matches!(restored.backup(&data), Err(StoreError::NotEmpty { .. })));
}

fn only_for_its_owner(dir: &Path) {
    let mut paths: Vec<PathBuf> = vec![dir.to_owned()];
    while let Some(path) = paths.pop() {
        let mode = std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, if path.is_dir() { 0o700 } else { 0o600 }, "{}", path.display());
        if path.is_dir() {
            paths.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        }
    }
}

#[test]
fn copies_of_a_store_that_works_at_full_speed_are_each_of_one_moment() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir.path().join("data"));
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            // Each commit queues three messages, and acknowledges the three before: of one moment are
            // always three that follow each other, or six.
            let mut id = 0;
            while !stop.load(Ordering::Relaxed) {
                let three = (id + 1..=id + 3).map(|id| message(id, &body(id), &[1])).collect();
                store.post_all(three, Batch::new()).wait().unwrap();
                store.ack(1, &(id.saturating_sub(2).max(1)..=id).collect::<Vec<_>>());
                store.flush().wait().unwrap();
                id += 3;
            }
        });
        for round in 0..10 {
            let copy = dir.path().join(format!("copy {round}"));
            let copied = store.backup(&copy).unwrap();
            assert!(copied.damaged.is_empty());
            is_whole(&copy);
            let restored = open(&copy);
            let queued = restored.queued(1, Cursor::start(), 100).unwrap();
            assert!(queued.len().is_multiple_of(3) && queued.len() <= 6, "{} queued", queued.len());
            for queued in &queued {
                assert_eq!(content(&restored, queued).1, body(queued.position.0).as_bytes());
            }
            assert_eq!(queued.last().map_or(0, |queued| queued.position.0), restored.last_id());
        }
        stop.store(true, Ordering::Relaxed);
    });
    let left: BTreeSet<u64> = queued_ids(&store, 1).into_iter().collect();
    store.close().unwrap();
    let found = files_with(&dir.path().join("data"), b"<body of ").unwrap();
    assert_eq!(found.is_empty(), left.is_empty());
}

fn body(id: u64) -> String {
    format!("<body of {id}>").repeat(1 + id as usize % 7 * 50)
}

#[test]
fn a_copy_that_was_interrupted_is_no_store() {
    let data = Path::new("/data");
    let copy = Path::new("/copy");
    let disk = SimulatedDisk::new(3);
    let open = |disk: &SimulatedDisk, dir| {
        BlockingStore::open_on(disk.mount(), dir, StoreLimits::default(), Executor::Threads)
    };
    let store = open(&disk, data).unwrap();
    (1..20).for_each(|id| post(&store, id, "body", &[1]));
    store.close().unwrap();
    let mut whole = false;
    let mut interrupted = 0;
    for cut in 0.. {
        let disk = disk.fork();
        let store = open(&disk, data).unwrap();
        disk.cut_power_at(disk.operations() + 1 + cut);
        let done = store.backup(copy);
        drop(store);
        disk.cut_power();
        let checked = Inspection::open(disk.mount(), copy).and_then(|found| found.check());
        match (done, checked) {
            (Ok(_), Ok(findings)) => {
                assert_eq!((findings.messages_whole, findings.damage), (19, vec![]));
                whole = true;
                break;
            }
            // The rows had their name already, and nothing was missing.
            (Err(_), Ok(findings)) => assert_eq!(findings.messages_whole, 19),
            (Err(_), Err(_)) => interrupted += 1,
            (Ok(_), Err(error)) => panic!("a copy that was reported whole is not: {error}"),
        }
    }
    assert!(whole && interrupted > 10);
}
