//! The platform: what an engine takes from where it runs. Time of day, random numbers, the open vault and
//! something to run its work, links, and what tells a home and a network.
//!
//! An app on a computer has that of `mnm-native`. A simulation brings its own: its clock jumps, its numbers
//! come from a seed, its links are memory, and everything happens on one thread, in one order, which is why
//! every `select!` of this crate is `biased`. Monotonic time and tasks are the runtime's (`time.rs`,
//! `task.rs`), which a simulation has in its hands anyway.

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

/// What an engine takes from where it runs. The defaults are those of a simulation.
pub trait Platform: Debug + Send + Sync + 'static {
    /// Now, Unix milliseconds. May go back.
    fn now_ms(&self) -> i64;

    /// Fills `bytes` with random numbers. Nothing secret is made of them: the platform makes the vault's key
    /// and the vault the ids of requests from the system's alone.
    ///
    /// # Errors
    /// When there is no randomness to be had.
    fn random(&self, bytes: &mut [u8]) -> Result<(), getrandom::Error>;

    /// Opens the vault of a home, making what is missing: its place, its key, its database.
    ///
    /// # Errors
    /// When it is in use, or does not open. Nothing that exists is overwritten.
    fn open_vault(&self, home: &Path) -> Result<Vault, OpenError>;

    /// Runs the vault's work, which blocks on the disk: on a thread of its own, or among the other tasks,
    /// which wait for the disk meanwhile.
    ///
    /// # Errors
    /// When there is no thread to be had.
    fn run_vault(&self, work: VaultWork) -> io::Result<Box<dyn Worker>> {
        Ok(Box::new(InPlace(task::spawn(work))))
    }

    /// Makes a link to a service, in bounded time. Where `proof` is of public authorities, the carrier asks
    /// them; whom else to believe is the engine's decision, by what is said of the other end.
    fn connect(&self, host: &str, port: u16, proof: Proof) -> Connecting;

    /// What tells a home from a copy of it, however exact; none where nothing does.
    fn home_mark(&self, _home: &Path) -> Option<String> {
        None
    }

    /// Addresses by which this machine would reach others now, empty without a network. None where
    /// that is not watched.
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

/// What runs the vault's work. Dropped, it goes on until the work is done.
pub trait Worker: Send {
    /// Returns when the work is done and nothing of it is left in the process.
    fn ended(self: Box<Self>) -> Pin<Box<dyn Future<Output = ()> + Send>>;
}

/// A task among the others.
struct InPlace(task::JoinHandle<()>);

impl Worker for InPlace {
    fn ended(self: Box<Self>) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(async move {
            // A panic in it was told when it happened.
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

/// What a link runs on, and what it knows of the service before anything is said.
pub struct Carrier {
    /// What is said on it.
    pub stream: Box<dyn Stream>,
    /// Who is at its other end, and by which certificate.
    pub peer: Peer,
}

impl Debug for Carrier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Carrier").field("peer", &self.peer).finish_non_exhaustive()
    }
}

/// What a carrier knows of the other end of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    /// It has proved that it holds the key of a certificate.
    Certificate {
        /// That certificate; none where the carrier keeps it to itself, as browsers do.
        certificate: Option<CertificateHash>,
        /// Whether public authorities vouch for the host by it.
        public: bool,
    },
    /// The carrier leads to nobody else, as memory does.
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

/// What a link is made of. In a browser it stays on its thread, and need not be [`Send`].
pub trait Stream: AsyncRead + AsyncWrite + Unpin + MaybeSend + MaybeSync {}

impl<S: AsyncRead + AsyncWrite + Unpin + MaybeSend + MaybeSync> Stream for S {}

/// Why there is no link.
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
    /// Somebody answered, and no encrypted link could be made.
    #[error(transparent)]
    Tls(io::Error),
    /// The certificate that was shown proves nothing.
    #[error(transparent)]
    Certificate(io::Error),
}
