//! A command of `mnm` that goes on: its lines as they come, and what is typed into it.

use std::io::Write as _;
use std::path::Path;
use std::process::{ChildStdin, Command, ExitStatus, Stdio};

use anyhow::{Context as _, Result};
use rustix::process::Signal;
use serde_json::Value;

use super::child::Running;

/// A running command, with pipes to and from it; killed when dropped.
#[derive(Debug)]
pub struct Ongoing {
    running: Running,
    input: Option<ChildStdin>,
}

impl Ongoing {
    pub(super) fn start(command: &mut Command, log: &Path) -> Result<Self> {
        let mut running = Running::start(command.stdin(Stdio::piped()), log)?;
        let input = running.take_input();
        Ok(Self { running, input })
    }

    /// The next line that begins so; others are passed over.
    pub fn line(&self, beginning: &str) -> Result<String> {
        self.running.line(beginning)
    }

    /// The next event of this name, of a command that prints them as JSON; others are passed over.
    pub fn event(&self, name: &str) -> Result<Value> {
        let line = self.line(&format!(r#"{{"event":"{name}","#))?;
        serde_json::from_str(&line).with_context(|| line)
    }

    /// Types a line.
    pub fn write(&mut self, line: &str) -> Result<()> {
        let input = self.input.as_mut().context("the input has ended")?;
        writeln!(input, "{line}")?;
        Ok(input.flush()?)
    }

    /// Ends the input.
    pub fn end_input(&mut self) {
        self.input = None;
    }

    /// Ctrl-C, and the status it exits with.
    pub fn interrupt(&mut self) -> Result<ExitStatus> {
        self.running.signal(Signal::INT)?;
        self.exit_status()
    }

    /// Waits until it ends by itself.
    pub fn exit_status(&mut self) -> Result<ExitStatus> {
        self.running.exit_status()
    }
}
