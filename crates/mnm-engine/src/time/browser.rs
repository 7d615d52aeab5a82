//! Time of a browser: the clock and the timers of a page or a worker.
//!
//! In a hidden page timers may fire a second late, or a minute.

use std::future::{Future, pending};
use std::time::Duration;

use gloo_timers::future::TimeoutFuture;
pub(crate) use web_time::Instant;

/// Longest sleep of a timer, in milliseconds; the limit of browsers.
const TIMER_MAX_MS: u32 = i32::MAX.unsigned_abs();

/// The timeout has passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the time is over")]
pub(crate) struct Elapsed;

/// Now.
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
        // Rounded up: a timer that fires too early would only be followed by another.
        let left_ms = u32::try_from(left.as_micros().div_ceil(1_000)).unwrap_or(TIMER_MAX_MS);
        TimeoutFuture::new(left_ms.min(TIMER_MAX_MS)).await;
    }
}

/// The output of `future`, unless it takes longer than `duration`.
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

/// The output of `future`, unless `deadline` passes first.
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
