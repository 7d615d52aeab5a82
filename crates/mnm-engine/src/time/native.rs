//! Time of a runtime of tokio's.

#![expect(clippy::disallowed_methods, reason = "this is where they are named")]

use std::future::Future;
use std::time::Duration;

use tokio::time;
pub(crate) use tokio::time::Instant;
use tokio::time::error::Elapsed;

/// This moment.
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

/// What `future` gives, unless that takes longer than `duration`.
pub(crate) fn timeout<F: Future>(
    duration: Duration,
    future: F,
) -> impl Future<Output = Result<F::Output, Elapsed>> {
    time::timeout(duration, future)
}

/// What `future` gives, unless it is later than `deadline` by then.
pub(crate) fn timeout_at<F: Future>(
    deadline: Instant,
    future: F,
) -> impl Future<Output = Result<F::Output, Elapsed>> {
    time::timeout_at(deadline, future)
}
