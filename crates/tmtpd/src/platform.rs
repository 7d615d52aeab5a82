//! Platform seam: the time of day, random numbers, and threads that may block.
//!
//! A [`Service`](crate::service::Service) is given its platform when it is made. The daemon gives it
//! [`Machine`]; a simulation gives it a clock that jumps and numbers from a seed. Histogram of time are
//! measured with tokio's clock, which a simulation has in its hands anyway.

use std::fmt::Debug;
use std::time::{SystemTime, UNIX_EPOCH};

use tokio::runtime::{Handle, RuntimeFlavor};

/// Where the time of day and random numbers come from.
pub trait Platform: Debug + Send + Sync + 'static {
    /// Now, Unix milliseconds. May go back.
    fn now_ms(&self) -> i64;

    /// Fills `bytes` so that nobody can guess them.
    ///
    /// # Errors
    /// When there is no randomness to be had; nothing may be made of `bytes` then.
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

/// Does what may wait for the disk, at once; other links go on meanwhile. A runtime of one thread
/// has none to go on with, so there they wait.
pub(crate) fn in_place<T>(work: impl FnOnce() -> T) -> T {
    if Handle::current().runtime_flavor() == RuntimeFlavor::MultiThread {
        tokio::task::block_in_place(work)
    } else {
        work()
    }
}

/// Does what waits for the disk on a thread for such work, or at once on a runtime of one thread.
/// None when the runtime is ending.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    if Handle::current().runtime_flavor() == RuntimeFlavor::MultiThread {
        tokio::task::spawn_blocking(work).await.ok()
    } else {
        Some(work())
    }
}
