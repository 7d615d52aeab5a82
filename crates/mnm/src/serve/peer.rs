//! Connections from this person's own processes only, where the system can tell.
//!
//! A loopback port is open to every user of the machine, and the address that opens the pages
//! passes through the browser's command line, which other users can read. On Linux
//! `/proc/net/tcp` says whose socket the other end is; one that belongs to another user (root
//! excepted, who can do everything anyway, and whose relays carry connections into containers) is
//! closed without a word. Elsewhere the tokens alone decide.

use std::net::SocketAddr;

use axum::serve::Listener;
use tokio::net::{TcpListener, TcpStream};

#[cfg(all(test, target_os = "linux"))]
mod peer_tests;

/// A listener that accepts this user's connections.
pub(crate) struct OwnListener {
    listener: TcpListener,
    port: u16,
}

impl OwnListener {
    /// Around a listener on 127.0.0.1:`port`.
    pub(crate) fn new(listener: TcpListener, port: u16) -> Self {
        Self { listener, port }
    }
}

impl Listener for OwnListener {
    type Io = TcpStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let (stream, peer) = Listener::accept(&mut self.listener).await;
            if may_connect(peer, self.port).await {
                return (stream, peer);
            }
            tracing::warn!("closed a connection from another user of this machine");
        }
    }

    fn local_addr(&self) -> std::io::Result<Self::Addr> {
        self.listener.local_addr()
    }
}

#[cfg(not(target_os = "linux"))]
async fn may_connect(_peer: SocketAddr, _port: u16) -> bool {
    true
}

/// Where `/proc` is not to be had nobody is refused; where it is, an unknown socket is.
#[cfg(target_os = "linux")]
async fn may_connect(peer: SocketAddr, port: u16) -> bool {
    let own = rustix::process::geteuid().as_raw();
    let mut readable = false;
    // A program may reach an IPv4 address through an IPv6 socket.
    for table in ["/proc/net/tcp", "/proc/net/tcp6"] {
        let Ok(table) = tokio::fs::read_to_string(table).await else { continue };
        readable = true;
        if let Some(uid) = owner(&table, peer, port) {
            return uid == own || uid == 0;
        }
    }
    !readable
}

/// The user whose socket is bound to `peer` and connected to 127.0.0.1:`port`.
///
/// A line is `sl local remote state queues timer retransmits uid …`; an address is hexadecimal,
/// in words of 32 bits as numbers in the machine's byte order, then the port.
#[cfg(target_os = "linux")]
fn owner(table: &str, peer: SocketAddr, port: u16) -> Option<u32> {
    let SocketAddr::V4(peer) = peer else { return None };
    let local = format!("{:08X}:{:04X}", u32::from_ne_bytes(peer.ip().octets()), peer.port());
    let remote = format!("{:08X}:{port:04X}", u32::from_ne_bytes([127, 0, 0, 1]));
    let mapped = format!("{:016}{:08X}", 0, u32::from_ne_bytes([0, 0, 0xff, 0xff]));
    let is = |field: &str, wanted: &str| field.strip_prefix(&mapped).unwrap_or(field) == wanted;
    table.lines().skip(1).find_map(|line| {
        let mut fields = line.split_ascii_whitespace().skip(1);
        let found = is(fields.next()?, &local) && is(fields.next()?, &remote);
        found.then(|| fields.nth(4)?.parse().ok()).flatten()
    })
}
