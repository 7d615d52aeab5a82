//! `cargo xtask test`: everything that has to hold, cheapest first, ending at the first failure.
//!
//! Everything runs in the dev profile and over the whole workspace, so that no two steps compile
//! the same crate with different features. The pages are built before the first step that compiles
//! `crates/mnm`, which embeds them.

use anyhow::{Result, ensure};

use crate::run::{self, TestCounts, cargo};
use crate::step::{Output, Steps};
use crate::{advisories, install, licence, tidy, wasm, web};

/// Which parts to run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Options {
    /// Lints and tests of the Rust crates.
    pub(crate) rust: bool,
    /// Types, build, unit tests and browser tests of the pages.
    pub(crate) web: bool,
    /// Documentation, doc tests and browser tests too.
    pub(crate) thorough: bool,
}

/// Runs the steps that were asked for.
pub(crate) fn run(options: &Options) -> Result<()> {
    let mut steps = Steps::new(Output::Loud);
    let mut counts = TestCounts::default();
    steps.take("what building needs", install::to_build)?;
    if options.rust {
        steps.take("a session bus: dbus-daemon", install::bus)?;
        form(&mut steps)?;
    }
    if options.web {
        pages(&mut steps, &mut counts)?;
    }
    if options.rust {
        rust(&mut steps, options, &mut counts)?;
    }
    if options.web && options.thorough {
        browser(&mut steps, options, &mut counts)?;
    }
    if options.thorough {
        steps.take("advisories", advisories::tell)?;
    }
    println!("\nall steps passed in {}", steps.total());
    ensure!(!options.rust || counts.passed > 0, "no test was run");
    println!("tests: {} passed, {} failed", counts.passed, counts.failed);
    Ok(())
}

fn form(steps: &mut Steps) -> Result<()> {
    steps.take("format: rustfmt", || {
        run::loud(&mut cargo(["fmt", "--all", "--check"]))?;
        // Workspaces of their own.
        ["browser/Cargo.toml", "fuzz/Cargo.toml"].iter().try_for_each(|manifest| {
            run::loud(&mut cargo(["fmt", "--manifest-path", manifest, "--check"]))
        })
    })?;
    steps.take("licences", licence::check)?;
    steps.take("tidy", tidy::check)
}

fn pages(steps: &mut Steps, counts: &mut TestCounts) -> Result<()> {
    steps.take("pages: packages", web::packages)?;
    steps.take("pages: types", web::check)?;
    steps.take("pages: build", web::build)?;
    steps.take("pages: unit tests", || run::tests(&mut web::unit_tests(), counts))
}

fn rust(steps: &mut Steps, options: &Options, counts: &mut TestCounts) -> Result<()> {
    let features = features(steps, options)?;
    steps.take("lints: clippy", || {
        let mut clippy = cargo(["clippy", "--quiet", "--workspace", "--all-targets"]);
        run::loud(clippy.args(features).args(["--", "-D", "warnings"]))
    })?;
    steps.take("Rust tests", || {
        let mut runner = if run::on_path("cargo-nextest").is_some() {
            cargo(["nextest", "run", "--workspace", "--no-fail-fast"])
        } else {
            cargo(["test", "--workspace", "--lib", "--bins", "--tests", "--no-fail-fast"])
        };
        run::tests(runner.args(features), counts)
    })?;
    if !options.thorough {
        return Ok(());
    }
    steps.take("doc tests", || {
        run::loud(cargo(["test", "--quiet", "--workspace", "--doc"]).args(features))
    })?;
    steps.take("documentation", || {
        let mut doc = cargo(["doc", "--quiet", "--workspace", "--no-deps"]);
        run::loud(doc.env("RUSTDOCFLAGS", "-D warnings"))
    })?;
    steps.take("the engine for browsers", wasm::check_if_possible)
}

/// Tests that order certificates, where there is an authority to order them from.
fn features(steps: &mut Steps, options: &Options) -> Result<&'static [&'static str]> {
    if !options.thorough {
        return Ok(&[]);
    }
    steps.take("an authority for certificates: Pebble", || match install::authority() {
        Ok(()) => Ok(&["--features", "tmtpd/pebble"][..]),
        Err(error) => {
            println!("left out: {error:#}");
            Ok(&[])
        }
    })
}

fn browser(steps: &mut Steps, options: &Options, counts: &mut TestCounts) -> Result<()> {
    let browser = steps.take("browser: Chromium", install::browser)?;
    // The Rust tests have built both programs already; building them without the tests' own
    // dependencies selects other features of shared crates, and so compiles half of it again.
    if !options.rust {
        steps.take("browser: service and app", || {
            run::loud(&mut cargo(["build", "--quiet", "--workspace", "--bins"]))
        })?;
    }
    steps.take("browser tests", || run::tests(&mut web::browser_tests(&browser), counts))
}
