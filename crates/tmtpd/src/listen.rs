//! Listener: bind, accept, limits and TLS, up to the start of a link.
//!
//! [`Listener::bind`] binds a socket and [`Listener::open`] accepts on it until it is closed. Each
//! accepted connection is counted by a [`ConnLimit`](crate::conn_limit::ConnLimit), gets a task of
//! its own, waits for a login slot, names its service, does the TLS handshake within the login
//! timeout and becomes a link. Nothing a peer does ends the loop: when the machine runs short of
//! files or memory, it pauses.
//!
//! - `connection`: a connection until its service is known
//! - [`route`]: which service a connection is for
//! - [`acceptor`]: admission, TLS, and the acceptor of one service

pub(crate) mod acceptor;
mod connection;
pub(crate) mod route;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::{TcpListener, lookup_host};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::sleep;

pub(crate) use acceptor::Acceptor;
pub(crate) use route::Route;

use crate::config::ListenAddress;
use crate::log::Throttle;
use crate::log::warn_limited;
use crate::metrics::ACCEPTOR;
use crate::shutdown::Shutdown;

/// Connections that the system queues until they are accepted.
const BACKLOG: i32 = 1_024;

/// A bound socket that does not accept yet.
#[derive(Debug)]
pub(crate) struct Listener {
    socket: TcpListener,
    asked: ListenAddress,
    local: SocketAddr,
}

/// An address cannot be listened on.
#[derive(Debug, Clone, thiserror::Error)]
#[error("cannot listen on {address}{}", advice(source))]
pub struct ListenError {
    address: ListenAddress,
    source: Arc<io::Error>,
}

#[expect(clippy::wildcard_enum_match_arm, reason = "a foreign enum")]
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
    /// Binds the first possible of the addresses that `address` resolves to.
    ///
    /// # Errors
    /// The name does not resolve, or none of its addresses can be bound.
    pub(crate) async fn bind(address: &ListenAddress) -> Result<Self, ListenError> {
        let failed = |source| ListenError { address: address.clone(), source: Arc::new(source) };
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
}

fn bind_socket(address: SocketAddr) -> io::Result<(TcpListener, SocketAddr)> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if address.is_ipv6() {
        // So that 0.0.0.0 and [::] can be bound side by side, on every system.
        socket.set_only_v6(true)?;
    }
    // A restart must not wait for the previous run's connections to leave TIME_WAIT.
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    let socket = TcpListener::from_std(socket.into())?;
    let local = socket.local_addr()?;
    Ok((socket, local))
}

/// A socket that accepts links. Dropped without [`Open::close`] it stops too, a little later.
#[derive(Debug)]
pub(crate) struct Open {
    asked: ListenAddress,
    local: SocketAddr,
    route: watch::Sender<Arc<Route>>,
    closing: Shutdown,
    task: JoinHandle<()>,
}

impl Open {
    /// The configured address.
    #[must_use]
    pub(crate) fn asked(&self) -> &ListenAddress {
        &self.asked
    }

    /// The bound address.
    #[must_use]
    pub(crate) fn local(&self) -> SocketAddr {
        self.local
    }

    /// Routes new connections this way from now on.
    pub(crate) fn set_route(&self, route: Route) {
        self.route.send_replace(Arc::new(route));
    }

    /// Stops accepting; the address is free when this returns. Open links stay, but connections
    /// that have not done their handshake end.
    pub(crate) async fn close(mut self) {
        self.closing.request();
        // The accept loop does not panic; if it did, the socket is closed all the same.
        let _ = (&mut self.task).await;
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.closing.request();
    }
}

impl Listener {
    /// Accepts connections and routes them until closed.
    #[must_use]
    pub(crate) fn open(self, route: Route) -> Open {
        let Self { socket, asked, local } = self;
        let (route, routes) = watch::channel(Arc::new(route));
        let closing = Shutdown::new();
        let until = closing.clone();
        let task = tokio::spawn(async move {
            tokio::select! {
                () = until.requested() => {}
                () = accept_all(&socket, &routes, &until) => {}
            }
        });
        Open { asked, local, route, closing, task }
    }
}

async fn accept_all(
    socket: &TcpListener,
    routes: &watch::Receiver<Arc<Route>>,
    closing: &Shutdown,
) {
    let mut shortage = Shortage::default();
    loop {
        match socket.accept().await {
            Ok((stream, address)) => {
                shortage.is_over();
                ACCEPTOR.accepted.one();
                let route = Arc::clone(&routes.borrow());
                if let Some(peer) = route.admission().admit(address) {
                    tokio::spawn(connection::serve(route, stream, peer, closing.clone()));
                }
            }
            Err(error) => shortage.wait_after(&error).await,
        }
    }
}

static SHORT: Throttle = Throttle::new(1);

/// `accept` fails, usually for want of file descriptors or memory.
#[derive(Debug, Default)]
struct Shortage {
    in_a_row: u32,
}

impl Shortage {
    fn is_over(&mut self) {
        self.in_a_row = 0;
    }

    /// Waits from 10 ms, doubling up to 1 s. A connection aborted by its peer is no shortage.
    async fn wait_after(&mut self, error: &io::Error) {
        use io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted};
        if matches!(error.kind(), ConnectionAborted | ConnectionReset | Interrupted) {
            return;
        }
        if self.in_a_row == 0 {
            warn_limited!(SHORT, %error, "cannot accept links for now; open ones are not affected");
        }
        let pause = Duration::from_millis(10) * 2_u32.pow(self.in_a_row.min(7));
        self.in_a_row = self.in_a_row.saturating_add(1);
        sleep(pause.min(Duration::from_secs(1))).await;
    }
}
