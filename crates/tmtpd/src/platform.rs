//! Platform seam: the time of day, random numbers, and threads that may block.
//!
//! A [`Service`](crate::service::Service) gets its platform when it is made. The daemon passes
//! [`Machine`]; a simulation passes a clock that jumps and a seeded generator. Durations are
//! measured with tokio's clock, which a simulation controls anyway.

use std::fmt::Debug;
use std::time::{SystemTime, UNIX_EPOCH};

use tokio::runtime::{Handle, RuntimeFlavor};

/// Source of the time of day and of random numbers.
pub trait Platform: Debug + Send + Sync + 'static {
    /// Now, Unix milliseconds. May go back.
    fn now_ms(&self) -> i64;

    /// Fills `bytes` with unpredictable bytes.
    ///
    /// # Errors
    /// No randomness is available; `bytes` must not be used then.
    fn random(&self, bytes: &mut [u8]) -> Result<(), getrandom::Error>;
}

/// The machine's own clock and random numbers.
#[derive(Debug, Clone, Copy, Default)]
pub struct Machine;

impl Platform for Machine {
    fn now_ms(&self) -> i64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    }

    fn random(&self, bytes: &mut [u8]) -> Result<(), getrandom::Error> {
        getrandom::fill(bytes)
    }
}

/// Runs work that may block on the disk; other links are moved to another thread meanwhile. On a
/// single-threaded runtime they wait.
pub(crate) fn in_place<T>(work: impl FnOnce() -> T) -> T {
    if Handle::current().runtime_flavor() == RuntimeFlavor::MultiThread {
        tokio::task::block_in_place(work)
    } else {
        work()
    }
}

/// Runs blocking work on a thread for it, or at once on a single-threaded runtime. None when the
/// runtime is shutting down.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    if Handle::current().runtime_flavor() == RuntimeFlavor::MultiThread {
        tokio::task::spawn_blocking(work).await.ok()
    } else {
        Some(work())
    }
}
