//! Monotonic time: now, sleeping, deadlines. The only place that measures time.
//!
//! It is tokio's, which tests and simulations control; in a browser, which tokio does not support, the page's.

#[cfg(target_family = "wasm")]
mod browser;
#[cfg(not(target_family = "wasm"))]
mod native;

#[cfg(target_family = "wasm")]
pub(crate) use browser::{Instant, now, sleep, sleep_until, timeout, timeout_at};
#[cfg(not(target_family = "wasm"))]
pub(crate) use native::{Instant, now, sleep, sleep_until, timeout, timeout_at};
