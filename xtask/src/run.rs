//! Running other programs: loudly, for their output, or to count the tests they report.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

/// The top of the work tree.
pub(crate) fn root() -> PathBuf {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask).to_path_buf()
}

/// `cargo`, the very one that started us, in the top directory.
pub(crate) fn cargo<const N: usize>(args: [&str; N]) -> Command {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(args).current_dir(root());
    command
}

/// Where Cargo puts the programs of a profile: `debug` or `release`.
pub(crate) fn built(profile: &str) -> PathBuf {
    // This program is target/debug/xtask, wherever `target` is.
    let this = std::env::current_exe().unwrap_or_default();
    let target = this.parent().and_then(Path::parent);
    target.map_or_else(|| root().join("target"), Path::to_path_buf).join(profile)
}

/// A program in a directory below the top.
pub(crate) fn program<const N: usize>(name: &str, args: [&str; N], below: &str) -> Command {
    let mut command = Command::new(name);
    command.args(args).current_dir(root().join(below));
    command
}

/// Runs a program with our own output; an error repeats the command line.
pub(crate) fn loud(command: &mut Command) -> Result<()> {
    let line = line(command);
    let status = command.status().with_context(|| format!("could not start `{line}`"))?;
    ensure!(status.success(), "`{line}` ended with {status}");
    Ok(())
}

/// Runs a program and returns what it printed; an error has all that it said.
pub(crate) fn captured(command: &mut Command) -> Result<String> {
    let line = line(command);
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("could not start `{line}`"))?;
    if !output.status.success() {
        let said = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text));
        bail!("`{line}` ended with {}:\n{}{}", output.status, said[0], said[1].trim_end());
    }
    String::from_utf8(output.stdout).with_context(|| format!("`{line}` printed no UTF-8"))
}

/// Whether a program can be found on the PATH.
pub(crate) fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// Tests that were run, as their runners report it.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TestCounts {
    /// Tests that passed.
    pub(crate) passed: u64,
    /// Tests that failed.
    pub(crate) failed: u64,
}

impl TestCounts {
    /// Adds what one line of output says: the closing lines of libtest (`test result: ok. 3 passed;
    /// 0 failed; …`), nextest (`Summary [ 0.1s] 3 tests run: 3 passed, 0 skipped`), Vitest
    /// (`Tests  1 failed | 3 passed (4)`) and Playwright (`  3 passed (2.1s)`).
    fn read(&mut self, line: &str) {
        let line = line.trim_start();
        let counts = if let Some(rest) = line.strip_prefix("test result: ") {
            rest.split_once(". ").map_or(rest, |(_, counts)| counts)
        } else if line.starts_with("Summary [") {
            line.split_once("run: ").map_or("", |(_, counts)| counts)
        } else if let Some(rest) = line.strip_prefix("Tests ") {
            rest
        } else if line.starts_with(|first: char| first.is_ascii_digit()) {
            line
        } else {
            return;
        };
        for count in counts.split([';', ',', '|']) {
            let mut words = count.split_whitespace();
            let number = words.next().and_then(|word| word.parse::<u64>().ok());
            match (number, words.next()) {
                (Some(number), Some("passed")) => self.passed += number,
                (Some(number), Some("failed")) => self.failed += number,
                _ => {}
            }
        }
    }

    fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

/// Runs a test runner, passing its output on, and adds what it reports to `counts`.
///
/// A runner that reports no test at all fails: green must mean that something was tried.
pub(crate) fn tests(command: &mut Command, counts: &mut TestCounts) -> Result<()> {
    let line = line(command);
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("could not start `{line}`"))?;
    let stderr = child.stderr.take().context("stderr is piped")?;
    let stdout = child.stdout.take().context("stdout is piped")?;
    let aside = std::thread::spawn(move || pass_on(stderr, std::io::stderr()));
    let mut seen = pass_on(stdout, std::io::stdout())?;
    let beside = aside.join().map_err(|_| anyhow::anyhow!("the reader of stderr panicked"))?;
    seen.add(beside?);
    counts.add(seen);
    let status = child.wait()?;
    ensure!(
        status.success(),
        "`{line}` ended with {status}: {} passed, {} failed",
        seen.passed,
        seen.failed
    );
    ensure!(seen.passed > 0, "`{line}` ran no test");
    Ok(())
}

fn pass_on(from: impl Read, mut to: impl Write) -> Result<TestCounts> {
    let mut counts = TestCounts::default();
    for line in BufReader::new(from).split(b'\n') {
        let mut line = line?;
        counts.read(&String::from_utf8_lossy(&line));
        line.push(b'\n');
        to.write_all(&line)?;
        to.flush()?;
    }
    Ok(counts)
}

/// The command line with the program's bare name, for messages.
pub(crate) fn line(command: &Command) -> String {
    let program = Path::new(command.get_program());
    shown(program.file_name().unwrap_or(program.as_os_str()), command)
}

/// The command line with the program's path, to be typed.
pub(crate) fn whole_line(command: &Command) -> String {
    shown(command.get_program(), command)
}

fn shown(program: &OsStr, command: &Command) -> String {
    std::iter::once(program)
        .chain(command.get_args())
        .map(OsStr::to_string_lossy)
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::TestCounts;

    fn read(lines: &[&str]) -> (u64, u64) {
        let mut counts = TestCounts::default();
        lines.iter().for_each(|line| counts.read(line));
        (counts.passed, counts.failed)
    }

    #[test]
    fn closing_lines_of_the_four_runners_are_counted() {
        assert_eq!(
            read(&["test result: FAILED. 12 passed; 1 failed; 0 ignored; 0 measured"]),
            (12, 1)
        );
        assert_eq!(
            read(&["     Summary [   0.005s] 3 tests run: 2 passed (1 slow), 1 failed, 0 skipped"]),
            (2, 1)
        );
        assert_eq!(
            read(&["  1 failed", "    [chromium] › a.spec.ts", "  9 passed (2.1s)"]),
            (9, 1)
        );
        assert_eq!(
            read(&[" Test Files  7 passed (7)", "      Tests  1 failed | 88 passed (89)"]),
            (88, 1)
        );
    }

    #[test]
    fn other_lines_count_nothing() {
        assert_eq!(
            read(&["test codec::splits ... ok", "running 3 tests", "2 passed over"]),
            (2, 0)
        );
        assert_eq!(read(&["passed 3", "Summary", ""]), (0, 0));
    }
}
