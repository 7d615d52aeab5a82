//! Polling: a condition is looked at until it holds, or for too long.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

/// Asks again and again until `probe` has an answer; an error ends the asking at once.
pub(crate) fn until<T>(
    what: &str,
    limit: Duration,
    mut probe: impl FnMut() -> Result<Option<T>>,
) -> Result<T> {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(answer) = probe()? {
            return Ok(answer);
        }
        ensure!(Instant::now() < deadline, "waited {} s in vain: {what}", limit.as_secs());
        std::thread::sleep(Duration::from_millis(20));
    }
}
