//! A child process whose standard output is read line by line.

use std::env;
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};

/// How long a process may take to say that it is ready, or to stop.
const DEADLINE: Duration = Duration::from_secs(60);

/// A running process; killed when dropped.
#[derive(Debug)]
pub(super) struct Running {
    child: Child,
    lines: Receiver<String>,
    log: PathBuf,
}

impl Running {
    /// Starts it, with the standard input that the command has; what it writes to standard error is
    /// appended to `log`.
    pub(super) fn start(command: &mut Command, log: &Path) -> Result<Self> {
        let stderr = File::options().create(true).append(true).open(log)?;
        command.stdout(Stdio::piped()).stderr(stderr);
        let mut child = command.spawn().with_context(|| format!("starting {command:?}"))?;
        let stdout = child.stdout.take().context("stdout")?;
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines() {
                let Ok(line) = line else { break };
                // Nobody listens any more; the pipe is drained all the same.
                let _ = sender.send(line);
            }
        });
        Ok(Self { child, lines, log: log.to_owned() })
    }

    /// The next line of standard output that begins with `beginning`; others are passed over.
    pub(super) fn line(&self, beginning: &str) -> Result<String> {
        loop {
            match self.lines.recv_timeout(DEADLINE) {
                Ok(line) if line.starts_with(beginning) => return Ok(line),
                Ok(_) => {}
                Err(RecvTimeoutError::Timeout) => bail!("no line {beginning:?}: {}", self.log()),
                Err(RecvTimeoutError::Disconnected) => {
                    bail!("it ended before a line {beginning:?}: {}", self.log())
                }
            }
        }
    }

    fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// SIGKILL, and waits until it is gone.
    pub(super) fn kill9(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// What to write to, if standard input is a pipe; once.
    pub(super) fn take_input(&mut self) -> Option<ChildStdin> {
        self.child.stdin.take()
    }

    pub(super) fn signal(&self, signal: Signal) -> Result<()> {
        let pid = Pid::from_raw(i32::try_from(self.child.id())?).context("pid")?;
        Ok(kill_process(pid, signal)?)
    }

    /// SIGTERM, and the status it exits with.
    pub(super) fn sigterm(&mut self) -> Result<ExitStatus> {
        self.signal(Signal::TERM)?;
        self.exit_status()
    }

    /// Waits until it ends by itself: its standard output ends, then it does.
    pub(super) fn exit_status(&mut self) -> Result<ExitStatus> {
        loop {
            match self.lines.recv_timeout(DEADLINE) {
                Ok(_) => {}
                Err(RecvTimeoutError::Disconnected) => return Ok(self.child.wait()?),
                Err(RecvTimeoutError::Timeout) => bail!("it does not stop: {}", self.log()),
            }
        }
    }

    /// A line of `/proc/PID/status` that is counted in kibibytes.
    pub(super) fn status_kib(&self, key: &str) -> Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid()))?;
        let line =
            status.lines().find_map(|line| line.strip_prefix(key)).context("no such line")?;
        let number = line.trim_start_matches(':').split_whitespace().next().context("no number")?;
        Ok(number.parse()?)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.kill9();
    }
}

/// The program to test: what the variable names, else the one of this build, which is built if it
/// is missing.
pub(super) fn program(name: &str, variable: &str) -> Result<PathBuf> {
    if let Some(path) = env::var_os(variable) {
        return Ok(path.into());
    }
    // target/PROFILE/deps/TEST or target/PROFILE/PROGRAM
    let test = env::current_exe()?;
    let profile = test
        .ancestors()
        .skip(1)
        .find(|dir| !dir.ends_with("deps") && !dir.ends_with("examples"))
        .context("no target directory")?;
    let path = profile.join(name);
    if !path.exists() {
        build(name, profile)?;
    }
    ensure!(path.exists(), "{} is missing: cargo build -p {name}", path.display());
    Ok(path)
}

fn build(name: &str, profile: &Path) -> Result<()> {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--quiet", "--package", name]);
    if profile.ends_with("release") {
        cargo.arg("--release");
    }
    ensure!(cargo.status()?.success(), "cannot build {name}");
    Ok(())
}
