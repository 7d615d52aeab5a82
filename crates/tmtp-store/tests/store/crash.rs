//! Crash test: SIGKILL at random moments under load, again and again on the same directory.
//!
//! After each: what was acknowledged is there, whole or not at all and byte for byte; the counts
//! are right; and no file holds a byte of a message that waits for nobody.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tmtp_store::{Batch, Cursor, MAX_SMALL_BYTES, NewData, Receipt};
use tmtp_testkit::files::every_file;
use tmtp_testkit::store::{BlockingStore, Message};

use crate::{content, message, open};

const DIR: &str = "STORE_CRASH_DIR";
const ROUNDS: u64 = 12;
const DEVICES: u32 = 4;

/// What the child said before it died.
#[derive(Debug, Default)]
struct Said {
    /// Messages given to the store, and to which devices.
    submitted: BTreeMap<u64, BTreeSet<u32>>,
    stored: BTreeSet<u64>,
    /// Acknowledged, perhaps durably.
    acked: BTreeSet<(u32, u64)>,
}

#[test]
fn killed_at_any_moment_it_keeps_what_it_acknowledged_and_erases_the_rest() {
    let dir = tempfile::tempdir().unwrap();
    let mut said = Said::default();
    for round in 0..ROUNDS {
        let mut child = start_child(dir.path());
        // Not synchronisation: the moment of death, different in every round.
        std::thread::sleep(Duration::from_millis(40 + round * 37 % 190));
        child.kill().unwrap();
        said.read(&mut child);
        child.wait().unwrap();
        check(dir.path(), &said);
    }
    assert!(said.stored.len() > 20, "the child did too little to prove anything: {said:?}");
    assert!(!said.acked.is_empty());

    let store = open(dir.path());
    for device in 0..DEVICES {
        let queued = store.queued(device, Cursor::start(), usize::MAX).unwrap();
        store.ack(device, &queued.iter().map(|queued| queued.position.0).collect::<Vec<_>>());
    }
    store.close().unwrap();
    assert_eq!(marked(dir.path()), BTreeSet::new(), "all is acknowledged, nothing may be left");
}

fn start_child(dir: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "crash::child", "--nocapture", "--quiet"])
        .env(DIR, dir)
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap()
}

impl Said {
    fn read(&mut self, child: &mut Child) {
        for line in BufReader::new(child.stdout.take().unwrap()).lines() {
            let line = line.unwrap();
            let mut words = line.split(' ');
            let (word, mut numbers) = (words.next(), words.map(|word| word.parse::<u64>()));
            // The line that the kill cut off may be any part of one; the rest is the test harness.
            let (Some(Ok(id)), Some(".")) = (numbers.next(), line.split(' ').next_back()) else {
                continue;
            };
            let devices = numbers.filter_map(Result::ok).map(|device| device as u32);
            match word {
                Some("submit") => drop(self.submitted.insert(id, devices.collect())),
                Some("stored") => drop(self.stored.insert(id)),
                Some("ack") => self.acked.extend(devices.map(|device| (device, id))),
                _ => {}
            }
        }
    }
}

fn check(dir: &Path, said: &Said) {
    let store = open(dir);
    let mut queued_for: BTreeMap<u64, BTreeSet<u32>> = BTreeMap::new();
    for device in 0..DEVICES {
        for queued in store.queued(device, Cursor::start(), usize::MAX).unwrap() {
            let (head, data) = content(&store, &queued);
            assert_eq!(head, format!("head of {}:", queued.position.0));
            assert_eq!(data, body(queued.position.0), "message {}", queued.position.0);
            queued_for.entry(queued.position.0).or_default().insert(device);
        }
    }
    for (id, devices) in &said.submitted {
        let queued = queued_for.get(id).cloned().unwrap_or_default();
        let unsettled: BTreeSet<u32> = devices
            .iter()
            .copied()
            .filter(|device| !said.acked.contains(&(*device, *id)))
            .collect();
        assert!(queued.is_subset(devices), "message {id} is queued for {queued:?} of {devices:?}");
        let whole = unsettled.is_subset(&queued);
        let absent = queued.is_empty() && !said.stored.contains(id);
        assert!(
            whole || absent,
            "message {id} is queued for {queued:?}, should be for {unsettled:?}"
        );
    }
    let stats = store.stats();
    assert_eq!(stats.messages, queued_for.len() as u64);
    assert_eq!(stats.queued, queued_for.values().map(|devices| devices.len() as u64).sum::<u64>());
    assert!(store.last_id() >= said.stored.last().copied().unwrap_or(0));
    store.close().unwrap();
    assert_eq!(
        marked(dir),
        queued_for.into_keys().collect(),
        "exactly what is queued is on the disk"
    );
}

/// Ids of all messages of which any file holds a part of the body.
fn marked(dir: &Path) -> BTreeSet<u64> {
    let mut ids = BTreeSet::new();
    for (_, bytes) in every_file(dir).unwrap() {
        let text = String::from_utf8_lossy(&bytes);
        ids.extend(
            text.match_indices("MARK-")
                .filter_map(|(at, _)| text.get(at + 5..at + 13)?.parse::<u64>().ok()),
        );
    }
    ids
}

fn body(id: u64) -> Vec<u8> {
    let len = match id % 7 {
        0 => 9_000,  // spans blocks
        1 => 70_000, // a file of its own
        small => small as usize * 100,
    };
    let marker = format!("MARK-{id:08} ");
    let mut body = marker.repeat(len / marker.len() + 1).into_bytes();
    body.truncate(len);
    body
}

/// Not a test: the process that is killed. Posts and acknowledges until then, saying what it does.
#[test]
fn child() {
    let Some(dir) = std::env::var_os(DIR) else { return };
    let store = open(Path::new(&dir));
    let first = store.last_id() + 1;
    let mut waiting: Vec<(u64, Receipt)> = Vec::new();
    for id in first.. {
        let devices: Vec<u32> =
            (0..DEVICES).filter(|device| id % 5 >= u64::from(*device)).collect();
        say("submit", id, &devices);
        let new = Message { data: data(&store, id), ..message(id, "", &devices) };
        waiting.push((id, store.post(new, Batch::new())));
        if waiting.len() < 16 {
            continue;
        }
        for (id, receipt) in waiting.drain(..) {
            receipt.wait().unwrap();
            say("stored", id, &[]);
            // Most are acked by all, so that they are erased; some stay with half the devices.
            let acked: Vec<u32> =
                (0..DEVICES).filter(|device| id % 16 != 0 || device % 2 == 0).collect();
            say("ack", id, &acked);
            acked.iter().for_each(|device| store.ack(*device, &[id]));
        }
    }
}

fn data(store: &BlockingStore, id: u64) -> NewData {
    let body = body(id);
    if body.len() <= MAX_SMALL_BYTES {
        return NewData::Inline(body.into());
    }
    let mut large = store.large_body();
    body.chunks(30_000).for_each(|chunk| large.write(chunk).unwrap());
    NewData::Large(large.finish().unwrap())
}

fn say(word: &str, id: u64, devices: &[u32]) {
    let devices: String = devices.iter().map(|device| format!("{device} ")).collect();
    let mut out = std::io::stdout().lock();
    writeln!(out, "{word} {id} {devices}.").unwrap();
    out.flush().unwrap();
}
