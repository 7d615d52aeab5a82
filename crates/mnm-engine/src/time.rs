//! Monotonic time: now, sleeping, deadlines. The only place that names a clock.
//!
//! It is tokio's, which a test or a simulation has in its hands, and in a browser, which tokio knows nothing
//! of, the page's.

#[cfg(target_family = "wasm")]
mod browser;
#[cfg(not(target_family = "wasm"))]
mod native;

#[cfg(target_family = "wasm")]
pub(crate) use browser::{Instant, now, sleep, sleep_until, timeout, timeout_at};
#[cfg(not(target_family = "wasm"))]
pub(crate) use native::{Instant, now, sleep, sleep_until, timeout, timeout_at};
