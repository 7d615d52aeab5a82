//! Minimum throughput: the rate at which a peer must send a message it has begun, and read what is
//! sent to it.
//!
//! A link may be idle most of the time. But while a message is incomplete, or output is unread, the
//! peer makes the service hold memory, a file or a slot; moving a byte now and then could hold them
//! for ever. So while bytes are due, the peer must move the number given by [`MinThroughput::new`]
//! in each window. A slow line passes, and so does one that stalls for a part of the window.
//!
//! Pure: bytes and times in, a verdict out. One [`MinThroughput`] watches one direction of one
//! link.

use std::time::Duration;

use tokio::time::Instant;

/// One direction of a link.
#[derive(Debug)]
pub(super) struct MinThroughput {
    window: Duration,
    /// Bytes that must move in each window.
    least: u64,
    /// Start of the window, while bytes are due.
    since: Option<Instant>,
    /// Bytes moved in the window.
    moved: u64,
}

impl MinThroughput {
    /// Nothing is due yet. A rate of 0 disables the check.
    pub(super) fn new(bytes_per_s: usize, window: Duration) -> Self {
        let least = (bytes_per_s as u64).saturating_mul(window.as_secs());
        Self { window, least, since: None, moved: 0 }
    }

    /// Sets whether bytes are due from the peer. A window starts when they become due, and ends
    /// when they no longer are.
    pub(super) fn set_due(&mut self, due: bool, now: Instant) {
        if !due || self.least == 0 {
            self.since = None;
        } else if self.since.is_none() {
            self.since = Some(now);
            self.moved = 0;
        }
    }

    /// The peer moved this many bytes.
    pub(super) fn moved(&mut self, bytes: usize) {
        self.moved = self.moved.saturating_add(bytes as u64);
    }

    /// When to call [`Self::is_too_slow`]; none while nothing is due.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.since.map(|since| since + self.window)
    }

    /// Whether the window ended without enough bytes. If it ended with enough, the next one starts.
    pub(super) fn is_too_slow(&mut self, now: Instant) -> bool {
        if self.deadline().is_none_or(|deadline| now < deadline) {
            return false;
        }
        if self.moved < self.least {
            return true;
        }
        self.since = Some(now);
        self.moved = 0;
        false
    }
}

#[cfg(test)]
#[path = "min_throughput/min_throughput_tests.rs"]
mod tests;
