//! Peer check of loopback connections: accepts only this user's processes, where the system can
//! tell.
//!
//! A loopback port is open to every user of the machine, and the address that opens the pages
//! passes through the browser's command line, which other users can read. On Linux `/proc/net/tcp`
//! has the owner of the other end. A connection of another user is closed silently, except root's,
//! who can do everything anyway and whose relays carry connections into containers. On other
//! systems the tokens alone decide.
//!
//! Reading that table takes longer the more sockets the machine has. One reading serves all
//! connections that were accepted before it, and others are accepted meanwhile: a flood delays the
//! owner by at most the current reading and the next.

use std::{
    collections::HashMap,
    net::{Ipv4Addr, SocketAddr, SocketAddrV4},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use axum::serve::Listener;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::mpsc,
};
use tokio_util::task::AbortOnDropHandle;

#[cfg(all(test, target_os = "linux"))]
mod peer_tests;

/// Most connections accepted during a reading.
const LATER_MAX: usize = 256;

type Accepted = (TcpStream, SocketAddr);

/// A listener that accepts this user's connections.
pub(crate) struct OwnListener {
    local: SocketAddr,
    admitted: mpsc::Receiver<Accepted>,
    /// Number of readings.
    #[cfg_attr(not(test), expect(dead_code, reason = "what a flood costs is tested"))]
    readings: Arc<AtomicU64>,
    _admission: AbortOnDropHandle<()>,
}

impl OwnListener {
    /// Wraps a listener on 127.0.0.1.
    ///
    /// # Errors
    /// The system does not give the port.
    pub(crate) fn new(listener: TcpListener) -> std::io::Result<Self> {
        let local = listener.local_addr()?;
        let readings = Arc::<AtomicU64>::default();
        let (admit, admitted) = mpsc::channel(1);
        let admission =
            tokio::spawn(admission(listener, local.port(), admit, Arc::clone(&readings)));
        Ok(Self { local, admitted, readings, _admission: AbortOnDropHandle::new(admission) })
    }
}

impl Listener for OwnListener {
    type Io = TcpStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.admitted.recv().await {
            Some(accepted) => accepted,
            // The admission task ends only with this listener.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> std::io::Result<SocketAddr> {
        Ok(self.local)
    }
}

/// Accepts connections, and passes on those of this user.
async fn admission(
    mut listener: TcpListener,
    port: u16,
    admit: mpsc::Sender<Accepted>,
    readings: Arc<AtomicU64>,
) {
    let mut waiting = Vec::new();
    loop {
        if waiting.is_empty() {
            waiting.push(Listener::accept(&mut listener).await);
        }
        readings.fetch_add(1, Ordering::Relaxed);
        let mut reading = tokio::task::spawn_blocking(move || Owners::read(port));
        let mut later = Vec::new();
        let owners = loop {
            tokio::select! {
                biased;
                accepted = Listener::accept(&mut listener), if later.len() < LATER_MAX => {
                    later.push(accepted);
                }
                owners = &mut reading => break owners,
            }
        };
        for (stream, peer) in waiting {
            if !owners.as_ref().is_ok_and(|owners| owners.may_connect(peer)) {
                tracing::warn!("closed a connection from another user of this machine");
            } else if admit.send((stream, peer)).await.is_err() {
                return;
            }
        }
        waiting = later;
    }
}

/// Owners of the other ends of connections to a port of 127.0.0.1.
#[derive(Debug, Default)]
struct Owners {
    /// Without the table nobody is refused; with it, an unknown socket is.
    is_told: bool,
    uids: HashMap<SocketAddrV4, u32>,
}

impl Owners {
    /// The present table.
    fn read(port: u16) -> Self {
        let mut owners = Self::default();
        // A program may reach an IPv4 address through an IPv6 socket.
        for table in ["/proc/net/tcp6", "/proc/net/tcp"] {
            if cfg!(target_os = "linux")
                && let Ok(table) = std::fs::read_to_string(table)
            {
                owners.is_told = true;
                owners.add(&table, port);
            }
        }
        owners
    }

    #[cfg(unix)]
    fn may_connect(&self, peer: SocketAddr) -> bool {
        let SocketAddr::V4(peer) = peer else { return !self.is_told };
        let own = rustix::process::geteuid().as_raw();
        !self.is_told || self.uids.get(&peer).is_some_and(|&uid| uid == own || uid == 0)
    }

    #[cfg(not(unix))]
    fn may_connect(&self, _peer: SocketAddr) -> bool {
        !self.is_told
    }

    /// Owners of the sockets connected to 127.0.0.1:`port`.
    ///
    /// A line is `sl local remote state queues timer retransmits uid …`.
    fn add(&mut self, table: &str, port: u16) {
        let here = SocketAddrV4::new(Ipv4Addr::LOCALHOST, port);
        for line in table.lines().skip(1) {
            let mut fields = line.split_ascii_whitespace().skip(1);
            let mut end = || address(fields.next()?);
            let (Some(local), Some(remote)) = (end(), end()) else { continue };
            if remote == here
                && let Some(uid) = fields.nth(4).and_then(|uid| uid.parse().ok())
            {
                self.uids.insert(local, uid);
            }
        }
    }
}

/// An address in the table: hexadecimal, in 32-bit words in the machine's byte order, then the
/// port. None for an IPv6 address that maps to no IPv4 one.
fn address(field: &str) -> Option<SocketAddrV4> {
    let (ip, port) = field.split_once(':')?;
    let word = |hex: &str| u32::from_str_radix(hex, 16).ok().map(u32::to_ne_bytes);
    let ip = match ip.split_at_checked(24) {
        Some((before, ip)) => {
            let mapped = format!("{:016}{:08X}", 0, u32::from_ne_bytes([0, 0, 0xff, 0xff]));
            (before == mapped).then_some(ip)?
        }
        None => ip,
    };
    let port = u16::from_str_radix(port, 16).ok()?;
    Some(SocketAddrV4::new(word(ip)?.into(), port))
}
