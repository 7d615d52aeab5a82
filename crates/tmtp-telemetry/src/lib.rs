//! Telemetry that the service and its store share: counters, and log lines that are rate-limited.
//!
//! - `counter`: counters and latency histograms
//! - `kind`: counting by kind
//! - `throttle`: rate limits for log lines, and the macros [`error_limited!`], [`warn_limited!`] and
//!   [`info_limited!`]

#![warn(clippy::wildcard_enum_match_arm)]

mod counter;
mod kind;
mod throttle;

/// For the macros of this crate.
#[doc(hidden)]
pub use tracing;

pub use counter::{BUCKET_BOUNDS_US, Counter, Histogram};
pub use kind::{CounterVec, Kind};
pub use throttle::{Throttle, Throttles, suppressed};

/// An error with its causes, in one line.
#[must_use]
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
