//! Tests of a full disk: nothing half done, reads and acknowledgements go on, and it recovers.
//!
//! The full disk is the kernel's limit on the length of files, set in a process of its own: it
//! fails the same system calls at the same places, and needs no rights.

use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tmtp_store::{Batch, Cursor, Executor, StoreError, StoreLimits};
use tmtp_testkit::disk::SimulatedDisk;
use tmtp_testkit::files::files_with;
use tmtp_testkit::store::BlockingStore;
// Not synchronisation: simulated time, in which the store tidies up.
use tokio::time::sleep;

use crate::power::on_simulated_time;
use crate::{content, message, open, post, queued_ids};

const DIR: &str = "STORE_FULL_DIR";
const LIMIT: &str = "STORE_FULL_LIMIT";
const BODY: &str = "STORE_FULL_BODY";
const DEVICES: &str = "STORE_FULL_DEVICES";

#[test]
fn without_the_reserve_new_messages_are_refused_and_acknowledgements_are_not() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    post(&store, 1, "MARKER", &[1]);
    store.close().unwrap();
    let store = BlockingStore::open(
        dir.path(),
        StoreLimits { reserve_bytes: u64::MAX, ..StoreLimits::default() },
    )
    .unwrap();
    assert!(matches!(
        store.post(message(2, "x", &[1]), Batch::new()).wait(),
        Err(StoreError::Full)
    ));
    let mut large = store.large_body();
    assert!(matches!(large.write(b"x"), Err(StoreError::Full)));
    assert_eq!(queued_ids(&store, 1), [1]);
    store.ack(1, &[1]);
    store.flush().wait().unwrap();
    store.close().unwrap();
    assert_eq!(files_with(dir.path(), b"MARKER").unwrap(), Vec::<&Path>::new());
}

#[test]
fn a_full_disk_takes_acknowledgements_until_there_is_room_for_messages_again() {
    let disk = SimulatedDisk::new(1);
    disk.set_capacity(Some(4 << 20));
    let limits = StoreLimits { reserve_bytes: 1 << 20, ..StoreLimits::default() };
    let store = BlockingStore::open_on(disk.mount(), Path::new("/data"), limits, Executor::Threads)
        .unwrap();
    let mut id = 0;
    for _ in 0..3 {
        let first = id + 1;
        let refused = loop {
            id += 1;
            let text = marker(id).repeat(1_000);
            if let Err(error) = store.post(message(id, &text, &[1, 2]), Batch::new()).wait() {
                break error;
            }
        };
        assert!(matches!(refused, StoreError::Full), "{refused:?}");
        let stored: Vec<u64> = (first..id).collect();
        assert!(stored.len() > 50, "only {} messages fitted", stored.len());
        for device in [1, 2] {
            assert_eq!(queued_ids(&store, device), stored);
            store.ack(device, &stored);
            store.flush().wait().unwrap();
        }
        while disk.used_bytes() > 3 << 20 {
            std::thread::yield_now(); // the eraser follows
        }
    }
    store.close().unwrap();
}

#[test]
fn what_the_wal_held_is_erased_once_there_is_room_for_its_checkpoint() {
    on_simulated_time(async {
        let disk = SimulatedDisk::new(1);
        let executor = Executor::Task { commit_after: Duration::from_millis(1) };
        let store = BlockingStore::open_on(
            disk.mount(),
            Path::new("/data"),
            StoreLimits::default(),
            executor,
        )
        .unwrap();
        store.post(message(1, "MARKER", &[1]), Batch::new()).await.unwrap();
        let in_wal = || {
            disk.image().iter().any(|(path, bytes)| {
                path.to_string_lossy().contains("journal")
                    && bytes.windows(6).any(|bytes| bytes == b"MARKER")
            })
        };
        disk.set_capacity(Some(disk.used_bytes()));
        sleep(Duration::from_secs(5)).await;
        assert!(in_wal(), "it is nowhere else");
        disk.set_capacity(None);
        sleep(Duration::from_secs(5)).await;
        assert!(!in_wal());
        assert_eq!(queued_ids(&store, 1), [1]);
    });
}

#[test]
fn when_bodies_do_not_fit() {
    // 4 MiB are plenty for the rows of a hundred messages of 60,000 bytes.
    run_child(4 << 20, 60_000, 1);
}

#[test]
fn when_rows_do_not_fit() {
    run_child(4 << 20, 10, 2_000);
}

fn run_child(limit: u64, body: usize, devices: u32) {
    let dir = tempfile::tempdir().unwrap();
    // Past its limit a process gets SIGXFSZ; ignored, the system call fails instead.
    let status = Command::new("sh")
        .args(["-c", r#"trap "" XFSZ; exec "$0" "$@""#])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "full::child", "--quiet", "--nocapture"])
        .env(DIR, dir.path())
        .env(LIMIT, limit.to_string())
        .env(BODY, body.to_string())
        .env(DEVICES, devices.to_string())
        .status()
        .unwrap();
    assert!(status.success(), "{status}, signal {:?}", status.signal());
}

/// Not a test: the process whose files may not grow.
#[test]
fn child() {
    let number = |name| std::env::var(name).ok().map(|value| value.parse::<u64>().unwrap());
    let (Some(limit), Some(body), Some(devices)) = (number(LIMIT), number(BODY), number(DEVICES))
    else {
        return;
    };
    let dir = PathBuf::from(std::env::var_os(DIR).unwrap());
    let store = open(&dir);
    let devices: Vec<u32> = (1..=devices as u32).collect();
    let text = |id: u64| marker(id).repeat(body as usize / 10);
    post(&store, 1, &text(1), &devices);
    limit_files(Some(limit));

    let mut id = 1;
    let error = loop {
        id += 1;
        assert!(id < 10_000, "the limit was never met");
        if let Err(error) = store.post(message(id, &text(id), &devices), Batch::new()).wait() {
            break error;
        }
    };
    assert!(matches!(error, StoreError::Full), "{error:?}");
    let stored: Vec<u64> = (1..id).collect();
    assert_eq!(queued_ids(&store, 1), stored, "reads go on, and the failed message is not there");

    limit_files(None);
    post(&store, id + 1, "there is room again", &devices);
    let queued = store.queued(1, Cursor::start(), usize::MAX).unwrap();
    assert_eq!(content(&store, &queued[id as usize - 1]).1, b"there is room again");
    assert_eq!(content(&store, &queued[0]).1, text(1).as_bytes());
    assert_eq!(store.stats().messages, id);
    store.close().unwrap();
    assert_eq!(
        files_with(&dir, marker(id).as_bytes()).unwrap(),
        Vec::<&Path>::new(),
        "nothing of it may stay"
    );
}

/// Ten bytes that only this message has.
fn marker(id: u64) -> String {
    format!("<{id:08}>")
}

fn limit_files(bytes: Option<u64>) {
    let maximum = getrlimit(Resource::Fsize).maximum;
    setrlimit(Resource::Fsize, Rlimit { current: bytes, maximum }).unwrap();
}
