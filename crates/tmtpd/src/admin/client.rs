//! Client of the administrator's socket: blocking, one request, an iterator of rows.

use std::io::{self, BufRead, BufReader, Write};
use std::marker::PhantomData;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{PidfdFlags, pidfd_open};
use serde::de::DeserializeOwned;

use super::protocol::{Command, Failure, Line, Request, VERSION};
use super::socket;

/// A connection to a running service.
#[derive(Debug)]
pub struct Client {
    stream: UnixStream,
    data: PathBuf,
}

/// Why a request to a running service failed.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// No service listens on the socket.
    #[error(
        "no service answers in {}: it is not running, or only just starting or stopping; \
         start it with `tmtpd serve`, or look at its log (`journalctl -u tmtpd` where systemd starts it)",
        data.display()
    )]
    NotRunning {
        /// The data folder.
        data: PathBuf,
    },
    /// The folder or socket is another user's.
    #[error(
        "{} belongs to another user, so the service there cannot be asked; \
         use sudo, or sudo -u with the service's user",
        data.display()
    )]
    NotAllowed {
        /// The data folder.
        data: PathBuf,
    },
    /// The service refused or failed.
    #[error(transparent)]
    Refused(#[from] Failure),
    /// The connection closed in the middle of the answer.
    #[error("the service in {} went away before it had answered", data.display())]
    WentAway {
        /// The data folder.
        data: PathBuf,
    },
    /// The connection broke, or what came over it is no answer.
    #[error("the service in {} cannot be asked", data.display())]
    Broken {
        /// The data folder.
        data: PathBuf,
        /// How.
        source: io::Error,
    },
}

impl Client {
    /// Connects to the service that serves `data`.
    ///
    /// # Errors
    /// [`AskError::NotRunning`], [`AskError::NotAllowed`], or another error of the system.
    #[expect(clippy::wildcard_enum_match_arm, reason = "a foreign enum")]
    pub fn connect(data: &Path) -> Result<Self, AskError> {
        let data = data.to_owned();
        match socket::connect(&data) {
            Ok(stream) => Ok(Self { stream, data }),
            Err(error) => Err(match error.kind() {
                io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => {
                    AskError::NotRunning { data }
                }
                io::ErrorKind::PermissionDenied => AskError::NotAllowed { data },
                _ => AskError::Broken { data, source: error },
            }),
        }
    }

    /// Asks, and reads the rows of the answer as they come.
    ///
    /// # Errors
    /// The request cannot be sent. What goes wrong later is the last item of the iterator.
    pub fn ask<R: DeserializeOwned>(self, command: Command) -> Result<Rows<R>, AskError> {
        let Self { mut stream, data } = self;
        let broken = |source| AskError::Broken { data: data.clone(), source };
        let mut line = serde_json::to_vec(&Request { v: VERSION, command })
            .map_err(|error| broken(error.into()))?;
        line.push(b'\n');
        // A service that refuses may have closed already; what it said can still be read.
        match stream.write_all(&line) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => return Err(broken(error)),
            _ => {}
        }
        Ok(Rows { lines: BufReader::new(stream), data, over: false, row: PhantomData })
    }

    /// A handle to wait for the service's process; none where the system has no such handle.
    #[must_use]
    pub fn process(&self) -> Option<Process> {
        let pid = rustix::net::sockopt::socket_peercred(&self.stream).ok()?.pid;
        pidfd_open(pid, PidfdFlags::empty()).ok().map(Process)
    }
}

/// Another process.
#[derive(Debug)]
pub struct Process(OwnedFd);

impl Process {
    /// Waits until it has ended.
    pub fn wait(&self) {
        let mut fds = [PollFd::new(&self.0, PollFlags::IN)];
        while let Err(rustix::io::Errno::INTR) = poll(&mut fds, None) {}
    }
}

/// The rows of an answer. An error is the last item.
#[derive(Debug)]
pub struct Rows<R> {
    lines: BufReader<UnixStream>,
    data: PathBuf,
    over: bool,
    row: PhantomData<R>,
}

impl<R: DeserializeOwned> Rows<R> {
    fn next_row(&mut self) -> Result<Option<R>, AskError> {
        let broken = |source| AskError::Broken { data: self.data.clone(), source };
        let mut line = String::new();
        let read = self.lines.read_line(&mut line).map_err(broken)?;
        if read == 0 || !line.ends_with('\n') {
            return Err(AskError::WentAway { data: self.data.clone() });
        }
        match serde_json::from_str(&line).map_err(|error| broken(error.into()))? {
            Line::Row(row) => Ok(Some(row)),
            Line::Done { .. } => Ok(None),
            Line::Failed(failure) => Err(failure.into()),
        }
    }

    /// Waits until the service closes the connection.
    pub fn wait_for_end(mut self) {
        let _ = io::copy(&mut self.lines, &mut io::sink());
    }
}

impl<R: DeserializeOwned> Iterator for Rows<R> {
    type Item = Result<R, AskError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.over {
            return None;
        }
        let next = self.next_row();
        self.over = !matches!(next, Ok(Some(_)));
        next.transpose()
    }
}
