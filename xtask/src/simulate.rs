//! Tasks `cargo xtask simulate` and `cargo xtask crash`: whatever breaks, every letter arrives once; in
//! one process on simulated time, network and disk, and with real processes that are killed.
//!
//! Both are tests of the workspace, built as `cargo xtask test` builds them, so that nothing is
//! compiled twice; this reads the command line and tells them by the environment what to do.

use anyhow::{Context, Result, bail};

use crate::run::{self, TestCounts, cargo};

/// Schedules, unless the command line says otherwise.
const SEEDS: u64 = 300;
/// The test that simulates them.
const SIMULATION: &str = "simulated_faults_lose_and_duplicate_no_letter";
/// Kills, unless the command line says otherwise.
const ROUNDS: u64 = 10;

/// Which schedules to simulate.
#[derive(Debug, Default)]
pub(crate) struct Simulation {
    seeds: Option<u64>,
    first: Option<u64>,
    /// One schedule, with everything that happens in it.
    seed: Option<u64>,
    /// Whether our crates are compiled optimised. What they stand on is so already and is not
    /// compiled anew; a schedule takes half the time.
    optimised: bool,
}

impl Simulation {
    /// From the command line.
    pub(crate) fn read(given: &[String]) -> Result<Self> {
        let mut options = Self::default();
        let mut given = given.iter();
        while let Some(flag) = given.next() {
            match flag.as_str() {
                "--seeds" => options.seeds = Some(number(flag, given.next())?),
                "--first" => options.first = Some(number(flag, given.next())?),
                "--seed" => options.seed = Some(number(flag, given.next())?),
                "--optimised" => options.optimised = true,
                _ => bail!("simulate has no option {flag:?}"),
            }
        }
        Ok(options)
    }
}

/// Runs schedules; the seeds of those that fail are printed.
pub(crate) fn simulate(options: &Simulation) -> Result<()> {
    let mut command = cargo(["test", "--quiet", "--workspace", "--test", "simulation"]);
    if options.optimised {
        command.env("CARGO_PROFILE_DEV_OPT_LEVEL", "2");
    }
    command.args(["--", "--nocapture", "--exact", SIMULATION]);
    let (first, seeds) = match options.seed {
        Some(seed) => (seed, 1),
        None => (options.first.unwrap_or(1), options.seeds.unwrap_or(SEEDS)),
    };
    command.env("SIMULATE_FIRST", first.to_string()).env("SIMULATE_SEEDS", seeds.to_string());
    if options.seed.is_some() {
        command.env("SIMULATE_TRACE", "1");
    }
    run::tests(&mut command, &mut TestCounts::default())
}

/// How often real processes are killed.
#[derive(Debug, Default)]
pub(crate) struct Crashes {
    rounds: Option<u64>,
    seed: Option<u64>,
}

impl Crashes {
    /// From the command line.
    pub(crate) fn read(given: &[String]) -> Result<Self> {
        let mut options = Self::default();
        let mut given = given.iter();
        while let Some(flag) = given.next() {
            match flag.as_str() {
                "--rounds" => options.rounds = Some(number(flag, given.next())?),
                "--seed" => options.seed = Some(number(flag, given.next())?),
                _ => bail!("crash has no option {flag:?}"),
            }
        }
        Ok(options)
    }
}

/// Kills the real service and real apps under load, and checks what everybody has in the end.
pub(crate) fn crash(options: &Crashes) -> Result<()> {
    // With a test of the service beside it, Cargo builds the service's program too.
    let tests = ["--workspace", "--test", "crash", "--test", "serve_process"];
    run::loud(cargo(["test", "--quiet", "--no-run"]).args(tests))?;
    let mut command = cargo(["test", "--quiet", "--workspace", "--test", "crash"]);
    command.args(["--", "--nocapture"]);
    command.env("CRASH_ROUNDS", options.rounds.unwrap_or(ROUNDS).to_string());
    if let Some(seed) = options.seed {
        command.env("CRASH_SEED", seed.to_string());
    }
    run::tests(&mut command, &mut TestCounts::default())
}

fn number(flag: &str, value: Option<&String>) -> Result<u64> {
    let value = value.with_context(|| format!("{flag} needs a number"))?;
    value.parse().with_context(|| format!("{flag} needs a number, not {value:?}"))
}
