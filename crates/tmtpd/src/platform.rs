//! Platform seam: the time of day, and random numbers.
//!
//! A [`Service`](crate::service::Service) is given its platform when it is made. The daemon gives it
//! [`Machine`]; a simulation gives it a clock that jumps and numbers from a seed. Histogram of time are
//! measured with tokio's clock, which a simulation has in its hands anyway.

use std::fmt::Debug;
use std::time::{SystemTime, UNIX_EPOCH};

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
