//! The real service core and real app engines in one process, on simulated time, network and disk,
//! from a seed: whatever breaks, every letter arrives once.
//!
//! `cargo xtask simulate` runs many seeds and replays one; here are those of every test run. The
//! environment chooses: `SIMULATE_FIRST` the first seed, `SIMULATE_SEEDS` how many,
//! `SIMULATE_TRACE` whether everything that happens is printed. The design is in
//! `docs/decisions/0007-simulation.md`.

#![allow(clippy::unwrap_used, reason = "tests, their helpers included")]

#[path = "simulation/absence.rs"]
mod absence;
#[path = "simulation/app.rs"]
mod app;
#[path = "simulation/author.rs"]
mod author;
#[path = "simulation/cast.rs"]
mod cast;
#[path = "simulation/club.rs"]
mod club;
#[path = "simulation/network.rs"]
mod network;
#[path = "simulation/outage.rs"]
mod outage;
#[path = "simulation/plan.rs"]
mod plan;
#[path = "simulation/platform.rs"]
mod platform;
#[path = "simulation/quiet.rs"]
mod quiet;
#[path = "simulation/service.rs"]
mod service;
#[path = "simulation/storm.rs"]
mod storm;
#[path = "simulation/trace.rs"]
mod trace;
#[path = "simulation/verdict.rs"]
mod verdict;
#[path = "simulation/world.rs"]
mod world;

use std::cell::Cell;
use std::path::Path;
use std::sync::Once;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Instant;
use std::{panic, thread};

use tmtpd::config::{Log, LogLevel};
use world::Outcome;

/// Seeds of a test run.
const SEEDS: u64 = 300;
/// Seeds from one line about the progress to the next.
const TOLD_EVERY: u64 = 1_000;

thread_local! {
    /// Panics of the schedules of this thread. Those of tasks end with the task, unseen.
    static PANICS: Cell<usize> = const { Cell::new(0) };
}

fn count_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let told = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            PANICS.set(PANICS.get() + 1);
            told(panic);
        }));
    });
}

/// One schedule on a runtime of its own, whose time stands still while anybody has something to do.
fn run(seed: u64, loud: bool) -> Outcome {
    let memory = Path::new("/dev/shm");
    let dir = match memory.is_dir() {
        true => tempfile::tempdir_in(memory),
        false => tempfile::tempdir(),
    };
    let dir = dir.unwrap();
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().start_paused(true).build().unwrap();
    count_panics();
    let before = PANICS.get();
    let mut outcome = runtime.block_on(world::run(seed, dir.path().to_owned(), loud));
    drop(runtime);
    match PANICS.get() - before {
        0 => {}
        panics => outcome.wrong.push(format!("{panics} panics, see above")),
    }
    outcome
}

fn variable(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|value| value.parse().unwrap())
}

#[test]
fn simulated_faults_lose_and_duplicate_no_letter() {
    let first = variable("SIMULATE_FIRST").unwrap_or(1);
    let count = variable("SIMULATE_SEEDS").unwrap_or(SEEDS);
    let loud = variable("SIMULATE_TRACE").is_some();
    if loud {
        tmtpd::log::start(Log { level: LogLevel::Debug, ..Log::default() });
    }
    let (next, letters, failed) = (AtomicU64::new(first), AtomicUsize::new(0), AtomicUsize::new(0));
    let start = Instant::now();
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::SeqCst);
            if seed >= first + count {
                break;
            }
            let outcome = run(seed, loud);
            if (seed - first).is_multiple_of(TOLD_EVERY) && seed > first {
                println!("seed {seed}, {:.0?}", start.elapsed());
            }
            letters.fetch_add(outcome.letters, Ordering::SeqCst);
            if !outcome.wrong.is_empty() {
                failed.fetch_add(1, Ordering::SeqCst);
                println!("seed {seed}:\n  {}", outcome.wrong.join("\n  "));
            }
        }
    };
    let threads = if loud { 1 } else { thread::available_parallelism().map_or(1, usize::from) };
    thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));
    let (letters, failed) = (letters.into_inner(), failed.into_inner());
    println!("{count} schedules, {letters} letters, {:.1?}", start.elapsed());
    assert_eq!(failed, 0, "`cargo xtask simulate --seed SEED` replays a schedule");
}

#[test]
fn same_seed_gives_the_same_run_of_the_simulation() {
    for seed in 1..=4 {
        let [first, second] = [run(seed, false), run(seed, false)];
        assert_eq!((first.hash, first.letters), (second.hash, second.letters), "seed {seed}");
        assert_ne!(first.hash, run(seed + 100, false).hash, "seed {seed}");
    }
}
