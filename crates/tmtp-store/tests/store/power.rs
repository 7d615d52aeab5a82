//! Tests of power cuts in every operation of a simulated disk, one after the other.
//!
//! The store is the real one, its rows' engine included. After each cut it must open again; what it
//! acknowledged is there, byte for byte; and when all is acked nothing of a message is left.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use tmtp_store::{Batch, Cursor, Executor, NewData, StoreError, StoreLimits};
use tmtp_testkit::disk::{Fault, SimulatedDisk};
use tmtp_testkit::store::{BlockingStore, Message};
// Not synchronisation: simulated time passes only so.
use tokio::time::sleep;

use crate::{content, message};

const DIR: &str = "/data";
const SEED: u64 = 0;
const DEVICES: [u32; 3] = [1, 2, 3];
const DRIVER: Executor = Executor::Task { commit_after: Duration::from_millis(1) };

/// What the store promised, whenever the power went.
#[derive(Debug, Default)]
struct Promised {
    /// To whom each message was posted.
    posted: BTreeMap<u64, BTreeSet<u32>>,
    stored: BTreeSet<u64>,
    acked: BTreeSet<(u32, u64)>,
}

fn open(disk: &SimulatedDisk) -> Result<BlockingStore, StoreError> {
    BlockingStore::open_on(disk.mount(), Path::new(DIR), StoreLimits::default(), DRIVER)
}

pub(crate) fn on_simulated_time<T>(run: impl Future<Output = T>) -> T {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_time().start_paused(true).build().unwrap().block_on(run)
}

/// Bytes that only this message has: of three lengths, the last in a file of its own.
fn body(id: u64) -> Vec<u8> {
    let marker = format!("<MARK-{id:08}>");
    marker.repeat(if id.is_multiple_of(5) { 5_000 } else { 1 + id as usize % 3 * 300 }).into_bytes()
}

fn new_message(store: &BlockingStore, id: u64) -> Result<Message, StoreError> {
    let devices = &DEVICES[..1 + id as usize % 3];
    let data = match body(id) {
        long if long.len() > 20_000 => {
            let mut large = store.large_body();
            long.chunks(30_000).try_for_each(|piece| large.write(piece))?;
            NewData::Large(large.finish()?)
        }
        short => NewData::Inline(short.into()),
    };
    Ok(Message { data, ..message(id, "", devices) })
}

/// Posts and acknowledges until the disk fails.
async fn work(store: &BlockingStore, promised: &mut Promised) -> Result<(), StoreError> {
    let first = promised.posted.keys().last().copied().unwrap_or(0).max(store.last_id()) + 1;
    for id in first..first + 12 {
        let new = new_message(store, id)?;
        promised.posted.insert(id, new.devices.iter().copied().collect());
        store.post(new, Batch::new()).await?;
        promised.stored.insert(id);
        for device in DEVICES {
            let queued = store.queued(device, Cursor::start(), 100)?;
            // Some messages stay with one device, some with two, some go.
            let done = queued
                .iter()
                .map(|queued| queued.position.0)
                .filter(|old| (old + 2) / 2 % 4 != u64::from(device));
            let done: Vec<u64> = done.filter(|old| old + 2 < id).collect();
            promised.acked.extend(done.iter().map(|id| (device, *id)));
            store.ack(device, &done);
        }
        if id.is_multiple_of(4) {
            store.flush().await?;
        }
    }
    Ok(())
}

fn check(store: &BlockingStore, promised: &Promised) {
    let mut queued_for: BTreeMap<u64, BTreeSet<u32>> = BTreeMap::new();
    for device in DEVICES {
        for queued in store.queued(device, Cursor::start(), usize::MAX).unwrap() {
            assert_eq!(
                content(store, &queued).1,
                body(queued.position.0),
                "message {}",
                queued.position.0
            );
            queued_for.entry(queued.position.0).or_default().insert(device);
        }
    }
    for (id, devices) in &promised.posted {
        let queued = queued_for.get(id).cloned().unwrap_or_default();
        let due = devices.iter().filter(|device| !promised.acked.contains(&(**device, *id)));
        let due: BTreeSet<u32> = due.copied().collect();
        let absent = queued.is_empty() && !promised.stored.contains(id);
        assert!(queued.is_subset(devices), "message {id} is queued for {queued:?} of {devices:?}");
        assert!(
            due.is_subset(&queued) || absent,
            "message {id} is queued for {queued:?}, not for {due:?}"
        );
    }
    assert_eq!(store.stats().messages, queued_for.len() as u64);
    assert!(store.last_id() >= promised.stored.last().copied().unwrap_or(0));
}

/// Ids of all messages of which the disk still holds a byte.
fn marked(disk: &SimulatedDisk) -> BTreeSet<u64> {
    let mut ids = BTreeSet::new();
    for (_, bytes) in disk.image() {
        let text = String::from_utf8_lossy(&bytes);
        let found = text.match_indices("<MARK-");
        ids.extend(found.filter_map(|(at, _)| text.get(at + 6..at + 14)?.parse::<u64>().ok()));
    }
    ids
}

/// Works until the power goes in operation `cut`, several times over; false when it did not.
async fn live_with_cuts(seed: u64, cut: u64) -> bool {
    let disk = SimulatedDisk::new(seed ^ cut);
    let mut promised = Promised::default();
    disk.cut_power_at(cut);
    let mut was_cut = false;
    for round in 0..3 {
        match open(&disk) {
            // The orphan GC at open may meet the cut, and is done again by the next.
            Ok(_) if disk.is_off() => {}
            Ok(store) => {
                check(&store, &promised);
                let done = work(&store, &mut promised).await;
                assert!(done.is_ok() || disk.is_off(), "seed {seed} cut {cut}: {done:?}");
            }
            Err(error) => assert!(disk.is_off(), "seed {seed} cut {cut} round {round}: {error}"),
        }
        was_cut |= round == 0 && disk.is_off();
        disk.cut_power();
        // The second cut comes soon: in the repair, or in the orphan GC.
        disk.cut_power_at(disk.operations() + 1 + (seed + cut) % 40);
    }
    disk.cut_power_at(u64::MAX);
    let store = open(&disk).unwrap();
    check(&store, &promised);
    for device in DEVICES {
        let queued = store.queued(device, Cursor::start(), usize::MAX).unwrap();
        store.ack(device, &queued.iter().map(|queued| queued.position.0).collect::<Vec<_>>());
    }
    store.close().unwrap();
    assert_eq!(marked(&disk), BTreeSet::new(), "seed {seed} cut {cut}: all is acked");
    was_cut
}

#[test]
fn a_cut_in_any_operation_loses_nothing_and_leaves_nothing() {
    on_simulated_time(async {
        let mut cut = 0;
        while live_with_cuts(SEED, cut).await {
            cut += 1;
        }
        assert!(cut > 100, "there were only {cut} operations");
    });
}

#[test]
fn a_large_body_that_nobody_posts_is_soon_gone_for_good() {
    on_simulated_time(async {
        let disk = SimulatedDisk::new(SEED);
        let store = open(&disk).unwrap();
        let unposted = new_message(&store, 5).unwrap();
        assert!(matches!(unposted.data, NewData::Large(_)));
        drop(unposted);
        assert!(marked(&disk).contains(&5), "a power cut would bring it back");
        store.post(new_message(&store, 1).unwrap(), Batch::new()).await.unwrap();
        // Simulated: until the next checkpoint.
        sleep(Duration::from_secs(5)).await;
        assert_eq!(marked(&disk), BTreeSet::from([1]));
    });
}

#[test]
fn the_same_seed_gives_the_same_run() {
    on_simulated_time(async {
        let mut images = Vec::new();
        for _ in 0..2 {
            let disk = SimulatedDisk::new(7);
            let store = open(&disk).unwrap();
            disk.cut_power_at(90);
            assert!(work(&store, &mut Promised::default()).await.is_err());
            drop(store);
            images.push(disk.image());
        }
        assert!(images[0] == images[1]);
    });
}

#[test]
fn a_failed_write_or_sync_is_never_reported_as_stored() {
    on_simulated_time(async {
        for fault in [Fault::Write, Fault::Sync] {
            for after in 0..25 {
                let disk = SimulatedDisk::new(after);
                let mut promised = Promised::default();
                let store = open(&disk).unwrap();
                for id in 1..20 {
                    if id == 1 + after % 15 {
                        disk.fail_next(fault);
                    }
                    let new = new_message(&store, id);
                    let Ok(new) = new else { continue };
                    promised.posted.insert(id, new.devices.iter().copied().collect());
                    match store.post(new, Batch::new()).await {
                        Ok(_) => drop(promised.stored.insert(id)),
                        // Whoever runs it has to know, also if nobody asks anything more.
                        Err(StoreError::Uncertain) => store.inner().ended().await,
                        Err(_) => {}
                    }
                }
                disk.cut_power();
                drop(store);
                check(&open(&disk).unwrap(), &promised);
            }
        }
    });
}
