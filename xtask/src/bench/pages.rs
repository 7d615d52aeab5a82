//! `cargo xtask bench --pages`: the pages in a browser, on a home of 100,000 threads and a million messages.
//!
//! Service, app and pages are the release build; the home is filled by `crates/mnm-native/examples/large_home.rs`,
//! and `web/bench/pages.bench.ts` acts as its member and measures.

use std::fs;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::run::{self, cargo};
use crate::step::{Output, Steps};
use crate::{install, web};

/// Measures and prints; fails only when it could not measure.
pub(crate) fn run() -> Result<()> {
    let mut steps = Steps::new(Output::Loud);
    steps.take("what building needs", install::to_build)?;
    steps.take("pages", web::build)?;
    // In one command, so that all are compiled with the same features.
    steps.take("release build of the service, the app, and what fills the home", || {
        let packages = ["-p", "tmtpd", "-p", "mnm", "-p", "mnm-native"];
        let mut build = cargo(["build", "--release", "--quiet", "--bins"]);
        run::loud(build.args(packages).args(["--example", "large_home"]))
    })?;
    let browser = steps.take("browser", install::browser)?;
    let path = run::built("release").join("bench-pages.json");
    steps.take("the pages of a large home", || {
        let release = run::built("release");
        let mut command = web::benchmark(&browser, &release);
        command.env("LARGE_HOME_BIN", release.join("examples/large_home"));
        run::loud(command.env("BENCH_FIGURES", &path))
    })?;
    let figures: Vec<Value> = serde_json::from_slice(&fs::read(&path)?).context("its figures")?;
    ensure!(!figures.is_empty(), "nothing was measured");
    println!("\n{}", super::machine());
    println!("{:>9} {:>9} {:>9}", "median", "at most", "goal");
    for figure in &figures {
        let number = |name| figure[name].as_f64().map_or_else(String::new, |n| format!("{n:.1}"));
        let word = |name| figure[name].as_str().unwrap_or_default();
        let (median, most, goal) = (number("median"), number("most"), number("goal"));
        println!("{median:>9} {most:>9} {goal:>9}  {}, {}", word("what"), word("unit"));
    }
    Ok(())
}
