//! `cargo xtask mutants`: mutation tests with cargo-mutants. Each mutant is one small change of the code; one
//! that all tests pass is a survivor.
//!
//! Mutated are the protocol and those parts of the engine that need no store, socket or clock, each judged by
//! the tests in it, because so a mutant costs seconds. A survivor that is not in `xtask/mutants.txt` fails the task: write a test that it
//! fails, or add it there and say why no test can tell it from the code.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::run::{self, cargo};
use crate::step::{Output, Steps};

/// The version that is installed where there is none.
const CARGO_MUTANTS: &str = "27.1.0";
/// Survivors that are accepted, each below a comment that says why.
const ACCEPTED: &str = "xtask/mutants.txt";
/// Where it works and reports.
const FOLDER: &str = "target/mutants";
/// Longest run of the tests, and of the compiler, for one mutant.
const TIME: [&str; 4] = ["--timeout", "60", "--build-timeout", "600"];

/// What is mutated together, and by which tests it is judged.
struct Set {
    package: &'static str,
    /// Below `src` of the crate: files, with the folders of the same name.
    modules: &'static [&'static str],
    /// Whether only the tests in these modules judge, and not all of the crate.
    by_own_tests: bool,
}

const SETS: [Set; 2] = [
    Set { package: "tmtp", modules: &["**/*"], by_own_tests: false },
    Set {
        package: "mnm-engine",
        modules: &[
            // What guards people first.
            "address",
            "device_code",
            "inbox/unpack",
            "markdown",
            "picture",
            "vault/file_name",
            "vault/name",
            "vault/text",
            "inbox/form",
            "outbox",
            "reason",
            "search",
            "account/backoff",
        ],
        by_own_tests: true,
    },
];

/// Mutates what is named, a crate or modules of one; without names all of it.
pub(crate) fn run(named: &[String]) -> Result<()> {
    let mut steps = Steps::new(Output::Loud);
    steps.take("cargo-mutants", install)?;
    let accepted = accepted(&fs::read_to_string(run::root().join(ACCEPTED)).context(ACCEPTED)?);
    let (mut survivors, mut tried) = (BTreeSet::new(), 0);
    for set in &SETS {
        let modules = set.modules_of(named);
        if modules.is_empty() {
            continue;
        }
        let found = steps.take(set.package, || set.mutate(&modules))?;
        survivors.extend(found.survivors);
        tried += found.tried;
    }
    ensure!(tried > 0, "nothing is called {named:?}, or there was nothing to mutate");
    let new: Vec<_> =
        survivors.iter().filter(|mutant| !accepted.contains(&unplaced(mutant))).collect();
    println!("\n{tried} mutants, {} survivors, {} of them new", survivors.len(), new.len());
    for mutant in &new {
        println!("  {mutant}");
    }
    ensure!(new.is_empty(), "no test fails for {} mutants that are not in {ACCEPTED}", new.len());
    Ok(())
}

fn install() -> Result<()> {
    let found = run::captured(&mut cargo(["mutants", "--version"])).unwrap_or_default();
    if found.trim() != format!("cargo-mutants {CARGO_MUTANTS}") {
        let install = ["install", "cargo-mutants", "--locked", "--version", CARGO_MUTANTS];
        run::loud(&mut cargo(install))?;
    }
    Ok(())
}

/// What one run of cargo-mutants reports.
struct Found {
    survivors: Vec<String>,
    tried: usize,
}

impl Set {
    fn modules_of(&self, named: &[String]) -> Vec<&'static str> {
        let is_wanted = |module: &&'static str| {
            named.is_empty() || named.iter().any(|name| name == self.package || name == module)
        };
        self.modules.iter().copied().filter(is_wanted).collect()
    }

    fn mutate(&self, modules: &[&str]) -> Result<Found> {
        let report = run::root().join(FOLDER);
        fs::create_dir_all(&report).with_context(|| report.display().to_string())?;
        let mut mutants = cargo(["mutants", "--package", self.package, "--no-shuffle"]);
        // One crate is compiled again and again.
        mutants.env("CARGO_INCREMENTAL", "1");
        mutants.env("CARGO_TARGET_DIR", report.join("build"));
        mutants.args(TIME).arg("--output").arg(&report);
        for module in modules {
            for glob in [".rs", "/**/*.rs"] {
                mutants.arg("--file").arg(format!("crates/{}/src/{module}{glob}", self.package));
            }
        }
        if self.by_own_tests {
            mutants.args(["--cargo-arg=--lib", "--", "--"]);
            mutants.args(modules.iter().map(|module| module.replace('/', "::")));
        }
        let status = mutants.status().context("could not start cargo-mutants")?;
        // It ends with 2 if mutants have survived, with 3 if tests took too long for one.
        ensure!(
            matches!(status.code(), Some(0 | 2 | 3)),
            "{} ended with {status}",
            run::line(&mutants)
        );
        let out = report.join("mutants.out");
        let lines = |name: &str| lines(&out.join(name));
        let survivors = lines("missed.txt")?;
        let tried = survivors.len() + lines("caught.txt")?.len() + lines("timeout.txt")?.len();
        Ok(Found { survivors, tried })
    }
}

fn lines(file: &Path) -> Result<Vec<String>> {
    let text = fs::read_to_string(file).with_context(|| file.display().to_string())?;
    Ok(text.lines().map(str::to_owned).collect())
}

/// The mutants of a list, without its comments.
fn accepted(list: &str) -> BTreeSet<String> {
    let lines = list.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(str::to_owned).collect()
}

/// A mutant's name without line and column, which change with what stands above:
/// `src/a.rs:3:7: replace + with - in f` is `src/a.rs: replace + with - in f`.
fn unplaced(mutant: &str) -> String {
    let Some((place, what)) = mutant.split_once(": ") else { return mutant.to_owned() };
    let file = place.split(':').next().unwrap_or(place);
    format!("{file}: {what}")
}

#[cfg(test)]
mod tests {
    use super::{SETS, accepted, unplaced};

    #[test]
    fn a_survivor_is_accepted_wherever_it_moves_in_its_file() {
        let list = accepted("# Both are true there.\nsrc/a.rs: replace + with - in f\n\n");
        assert!(list.contains(&unplaced("src/a.rs:3:7: replace + with - in f")));
        assert!(!list.contains(&unplaced("src/a.rs:3:7: replace + with * in f")));
        assert!(!list.contains(&unplaced("src/b.rs:3:7: replace + with - in f")));
    }

    #[test]
    fn modules_are_chosen_by_name_or_with_their_crate() {
        let [tmtp, engine] = &SETS;
        let named = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(engine.modules_of(&named(&["address", "search"])), ["address", "search"]);
        assert!(tmtp.modules_of(&named(&["address"])).is_empty());
        assert_eq!(tmtp.modules_of(&named(&["tmtp"])).len(), tmtp.modules.len());
        assert_eq!(engine.modules_of(&[]).len(), engine.modules.len());
    }

    #[test]
    fn every_module_that_is_mutated_is_there() {
        for set in SETS.iter().filter(|set| set.package != "tmtp") {
            for module in set.modules {
                let file = format!("crates/{}/src/{module}.rs", set.package);
                assert!(crate::run::root().join(&file).is_file(), "{file}");
            }
        }
    }
}
