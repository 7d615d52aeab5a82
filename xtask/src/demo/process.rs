//! A program that runs beside us: started, awaited until it says it is ready, stopped or killed.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use super::poll::until;

/// A program may take so long to get ready.
const READY: Duration = Duration::from_secs(60);
/// A program may take so long to end when asked to.
const FAREWELL: Duration = Duration::from_secs(20);

/// A running program. Dropping it kills it.
#[derive(Debug)]
pub(crate) struct Process {
    name: String,
    child: Child,
}

impl Process {
    /// Starts a program, appends what it prints to `log`, and waits for the line that begins with
    /// `sign`; gives the rest of that line.
    pub(crate) fn start(
        name: &str,
        command: &mut Command,
        log: &Path,
        sign: &'static str,
    ) -> Result<(Self, String)> {
        let log_file = OpenOptions::new().create(true).append(true).open(log)?;
        let mut child = command
            // Open for as long as we hold the process: some programs end with their input.
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log_file.try_clone()?)
            .spawn()
            .with_context(|| format!("could not start {name}"))?;
        let stdout = child.stdout.take().context("stdout is piped")?;
        let mut process = Self { name: name.to_owned(), child };
        let (tell, told) = mpsc::channel();
        std::thread::spawn(move || keep_log(stdout, log_file, sign, &tell));
        match told.recv_timeout(READY) {
            Ok(rest) => Ok((process, rest)),
            Err(RecvTimeoutError::Timeout) => {
                bail!("{name} printed no line {sign:?} in {} s", READY.as_secs())
            }
            Err(RecvTimeoutError::Disconnected) => {
                let status = process.child.wait()?;
                bail!("{name} ended with {status} before it was ready: {}", last_line(log))
            }
        }
    }

    /// The process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends it as a power cut would: it gets no say.
    pub(crate) fn kill(mut self) -> Result<()> {
        ensure!(self.child.try_wait()?.is_none(), "{} had ended before it was killed", self.name);
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Asks it to end and waits; anything but success is an error.
    pub(crate) fn stop(mut self) -> Result<()> {
        if let Some(status) = self.child.try_wait()? {
            return self.judge(status);
        }
        let id = self.child.id().to_string();
        crate::run::captured(Command::new("kill").args(["-TERM", &id]))?;
        let what = format!("{} ends when asked to", self.name);
        let status = until(&what, FAREWELL, || Ok(self.child.try_wait()?))?;
        self.judge(status)
    }

    fn judge(&self, status: ExitStatus) -> Result<()> {
        ensure!(status.success(), "{} ended with {status}", self.name);
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail only when it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Copies lines to the log until the program closes its output, and tells the rest of the first
/// line that begins with `sign`.
fn keep_log(stdout: ChildStdout, mut log: File, sign: &str, tell: &Sender<String>) {
    for line in BufReader::new(stdout).lines().map_while(Result::ok) {
        if let Some(rest) = line.strip_prefix(sign) {
            // Nobody listens any more after the first one.
            let _ = tell.send(rest.trim().to_owned());
        }
        let _ = writeln!(log, "{line}");
    }
}

fn last_line(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    text.lines().next_back().unwrap_or("it printed nothing").to_owned()
}
