//! Platform seam: time of day, random numbers, the open vault and its executor, connections, the mark of a
//! home, and the network.
//!
//! An app on a computer uses `mnm-native`. A simulation has its own: its clock jumps, its numbers come from a
//! seed, its links are in memory, and everything runs on one thread in a fixed order, which is why every
//! `select!` of this crate is `biased`. Monotonic time and tasks are the runtime's (`time.rs`, `task.rs`),
//! which a simulation controls anyway.

use std::fmt::Debug;
use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::path::Path;
use std::pin::Pin;

use tmtp::certificate::CertificateHash;
use tokio::io::{AsyncRead, AsyncWrite};

pub use crate::address::Proof;
use crate::error::OpenError;
use crate::task;
pub use crate::task::{MaybeSend, MaybeSync};
use crate::vault::Vault;
pub use crate::vault::storage::Storage;

/// The engine's host environment. The defaults are those of a simulation.
pub trait Platform: Debug + Send + Sync + 'static {
    /// Now, Unix milliseconds. May go back.
    fn now_ms(&self) -> i64;

    /// Minutes since midnight where the member is, 0 to 1439. Without a time zone those of UTC.
    fn minute_of_day(&self) -> u16 {
        let minutes = self.now_ms().div_euclid(60_000).rem_euclid(24 * 60);
        u16::try_from(minutes).unwrap_or(0)
    }

    /// Fills `bytes` with random numbers. They are not used for secrets: the platform makes the vault's key,
    /// and the vault makes request ids, from the system's source alone.
    ///
    /// # Errors
    /// No randomness is available.
    fn random(&self, bytes: &mut [u8]) -> Result<(), getrandom::Error>;

    /// Opens the vault of a home, making directory, key and database if missing.
    ///
    /// # Errors
    /// It is in use, or cannot be opened. Nothing that exists is overwritten.
    fn open_vault(&self, home: &Path) -> Result<Vault, OpenError>;

    /// Runs the vault's work, which blocks on the disk: on a thread of its own, or as a task, which
    /// blocks the others.
    ///
    /// # Errors
    /// The system cannot start a thread.
    fn run_vault(&self, work: VaultWork) -> io::Result<Box<dyn Worker>> {
        Ok(Box::new(InPlace(task::spawn(work))))
    }

    /// Connects to a service, in bounded time. For [`Proof::Public`] the carrier verifies the certificate
    /// by the public roots; otherwise the engine decides by what is reported of the peer.
    fn connect(&self, host: &str, port: u16, proof: Proof) -> Connecting;

    /// A mark that differs between a home and any copy of it; none if there is none.
    fn home_mark(&self, _home: &Path) -> Option<String> {
        None
    }

    /// Local addresses of this machine's present routes, empty without a network. None if they are not
    /// watched.
    fn network(&self) -> Option<Vec<IpAddr>> {
        None
    }
}

/// The vault's work: a future that blocks whenever it is polled, until the vault is closed.
#[cfg(not(target_family = "wasm"))]
pub type VaultWork = Pin<Box<dyn Future<Output = ()> + Send>>;
/// The vault's work: a future that blocks whenever it is polled, until the vault is closed.
#[cfg(target_family = "wasm")]
pub type VaultWork = Pin<Box<dyn Future<Output = ()>>>;

/// A handle to the vault's work. Dropped, it continues until the work is done.
pub trait Worker: Send {
    /// Returns when the work is done and has left no thread in the process.
    fn ended(self: Box<Self>) -> Pin<Box<dyn Future<Output = ()> + Send>>;
}

/// The vault's work as a task.
struct InPlace(task::JoinHandle<()>);

impl Worker for InPlace {
    fn ended(self: Box<Self>) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(async move {
            // A panic was logged when it happened.
            let _ = self.0.await;
        })
    }
}

/// A link on its way.
#[cfg(not(target_family = "wasm"))]
pub type Connecting = Pin<Box<dyn Future<Output = Result<Carrier, CarrierError>> + Send>>;
/// A link on its way.
#[cfg(target_family = "wasm")]
pub type Connecting = Pin<Box<dyn Future<Output = Result<Carrier, CarrierError>>>>;

/// Transport of a link, and what it knows of the service before the first byte.
pub struct Carrier {
    /// The byte stream.
    pub stream: Box<dyn Stream>,
    /// Who is at its other end, and by which certificate.
    pub peer: Peer,
}

impl Debug for Carrier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Carrier").field("peer", &self.peer).finish_non_exhaustive()
    }
}

/// What a carrier knows of the peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    /// It has proved possession of the key of a certificate.
    Certificate {
        /// That certificate; none where the carrier keeps it to itself, as browsers do.
        certificate: Option<CertificateHash>,
        /// Whether public authorities vouch for the host by it.
        public: bool,
    },
    /// The carrier can only reach this peer, as memory does.
    Itself,
}

impl Peer {
    /// The certificate whose key it holds, where there is one and the carrier tells it.
    pub(crate) fn certificate(self) -> Option<CertificateHash> {
        match self {
            Self::Certificate { certificate, public: _ } => certificate,
            Self::Itself => None,
        }
    }
}

/// The transport of a link. In a browser it stays on its thread, and need not be [`Send`].
pub trait Stream: AsyncRead + AsyncWrite + Unpin + MaybeSend + MaybeSync {}

impl<S: AsyncRead + AsyncWrite + Unpin + MaybeSend + MaybeSync> Stream for S {}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum CarrierError {
    /// The host has no address.
    #[error("there is no such host")]
    Unknown,
    /// No answer in time.
    #[error("no answer")]
    Silent,
    /// The system could not connect.
    #[error(transparent)]
    Unreachable(io::Error),
    /// The server answered, but no TLS connection could be made.
    #[error(transparent)]
    Tls(io::Error),
    /// The certificate is invalid.
    #[error(transparent)]
    Certificate(io::Error),
}
