//! `cargo xtask mutants`: mutation tests. Each mutant is one small change of the code; one that all tests pass
//! is a survivor.
//!
//! cargo-mutants lists them. To compile the crate for each of them would take hours, so all that can be are
//! compiled at once and chosen when the tests begin (`mutants/schema.rs`); cargo-mutants itself tries the few
//! others.
//!
//! Mutated are the protocol and those parts of the engine that need no store, socket or clock, each judged by
//! the tests in it. A survivor that is not in `xtask/mutants.txt` fails the task: write a test that it fails,
//! or add it there and say why no test can tell it from the code.

mod schema;
mod trial;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::run::{self, cargo};
use crate::step::{Output, Steps};
use schema::Mutant;
use trial::{Folders, Trial};

/// The version that is installed where there is none.
const CARGO_MUTANTS: &str = "27.1.0";
/// Survivors that are accepted, each below a comment that says why.
const ACCEPTED: &str = "xtask/mutants.txt";
/// Where it works and reports.
const FOLDER: &str = "target/mutants";
/// Longest run of the tests, and of the compiler, for one mutant, in seconds.
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
    let (mut survivors, mut tried, mut dropped) = (BTreeSet::new(), 0, 0);
    for set in &SETS {
        let modules = set.modules_of(named);
        if modules.is_empty() {
            continue;
        }
        let found = steps.take(set.package, || set.mutate(&modules))?;
        survivors.extend(found.survivors);
        tried += found.tried;
        dropped += found.dropped;
    }
    ensure!(tried > 0, "nothing is called {named:?}, or there was nothing to mutate");
    let new: Vec<_> =
        survivors.iter().filter(|mutant| !accepted.contains(&unplaced(mutant))).collect();
    println!("\n{tried} mutants, {} survivors, {} of them new", survivors.len(), new.len());
    println!("{dropped} more do not compile and were not tried");
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
    dropped: usize,
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
        let mut list = cargo(["mutants", "--package", self.package, "--list", "--json"]);
        for module in modules {
            for glob in [".rs", "/**/*.rs"] {
                list.arg("--file").arg(format!("crates/{}/src/{module}{glob}", self.package));
            }
        }
        let listed: Vec<serde_json::Value> = serde_json::from_str(&run::captured(&mut list)?)?;
        let mutants = listed.iter().map(Mutant::read).collect::<Result<Vec<_>>>()?;
        println!("{} mutants are compiled at once", mutants.len());
        let judges = |file: &str| self.by_own_tests.then(|| test_path(file, modules));
        let verdict = Trial::new(self.package, Folders::below(&report), &mutants)?.run(judges)?;
        let others = self.one_by_one(&report, modules, &verdict.left)?;
        Ok(Found {
            survivors: [verdict.survivors, others.survivors].concat(),
            tried: verdict.tried + others.tried,
            dropped: verdict.dropped + others.dropped,
        })
    }

    /// Has cargo-mutants try the mutants of these names.
    fn one_by_one(&self, report: &Path, modules: &[&str], names: &[String]) -> Result<Found> {
        if names.is_empty() {
            return Ok(Found { survivors: Vec::new(), tried: 0, dropped: 0 });
        }
        let mut mutants = cargo(["mutants", "--package", self.package]);
        // One crate is compiled again and again.
        mutants.env("CARGO_INCREMENTAL", "1");
        mutants.env("CARGO_TARGET_DIR", report.join("build"));
        mutants.args(TIME).arg("--output").arg(report);
        // A pattern does not hold off mutants that leave a field out, so others come with it.
        for file in names.iter().filter_map(|name| name.split(':').next()).collect::<BTreeSet<_>>()
        {
            mutants.arg("--file").arg(file);
        }
        for name in names {
            mutants.arg("--re").arg(format!("^{}$", literal(name)));
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
        let wanted = |list: &str| {
            let found = lines(&out.join(list))?.into_iter();
            Ok::<Vec<_>, anyhow::Error>(found.filter(|name| names.contains(name)).collect())
        };
        let survivors = wanted("missed.txt")?;
        let dropped = wanted("unviable.txt")?.len();
        let tried = survivors.len() + wanted("caught.txt")?.len() + wanted("timeout.txt")?.len();
        Ok(Found { survivors, tried, dropped })
    }
}

/// How the names of a file's own tests begin, if it is of one of these modules.
fn test_path(file: &str, modules: &[&str]) -> String {
    let in_crate = file.split_once("/src/").map_or(file, |(_, in_crate)| in_crate);
    let is_of = |module: &&&str| {
        let rest = in_crate.strip_prefix(**module);
        rest.is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
    };
    modules.iter().find(is_of).map_or("", |module| module).replace('/', "::")
}

/// A pattern for a text itself.
fn literal(text: &str) -> String {
    let mut pattern = String::with_capacity(2 * text.len());
    for c in text.chars() {
        // Others have a meaning behind a backslash.
        if r"\.+*?()|[]{}^$#&-~".contains(c) {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern
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
    use super::{SETS, accepted, literal, test_path, unplaced};

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
    fn a_file_is_judged_by_the_tests_of_its_module() {
        let modules = ["inbox/unpack", "picture"];
        assert_eq!(test_path("crates/a/src/inbox/unpack.rs", &modules), "inbox::unpack");
        assert_eq!(test_path("crates/a/src/inbox/unpack/archive.rs", &modules), "inbox::unpack");
        assert_eq!(test_path("crates/a/src/picture.rs", &modules), "picture");
    }

    #[test]
    fn a_pattern_is_for_nothing_but_the_name() {
        assert_eq!(literal("a.rs: replace f -> u8"), r"a\.rs: replace f \-> u8");
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
