//! Fuzz target of the administrator's socket of a daemon that runs in this process.
//!
//! An input is four lengths to cut by, then what some connections write, one after the other. A byte
//! ends each: 0 has its answer read, 1 goes away without reading, 2 stays and says nothing more.
//! `$COPIES` stands for a folder in which copies of the store may be made.
//!
//! Every answer is what the request deserves, in the protocol's form and complete, and the service
//! is as it was. A daemon that was told to stop stops, and the next input finds another.

use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use tmtpd::admin::protocol::{
    Command, FailureKind, Line, REQUEST_BYTES_MAX, Request, State, Status, VERSION,
};
use tmtpd::admin::server::attach;
use tmtpd::config::{DaemonConfig, Overrides};
use tmtpd::conn_limit::ConnLimit;
use tmtpd::daemon::{Daemon, Source};
use tmtpd::service::Service;
use tmtpd::shutdown::Shutdown;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::UnixStream;
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;

use crate::ask::{Ask, Cast};
use crate::cut::{cut, lengths};
use crate::peer::Link;
use crate::store::scratch;

/// Connections of one input.
const CONNECTIONS: usize = 8;
/// Those who have accounts.
const MEMBERS: u8 = 3;
/// Far more than anything takes.
const PATIENCE: Duration = Duration::from_secs(20);
/// Longest message of a failure: it may repeat a word of the request, escaped to six bytes for each.
const FAILURE_BYTES_MAX: usize = 6 * REQUEST_BYTES_MAX + 1_024;

/// A daemon with a service that somebody uses.
struct Host {
    runtime: Runtime,
    daemon: Daemon,
    /// Logged in, as far as its silence is borne.
    guest: Link,
    folder: TempDir,
}

/// What a request deserves.
#[derive(Debug, PartialEq)]
enum Due {
    Done(Command),
    /// It depends on the machine.
    DoneOrFailed,
    Wrong,
}

/// Writes it, reads the answers, and asks in the end how the service is.
pub fn run(mut input: &[u8]) {
    static HOST: Mutex<Option<Host>> = Mutex::new(None);
    let Some(lengths) = lengths(&mut input) else { return };
    let mut place = HOST.lock().unwrap_or_else(PoisonError::into_inner);
    let host = place.get_or_insert_with(Host::start);
    let visits: Vec<_> = input
        .split_inclusive(|byte| *byte <= 2)
        .take(CONNECTIONS)
        .map(|one| host.visit(one))
        .collect();
    if visits.iter().any(|(written, _)| is_elsewhere(written, &host.copies())) {
        return;
    }
    host.runtime.block_on(async {
        timeout(PATIENCE, host.serve(&visits, lengths)).await.expect("it hangs");
    });
    if host.daemon.is_stopping() {
        place.take().into_iter().for_each(Host::stop);
    }
}

/// Whether a copy would be made where the fuzzer may not write.
fn is_elsewhere(written: &[u8], copies: &Path) -> bool {
    let line = written.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let Ok(Request { command: Command::Backup { to }, .. }) = serde_json::from_slice(line) else {
        return false;
    };
    let climbs = to.components().any(|part| part == Component::ParentDir);
    to.is_absolute() && (climbs || !to.starts_with(copies))
}

impl Due {
    /// What is due to those who write this and nothing more.
    fn of(written: &[u8]) -> Self {
        let end = written.iter().take(REQUEST_BYTES_MAX).position(|byte| *byte == b'\n');
        let request = end.and_then(|end| serde_json::from_slice(&written[..end]).ok());
        match request {
            Some(Request { v: VERSION, command: Command::Backup { .. } | Command::Reload }) => {
                Self::DoneOrFailed
            }
            Some(Request { v: VERSION, command }) => Self::Done(command),
            Some(Request { v: _, command: _ }) | None => Self::Wrong,
        }
    }
}

impl Host {
    fn start() -> Self {
        let folder = scratch();
        let over = Overrides {
            data: Some(folder.path().join("data")),
            listen: vec!["127.0.0.1:0".parse().unwrap()],
            ..Overrides::default()
        };
        let source = Source { over, file: None };
        let config: DaemonConfig = source.read().unwrap();
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let (daemon, guest) = runtime.block_on(async {
            let conn_limit = ConnLimit::new(&config.only().unwrap().limits);
            let daemon = Daemon::start(source, config, Shutdown::new(), attach).await.unwrap();
            let guest = people(daemon.services()[0].service(), &conn_limit).await;
            (daemon, guest)
        });
        Self { runtime, daemon, guest, folder }
    }

    fn stop(self) {
        let Self { runtime, daemon, guest, folder } = self;
        runtime.block_on(async {
            guest.close().await;
            timeout(PATIENCE, daemon.run()).await.expect("it stops").unwrap();
        });
        assert!(!folder.path().join("data/control.sock").exists());
    }

    fn copies(&self) -> PathBuf {
        self.folder.path().join("copies")
    }

    /// What one connection writes, and the byte that ends it.
    fn visit(&self, part: &[u8]) -> (Vec<u8>, u8) {
        let (written, end) = match part.split_last() {
            Some((end @ 0..=2, written)) => (written, *end),
            _ => (part, 0),
        };
        let copies = self.copies();
        let mut whole = Vec::new();
        let mut rest = written;
        while let Some(at) = memchr::memmem::find(rest, b"$COPIES") {
            whole.extend_from_slice(&rest[..at]);
            whole.extend_from_slice(copies.as_os_str().as_encoded_bytes());
            rest = &rest[at + b"$COPIES".len()..];
        }
        whole.extend_from_slice(rest);
        (whole, end)
    }

    async fn serve(&self, visits: &[(Vec<u8>, u8)], lengths: &[u8; 4]) {
        let mut silent = Vec::new();
        for (written, end) in visits {
            let mut stream = self.connect().await;
            for piece in cut(written, lengths) {
                // It may have been answered before all was written.
                if stream.write_all(piece).await.is_err() {
                    break;
                }
                tokio::task::yield_now().await;
            }
            match end {
                0 => check(&Due::of(written), stream).await,
                1 => drop(stream),
                _ => silent.push(stream),
            }
        }
        self.check_unharmed().await;
        let _ = std::fs::remove_dir_all(self.copies());
    }

    async fn connect(&self) -> BufReader<UnixStream> {
        let path = self.folder.path().join("data/control.sock");
        BufReader::new(UnixStream::connect(path).await.unwrap())
    }

    async fn check_unharmed(&self) {
        let mut stream = self.connect().await;
        stream.write_all(b"{\"v\":1,\"cmd\":\"status\"}\n").await.unwrap();
        let (rows, last) = answer(&mut stream).await;
        assert_eq!(last, Line::Done { rows: 1 });
        let status: Status = serde_json::from_value(rows[0].clone()).unwrap();
        let state = if self.daemon.is_stopping() { State::Stopping } else { State::Serving };
        assert_eq!(status.state, state);
        assert_eq!((status.members, status.groups), (u64::from(MEMBERS), 1));
        assert!(status.queued > 0);
    }
}

/// Makes accounts, a group, and letters that are queued; one of the members stays.
async fn people(service: &Arc<Service>, conn_limit: &Arc<ConnLimit>) -> Link {
    let cast = Arc::new(Mutex::new(Cast::default()));
    for alias in (0..MEMBERS).rev() {
        let mut link = Link::open(service, conn_limit, &cast);
        link.enter(&cast, alias).await;
        if alias == 0 {
            let text = || "come".into();
            let invite = Ask::Invite { id: 1, gid: 3, from: 0, to: 1, text: text() };
            link.send(&invite, &cast, 0).await;
            link.send(&Ask::Ping { id: 2, from: 0, to: 2, text: text() }, &cast, 0).await;
        }
        // What is answered before the link ends is done.
        link.send(&Ask::Quit, &cast, 0).await;
        link.close().await;
    }
    let mut guest = Link::open(service, conn_limit, &cast);
    guest.send(&Ask::Greet, &cast, 0).await;
    guest.send(&Ask::Login { who: MEMBERS - 1 }, &cast, 0).await;
    guest
}

/// Says that nothing more comes, and reads the answer to its end.
async fn check(due: &Due, mut stream: BufReader<UnixStream>) {
    // It may have been answered and closed already.
    let _ = stream.shutdown().await;
    let (rows, last) = answer(&mut stream).await;
    match (due, &last) {
        (Due::Done(_) | Due::DoneOrFailed, Line::Done { rows: told }) => {
            assert_eq!(*told, rows.len() as u64);
        }
        (Due::DoneOrFailed, Line::Failed(failure)) => assert!(!failure.message.is_empty()),
        (Due::Wrong, Line::Failed(failure)) => {
            assert_eq!(failure.kind, FailureKind::Wrong);
            assert!(!failure.message.is_empty() && rows.is_empty());
        }
        (Due::Done(_) | Due::DoneOrFailed | Due::Wrong, Line::Row(_))
        | (Due::Done(_), Line::Failed(_))
        | (Due::Wrong, Line::Done { .. }) => panic!("{last:?} where {due:?} is due"),
    }
    // That connection ends with the process.
    if *due != Due::Done(Command::Shutdown) {
        let mut more = String::new();
        assert_eq!(stream.read_line(&mut more).await.unwrap_or(0), 0, "{more}");
    }
}

/// The rows of an answer, and how it ends.
async fn answer(stream: &mut BufReader<UnixStream>) -> (Vec<Value>, Line<Value>) {
    let mut rows = Vec::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.unwrap();
        assert!(line.ends_with('\n'), "an answer without an end: {line}");
        match serde_json::from_str(&line).unwrap() {
            Line::Row(row) => rows.push(row),
            end @ (Line::Done { .. } | Line::Failed(_)) => {
                assert!(line.len() <= FAILURE_BYTES_MAX);
                return (rows, end);
            }
        }
    }
}
