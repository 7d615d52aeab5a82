//! What an engine takes from the machine beside its home: the time of day, random numbers, links,
//! and a thread that may block.
//!
//! [`Engine::open`](crate::Engine::open) takes them from the [`Machine`]. A simulation opens its
//! engines with an edge of its own ([`Engine::open_at`](crate::Engine::open_at)): its clock jumps,
//! its numbers come from a seed, its links are memory, and everything happens on one thread, in one
//! order, which is why every `select!` of this crate is `biased`. Spans of time are measured with tokio's clock, which a simulation has in its hands anyway.

use std::fmt::Debug;
use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket};
use std::path::Path;
use std::pin::Pin;
use std::time::{SystemTime, UNIX_EPOCH};

use tokio::io::{AsyncRead, AsyncWrite};

/// The edge of an engine. The defaults are those of an app.
pub trait Edge: Debug + Send + Sync + 'static {
    /// Now, Unix milliseconds. May go back.
    fn now_ms(&self) -> i64;

    /// Fills `bytes` with random numbers. Nothing secret is made of them: the vault makes its key
    /// and the ids of requests from the system's alone.
    ///
    /// # Errors
    /// When there is no randomness to be had.
    fn random(&self, bytes: &mut [u8]) -> Result<(), getrandom::Error>;

    /// Makes a link to a service without TLS, whose other end is believed; none leaves it to TCP
    /// and TLS.
    fn dial(&self, _host: &str, _port: u16) -> Option<Dialling> {
        None
    }

    /// What tells a home from a copy of it, however exact; none where nothing does.
    fn home_mark(&self, _home: &Path) -> Option<String> {
        None
    }

    /// Addresses by which this machine would reach others now, empty without a network. None where
    /// that is not watched.
    fn network(&self) -> Option<Vec<IpAddr>> {
        None
    }

    /// Whether the vault has a thread of its own. Without one it works on the runtime's, which
    /// waits for the disk meanwhile.
    fn has_threads(&self) -> bool {
        true
    }
}

/// A link on its way.
pub type Dialling = Pin<Box<dyn Future<Output = io::Result<Box<dyn Stream>>> + Send>>;

/// What a link is made of.
pub trait Stream: AsyncRead + AsyncWrite + Unpin + Send + Sync {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + Sync> Stream for S {}

/// The machine's own clock and random numbers, TCP and TLS, threads.
#[derive(Debug, Clone, Copy, Default)]
pub struct Machine;

impl Edge for Machine {
    fn now_ms(&self) -> i64 {
        match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
            Err(before) => i64::try_from(before.duration().as_millis()).map_or(i64::MIN, |ms| -ms),
        }
    }

    fn random(&self, bytes: &mut [u8]) -> Result<(), getrandom::Error> {
        getrandom::fill(bytes)
    }

    /// The key is written once. Its file has a number of its own and a time of last change, which a
    /// program can't set; a copy has others, also one that keeps all other times.
    #[cfg(unix)]
    fn home_mark(&self, home: &Path) -> Option<String> {
        use std::os::unix::fs::MetadataExt as _;
        let key = std::fs::metadata(home.join("vault.key")).ok()?;
        Some(format!("{} {}.{:09}", key.ino(), key.ctime(), key.ctime_nsec()))
    }

    /// Connecting a UDP socket sends nothing; it only has the system choose the way. The addresses
    /// asked about are those of documentation, which nobody has.
    fn network(&self) -> Option<Vec<IpAddr>> {
        let way = |from: IpAddr, to: IpAddr| {
            let socket = UdpSocket::bind((from, 0)).ok()?;
            socket.connect((to, 9)).ok()?;
            socket.local_addr().ok().map(|here| here.ip())
        };
        let v4 = way(Ipv4Addr::UNSPECIFIED.into(), Ipv4Addr::new(192, 0, 2, 1).into());
        let v6 = way(
            Ipv6Addr::UNSPECIFIED.into(),
            Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1).into(),
        );
        Some(v4.into_iter().chain(v6).collect())
    }
}
