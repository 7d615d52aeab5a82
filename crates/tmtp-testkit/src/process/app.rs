//! A real `mnm` with a home of its own.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use tempfile::TempDir;

use super::child::{Running, program};
use super::ongoing::Ongoing;

/// Address of a session bus that is none.
const NO_BUS: &str = "unix:path=/nonexistent/bus";

/// One person's app. Commands work with and without the app running.
#[derive(Debug)]
pub struct AppProcess {
    running: Option<Running>,
    url: String,
    environment: BTreeMap<String, String>,
    /// Last, so that the process is gone before its directory.
    home: TempDir,
}

/// What a finished command left.
#[derive(Debug)]
pub struct Finished {
    /// How it ended.
    pub status: ExitStatus,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl AppProcess {
    /// A new home; nothing runs yet.
    pub fn new() -> Result<Self> {
        let home = tempfile::Builder::new().prefix("mnm-test-").tempdir()?;
        // Nothing is shown on the desktop of whoever runs the tests.
        let no_bus = ("DBUS_SESSION_BUS_ADDRESS".to_owned(), NO_BUS.to_owned());
        let environment = BTreeMap::from([no_bus]);
        Ok(Self { running: None, url: String::new(), environment, home })
    }

    /// Sets a variable of its environment, from the next start or command on.
    pub fn set_env(&mut self, name: &str, value: &str) {
        self.environment.insert(name.to_owned(), value.to_owned());
    }

    /// The app's `--home`.
    pub fn home(&self) -> PathBuf {
        self.home.path().join("home")
    }

    /// A directory beside the home, for files to attach and to save.
    pub fn desk(&self) -> &Path {
        self.home.path()
    }

    /// Runs one command to its end, whatever that is.
    pub fn run(&self, arguments: &[&str]) -> Result<Finished> {
        let mut command = self.command()?;
        let output = command.args(arguments).stdin(Stdio::null()).output()?;
        Ok(Finished {
            status: output.status,
            stdout: String::from_utf8(output.stdout).context("stdout is not UTF-8")?,
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }

    /// Runs one command, which must succeed; gives its standard output.
    pub fn ok(&self, arguments: &[&str]) -> Result<String> {
        let done = self.run(arguments)?;
        ensure!(
            done.status.success(),
            "mnm {arguments:?}: {}: {}{}",
            done.status,
            done.stdout,
            done.stderr
        );
        Ok(done.stdout)
    }

    /// Runs one command with `--json`, which must succeed; gives what it printed.
    pub fn json(&self, arguments: &[&str]) -> Result<Value> {
        let arguments: Vec<_> = arguments.iter().copied().chain(["--json"]).collect();
        let text = self.ok(&arguments)?;
        serde_json::from_str(&text).with_context(|| format!("mnm {arguments:?}: no JSON: {text}"))
    }

    /// Runs one command that goes on.
    pub fn begin(&self, arguments: &[&str]) -> Result<Ongoing> {
        Ongoing::start(self.command()?.args(arguments), &self.log_file())
    }

    /// Keeps the app running, without a browser; gives the address of its pages.
    pub fn start(&mut self) -> Result<&str> {
        self.running = None;
        let mut command = self.command()?;
        command.args(["--no-open", "--port", "0"]);
        let running = Running::start(command.stdin(Stdio::null()), &self.log_file())?;
        self.url = running.line("open: ")?.trim_start_matches("open: ").trim().to_owned();
        self.running = Some(running);
        ensure!(self.url.contains("token="), "no token in {:?}", self.url);
        Ok(&self.url)
    }

    /// The address of its pages, with the token; empty before [`Self::start`].
    pub fn url(&self) -> &str {
        &self.url
    }

    /// SIGTERM, and the status it exits with.
    pub fn stop(&mut self) -> Result<ExitStatus> {
        self.running.take().context("the app does not run")?.sigterm()
    }

    /// SIGKILL, and waits until it is gone.
    pub fn kill9(&mut self) -> Result<()> {
        self.running.take().context("the app does not run")?.kill9()
    }

    /// Memory in use now, in KiB.
    pub fn rss_kib(&self) -> Result<u64> {
        self.running.as_ref().context("the app does not run")?.status_kib("VmRSS")
    }

    /// What the running app wrote to standard error, of all its lives.
    pub fn log_file(&self) -> PathBuf {
        self.home.path().join("mnm.log")
    }

    /// A command on this home, to be given its arguments.
    pub fn command(&self) -> Result<Command> {
        let mut command = Command::new(program("mnm", "MNM_BIN")?);
        command.arg("--home").arg(self.home()).env_remove("MNM_HOME").current_dir(self.desk());
        command.envs(&self.environment);
        Ok(command)
    }
}
