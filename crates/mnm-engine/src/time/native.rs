//! Time of a tokio runtime.

#![expect(clippy::disallowed_methods, reason = "this is where they are named")]

use std::future::Future;
use std::time::Duration;

use tokio::time;
pub(crate) use tokio::time::Instant;
use tokio::time::error::Elapsed;

/// Now.
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Returns after `duration`.
pub(crate) fn sleep(duration: Duration) -> impl Future<Output = ()> {
    time::sleep(duration)
}

/// Returns at `deadline`.
pub(crate) fn sleep_until(deadline: Instant) -> impl Future<Output = ()> {
    time::sleep_until(deadline)
}

/// The output of `future`, unless it takes longer than `duration`.
pub(crate) fn timeout<F: Future>(
    duration: Duration,
    future: F,
) -> impl Future<Output = Result<F::Output, Elapsed>> {
    time::timeout(duration, future)
}

/// The output of `future`, unless `deadline` passes first.
pub(crate) fn timeout_at<F: Future>(
    deadline: Instant,
    future: F,
) -> impl Future<Output = Result<F::Output, Elapsed>> {
    time::timeout_at(deadline, future)
}
