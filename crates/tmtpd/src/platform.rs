//! Platform seam: the time of day, and random numbers.
//!
//! A [`Service`](crate::service::Service) gets its platform when it is made. The daemon passes
//! [`Machine`]; a simulation passes a clock that jumps and a seeded generator. Durations are
//! measured with tokio's clock, which a simulation controls anyway.

use std::fmt::Debug;
use std::time::{SystemTime, UNIX_EPOCH};

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
