//! Listener: from a socket to a link by bind, accept, limits and TLS.
//!
//! [`Listener::bind`] takes a socket and [`Listener::open`] accepts on it until it is closed. Each
//! accepted connection is counted by a [`ConnLimit`](crate::conn_limit::ConnLimit), gets a task of its own, waits for its turn there, says
//! which service it wants, shakes hands within the login timeout and becomes a link. Nothing a
//! peer does ends the loop: a shortage of the machine (files, memory) makes it pause.
//!
//! - [`route`]: which service a connection is for
//! - [`acceptor`]: TLS, and the way into one service

pub(crate) mod acceptor;
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

/// Connections the system holds until they are accepted.
const BACKLOG: i32 = 1_024;

/// A socket that is bound, and accepts nothing yet.
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
    /// Takes the first of the addresses that `address` stands for.
    ///
    /// # Errors
    /// The name is not known, or none of its addresses can be taken.
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

/// A socket that links are accepted on. Dropped without [`Open::close`] it stops all the same, a
/// little later.
#[derive(Debug)]
pub(crate) struct Open {
    asked: ListenAddress,
    local: SocketAddr,
    route: watch::Sender<Arc<Route>>,
    closing: Shutdown,
    task: JoinHandle<()>,
}

impl Open {
    /// The address that was asked for.
    #[must_use]
    pub(crate) fn asked(&self) -> &ListenAddress {
        &self.asked
    }

    /// The address that was taken.
    #[must_use]
    pub(crate) fn local(&self) -> SocketAddr {
        self.local
    }

    /// Connections from now on are led so.
    pub(crate) fn set_route(&self, route: Route) {
        self.route.send_replace(Arc::new(route));
    }

    /// Stops accepting; the address is free when this returns. Links go on, but connections that
    /// have not yet shaken hands end.
    pub(crate) async fn close(mut self) {
        self.closing.request();
        // An accept loop does not panic; if it did, the socket is closed all the same.
        let _ = (&mut self.task).await;
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.closing.request();
    }
}

impl Listener {
    /// Accepts connections and leads them by `route` until it is closed.
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
                    tokio::spawn(acceptor::let_in(route, stream, peer, closing.clone()));
                }
            }
            Err(error) => shortage.wait_after(&error).await,
        }
    }
}

/// A shortage may come and go as links end and others come.
static SHORT: Throttle = Throttle::new(1);

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
            warn_limited!(SHORT, %error, "cannot accept links for now; the open ones go on");
        }
        let pause = Duration::from_millis(10) * 2_u32.pow(self.in_a_row.min(7));
        self.in_a_row = self.in_a_row.saturating_add(1);
        sleep(pause.min(Duration::from_secs(1))).await;
    }
}
