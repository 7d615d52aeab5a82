//! Benchmark of the store, beside a raw append log with group commit on the same disk.
//!
//! `cargo bench -p tmtp-store --bench store`. Set `STORE_BENCH_DIR` for another disk than that of
//! `target/`, `STORE_BENCH_QUEUED` for another number of queued messages than 100,000 to open with,
//! `STORE_BENCH_MIB` for another size of the large body than 256 MiB, `STORE_BENCH_SECONDS` for
//! longer runs than one second. With `-- posts N` it compares N posts in flight with the raw log, and
//! does nothing else.
#![allow(clippy::unwrap_used, clippy::expect_used)] // a bench that cannot run may panic

use std::collections::VecDeque;
use std::fs::File;
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc::{Sender, SyncSender, channel, sync_channel};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tmtp_store::{Batch, Class, Cursor, DeviceNumber, NewData, Receipt, StoreLimits};
use tmtp_testkit::store::{BlockingStore, Message};

const BODY_BYTES: usize = 1024;

/// As in the service: the writer frees what others have allocated.
#[cfg(unix)]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    match arguments.get(1..).unwrap_or_default() {
        [mode, in_flight] if mode == "posts" => {
            beside_raw_log(&root(), in_flight.parse().unwrap(), &[1]);
        }
        [mode, dir, count] if mode == "fill" => fill(Path::new(dir), count.parse().unwrap()),
        [mode, dir, mib] if mode == "large" => large(Path::new(dir), mib.parse().unwrap()),
        _ => report(),
    }
}

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |value| value.parse().expect("a whole number"))
}

fn root() -> PathBuf {
    std::env::var_os("STORE_BENCH_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_TARGET_TMPDIR")), PathBuf::from)
}

fn beside_raw_log(root: &Path, in_flight: usize, devices: &[u32]) {
    in_dir(root, |dir| raw_log(dir, in_flight));
    for devices in devices {
        in_dir(root, |dir| posts(dir, in_flight, *devices));
    }
}

fn report() {
    let root = root();
    println!(
        "1 KiB bodies, durable before the answer; R = devices; acknowledged as soon as stored"
    );
    println!(
        "{:>22} {:>9} {:>9} {:>10} {:>8} {:>8} {:>9} {:>9}",
        "", "in flight", "posts/s", "rows/s", "p50 ms", "p99 ms", "written÷", "left KiB"
    );
    for in_flight in [1, 64, 1_024] {
        beside_raw_log(&root, in_flight, &[1, 10, 100]);
    }
    in_dir(&root, |dir| open_after_crash(dir, setting("STORE_BENCH_QUEUED", 100_000)));
    in_dir(&root, |dir| {
        let status = this_program(&["large", dir, &setting("STORE_BENCH_MIB", 256).to_string()]);
        assert!(status.success());
    });
}

fn in_dir(root: &Path, run: impl FnOnce(&str)) {
    let dir = tempfile::tempdir_in(root).unwrap();
    run(dir.path().to_str().unwrap());
}

fn this_program(arguments: &[&str]) -> std::process::ExitStatus {
    Command::new(std::env::current_exe().unwrap()).args(arguments).status().unwrap()
}

fn run_time() -> Duration {
    Duration::from_secs(setting("STORE_BENCH_SECONDS", 1))
}

/// One line of figures.
struct Figures {
    name: String,
    in_flight: usize,
    rows: u64,
    latencies: Vec<Duration>,
    seconds: f64,
    written: u64,
    left: u64,
}

impl Figures {
    fn print(mut self) {
        self.latencies.sort_unstable();
        let count = self.latencies.len();
        let at = |share: usize| self.latencies[(count - 1) * share / 100].as_secs_f64() * 1e3;
        println!(
            "{:>22} {:>9} {:>9.0} {:>10.0} {:>8.2} {:>8.2} {:>9.1} {:>9}",
            self.name,
            self.in_flight,
            count as f64 / self.seconds,
            count as f64 * self.rows as f64 / self.seconds,
            at(50),
            at(99),
            self.written as f64 / (count * BODY_BYTES) as f64,
            self.left / 1024,
        );
    }
}

/// Keeps `in_flight` posts waiting for the run time; answers are awaited in order.
fn drive<R>(
    in_flight: usize,
    mut submit: impl FnMut(u64) -> R,
    mut wait: impl FnMut(u64, R),
) -> (Vec<Duration>, f64) {
    let mut waiting = VecDeque::with_capacity(in_flight);
    let mut latencies = Vec::new();
    let run_time = run_time();
    let started = Instant::now();
    let mut next = 1;
    loop {
        let open = started.elapsed() < run_time;
        if open && waiting.len() < in_flight {
            waiting.push_back((next, Instant::now(), submit(next)));
            next += 1;
            continue;
        }
        let Some((id, since, receipt)) = waiting.pop_front() else { break };
        wait(id, receipt);
        latencies.push(since.elapsed());
    }
    (latencies, started.elapsed().as_secs_f64())
}

fn message(id: u64, devices: &[DeviceNumber]) -> Message {
    Message {
        id,
        class: Class::Rest,
        head: Bytes::from_static(&[b'h'; 128]),
        data: NewData::Inline(Bytes::from(vec![b'x'; BODY_BYTES - 128])),
        devices: devices.to_vec(),
    }
}

fn posts(dir: &str, in_flight: usize, devices: u32) {
    let store = BlockingStore::open(Path::new(dir), StoreLimits::default()).unwrap();
    let to: Vec<DeviceNumber> = (1..=devices).collect();
    let before = bytes_written();
    let (latencies, seconds) = drive(
        in_flight,
        |id| store.post(message(id, &to), Batch::new()),
        |id, receipt: Receipt| {
            receipt.wait().unwrap();
            to.iter().for_each(|device| store.ack(*device, &[id]));
        },
    );
    store.flush().wait().unwrap();
    assert_eq!(store.stats().queued, 0);
    store.close().unwrap();
    let written = bytes_written() - before;
    let (name, rows, left) = (format!("store, R={devices}"), u64::from(devices), disk(dir));
    Figures { name, in_flight, rows, latencies, seconds, written, left }.print();
}

/// The limit of the disk: the same bodies appended to one file, one sync for all that wait.
fn raw_log(dir: &str, in_flight: usize) {
    let (log, waiting): (SyncSender<(Bytes, Sender<()>)>, _) = sync_channel(in_flight);
    let mut file = File::create(Path::new(dir).join("log")).unwrap();
    let writer = std::thread::spawn(move || {
        while let Ok(first) = waiting.recv() {
            let group: Vec<_> = std::iter::once(first).chain(waiting.try_iter()).collect();
            let bytes: Vec<u8> =
                group.iter().map(|(body, _)| body.as_ref()).collect::<Vec<_>>().concat();
            file.write_all(&bytes).unwrap();
            file.sync_data().unwrap();
            group.iter().for_each(|(_, answer)| answer.send(()).unwrap());
        }
    });
    let before = bytes_written();
    let (latencies, seconds) = drive(
        in_flight,
        |_| {
            let (answer, answered) = channel();
            log.send((Bytes::from(vec![b'x'; BODY_BYTES]), answer)).unwrap();
            answered
        },
        |_, answered| answered.recv().unwrap(),
    );
    drop(log);
    writer.join().unwrap();
    let (name, written) = ("raw append log".to_owned(), bytes_written() - before);
    Figures { name, in_flight, rows: 1, latencies, seconds, written, left: disk(dir) }.print();
}

fn open_after_crash(dir: &str, count: u64) {
    this_program(&["fill", dir, &count.to_string()]);
    let started = Instant::now();
    let store = BlockingStore::open(Path::new(dir), StoreLimits::default()).unwrap();
    let opened = started.elapsed();
    assert_eq!(store.stats().queued, count);
    let started = Instant::now();
    let queued = store.queued(7, Cursor::start(), 100).unwrap();
    assert_eq!((queued.len() as u64).min(count), count.min(100));
    println!(
        "open with {count} queued after a crash: {:.2} s; first 100 of a queue: {:.2} ms",
        opened.as_secs_f64(),
        started.elapsed().as_secs_f64() * 1e3
    );
    let started = Instant::now();
    store.drop_queue(7, Batch::new()).wait().unwrap();
    store.close().unwrap();
    let (seconds, left) = (started.elapsed().as_secs_f64(), disk(dir) / 1024);
    drop(store);
    BlockingStore::open(Path::new(dir), StoreLimits::default()).unwrap().close().unwrap();
    println!(
        "all of them dropped and erased: {seconds:.2} s; left on disk: {left} KiB, after the next start {} KiB",
        disk(dir) / 1024
    );
}

/// Fills a store and dies without closing it.
fn fill(dir: &Path, count: u64) {
    let store = BlockingStore::open(dir, StoreLimits::default()).unwrap();
    let mut waiting = VecDeque::new();
    for id in 1..=count {
        waiting.push_back(store.post(message(id, &[7]), Batch::new()));
        if waiting.len() == 1_024 {
            waiting.pop_front().map(Receipt::wait).unwrap().unwrap();
        }
    }
    for receipt in waiting {
        receipt.wait().unwrap();
    }
    println!("memory after {count} posts: {} MiB at most", peak_memory() / 1024);
    std::process::abort();
}

/// Streams a large body in and out again.
fn large(dir: &Path, mib: u64) {
    let store = BlockingStore::open(dir, StoreLimits::default()).unwrap();
    let piece = vec![7_u8; 256 * 1024];
    let started = Instant::now();
    let mut body = store.large_body();
    (0..mib * 4).for_each(|_| body.write(&piece).unwrap());
    let new = Message { data: NewData::Large(body.finish().unwrap()), ..message(1, &[7]) };
    store.post(new, Batch::new()).wait().unwrap();
    let stored = started.elapsed();
    let started = Instant::now();
    let queued = store.queued(7, Cursor::start(), 1).unwrap();
    let mut reader = store.read(&queued[0]).unwrap();
    let mut read = 0;
    while let Some(chunk) = reader.chunk(256 * 1024).unwrap() {
        read += chunk.len() as u64;
    }
    assert_eq!(read, mib << 20);
    println!(
        "a body of {mib} MiB: stored in {:.2} s, read in {:.2} s, memory {} MiB at most",
        stored.as_secs_f64(),
        started.elapsed().as_secs_f64(),
        peak_memory() / 1024
    );
}

/// Bytes this process caused to be written, by the kernel's count.
fn bytes_written() -> u64 {
    counter("/proc/self/io", "write_bytes:")
}

/// Highest resident memory, KiB.
fn peak_memory() -> u64 {
    counter("/proc/self/status", "VmHWM:")
}

fn counter(file: &str, name: &str) -> u64 {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or("0");
    line.split_whitespace().next().and_then(|number| number.parse().ok()).unwrap_or(0)
}

/// Bytes of the disk that the files under `dir` occupy.
fn disk(dir: impl AsRef<Path>) -> u64 {
    std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| {
            let metadata = entry.metadata().unwrap();
            metadata.blocks() * 512 + if metadata.is_dir() { disk(entry.path()) } else { 0 }
        })
        .sum()
}
