//! Trial of a crate's mutants: all compiled at once, each then put to the tests.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use super::schema::{CHOICE, Mutant, Schema, VARIABLE};
use crate::run::{self, cargo};

/// Longest run of a test program; one that takes longer has caught its mutant.
const PATIENCE: Duration = Duration::from_secs(60);
/// Times that mutants which do not compile are taken out.
const ROUNDS: usize = 20;

/// Where a trial works.
pub(super) struct Folders {
    /// The work tree, which stays as it is.
    original: PathBuf,
    /// The copy with the mutants in it.
    copy: PathBuf,
    /// What Cargo builds of it.
    build: PathBuf,
}

impl Folders {
    /// For this work tree, below a folder.
    pub(super) fn below(folder: &Path) -> Self {
        Self { original: run::root(), copy: folder.join("tree"), build: folder.join("build") }
    }
}

/// A copy of the work tree with mutants in one of its crates.
pub(super) struct Trial<'a> {
    package: &'static str,
    folders: Folders,
    patience: Duration,
    mutants: &'a [Mutant],
    /// By number, from one, those that compile.
    alive: BTreeSet<usize>,
    /// Those that must be compiled one by one.
    left: BTreeSet<usize>,
}

/// What the tests said of the mutants.
#[derive(Default)]
pub(super) struct Verdict {
    /// How many were tried.
    pub(super) tried: usize,
    /// Names of those that no test failed for.
    pub(super) survivors: Vec<String>,
    /// Names of those that must be compiled one by one.
    pub(super) left: Vec<String>,
    /// How many do not compile, and so are not tried.
    pub(super) dropped: usize,
}

impl<'a> Trial<'a> {
    /// Copies the work tree.
    pub(super) fn new(
        package: &'static str,
        folders: Folders,
        mutants: &'a [Mutant],
    ) -> Result<Self> {
        let mut list = Command::new("git");
        list.args(["ls-files", "--cached", "--others", "--exclude-standard"]);
        for file in run::captured(list.current_dir(&folders.original))?.lines() {
            let from = folders.original.join(file);
            // One that was removed, and not yet committed, is listed.
            if from.is_file() {
                write(
                    &folders.copy.join(file),
                    &fs::read(&from).with_context(|| file.to_owned())?,
                )?;
            }
        }
        let alive = (1..=mutants.len()).collect();
        let left = BTreeSet::new();
        Ok(Self { package, folders, patience: PATIENCE, mutants, alive, left })
    }

    /// Compiles the mutants, and puts each to the tests. `judges` names those for a file: the tests of the
    /// library that have this text in their name; without it those of the whole crate.
    pub(super) fn run(mut self, judges: impl Fn(&str) -> Option<String>) -> Result<Verdict> {
        self.compile()?;
        let number_and_judges = |number| {
            let mutant: &Mutant = &self.mutants[number - 1];
            (number, judges(&mutant.file))
        };
        let tried: Vec<_> =
            self.alive.difference(&self.left).copied().map(number_and_judges).collect();
        let is_all = tried.iter().any(|(_, judges)| judges.is_none());
        let mut programs = self.programs(if is_all { "--tests" } else { "--lib" })?;
        for judges in tried.iter().map(|(_, judges)| judges).collect::<BTreeSet<_>>() {
            self.check_unchanged(&mut programs, judges.as_deref())?;
        }
        let dropped = self.mutants.len() - self.alive.len();
        let mut verdict = Verdict { tried: tried.len(), dropped, ..Verdict::default() };
        for (number, judges) in tried {
            if self.all_pass(&programs, judges.as_deref(), number)? {
                let name = &self.mutants[number - 1].name;
                println!("no test fails: {name}");
                verdict.survivors.push(name.clone());
            }
        }
        let name = |number: &usize| self.mutants[number - 1].name.clone();
        verdict.left = self.left.iter().map(name).collect();
        Ok(verdict)
    }

    /// Leaves out the mutants that do not compile until the others do.
    fn compile(&mut self) -> Result<()> {
        let root = format!("crates/{}/src/lib.rs", self.package);
        for _ in 0..ROUNDS {
            let mut lines = BTreeMap::new();
            let files: BTreeSet<&str> = self.mutants.iter().map(|mutant| &*mutant.file).collect();
            for file in files.iter().copied().chain([&*root]) {
                let text = fs::read_to_string(self.folders.original.join(file))
                    .context(file.to_owned())?;
                let of_file = |number: &&usize| self.mutants[**number - 1].file == file;
                let numbers = self.alive.iter().filter(of_file);
                let mutants: Vec<_> =
                    numbers.map(|number| (*number, &self.mutants[number - 1])).collect();
                let mut schema = Schema::new(&text, &mutants);
                if file == root {
                    schema.text.push_str(CHOICE);
                }
                write(&self.folders.copy.join(file), schema.text.as_bytes())?;
                self.left.extend(schema.left);
                lines.insert(file.to_owned(), schema.lines);
            }
            let mut check = self.cargo(["check", "--package", self.package, "--lib"]);
            let (is_done, messages) = messages(&mut check)?;
            if is_done {
                return Ok(());
            }
            let wrong: BTreeSet<usize> =
                messages.iter().filter_map(|message| owner(message, &lines)).collect();
            ensure!(!wrong.is_empty(), "{} does not compile with its mutants", self.package);
            self.alive.retain(|number| !wrong.contains(number));
        }
        bail!("{} does not compile with its mutants in {ROUNDS} rounds", self.package)
    }

    /// The test programs.
    fn programs(&self, which: &str) -> Result<Vec<PathBuf>> {
        let mut build = self.cargo(["test", "--package", self.package, "--no-run"]);
        let (is_done, messages) = messages(build.arg(which))?;
        ensure!(is_done, "{} failed: its output is above", run::line(&build));
        let is_test = |message: &&Value| message.pointer("/profile/test") == Some(&true.into());
        let tests = messages.iter().filter(is_test);
        Ok(tests.filter_map(|message| Some(message.get("executable")?.as_str()?.into())).collect())
    }

    /// All tests pass without a mutant. The quickest program comes first from then on.
    fn check_unchanged(&self, programs: &mut [PathBuf], judges: Option<&str>) -> Result<()> {
        let mut times = BTreeMap::new();
        for program in &*programs {
            let started = Instant::now();
            let passes = self.passes(program, judges, 0)?;
            ensure!(passes, "{} fails without any mutant", program.display());
            times.insert(program.clone(), started.elapsed());
        }
        programs.sort_by_key(|program| times.get(program).copied());
        Ok(())
    }

    fn all_pass(&self, programs: &[PathBuf], judges: Option<&str>, number: usize) -> Result<bool> {
        for program in programs {
            if !self.passes(program, judges, number)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn passes(&self, program: &Path, judges: Option<&str>, number: usize) -> Result<bool> {
        let mut test = Command::new(program);
        test.current_dir(self.folders.copy.join("crates").join(self.package));
        test.env(VARIABLE, number.to_string()).args(judges).arg("--quiet");
        // Why a test fails is not asked, and an input that fails is not to be tried again.
        test.env("RUST_BACKTRACE", "0");
        test.env("PROPTEST_MAX_SHRINK_ITERS", "0");
        test.env("PROPTEST_DISABLE_FAILURE_PERSISTENCE", "1");
        test.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = test.spawn().with_context(|| program.display().to_string())?;
        let started = Instant::now();
        loop {
            if let Some(status) = child.try_wait()? {
                return Ok(status.success());
            }
            if started.elapsed() > self.patience {
                child.kill()?;
                child.wait()?;
                return Ok(false);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn cargo<const N: usize>(&self, args: [&str; N]) -> Command {
        let mut cargo = cargo(args);
        // One crate is compiled again and again.
        cargo.current_dir(&self.folders.copy).env("CARGO_INCREMENTAL", "1");
        cargo.env("CARGO_TARGET_DIR", &self.folders.build);
        cargo
    }
}

/// Runs Cargo, and whether it succeeds and what it reports.
fn messages(command: &mut Command) -> Result<(bool, Vec<Value>)> {
    let output =
        command.args(["--message-format", "json"]).output().context("could not start Cargo")?;
    let lines = str::from_utf8(&output.stdout)?.lines();
    let messages = lines.filter_map(|line| serde_json::from_str(line).ok()).collect();
    Ok((output.status.success(), messages))
}

/// The mutant because of which the compiler complains, by the first place that is in any.
fn owner(message: &Value, lines: &BTreeMap<String, Vec<Option<usize>>>) -> Option<usize> {
    let message = message.get("message")?;
    let is_error = message.get("level")? == "error";
    let mut places: Vec<&Value> = message.get("spans")?.as_array()?.iter().collect();
    places.sort_by_key(|place| place.get("is_primary") != Some(&true.into()));
    let at = |place: &Value| {
        let lines = lines.get(place.get("file_name")?.as_str()?)?;
        let line = usize::try_from(place.get("line_start")?.as_u64()?).ok()?;
        *lines.get(line.checked_sub(1)?)?
    };
    is_error.then(|| places.into_iter().find_map(at))?
}

/// Writes a file unless it is so already: it would be compiled again.
fn write(file: &Path, content: &[u8]) -> Result<()> {
    if fs::read(file).is_ok_and(|found| found == content) {
        return Ok(());
    }
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    }
    fs::write(file, content).with_context(|| file.display().to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const FILE: &str = "crates/small/src/lib.rs";
    const SOURCE: &str = "\
pub const LIMIT: u8 = 3;
pub fn sum(a: u8, b: u8) -> u8 {
    a + b
}
pub fn unseen(a: u8) -> u8 {
    a
}
pub fn count() -> u8 {
    let mut n = 0;
    while n < LIMIT {
        n += 1;
    }
    n
}
pub fn name() -> &'static str {
    \"small\"
}
#[cfg(test)]
mod tests {
    #[test]
    fn sums_and_counts() {
        assert_eq!((super::sum(1, 2), super::count()), (3, 3));
        assert_eq!(super::name().len(), 5);
        super::unseen(1);
    }
}
";

    /// A work tree with one small crate, and where a trial of it works. It goes with the test.
    struct Tree(PathBuf);

    impl Tree {
        fn new(name: &str, source: &str) -> Self {
            let tree = Self(std::env::temp_dir().join(format!("{name}-{}", std::process::id())));
            let manifest = "[package]\nname = \"small\"\nversion = \"0.0.0\"\nedition = \"2024\"\n";
            let file = |path: &str, text: &str| {
                write(&tree.0.join("original").join(path), text.as_bytes()).unwrap();
            };
            file("Cargo.toml", "[workspace]\nresolver = \"3\"\nmembers = [\"crates/*\"]\n");
            file("crates/small/Cargo.toml", manifest);
            file(FILE, source);
            let original = tree.0.join("original");
            run::captured(Command::new("git").arg("init").current_dir(original)).unwrap();
            tree
        }

        fn trial<'a>(&self, mutants: &'a [Mutant]) -> Trial<'a> {
            let [original, copy, build] =
                ["original", "tree", "build"].map(|folder| self.0.join(folder));
            let folders = Folders { original, copy, build };
            let trial = Trial::new("small", folders, mutants).unwrap();
            // A test of the small crate takes milliseconds.
            Trial { patience: Duration::from_secs(3), ..trial }
        }
    }

    impl Drop for Tree {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    /// A mutant of [`SOURCE`] as it is listed: named after what it is replaced by, in the function that
    /// begins so, if in any.
    fn mutant(function: Option<&str>, replaced: &str, by: &str) -> Mutant {
        let start = function.map_or(0, |function| SOURCE.find(function).unwrap());
        let end = start + SOURCE[start..].find("\n}").unwrap() + 2;
        let from = start + SOURCE[start..].find(replaced).unwrap();
        let place = |at: usize| {
            let line = SOURCE[..at].matches('\n').count();
            let column = at - SOURCE[..at].rfind('\n').map_or(0, |before| before + 1);
            json!({ "line": line + 1, "column": column + 1 })
        };
        let span = |from, to| json!({ "start": place(from), "end": place(to) });
        let function = function.map(|_| json!({ "span": span(start, end) }));
        let listed = json!({
            "name": by, "file": FILE, "function": function,
            "span": span(from, from + replaced.len()), "replacement": by,
        });
        Mutant::read(&listed).unwrap()
    }

    #[test]
    fn mutants_are_caught_survive_hang_do_not_compile_or_are_left() {
        let tree = Tree::new("mutants-of-a-crate", SOURCE);
        let mutants = [
            mutant(Some("pub fn sum"), "a + b", "a - b + 1"),
            mutant(Some("pub fn unseen"), "    a", "7"),
            mutant(Some("pub fn count"), "+=", "*="),
            mutant(Some("pub fn name"), "\"small\"", "no_such_thing()"),
            mutant(None, "3", "4"),
        ];
        let verdict = tree.trial(&mutants).run(|_| None).unwrap();
        assert_eq!((verdict.tried, verdict.dropped), (3, 1));
        assert_eq!(verdict.survivors, ["7"]);
        assert_eq!(verdict.left, ["4"]);
        let original = fs::read_to_string(tree.0.join("original").join(FILE)).unwrap();
        assert_eq!(original, SOURCE, "the work tree stays as it is");

        // Judged by tests that are of something else, all survive.
        let sum = [mutant(Some("pub fn sum"), "a + b", "a - b + 1")];
        let verdict = tree.trial(&sum).run(|_| Some("elsewhere".to_owned())).unwrap();
        assert_eq!(verdict.survivors, ["a - b + 1"]);
    }

    #[test]
    fn crate_whose_tests_fail_by_themselves_judges_nothing() {
        let tree = Tree::new("mutants-of-a-failing-crate", &SOURCE.replace("(3, 3)", "(3, 9)"));
        let sum = [mutant(Some("pub fn sum"), "a + b", "a - b + 1")];
        let error = tree.trial(&sum).run(|_| None).map(|_| ()).unwrap_err();
        assert!(error.to_string().contains("fails without any mutant"), "{error}");
    }
}
