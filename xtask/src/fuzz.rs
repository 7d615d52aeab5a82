//! Task `cargo xtask fuzz`: lets the fuzzer look for inputs that go new ways through the targets of
//! `crates/tmtp-fuzz`, for a while each.
//!
//! It starts from the inputs in `fuzz/corpus`, keeps what it finds in `target/fuzz/TARGET`, and writes
//! an input that makes a target fail to `fuzz/crashes/TARGET`, where the ordinary tests play it again
//! until it is mended and for ever after. `--merge` adds what goes a new way to `fuzz/corpus`.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::run;
use crate::step::{Output, Steps};

/// The targets, in the order in which they run.
const TARGETS: [&str; 11] = [
    "frame",
    "head",
    "session",
    "link",
    "invitation",
    "letter",
    "forward",
    "name",
    "config",
    "admin",
    "store",
];
/// The version of cargo-fuzz that is installed where there is none.
const CARGO_FUZZ: &str = "0.13.2";
/// For each target, unless told.
const SECONDS: u64 = 60;

/// What is asked of the fuzzer.
#[derive(Debug)]
pub(crate) struct Options {
    seconds: u64,
    merge: bool,
    targets: Vec<&'static str>,
}

impl Options {
    /// Reads the command line.
    pub(crate) fn read(given: &[String]) -> Result<Self> {
        let mut options = Self { seconds: SECONDS, merge: false, targets: Vec::new() };
        let mut given = given.iter();
        while let Some(word) = given.next() {
            match word.as_str() {
                "--seconds" => {
                    let seconds = given.next().context("--seconds needs a number")?;
                    options.seconds = seconds.parse().context("--seconds needs a number")?;
                }
                "--merge" => options.merge = true,
                name => {
                    let known = TARGETS.into_iter().find(|target| *target == name);
                    let known =
                        known.with_context(|| format!("no target {name:?}: {TARGETS:?}"))?;
                    options.targets.push(known);
                }
            }
        }
        if options.targets.is_empty() {
            options.targets = TARGETS.to_vec();
        }
        Ok(options)
    }
}

/// Runs the targets one after the other.
pub(crate) fn run(options: &Options) -> Result<()> {
    let mut steps = Steps::new(Output::Loud);
    steps.take("the fuzzer", install)?;
    steps.take("build", || run::loud(nightly(&["fuzz", "build"]).args(BUILD)))?;
    for target in &options.targets {
        steps.tell(target, || fuzz(target, options.seconds))?;
        if options.merge {
            steps.take("merge", || merge(target))?;
        }
    }
    Ok(())
}

/// No sanitizer: there is no unsafe code of ours for one to look at, and without it more inputs
/// are tried.
const BUILD: [&str; 4] = ["--fuzz-dir", "fuzz", "--sanitizer", "none"];

fn nightly(args: &[&str]) -> Command {
    let mut command = Command::new("rustup");
    command.args(["run", "nightly", "cargo"]).args(args).current_dir(run::root());
    command
}

fn install() -> Result<()> {
    ensure!(
        run::on_path("rustup").is_some(),
        "the fuzzer needs rustup, for its nightly compiler: install it from https://rustup.rs"
    );
    ensure!(
        std::env::var_os("CXX").is_some() || run::on_path("c++").is_some(),
        "the fuzzer needs a C++ compiler: on Debian or Ubuntu, sudo apt-get install g++"
    );
    if run::captured(&mut nightly(&["--version"])).is_err() {
        let args = ["toolchain", "install", "nightly", "--profile", "minimal"];
        run::loud(Command::new("rustup").args(args))?;
    }
    let found = run::captured(&mut nightly(&["fuzz", "--version"])).unwrap_or_default();
    if found.trim() != format!("cargo-fuzz {CARGO_FUZZ}") {
        run::loud(&mut nightly(&["install", "cargo-fuzz", "--locked", "--version", CARGO_FUZZ]))?;
    }
    Ok(())
}

/// A folder below the top, made if it is missing.
fn folder(path: String) -> Result<PathBuf> {
    let folder = run::root().join(path);
    fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    Ok(folder)
}

fn fuzz(target: &str, seconds: u64) -> Result<String> {
    let found = folder(format!("target/fuzz/{target}"))?;
    let corpus = folder(format!("fuzz/corpus/{target}"))?;
    let crashes = folder(format!("fuzz/crashes/{target}"))?;
    let log = run::root().join(format!("target/fuzz/{target}.txt"));
    let mut command = nightly(&["fuzz", "run"]);
    command.args(BUILD).arg(target).arg(found).arg(corpus).arg("--");
    command.arg(format!("-max_total_time={seconds}")).arg("-print_final_stats=1");
    // More than this for one input is a finding too.
    command.args(["-timeout=30", "-rss_limit_mb=2048", "-max_len=16384"]);
    command.arg(format!("-artifact_prefix={}/", crashes.display()));
    let dictionary = run::root().join(format!("fuzz/dictionary/{target}"));
    if dictionary.exists() {
        command.arg(format!("-dict={}", dictionary.display()));
    }
    let both = File::create(&log).with_context(|| log.display().to_string())?;
    command.stdout(both.try_clone()?).stderr(both);
    let status = command.status().context("could not start the fuzzer")?;
    let said = String::from_utf8_lossy(&fs::read(&log)?).into_owned();
    if !status.success() {
        let written = said.lines().find_map(|line| line.split_once("Test unit written to "));
        let input = written.map_or("no input was written", |(_, path)| path);
        bail!("{target} fails: {input}\nall that was said: {}", log.display());
    }
    Ok(summary(&said))
}

/// What was done, as the fuzzer says it: coverage from the inputs it began with to the end.
fn summary(said: &str) -> String {
    let figure = |line: &str, mark: &str| {
        line.split_once(mark)?.1.split_whitespace().next().map(str::to_owned)
    };
    let first = |mark| said.lines().find_map(|line| figure(line, mark));
    let last = |mark| said.lines().filter_map(|line| figure(line, mark)).next_back();
    let begun = said.lines().find(|line| line.contains("INITED")).unwrap_or_default();
    let or_none = |figure: Option<String>| figure.unwrap_or_else(|| "no".into());
    format!(
        "{} executions, {} a second; edges {} to {}, features {} to {}; {} inputs; \
         slowest {} s; {} MiB",
        or_none(first("stat::number_of_executed_units:")),
        or_none(first("stat::average_exec_per_sec:")),
        or_none(figure(begun, " cov: ")),
        or_none(last(" cov: ")),
        or_none(figure(begun, " ft: ")),
        or_none(last(" ft: ")),
        or_none(last(" corp: ")),
        or_none(first("stat::slowest_unit_time_sec:")),
        or_none(first("stat::peak_rss_mb:")),
    )
}

/// Adds to the corpus what goes ways that nothing in it goes. How often an input goes a way is passed
/// over, which keeps some hundreds of inputs of as many thousands.
fn merge(target: &str) -> Result<()> {
    let mut command = nightly(&["fuzz", "run"]);
    command.args(BUILD).arg(target);
    command.arg(folder(format!("fuzz/corpus/{target}"))?);
    command.arg(folder(format!("target/fuzz/{target}"))?);
    run::captured(command.args(["--", "-set_cover_merge=1", "-use_counters=0", "-max_len=4096"]))
        .map(drop)
}

#[cfg(test)]
mod tests {
    use super::{Options, summary};

    #[test]
    fn the_figures_are_told() {
        let said = "#2\tINITED cov: 10 ft: 11 corp: 1/1b exec/s: 0 rss: 40Mb\n\
                    #9\tDONE   cov: 20 ft: 27 corp: 5/9b lim: 4 exec/s: 30 rss: 41Mb\n\
                    stat::number_of_executed_units: 900\nstat::average_exec_per_sec:     30\n\
                    stat::slowest_unit_time_sec:    0\nstat::peak_rss_mb:              41\n";
        assert_eq!(
            summary(said),
            "900 executions, 30 a second; edges 10 to 20, features 11 to 27; 5/9b inputs; \
             slowest 0 s; 41 MiB"
        );
    }

    #[test]
    fn a_target_that_does_not_exist_is_told() {
        let read = |words: &[&str]| {
            Options::read(&words.iter().map(ToString::to_string).collect::<Vec<_>>())
        };
        assert!(read(&["farme"]).is_err());
        assert!(read(&["--seconds"]).is_err());
        let options = read(&["--seconds", "5", "head"]).unwrap();
        assert_eq!((options.seconds, options.targets), (5, vec!["head"]));
    }
}
