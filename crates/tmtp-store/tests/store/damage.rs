//! Tests of damage: flipped bits, cut and missing files are detected, named, never served, and the rest goes on.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use tmtp_store::{Batch, Cursor, Executor, Findings, Inspection, NewData, StoreError, StoreLimits};
use tmtp_testkit::disk::SimulatedDisk;
use tmtp_testkit::store::{BlockingStore, Message};

use crate::{content, message};

const DIR: &str = "/data";
const DEVICES: Range<u32> = 1..4;
/// A row of the caller's.
const KEY: &[u8] = b"d/m/first";
/// No page stays in memory longer than it is used.
const NO_CACHE: StoreLimits =
    StoreLimits { cache_bytes: 0, queue_bytes: 8 << 20, reserve_bytes: 0, copy_slice: 500 };

/// Everything that can be read, or why it cannot.
type Read = BTreeMap<(u32, u64), Result<Vec<u8>, StoreError>>;

fn open(disk: &SimulatedDisk) -> Result<BlockingStore, StoreError> {
    BlockingStore::open_on(disk.mount(), Path::new(DIR), NO_CACHE, Executor::Threads)
}

/// A stopped store with messages of every kind, one group of three in each queue.
fn stopped() -> SimulatedDisk {
    let disk = SimulatedDisk::new(1);
    let store = open(&disk).unwrap();
    for id in 1..=60 {
        let devices = &DEVICES.collect::<Vec<_>>()[..1 + id as usize % 3];
        let mut new = Message { id, ..message(id, &"body ".repeat(id as usize), devices) };
        if id % 20 == 0 {
            let mut large = store.large_body();
            large.write(&vec![id as u8; 70_000]).unwrap();
            new.data = NewData::Large(large.finish().unwrap());
        }
        let mut rows = Batch::new();
        rows.put([b"d/m/".as_slice(), &id.to_be_bytes()].concat(), vec![b'r'; 100]);
        rows.put(KEY, b"<the value of a row>");
        store.post(new, rows).wait().unwrap();
    }
    store.close().unwrap();
    disk
}

fn read_all(store: &BlockingStore) -> Result<Read, StoreError> {
    let mut read = Read::new();
    for device in DEVICES {
        for queued in store.queued(device, Cursor::start(), usize::MAX)? {
            let text = store.read(&queued).and_then(|mut reader| {
                let mut text = reader.head().to_vec();
                while let Some(piece) = reader.chunk(30_000)? {
                    text.extend_from_slice(&piece);
                }
                Ok(text)
            });
            read.insert((device, queued.position.0), text);
        }
    }
    Ok(read)
}

fn check(disk: &SimulatedDisk) -> Result<Findings, StoreError> {
    Inspection::open(disk.mount(), Path::new(DIR))?.check()
}

fn file(disk: &SimulatedDisk, name: &str) -> (PathBuf, Vec<u8>) {
    let path = Path::new(DIR).join(name);
    disk.image().into_iter().find(|(found, _)| *found == path).unwrap()
}

/// Places in a file, spread over what is not zero in it.
fn places(bytes: &[u8], count: usize) -> Vec<u64> {
    let written: Vec<u64> =
        (0..bytes.len()).filter(|at| bytes[*at] != 0).map(|at| at as u64).collect();
    let step = written.len().div_ceil(count).max(1);
    // Not the same place in every page.
    written.iter().copied().step_by(step | 1).collect()
}

#[test]
fn a_flipped_bit_in_a_body_is_named_and_the_others_are_served() {
    let disk = stopped();
    let whole = read_all(&open(&disk.fork()).unwrap()).unwrap();
    let segment = "bodies/00000001.seg";
    let bodies = [segment, "bodies/large/0000000000000001", "bodies/large/0000000000000003"];
    for name in bodies {
        let (path, bytes) = file(&disk, name);
        for at in places(&bytes, 25) {
            let disk = disk.fork();
            disk.flip_bit(&path, at, at as u8).unwrap();
            let findings = check(&disk).unwrap();
            let [damage] = findings.damage.as_slice() else {
                panic!("{name} at {at}: {:?}", findings.damage)
            };
            let id = damage.message.unwrap().0;
            let file =
                if name == segment { "segment 00000001" } else { "large body 000000000000000" };
            assert!(damage.what.contains(file), "{damage}");
            assert_eq!(findings.messages_whole, findings.messages - 1);

            let store = open(&disk).unwrap();
            for ((device, read_id), text) in read_all(&store).unwrap() {
                match text {
                    Ok(text) => assert_eq!(Ok(text), clean(&whole, device, read_id)),
                    Err(StoreError::Corrupt { what }) => {
                        assert_eq!(read_id, id);
                        assert!(what.contains(&format!("message {id}: ")), "{what}");
                    }
                    Err(error) => panic!("{error:?}"),
                }
            }
            store.ack(1, &[id]);
            store.close().unwrap();
        }
    }
}

fn clean(whole: &Read, device: u32, id: u64) -> Result<Vec<u8>, ()> {
    whole[&(device, id)].clone().map_err(|_| ())
}

#[test]
fn a_damaged_large_body_is_not_begun_a_second_time() {
    let disk = stopped();
    let (path, _) = file(&disk, "bodies/large/0000000000000001");
    disk.flip_bit(&path, 60_000, 3).unwrap();
    let store = open(&disk).unwrap();
    let queued = store.queued(1, Cursor::start(), usize::MAX).unwrap();
    let damaged = queued.iter().find(|queued| queued.position.0 == 20).unwrap();
    let mut reader = store.read(damaged).unwrap();
    assert!(reader.chunk(50_000).unwrap().is_some());
    assert!(matches!(reader.chunk(50_000), Err(StoreError::Corrupt { .. })));
    assert!(matches!(store.read(damaged), Err(StoreError::Corrupt { .. })));
    let other = queued.iter().find(|queued| queued.position.0 == 40).unwrap();
    assert_eq!(content(&store, other).1, vec![40; 70_000]);
}

#[test]
fn a_flipped_bit_in_the_rows_is_found_or_changes_nothing() {
    let disk = stopped();
    let whole = read_all(&open(&disk.fork()).unwrap()).unwrap();
    let (path, bytes) = file(&disk, "rows.redb");
    let mut found = 0;
    let header = (0..320).step_by(7);
    for at in header.chain(places(&bytes, 150)) {
        let disk = disk.fork();
        disk.flip_bit(&path, at, at as u8).unwrap();
        let named = match check(&disk) {
            Err(StoreError::Corrupt { what }) => Some(what),
            Err(error) => panic!("at {at}: {error:?}"),
            Ok(findings) => findings.damage.first().map(ToString::to_string),
        };
        found += usize::from(named.is_some());
        match open(&disk) {
            Err(StoreError::Corrupt { what }) => assert!(named.is_some(), "at {at}: {what}"),
            Err(error) => panic!("at {at}: {error:?}"),
            Ok(store) => {
                assert_eq!(named, None, "at {at}, and the store opened");
                let read = read_all(&store).unwrap();
                assert!(same(&read, &whole), "at {at} a flipped bit changed what is queued");
                assert_eq!(store.get(KEY).unwrap().unwrap(), b"<the value of a row>");
            }
        }
    }
    assert!(found > 20, "only {found} flips were found: they did not meet what is used");
}

/// A store whose power was cut a moment after the last commit: all of it is in the WAL, and
/// some of it nowhere else.
fn cut_off() -> SimulatedDisk {
    let disk = SimulatedDisk::new(2);
    let store = open(&disk).unwrap();
    for id in 1..=9_u64 {
        let mut rows = Batch::new();
        rows.put(KEY, id.to_be_bytes());
        let new = Message { id, ..message(id, &"body ".repeat(id as usize), &[1, 2]) };
        store.post(new, rows).wait().unwrap();
    }
    store.ack(1, &[3]);
    store.ack(2, &[3]);
    store.flush().wait().unwrap();
    disk.cut_power();
    disk
}

#[test]
fn a_flipped_bit_in_the_wal_is_named_or_undoes_the_newest_commit_alone() {
    let disk = cut_off();
    let whole = read_all(&open(&disk.fork()).unwrap()).unwrap();
    assert_eq!(whole.len(), 16);
    let (name, (path, bytes)) = ["journal.0", "journal.1"]
        .map(|name| (name, file(&disk, name)))
        .into_iter()
        .max_by_key(|(_, (_, bytes))| bytes.len())
        .unwrap();
    let (mut named, mut undone) = (0, 0);
    for at in places(&bytes, 300) {
        let disk = disk.fork();
        disk.flip_bit(&path, at, at as u8).unwrap();
        let findings = match check(&disk) {
            Ok(findings) => findings,
            Err(StoreError::Corrupt { what }) => {
                assert!(what.contains(name), "{what}");
                assert!(matches!(open(&disk), Err(StoreError::Corrupt { .. })));
                named += 1;
                continue;
            }
            Err(error) => panic!("at {at}: {error:?}"),
        };
        assert_eq!(findings.damage, [], "at {at}");
        let store = open(&disk).unwrap();
        let mut read = read_all(&store).unwrap();
        if findings.newest_commit_undone {
            // Those were the acknowledgements.
            undone += 1;
            read.retain(|(_, id), _| *id != 3);
        }
        assert!(same(&read, &whole), "at {at}");
        assert_eq!(store.get(KEY).unwrap().unwrap(), 9_u64.to_be_bytes());
    }
    assert!(named > 100 && undone > 0, "{named} were named, {undone} undid the newest commit");
}

#[test]
fn a_wal_that_is_cut_off_is_named() {
    let disk = cut_off();
    for (name, len) in ["journal.0", "journal.1"].map(|name| (name, file(&disk, name).1.len())) {
        for len in [0, 1, 20, len / 2, len.saturating_sub(1)] {
            let disk = disk.fork();
            disk.truncate(&Path::new(DIR).join(name), len as u64).unwrap();
            let Err(error) = check(&disk) else {
                // The other file is the one in use.
                assert_eq!(read_all(&open(&disk).unwrap()).unwrap().len(), 16);
                assert_eq!(name, "journal.1");
                continue;
            };
            assert!(error.to_string().contains(&format!("{name} has been cut off")), "{error}");
            assert!(matches!(open(&disk), Err(StoreError::Corrupt { .. })));
        }
    }
}

#[test]
fn a_missing_wal_is_named_when_it_is_needed() {
    let disk = cut_off();
    let used = ["journal.0", "journal.1"].map(|name| (file(&disk, name).1.len(), name));
    disk.remove(&Path::new(DIR).join(used.iter().max().unwrap().1)).unwrap();
    let error = check(&disk).unwrap_err().to_string();
    assert!(error.contains("journal.") && error.contains("is missing"), "{error}");
    assert!(matches!(open(&disk), Err(StoreError::Corrupt { .. })));

    let stopped = stopped();
    for name in ["journal.0", "journal.1"] {
        stopped.remove(&Path::new(DIR).join(name)).unwrap();
    }
    assert_eq!(check(&stopped).unwrap().damage, []);
    assert!(open(&stopped).is_ok());
}

fn same(one: &Read, other: &Read) -> bool {
    let texts = |read: &Read| -> Vec<_> {
        read.iter().map(|(key, text)| (*key, text.as_ref().ok().cloned())).collect()
    };
    texts(one) == texts(other)
}

#[test]
fn a_page_of_rows_that_goes_bad_while_the_service_runs_is_not_believed() {
    let disk = stopped();
    let store = open(&disk).unwrap();
    assert!(store.get(KEY).unwrap().is_some());
    let (path, bytes) = file(&disk, "rows.redb");
    let value = b"<the value of a row>";
    let copies = bytes.windows(value.len()).enumerate().filter(|(_, window)| window == value);
    for (at, _) in copies {
        disk.flip_bit(&path, at as u64, 0).unwrap();
    }
    let error = store.get(KEY).unwrap_err();
    assert!(error.to_string().contains("rows.redb, the page at offset"), "{error}");
    // Nothing is built on what is left.
    let refused = store.post(message(100, "x", &[1]), Batch::new()).wait();
    assert!(matches!(refused, Err(StoreError::Corrupt { .. })), "{refused:?}");
    // It ends, so that whoever watches the service starts it anew, or learns that it does not.
    while !matches!(store.flush().wait(), Err(StoreError::Closed)) {}
    assert!(store.close().is_err());
    assert!(matches!(open(&disk), Err(StoreError::Corrupt { .. })));
}

#[test]
fn cut_and_missing_files_are_named() {
    let cases: [(&str, Option<u64>, &str); 7] = [
        ("rows.redb", None, "rows.redb is missing"),
        ("rows.redb", Some(0), "rows.redb"),
        ("rows.redb", Some(30_000), "rows.redb"),
        ("bodies/00000001.seg", None, "segment 00000001 is missing"),
        ("bodies/00000001.seg", Some(5_000), "segment 00000001, offset"),
        ("bodies/large/0000000000000002", None, "0000000000000002 is missing"),
        ("bodies/large/0000000000000002", Some(69_999), "is shorter than it was"),
    ];
    let whole = stopped();
    for (name, cut_to, said) in cases {
        let disk = whole.fork();
        let path = Path::new(DIR).join(name);
        match cut_to {
            None => disk.remove(&path).unwrap(),
            Some(len) => disk.truncate(&path, len).unwrap(),
        }
        let checked = check(&disk);
        let opened = open(&disk);
        match checked {
            Err(error) => {
                assert!(error.to_string().contains(said), "{name} {cut_to:?}: {error}");
                assert!(matches!(opened, Err(StoreError::Corrupt { .. })), "{name}: {opened:?}");
            }
            Ok(findings) => {
                let damage = findings.damage.first().unwrap();
                assert!(damage.to_string().contains(said), "{name} {cut_to:?}: {damage}");
                assert!(damage.message.is_some());
                let read = read_all(&opened.unwrap()).unwrap();
                // All heads lie in the one segment.
                let all = name.ends_with(".seg") && cut_to.is_none();
                assert_eq!(read.values().any(Result::is_ok), !all, "the rest is served");
                assert!(read.values().any(Result::is_err));
            }
        }
    }
}

#[test]
fn a_check_changes_nothing_and_finds_a_killed_store_whole() {
    let disk = stopped();
    let store = open(&disk).unwrap();
    store.post(message(100, "the last", &[1]), Batch::new()).wait().unwrap();
    let killed = disk.fork();
    let before = killed.image();
    let findings = check(&killed).unwrap();
    assert!(!findings.closed_in_order && !findings.newest_commit_undone);
    assert_eq!((findings.messages, findings.damage.len()), (61, 0));
    assert_eq!(findings.messages_whole, 61);
    assert!(killed.image() == before);
}
