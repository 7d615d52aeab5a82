//! One installation of the app: its running process, and its command line with `--json`.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::letter::Letter;
use super::member::Member;
use super::process::Process;
use super::workdir::Workdir;
use crate::run;

/// The exit code of `mnm` for "safe in the outbox, not acknowledged yet".
const QUEUED: i32 = 4;

/// An `mnm` with a home of its own.
#[derive(Debug)]
pub(crate) struct App {
    /// What people call this device.
    pub(crate) label: &'static str,
    /// Whose it is.
    pub(crate) member: Member,
    program: PathBuf,
    home: PathBuf,
    log: PathBuf,
    url: String,
    process: Option<Process>,
}

impl App {
    /// Starts one on an empty home.
    pub(crate) fn start(
        workdir: &Workdir,
        name: &str,
        label: &'static str,
        member: Member,
    ) -> Result<Self> {
        let mut app = Self {
            label,
            member,
            program: workdir.program("mnm")?,
            home: workdir.path().join(name),
            log: workdir.folder("logs")?.join(format!("{name}.log")),
            url: String::new(),
            process: None,
        };
        app.restart()?;
        Ok(app)
    }

    /// Starts it again on the home it had.
    pub(crate) fn restart(&mut self) -> Result<()> {
        let mut command = self.command(["--no-open", "--port", "0"]);
        let (process, url) = Process::start(self.label, &mut command, &self.log, "open: ")?;
        self.url = url;
        self.process = Some(process);
        Ok(())
    }

    /// From its next start on it is this program: an upgrade.
    pub(crate) fn replace(&mut self, program: PathBuf) {
        self.program = program;
    }

    /// SIGKILL: the device loses its power.
    pub(crate) fn kill(&mut self) -> Result<()> {
        self.process.take().context("this app does not run")?.kill()
    }

    /// SIGTERM; it has to end with success.
    pub(crate) fn stop(&mut self) -> Result<()> {
        self.process.take().map_or(Ok(()), Process::stop)
    }

    /// The address that opens its pages, once.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The app's command line with arguments.
    pub(crate) fn command<const N: usize>(&self, args: [&str; N]) -> Command {
        let mut command = Command::new(&self.program);
        command.arg("--home").arg(&self.home).args(args);
        command
    }

    /// What a command answers with `--json`.
    pub(crate) fn ask<const N: usize>(&self, args: [&str; N]) -> Result<Value> {
        let mut command = self.command(args);
        command.arg("--json");
        self.answer(&mut command, "")
    }

    /// What a command answers that lists things.
    pub(crate) fn list<const N: usize>(&self, args: [&str; N]) -> Result<Vec<Value>> {
        let answer = self.ask(args)?;
        let Value::Array(list) = answer else {
            bail!("{} {args:?} answered no list: {answer}", self.label)
        };
        Ok(list)
    }

    /// Sends a new letter; it is on its way or queued when this returns.
    pub(crate) fn send(&self, letter: &Letter) -> Result<Value> {
        self.answer(&mut self.send_command(letter), &letter.text)
    }

    /// Begins to send a new letter and does not wait.
    pub(crate) fn begin_to_send(&self, letter: &Letter) -> Result<Child> {
        let mut command = self.send_command(letter);
        let mut child = piped(&mut command)?;
        feed(&mut child, &letter.text)?;
        Ok(child)
    }

    /// Waits for a command begun with [`App::begin_to_send`]: sent, or queued when its patience
    /// ended before the service was back.
    pub(crate) fn finish_sending(sender: Child) -> Result<()> {
        let output = sender.wait_with_output()?;
        if !output.status.success() && output.status.code() != Some(QUEUED) {
            bail!("`mnm send` {}", complaint(&output));
        }
        Ok(())
    }

    /// Answers in a thread.
    pub(crate) fn reply(&self, thread: i64, text: &str) -> Result<Value> {
        let mut command = self.command(["reply"]);
        command.args([&thread.to_string(), "-", "--json"]);
        self.answer(&mut command, text)
    }

    /// Accepts every ping and invitation that waits; gives how many.
    pub(crate) fn accept_all(&self) -> Result<usize> {
        let mut accepted = 0;
        for ping in self.list(["pings"])? {
            if ping["incoming"] == true && ping["state"]["state"] == "waiting" {
                let number = ping["id"].as_i64().context("a ping without id")?.to_string();
                self.ask(["accept", &number])?;
                accepted += 1;
            }
        }
        Ok(accepted)
    }

    /// The thread with a subject, if it is here.
    pub(crate) fn thread(&self, subject: &str) -> Result<Option<i64>> {
        let threads = self.list(["inbox"])?;
        let row = threads.iter().find(|row| row["subject"] == subject);
        Ok(row.and_then(|row| row["id"].as_i64()))
    }

    /// Saves an attachment of a thread: the one with the name that `to` ends with.
    pub(crate) fn save(&self, thread: i64, to: &Path) -> Result<()> {
        let mut command = self.command(["save"]);
        command.arg(thread.to_string()).arg(to);
        run::captured(&mut command).map(drop)
    }

    fn send_command(&self, letter: &Letter) -> Command {
        let mut command = self.command(["send"]);
        command.args(["--to", &letter.to.join(","), "--subject", &letter.subject]);
        for file in &letter.files {
            command.arg("--attach").arg(file);
        }
        command.args(["-", "--json"]);
        command
    }

    fn answer(&self, command: &mut Command, input: &str) -> Result<Value> {
        let mut child = piped(command)?;
        feed(&mut child, input)?;
        let output = child.wait_with_output()?;
        if !output.status.success() && output.status.code() != Some(QUEUED) {
            bail!("{}: `{}` {}", self.label, run::line(command), complaint(&output));
        }
        let text = String::from_utf8_lossy(&output.stdout);
        serde_json::from_str(&text)
            .with_context(|| format!("{}: `{}` answered {text:?}", self.label, run::line(command)))
    }
}

fn piped(command: &mut Command) -> Result<Child> {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("could not start `{}`", run::line(command)))
}

/// Writes all input and closes it. A program that ends without reading it says why itself.
fn feed(child: &mut Child, input: &str) -> Result<()> {
    let mut stdin = child.stdin.take().context("stdin is piped")?;
    match stdin.write_all(input.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

fn complaint(output: &Output) -> String {
    let said = [&output.stderr, &output.stdout].map(|text| String::from_utf8_lossy(text));
    format!("ended with {}: {}{}", output.status, said[0].trim(), said[1].trim())
}
