//! A running `tmtpd serve` and what it says. Nothing here waits longer than [`PATIENCE`].

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

/// Far more than anything here takes, also on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A process whose lines are read as it writes them. Killed when dropped.
pub(crate) struct Process {
    child: Child,
    stdout: Receiver<String>,
    stderr: Receiver<String>,
}

/// How a process ended and what it had not yet been asked about.
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// `tmtpd serve`, not yet started.
pub(crate) fn serve(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tmtpd"));
    command.arg("serve").args(arguments);
    command
}

/// Starts `tmtpd serve` and reads to its end: for what must not keep running.
pub(crate) fn refused(arguments: &[&str]) -> Ended {
    Process::start(serve(arguments)).end()
}

impl Process {
    pub(crate) fn start(mut command: Command) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program starts");
        let stdout = lines(child.stdout.take().expect("its stdout"));
        let stderr = lines(child.stderr.take().expect("its stderr"));
        Self { child, stdout, stderr }
    }

    /// The line that says that it listens.
    pub(crate) fn ready(&self) -> Ready {
        match self.stdout.recv_timeout(PATIENCE) {
            Ok(line) => Ready::parse(&line),
            Err(error) => panic!("not ready: {error}\n{}", rest(&self.stderr)),
        }
    }

    /// Reads the log up to a line that holds `text`.
    pub(crate) fn log_says(&self, text: &str) -> String {
        self.log_up_to(text).pop().expect("the line itself")
    }

    /// The lines of the log, read up to one that holds `text`.
    pub(crate) fn log_up_to(&self, text: &str) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        while lines.last().is_none_or(|line| !line.contains(text)) {
            match self.stderr.recv_timeout(PATIENCE) {
                Ok(line) => lines.push(line),
                Err(error) => panic!("the log does not say {text:?} ({error}), but: {lines:?}"),
            }
        }
        lines
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("signal");
    }

    /// Waits for its end, which closes its stdout.
    pub(crate) fn end(mut self) -> Ended {
        let mut stdout = String::new();
        loop {
            match self.stdout.recv_timeout(PATIENCE) {
                Ok(line) => stdout = stdout + &line + "\n",
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => panic!("it goes on; it said {stdout}"),
            }
        }
        let code = self.child.wait().expect("its end").code();
        Ended { code, stdout, stderr: rest(&self.stderr) }
    }

    /// Stops it in order.
    pub(crate) fn stop(self) {
        self.signal(Signal::TERM);
        let ended = self.end();
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What `ready: …` said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ready {
    /// What members paste.
    pub(crate) addresses: Vec<Address>,
    /// The part in parentheses.
    pub(crate) note: String,
}

/// `=host:port#fingerprint` or `+host:port`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) kind: char,
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) fingerprint: Option<String>,
}

impl Ready {
    fn parse(line: &str) -> Self {
        let line = line.strip_prefix("ready: ").unwrap_or_else(|| panic!("{line}"));
        let (addresses, note) = line.split_once("  ").expect("two spaces before the note");
        let addresses = addresses.split(' ').map(Address::parse).collect();
        Self { addresses, note: note.to_owned() }
    }

    pub(crate) fn fingerprint(&self) -> String {
        self.addresses[0].fingerprint.clone().expect("a fingerprint")
    }

    /// Where to connect on this machine.
    pub(crate) fn socket(&self) -> SocketAddr {
        self.addresses[0].socket()
    }
}

impl Address {
    fn parse(text: &str) -> Self {
        let (address, fingerprint) = match text.split_once('#') {
            Some((address, fingerprint)) => (address, Some(fingerprint.to_owned())),
            None => (text, None),
        };
        let kind = address.chars().next().expect("= or +");
        let (host, port) = address[1..].rsplit_once(':').expect("host and port");
        let port = port.parse().expect("a port");
        Self { kind, host: host.to_owned(), port, fingerprint }
    }

    pub(crate) fn socket(&self) -> SocketAddr {
        format!("{}:{}", self.host, self.port).parse().expect("an IP address")
    }
}

/// Sends each line of `stream` as it comes; closed at its end.
fn lines(stream: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

/// What comes until the stream ends or nothing comes for long.
fn rest(lines: &Receiver<String>) -> String {
    let mut text = String::new();
    while let Ok(line) = lines.recv_timeout(PATIENCE) {
        text = text + &line + "\n";
    }
    text
}
