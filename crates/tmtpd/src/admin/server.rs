//! The server on the administrator's socket.
//!
//! A few commands may be connected at a time. Each has a task, which reads its one request and
//! writes the answer row by row. A command that stops reading is disconnected after a timeout.

use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::unix::{OwnedWriteHalf, UCred};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Mutex, Semaphore};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::protocol::{
    Backup, Command, Failure, FailureKind, Line, REQUEST_BYTES_MAX, Reload, Request, State, Status,
    VERSION,
};
use super::socket::Socket;
use super::view;
use crate::daemon::{Attachment, Daemon, Instance, Reloaded};
use crate::fs_mode::{self, DirPrivacy};
use crate::log::Throttle;
use crate::log::{chain, warn_limited};
use crate::service::Service;
use tmtp_store::{Copied, Store, StoreError};

/// Commands that may be connected at once.
const COMMANDS_MAX: usize = 16;
/// How long a command may take to ask, and to take a piece of its answer.
const TRANSFER_TIMEOUT: Duration = Duration::from_secs(30);
/// Pause after the system could not give a connection.
const ACCEPT_BACKOFF: Duration = Duration::from_secs(1);

/// What the commands of one service can reach.
#[derive(Debug)]
struct Server {
    /// The service whose data folder the socket is in.
    instance: Arc<Instance>,
    /// All services of this process.
    daemon: Daemon,
    /// When the service began to serve, Unix milliseconds.
    started_ms: i64,
    /// Held while a copy is made: two at a time would only slow each other down.
    copying: Mutex<()>,
}

/// Opens the socket of `instance` until the returned guard is dropped. None if the system refuses
/// the socket: the service still serves its members.
#[must_use]
pub fn attach(daemon: &Daemon, instance: &Arc<Instance>) -> Option<Attachment> {
    let server = Server {
        instance: Arc::clone(instance),
        daemon: daemon.clone(),
        started_ms: instance.service().now_ms(),
        copying: Mutex::default(),
    };
    let opened = server.open();
    let open =
        opened.inspect_err(|error| tracing::warn!(%error, "no commands can ask this service"));
    Some(Box::new(open.ok()?))
}

/// An open server. Its socket is removed when this is dropped; commands in progress are answered
/// until the process ends.
#[derive(Debug)]
struct OpenServer {
    accepting: JoinHandle<()>,
    _socket: Socket,
}

impl Server {
    /// Binds the socket in the data folder, whose store the caller has locked, and starts to
    /// answer.
    ///
    /// # Errors
    /// The system refuses the socket.
    fn open(self) -> io::Result<OpenServer> {
        let socket = Socket::bind(&self.instance.data())?;
        let listener = UnixListener::from_std(socket.listener.try_clone()?)?;
        let accepting = tokio::spawn(accept(listener, Arc::new(self)));
        Ok(OpenServer { accepting, _socket: socket })
    }

    /// The service.
    fn service(&self) -> &Arc<Service> {
        self.instance.service()
    }

    /// The service as a whole.
    fn status(&self) -> Status {
        let state = if self.daemon.is_stopping() { State::Stopping } else { State::Serving };
        view::status(&self.instance, state, self.started_ms)
    }
}

impl Drop for OpenServer {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: UnixListener, server: Arc<Server>) {
    let commands = Arc::new(Semaphore::new(COMMANDS_MAX));
    loop {
        // Never closed.
        let Ok(turn) = Arc::clone(&commands).acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, _)) => {
                let server = Arc::clone(&server);
                tokio::spawn(async move {
                    // A command that has gone away needs no answer.
                    let _ = serve(stream, &server).await;
                    drop(turn);
                });
            }
            Err(error) => {
                static SHORT: Throttle = Throttle::new(1);
                warn_limited!(SHORT, %error, "a command cannot be connected for now");
                sleep(ACCEPT_BACKOFF).await;
            }
        }
    }
}

async fn serve(stream: UnixStream, server: &Server) -> io::Result<()> {
    let peer = stream.peer_cred()?;
    let (reader, writer) = stream.into_split();
    let mut out = Out { writer, rows: 0 };
    if !may_ask(&peer) {
        static REFUSED: Throttle = Throttle::new(10);
        warn_limited!(REFUSED, uid = peer.uid(), "a command of another user was refused");
        return out.fail(FailureKind::Forbidden, FORBIDDEN).await;
    }
    let mut line = Vec::new();
    let mut reader = BufReader::new(reader.take(REQUEST_BYTES_MAX as u64));
    timeout(TRANSFER_TIMEOUT, reader.read_until(b'\n', &mut line)).await??;
    match parse(&line) {
        Ok(command) => answer(server, command, &mut out).await,
        Err(Failure { kind, message }) => out.fail(kind, &message).await,
    }
}

const FORBIDDEN: &str = "only root and the user that the service runs as may ask it; \
                         use sudo, or sudo -u with the service's user";

/// The modes of socket and folder say the same; this also holds where they were changed.
fn may_ask(peer: &UCred) -> bool {
    peer.uid() == 0 || peer.uid() == rustix::process::geteuid().as_raw()
}

fn parse(line: &[u8]) -> Result<Command, Failure> {
    let wrong = |message: String| Failure { kind: FailureKind::Wrong, message };
    let Some(line) = line.strip_suffix(b"\n") else {
        return Err(wrong(format!("a request is one line of at most {REQUEST_BYTES_MAX} bytes")));
    };
    // The version first: this version may not be able to read a newer command.
    #[derive(serde::Deserialize)]
    struct Versioned {
        v: u32,
    }
    match serde_json::from_slice(line) {
        Ok(Versioned { v: VERSION }) => {}
        Ok(Versioned { v }) => {
            return Err(wrong(format!(
                "the command speaks version {v} and the running service, tmtpd {}, version \
                 {VERSION}; use the tmtpd it was started from, or restart the service",
                env!("CARGO_PKG_VERSION")
            )));
        }
        Err(error) => return Err(wrong(format!("the request cannot be understood: {error}"))),
    }
    serde_json::from_slice::<Request>(line).map(|request| request.command).map_err(|error| {
        wrong(format!(
            "the running service, tmtpd {}, does not know this request: {error}",
            env!("CARGO_PKG_VERSION")
        ))
    })
}

async fn answer(server: &Server, command: Command, out: &mut Out) -> io::Result<()> {
    match command {
        Command::Status => out.rows(&[server.status()]).await?,
        Command::Links => {
            let mut after = 0;
            out.pages(|| view::links(server.service(), &mut after)).await?;
        }
        Command::Members { names } => {
            let mut next = 0;
            out.pages(|| view::members(server.service(), &mut next, names)).await?;
        }
        Command::Groups { names } => {
            let mut next = 0;
            out.pages(|| view::groups(server.service(), &mut next, names)).await?;
        }
        Command::Queues => return queues(server, out).await,
        Command::Services => {
            let services = server.daemon.services();
            let rows: Vec<_> = services.iter().map(|instance| view::service(instance)).collect();
            out.rows(&rows).await?;
        }
        Command::Backup { to } => return back_up(server, to, out).await,
        Command::Reload => return reload(server, out).await,
        Command::Shutdown => return shut_down(server, out).await,
    }
    out.done().await
}

async fn queues(server: &Server, out: &mut Out) -> io::Result<()> {
    for devices in view::devices_with_queues(server.service()) {
        match view::queues(server.service(), &devices).await {
            Ok(rows) => out.rows(&rows).await?,
            Err(error) => return out.failed("the queues cannot be read", &error).await,
        }
    }
    out.done().await
}

/// Continues to its end even if the command goes away.
async fn back_up(server: &Server, to: PathBuf, out: &mut Out) -> io::Result<()> {
    if !to.is_absolute() {
        let message = "the folder of a backup must be an absolute path".to_owned();
        return out.fail(FailureKind::Wrong, &message).await;
    }
    let Ok(_turn) = server.copying.try_lock() else {
        return out.fail(FailureKind::Failed, "a backup is being made already").await;
    };
    let (service, folder) = (Arc::clone(server.service()), to.clone());
    let copied = tokio::spawn(async move { copy(&*service.store, &folder).await }).await;
    let copied = match copied {
        Ok(Ok(Some(copied))) => copied,
        Ok(Ok(None)) => {
            let what = format!(
                "no backup was made: {} is open to other users of this machine and holds other files, or \
                 is a link to elsewhere; name a folder that is new",
                to.display()
            );
            return out.fail(FailureKind::Failed, &what).await;
        }
        Ok(Err(error)) => {
            let what = format!("no backup was made in {}", to.display());
            return out.failed(&what, &error).await;
        }
        Err(error) => return out.failed("no backup was made", &error).await,
    };
    tracing::info!(messages = copied.messages, "a backup was made");
    let damaged = copied.damaged.len() as u64;
    let (rows, messages, body_bytes) = (copied.rows, copied.messages, copied.body_bytes);
    out.rows(&[Backup { to, rows, messages, body_bytes, damaged }]).await?;
    out.done().await
}

/// Copies the store into a folder that only this user may open; none if it is open to others.
async fn copy(store: &dyn Store, to: &Path) -> Result<Option<Copied>, StoreError> {
    let failed = |error| StoreError::io("making the folder of the copy", error);
    match fs_mode::take_dir(to, &[]).map_err(failed)? {
        DirPrivacy::Private | DirPrivacy::Closed => store.backup(to).await.map(Some),
        DirPrivacy::Open => Ok(None),
    }
}

async fn reload(server: &Server, out: &mut Out) -> io::Result<()> {
    match server.daemon.reload().await {
        Ok(Reloaded { done, left }) => {
            out.rows(&[Reload { done, left }]).await?;
            out.done().await
        }
        Err(error) => out.failed("nothing was reloaded", &error).await,
    }
}

/// The connection stays open until the process ends, which is how the command notices.
async fn shut_down(server: &Server, out: &mut Out) -> io::Result<()> {
    if !server.daemon.is_stopping() {
        tracing::info!("stopping, as a command told the service to: links are told to close");
    }
    out.rows(&[server.status()]).await?;
    out.done().await?;
    server.daemon.stop();
    std::future::pending().await
}

/// The answer to a command.
struct Out {
    writer: OwnedWriteHalf,
    rows: u64,
}

impl Out {
    /// Sends pages until there are no more.
    async fn pages<R: Serialize>(
        &mut self,
        mut page: impl FnMut() -> Option<Vec<R>>,
    ) -> io::Result<()> {
        while let Some(rows) = page() {
            self.rows(&rows).await?;
        }
        Ok(())
    }

    async fn rows<R: Serialize>(&mut self, rows: &[R]) -> io::Result<()> {
        let mut text = Vec::new();
        for row in rows {
            push(&mut text, &Line::Row(row))?;
        }
        self.rows += rows.len() as u64;
        self.send(&text).await
    }

    async fn done(&mut self) -> io::Result<()> {
        self.line(&Line::<()>::Done { rows: self.rows }).await
    }

    async fn fail(&mut self, kind: FailureKind, message: &str) -> io::Result<()> {
        self.line(&Line::<()>::Failed(Failure { kind, message: message.to_owned() })).await
    }

    /// Sends a failure of the machine, with its causes.
    async fn failed<E: Error + Sync>(&mut self, what: &str, error: &E) -> io::Result<()> {
        let message = format!("{what}: {}", chain(error));
        self.fail(FailureKind::Failed, &message).await
    }

    async fn line<R: Serialize>(&mut self, line: &Line<R>) -> io::Result<()> {
        let mut text = Vec::new();
        push(&mut text, line)?;
        self.send(&text).await
    }

    async fn send(&mut self, text: &[u8]) -> io::Result<()> {
        timeout(TRANSFER_TIMEOUT, self.writer.write_all(text)).await?
    }
}

fn push<R: Serialize>(text: &mut Vec<u8>, line: &Line<R>) -> io::Result<()> {
    serde_json::to_writer(&mut *text, line)?;
    text.push(b'\n');
    Ok(())
}
