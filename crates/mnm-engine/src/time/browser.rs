//! Time of a browser: the clock and the timers of a page or a worker.
//!
//! A page that is not looked at may have its timers a second late, or a minute; what is due then is done late.

use std::future::{Future, pending};
use std::time::Duration;

use gloo_timers::future::TimeoutFuture;
pub(crate) use web_time::Instant;

/// Longest sleep of a timer, in milliseconds; browsers take none that is longer.
const TIMER_MAX_MS: u32 = i32::MAX.unsigned_abs();

/// The time is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the time is over")]
pub(crate) struct Elapsed;

/// This moment.
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Returns after `duration`.
pub(crate) async fn sleep(duration: Duration) {
    match now().checked_add(duration) {
        Some(deadline) => sleep_until(deadline).await,
        None => pending().await,
    }
}

/// Returns at `deadline`.
pub(crate) async fn sleep_until(deadline: Instant) {
    loop {
        let left = deadline.saturating_duration_since(now());
        if left.is_zero() {
            return;
        }
        // Rounded up: a timer that ends too soon would only be followed by others.
        let left_ms = u32::try_from(left.as_micros().div_ceil(1_000)).unwrap_or(TIMER_MAX_MS);
        TimeoutFuture::new(left_ms.min(TIMER_MAX_MS)).await;
    }
}

/// What `future` gives, unless that takes longer than `duration`.
pub(crate) async fn timeout<F: Future>(
    duration: Duration,
    future: F,
) -> Result<F::Output, Elapsed> {
    tokio::select! {
        biased;
        given = future => Ok(given),
        () = sleep(duration) => Err(Elapsed),
    }
}

/// What `future` gives, unless it is later than `deadline` by then.
pub(crate) async fn timeout_at<F: Future>(
    deadline: Instant,
    future: F,
) -> Result<F::Output, Elapsed> {
    tokio::select! {
        biased;
        given = future => Ok(given),
        () = sleep_until(deadline) => Err(Elapsed),
    }
}
