//! Tests of queues on the disk: what is erased, what is there after a start, copies beside other commits.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tmtp_store::{Batch, Cursor, NewData, StoreError, StoreLimits};
use tmtp_testkit::files::files_with;
use tmtp_testkit::store::{BlockingStore, Message};

use crate::{content, message, open, post, queued_ids};

#[test]
fn message_is_queued_for_each_device_and_erased_with_the_last_acknowledgement() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    post(&store, 1, "stays: MARKER-ONE", &[7, 8]);
    post(&store, 2, "goes: MARKER-TWO", &[7, 8]);
    assert_eq!(queued_ids(&store, 7), [1, 2]);
    let queued = store.queued(7, Cursor::start(), 10).unwrap();
    assert_eq!(content(&store, &queued[1]), ("head of 2:".into(), b"goes: MARKER-TWO".to_vec()));

    store.ack(7, &[2]);
    assert_eq!(queued_ids(&store, 7), [1], "hidden at once, before it is committed");
    store.ack(7, &[2, 2, 99]);
    store.flush().wait().unwrap();
    assert_eq!(queued_ids(&store, 8), [1, 2], "acknowledging twice counts once");
    assert_eq!(store.stats().queued, 3);
    store.ack(8, &[2]);
    store.flush().wait().unwrap();
    assert!(
        matches!(store.read(&queued[1]), Err(StoreError::Gone))
            || !queued_ids(&store, 8).contains(&2)
    );
    store.close().unwrap();

    assert_eq!(files_with(dir.path(), b"MARKER-TWO").unwrap(), Vec::<&Path>::new());
    assert_eq!(files_with(dir.path(), b"head of 2").unwrap(), Vec::<&Path>::new());
    assert_eq!(files_with(dir.path(), b"MARKER-ONE").unwrap().len(), 1);
    let store = open(dir.path());
    assert_eq!(store.last_id(), 2);
    assert_eq!((queued_ids(&store, 7), queued_ids(&store, 8)), (vec![1], vec![1]));
    assert_eq!((store.stats().messages, store.stats().queued), (1, 2));
}

#[test]
fn a_running_store_erases_within_seconds() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    post(&store, 1, "MARKER small", &[1]);
    let mut body = store.large_body();
    body.write(b"MARKER large").unwrap();
    let data = NewData::Large(body.finish().unwrap());
    store.post(Message { data, ..message(2, "", &[1]) }, Batch::new()).wait().unwrap();
    let until = |is_so: fn(&[PathBuf]) -> bool| {
        let deadline = Instant::now() + Duration::from_secs(5);
        loop {
            let found = files_with(dir.path(), b"MARKER").unwrap();
            if is_so(&found) {
                break;
            }
            assert!(Instant::now() < deadline, "in {found:?}");
        }
    };
    let is_in_segment = |found: &[PathBuf]| {
        found.iter().any(|path| path.extension().is_some_and(|extension| extension == "seg"))
    };
    // Dead before it reaches its segment, and after.
    assert!(!is_in_segment(&files_with(dir.path(), b"MARKER").unwrap()));
    store.ack(1, &[1, 2]);
    until(|found| found.is_empty());
    post(&store, 3, "MARKER small", &[1]);
    until(is_in_segment);
    store.ack(1, &[3]);
    until(|found| found.is_empty());
}

#[test]
fn a_long_queue_is_read_piece_by_piece_wherever_its_rows_are() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    (1..=10).for_each(|id| post(&store, id, "before the restart", &[1]));
    store.close().unwrap();
    drop(store);
    let store = open(dir.path());
    (11..=15).for_each(|id| post(&store, id, "in the WAL", &[1]));
    let mut position = Cursor::start();
    let mut next = || -> Vec<u64> {
        let found = store.next(1, &mut position, 4).unwrap();
        found.iter().map(|queued| queued.position.0).collect()
    };
    for first in [1, 5, 9, 13] {
        assert_eq!(next(), (first..=15.min(first + 3)).collect::<Vec<_>>());
    }
    assert_eq!(next(), [0; 0]);
    post(&store, 16, "after all", &[1]);
    assert_eq!(next(), [16]);
}

/// A store whose copies of queues have slices of ten, and a queue of `messages` for device 1.
fn with_long_queue(dir: &Path, messages: u64) -> BlockingStore {
    let store =
        BlockingStore::open(dir, StoreLimits { copy_slice: 10, ..StoreLimits::default() }).unwrap();
    let posted: Vec<_> =
        (1..=messages).map(|id| store.post(message(id, "waits", &[1]), Batch::new())).collect();
    for receipt in posted {
        receipt.wait().unwrap();
    }
    store
}

#[test]
fn others_post_between_the_slices_of_a_copy() {
    let dir = tempfile::tempdir().unwrap();
    let store = with_long_queue(dir.path(), 2_000);
    let copied = store.copy_queue(1, 2, Batch::new());
    for id in 2_001..2_006 {
        store.post(message(id, "others", &[3]), Batch::new()).wait().unwrap();
        let copied = store.queue(2).messages;
        assert!(copied < 2_000, "message {id} waited for the whole copy");
    }
    copied.wait().unwrap();
    let all: Vec<_> = (1..=2_000).collect();
    assert_eq!(store.queue(2).messages, 2_000);
    assert_eq!(queued_ids(&store, 2), all);
}

#[test]
fn a_store_that_ends_during_a_copy_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let store = with_long_queue(dir.path(), 2_000);
    let copied = store.copy_queue(1, 2, Batch::new());
    store.close().unwrap();
    assert!(matches!(copied.wait(), Err(StoreError::Closed)));
    drop(store);
    let store = open(dir.path());
    assert_eq!(store.queue(1).messages, 2_000);
    // What there is of the copy is whole, and can be undone.
    store.drop_queue(2, Batch::new()).wait().unwrap();
    assert_eq!((store.stats().messages, store.stats().queued), (2_000, 2_000));
}

#[test]
fn a_large_body_streams_through_a_file_of_its_own() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let piece = vec![b'L'; 100_000];
    let mut body = store.large_body();
    (0..30).for_each(|_| body.write(&piece).unwrap());
    let large = Message { data: NewData::Large(body.finish().unwrap()), ..message(1, "", &[1, 2]) };
    store.post(large, Batch::new()).wait().unwrap();
    let queued = store.queued(2, Cursor::start(), 1).unwrap();
    assert_eq!(queued[0].data_len, 3_000_000);
    let (head, data) = content(&store, &queued[0]);
    assert_eq!((head.as_ref(), data.len()), (&b"head of 1:"[..], 3_000_000));
    assert!(data.iter().all(|byte| *byte == b'L'));

    // Dropped unfinished, dropped unposted, refused: nothing stays.
    let files = || std::fs::read_dir(dir.path().join("bodies/large")).unwrap().count();
    let mut dropped = store.large_body();
    assert_eq!(files(), 1, "nothing is stored before the first piece");
    dropped.write(b"half").unwrap();
    drop(dropped);
    drop(store.large_body().finish().unwrap());
    let mut rows = Batch::new();
    rows.put("m/reserved", "");
    let data = NewData::Large(store.large_body().finish().unwrap());
    let refused = store.post(Message { data, ..message(2, "", &[1]) }, rows).wait();
    assert!(matches!(refused, Err(StoreError::ReservedKey { .. })));
    assert_eq!(files(), 1);

    store.ack(1, &[1]);
    store.ack(2, &[1]);
    store.close().unwrap();
    assert_eq!(files(), 0);
}

#[test]
fn damaged_bytes_are_never_served() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    post(&store, 1, "what was written", &[1]);
    let mut body = store.large_body();
    body.write(&[b'L'; 300_000]).unwrap();
    let data = NewData::Large(body.finish().unwrap());
    store.post(Message { data, ..message(2, "", &[1]) }, Batch::new()).wait().unwrap();
    // What was just stored is still in memory; after a start it is read from the disk.
    store.close().unwrap();
    drop(store);
    for file in ["bodies/00000001.seg", "bodies/large/0000000000000001"] {
        let path = dir.path().join(file);
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[12] ^= 1;
        std::fs::write(&path, bytes).unwrap();
    }
    let store = open(dir.path());
    let queued = store.queued(1, Cursor::start(), 10).unwrap();
    match store.read(&queued[0]) {
        Err(StoreError::Corrupt { what }) => assert!(what.contains("00000001, offset 0"), "{what}"),
        other => panic!("{other:?}"),
    }
    // The head of the large message lies behind the first message and is whole; the data is not.
    let mut reader = store.read(&queued[1]).unwrap();
    let mut served = 0;
    let error = loop {
        match reader.chunk(65_536) {
            Ok(chunk) => served += chunk.expect("the end must not be reached").len(),
            Err(error) => break error,
        }
    };
    assert!(matches!(error, StoreError::Corrupt { .. }));
    assert!(served < 300_000, "the last piece is withheld");
}

#[test]
fn a_second_opener_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let second = BlockingStore::open(dir.path(), StoreLimits::default());
    assert!(matches!(second, Err(StoreError::InUse { .. })));
    store.close().unwrap();
    open(dir.path()).close().unwrap();
}
