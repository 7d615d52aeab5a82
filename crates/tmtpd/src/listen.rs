//! From a listening socket to a link: bind, accept, limits, TLS.
//!
//! [`Listener::bind`] takes a socket; [`serve`] accepts on all of them until it is told to stop.
//! Each accepted connection is counted by the `gate`, gets a task of its own, waits for its turn
//! there, shakes hands within the login timeout and becomes a [`link`]. Nothing a peer does ends the loop: a
//! shortage of the machine (files, memory) makes it pause.

pub mod gate;
#[cfg(test)]
mod gate_tests;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::{TcpListener, TcpStream, lookup_host};
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tokio_rustls::TlsAcceptor;
use tokio_util::task::TaskTracker;

pub use gate::{Gate, Peer};

use crate::config::{Limits, ListenAddress};
use crate::link;
use crate::service::Service;
use crate::shutdown::{CLOSE_TIMEOUT, Shutdown};
use gate::Full;

/// Connections the system holds until they are accepted.
const BACKLOG: i32 = 1_024;

/// A connection that has shaken hands.
pub type TlsStream = tokio_rustls::server::TlsStream<TcpStream>;

/// What a TLS session may hold back for a peer that does not read, in bytes: a little more than
/// one record, since the link keeps its own limits.
const TLS_BUFFER_BYTES: usize = 32 * 1_024;

/// A socket that listens.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    asked: ListenAddress,
    local: SocketAddr,
}

/// An address cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}{}", advice(source))]
pub struct ListenError {
    address: ListenAddress,
    source: io::Error,
}

fn advice(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::AddrInUse => ", since another program does: stop it, or choose another port",
        io::ErrorKind::AddrNotAvailable => ", which is no address of this machine",
        io::ErrorKind::PermissionDenied => {
            ", for ports below 1024 need a privilege: choose a higher one"
        }
        _ => "",
    }
}

impl Listener {
    /// Takes the first of the addresses that `address` stands for.
    ///
    /// # Errors
    /// The name is not known, or none of its addresses can be taken.
    pub async fn bind(address: &ListenAddress) -> Result<Self, ListenError> {
        let failed = |source| ListenError { address: address.clone(), source };
        let found = lookup_host((address.host(), address.port())).await.map_err(failed)?;
        let mut error = io::Error::from(io::ErrorKind::AddrNotAvailable);
        for candidate in found {
            match bind_socket(candidate) {
                Ok((socket, local)) => {
                    return Ok(Self { socket, asked: address.clone(), local });
                }
                Err(why) => error = why,
            }
        }
        Err(failed(error))
    }

    /// The address that was asked for.
    #[must_use]
    pub fn asked(&self) -> &ListenAddress {
        &self.asked
    }

    /// The address that was taken, with the port the system chose if it was asked to.
    #[must_use]
    pub fn local(&self) -> SocketAddr {
        self.local
    }
}

fn bind_socket(address: SocketAddr) -> io::Result<(TcpListener, SocketAddr)> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if address.is_ipv6() {
        // So that 0.0.0.0 and [::] can be listened on side by side, wherever this runs.
        socket.set_only_v6(true)?;
    }
    // A restart must not wait for the links of the last run to time out in the system.
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    let socket = TcpListener::from_std(socket.into())?;
    let local = socket.local_addr()?;
    Ok((socket, local))
}

/// The name of this machine, if it has one that others could look up.
#[must_use]
pub fn host_name() -> Option<String> {
    let name = rustix::system::uname().nodename().to_str().ok()?.to_owned();
    format!("{name}:0").parse::<ListenAddress>().ok().map(|_| name)
}

/// Accepts links on all `listeners` until `shutdown`, then waits until each is closed. What is not
/// closed after [`CLOSE_TIMEOUT`] is cut.
pub async fn serve(
    listeners: Vec<Listener>,
    tls: Arc<rustls::ServerConfig>,
    limits: &Limits,
    service: Arc<Service>,
    shutdown: Shutdown,
) {
    let door = Door {
        acceptor: TlsAcceptor::from(tls),
        gate: Gate::new(limits),
        login_timeout: limits.login_timeout,
        service,
        shutdown: shutdown.clone(),
        cut: Shutdown::new(),
    };
    let links = TaskTracker::new();
    for listener in listeners {
        links.spawn(accept_until_shutdown(listener, door.clone(), links.clone()));
    }
    shutdown.requested().await;
    links.close();
    if timeout(CLOSE_TIMEOUT, links.wait()).await.is_err() {
        tracing::warn!(open = links.len(), "links did not close in time and are cut");
        door.cut.request();
        links.wait().await;
    }
}

/// What an accepted connection needs to become a link.
#[derive(Clone)]
struct Door {
    acceptor: TlsAcceptor,
    gate: Arc<Gate>,
    login_timeout: Duration,
    service: Arc<Service>,
    shutdown: Shutdown,
    /// Requested when links had their time to close.
    cut: Shutdown,
}

async fn accept_until_shutdown(listener: Listener, door: Door, links: TaskTracker) {
    let shutdown = door.shutdown.clone();
    tokio::select! {
        () = shutdown.requested() => {}
        () = accept_all(&listener.socket, &door, &links) => {}
    }
}

async fn accept_all(socket: &TcpListener, door: &Door, links: &TaskTracker) {
    let mut shortage = Shortage::default();
    let mut refusals = Refusals::default();
    loop {
        match socket.accept().await {
            Ok((stream, address)) => {
                shortage.is_over();
                match door.gate.admit(address) {
                    Ok(peer) => drop(links.spawn(door.clone().let_in(stream, peer))),
                    Err(full) => refusals.note(address, full),
                }
            }
            Err(error) => shortage.wait_after(&error).await,
        }
    }
}

impl Door {
    async fn let_in(self, stream: TcpStream, peer: Peer) {
        let cut = self.cut.clone();
        tokio::select! {
            () = cut.requested() => {}
            () = self.open_link(stream, peer) => {}
        }
    }

    async fn open_link(self, stream: TcpStream, mut peer: Peer) {
        let address = peer.address();
        tokio::select! {
            // A link that has not even shaken hands has nothing to finish.
            () = self.shutdown.requested() => {}
            shaken = self.shake_hands(stream, &mut peer) => match shaken {
                Ok(tls) => link::run(tls, peer, self.service, self.shutdown.clone()).await,
                Err(error) => tracing::debug!(%address, %error, "no TLS handshake"),
            },
        }
    }

    /// Without a word to a peer that takes longer than the login timeout.
    async fn shake_hands(&self, stream: TcpStream, peer: &mut Peer) -> io::Result<TlsStream> {
        peer.turn().await;
        // Acks and instant messages are small and must not wait for more.
        stream.set_nodelay(true)?;
        let limit_buffer = |tls: &mut rustls::ServerConnection| {
            tls.set_buffer_limit(Some(TLS_BUFFER_BYTES));
        };
        let handshake = self.acceptor.accept_with(stream, limit_buffer);
        timeout_at(peer.accepted_at() + self.login_timeout, handshake).await?
    }
}

/// The machine cannot give another connection, for want of files or memory, as a rule.
#[derive(Debug, Default)]
struct Shortage {
    in_a_row: u32,
}

impl Shortage {
    fn is_over(&mut self) {
        self.in_a_row = 0;
    }

    /// Waits from 10 ms, doubling up to 1 s. A connection that its peer gave up is no shortage.
    async fn wait_after(&mut self, error: &io::Error) {
        use io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted};
        if matches!(error.kind(), ConnectionAborted | ConnectionReset | Interrupted) {
            return;
        }
        if self.in_a_row == 0 {
            tracing::warn!(%error, "cannot accept links for now; the open ones go on");
        }
        let pause = Duration::from_millis(10) * 2_u32.pow(self.in_a_row.min(7));
        self.in_a_row = self.in_a_row.saturating_add(1);
        sleep(pause.min(Duration::from_secs(1))).await;
    }
}

/// Refused links, told once a minute however many they are.
#[derive(Debug, Default)]
struct Refusals {
    told_at: Option<Instant>,
    untold: u64,
}

impl Refusals {
    fn note(&mut self, address: SocketAddr, full: Full) {
        self.untold += 1;
        if self.told_at.is_some_and(|at| at.elapsed() < Duration::from_secs(60)) {
            return;
        }
        tracing::warn!(%address, links = self.untold, "links refused: {full}");
        *self = Self { told_at: Some(Instant::now()), untold: 0 };
    }
}
