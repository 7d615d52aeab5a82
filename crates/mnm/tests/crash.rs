//! SIGKILL of the service and of apps at random moments, under load: whatever was acknowledged or
//! queued is on every device it is for exactly once in the end, byte for byte, and the service
//! has nothing left. The checker is that of the simulation.
//!
//! Real processes all of them. `CRASH_SEED` repeats a schedule (the moments are those of the
//! machine, so a repetition is near, not exact); `CRASH_ROUNDS` makes it longer.

#![allow(clippy::unwrap_used, reason = "tests, their helpers included")]

#[path = "crash/author.rs"]
mod author;
#[path = "crash/cast.rs"]
mod cast;
#[path = "crash/check.rs"]
mod check;
#[path = "crash/letter.rs"]
mod letter;
#[path = "crash/raw.rs"]
mod raw;

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use cast::{APPS, Cast, PATIENCE, Terminal, until};
use letter::{Fate, Ledger};
use raw::Rolf;
use tmtp_testkit::dice::Dice;
use tmtp_testkit::ledger::{self, Home, Wrong};

/// Kills, unless `CRASH_ROUNDS` says otherwise.
const ROUNDS: u64 = 10;

#[test]
fn random_kills_deliver_every_letter_once() {
    let seed = variable("CRASH_SEED").unwrap_or_else(|| {
        SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_micros() as u64
    });
    println!("CRASH_SEED={seed}");
    let mut dice = Dice::new(seed);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let start = Instant::now();
    let mut cast = cast::assemble(&runtime);
    println!("{:6.1?} everybody is introduced", start.elapsed());

    let ledger = Ledger::new(seed);
    let (stop, finish, uploads) =
        (AtomicBool::new(false), AtomicBool::new(false), AtomicU32::new(0));
    let rolf = Rolf {
        account: cast.rolf.clone(),
        uids: cast.uids.clone(),
        address: cast.service.address(),
        ledger: &ledger,
        stored: Default::default(),
        stop: &stop,
        finish: &finish,
    };
    let raw_dice = [dice.fork(), dice.fork()];
    let terminals: Vec<_> = cast.apps.iter().map(Terminal::of).collect();
    let apps = thread::scope(|scope| {
        // A failed assertion here ends the others too.
        let _end = End([&stop, &finish]);
        let [write, read] = raw_dice;
        let raw = scope.spawn(|| {
            runtime.block_on(async { tokio::join!(rolf.write_on(write), rolf.read_along(1, read)) })
        });
        let authors: Vec<_> = (0..APPS)
            .map(|device| {
                let terminal = terminals[device].clone();
                let (ledger, uploads, dice) = (&ledger, &uploads, dice.fork());
                let author = author::Author { device, terminal, ledger, dice, uploads };
                scope.spawn(|| author.write_on(&stop))
            })
            .collect();
        for _ in 0..variable("CRASH_ROUNDS").unwrap_or(ROUNDS) {
            kill_something(&mut cast, &mut dice, &uploads);
        }
        stop.store(true, Ordering::SeqCst);
        authors.into_iter().for_each(|author| author.join().unwrap());
        println!("{:6.1?} all is written: {}", start.elapsed(), told(&ledger));
        let apps = drained(&terminals, &ledger);
        println!("{:6.1?} all has arrived", start.elapsed());
        finish.store(true, Ordering::SeqCst);
        raw.join().unwrap();
        apps
    });

    let letters = ledger.written();
    let mut homes = apps;
    let read = homes.iter_mut().zip(&terminals).map(|(home, app)| check::read_files(app, home));
    let bytes: u64 = read.sum();
    for (device, stored) in rolf.stored.iter().enumerate() {
        let stored = stored.lock().unwrap();
        homes.push(check::raw_home(APPS + device, &stored, &cast.uids, &letters));
    }
    let wrong: Vec<_> = ledger::check(&letters, &homes).iter().map(Wrong::to_string).collect();
    assert!(wrong.is_empty(), "CRASH_SEED={seed}\n{}", wrong.join("\n"));
    until("the service has erased everything", || {
        let left = cast.service.grep_data_dir(&ledger.run).unwrap();
        left.is_empty().then_some(())
    });
    println!("{:6.1?} {} letters, {bytes} bytes of files", start.elapsed(), letters.len());
    assert!(letters.len() > 20, "too little was written to prove anything");
    assert!(bytes > 0, "no attachment arrived");
}

/// Raises flags when it goes.
struct End<'a>([&'a AtomicBool; 2]);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.iter().for_each(|flag| flag.store(true, Ordering::SeqCst));
    }
}

fn variable(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|value| value.parse().unwrap())
}

/// Kills the service, an app, or both, and starts them again after a while.
fn kill_something(cast: &mut Cast, dice: &mut Dice, uploads: &AtomicU32) {
    if dice.once_in(2) {
        until("somebody uploads", || (uploads.load(Ordering::SeqCst) > 0).then_some(()));
    }
    pause(dice.between(20, 900));
    let what = dice.between(0, 4);
    let app = &mut cast.apps[dice.between(0, APPS as u64 - 1) as usize];
    let (kill_service, kill_app) = (what < 3, what > 1);
    if kill_service {
        cast.service.kill9().unwrap();
    }
    if kill_app {
        app.kill9().unwrap();
    }
    pause(dice.between(0, 300));
    if kill_service {
        cast.service.restart().unwrap();
    }
    if kill_app {
        // A command that found no app running may have its home for a while.
        until("the app starts", || app.start().is_ok().then_some(()));
    }
}

fn pause(ms: u64) {
    // Not synchronisation: the moment of death, and how long it lasts.
    thread::sleep(Duration::from_millis(ms));
}

/// What the apps show once nothing is under way any more. What waiting cannot mend ends the test.
fn drained(terminals: &[Terminal], ledger: &Ledger) -> Vec<Home> {
    let letters = ledger.written();
    let start = Instant::now();
    loop {
        let idle = terminals.iter().all(is_idle);
        let shown = terminals.iter().enumerate().map(|(device, app)| check::shown(app, device));
        let Some(homes) = shown.collect::<Option<Vec<_>>>() else { continue };
        let mut wrong = ledger::check(&letters, &homes);
        // The raw member's devices are asked at the end.
        wrong.retain(|wrong| !matches!(wrong, Wrong::Lacks { device, .. } if *device >= APPS));
        let lasting: Vec<_> =
            wrong.iter().filter(|w| !w.may_mend()).map(Wrong::to_string).collect();
        assert!(lasting.is_empty(), "{}", lasting.join("\n"));
        if idle && wrong.is_empty() {
            return homes;
        }
        assert!(start.elapsed() < PATIENCE, "not arrived: {wrong:?}");
    }
}

/// Whether an app is connected and its outbox empty.
fn is_idle(app: &Terminal) -> bool {
    let Some(status) = app.ask(&["status"]) else { return false };
    let account = status.get("accounts").unwrap_or(&status)[0].clone();
    account["queued"] == 0 && account["link"]["state"] == "online"
}

/// How many letters met which fate.
fn told(ledger: &Ledger) -> String {
    let letters = ledger.letters();
    let due = letters.iter().filter(|letter| letter.fate == Fate::Due).count();
    format!("{due} acknowledged or queued, {} of commands that died", letters.len() - due)
}
