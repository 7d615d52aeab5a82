//! Window of messages that were sent to a device and not acknowledged yet.
//!
//! Many messages are sent ahead of their acks, in order. Messages without an ack within
//! `resend_after` of the last progress are sent again, the same bytes in the same order. Those
//! still without an ack after that are set aside: the device has no room for them now, and they
//! must not block those behind them. They are sent again on the device's next link.
//!
//! Nor do they block until then. A long message takes only a part of the window, so that those
//! behind it are sent too. Apps acknowledge in order, so messages that they have skipped take none
//! of it.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use tmtp_store::{Position, Queued};

/// One message takes at most one in this many parts of the window.
const SHARE_DIVISOR: u64 = 4;

/// A message in flight.
#[derive(Debug, Clone)]
struct Sent {
    queued: Queued,
    /// Bytes of the window that it takes.
    share: u64,
}

/// Messages in flight.
#[derive(Debug)]
pub(super) struct Window {
    sent: VecDeque<Sent>,
    /// Messages among `sent` to send again before anything new.
    again: VecDeque<Queued>,
    /// How many of the first of `sent` were sent twice.
    twice: usize,
    /// Messages that went out twice and count no more; at most `max_messages`.
    aside: VecDeque<Position>,
    /// Bytes of data in flight.
    bytes: u64,
    /// The sum of the shares of `sent`.
    shares: u64,
    max_messages: usize,
    max_bytes: u64,
    resend_after: Duration,
    /// The last time anything was sent or acknowledged.
    progress_at: Instant,
}

impl Window {
    pub(super) fn new(max_messages: usize, max_bytes: u64, resend_after: Duration) -> Self {
        Self {
            sent: VecDeque::new(),
            again: VecDeque::new(),
            twice: 0,
            aside: VecDeque::new(),
            bytes: 0,
            shares: 0,
            max_messages,
            max_bytes,
            resend_after,
            progress_at: Instant::now(),
        }
    }

    /// Whether one more message may be sent.
    pub(super) fn is_open(&self) -> bool {
        self.sent.is_empty()
            || (self.sent.len() < self.max_messages && self.shares < self.max_bytes)
    }

    /// How many messages are in flight, and the bytes of their data.
    pub(super) fn in_flight(&self) -> (usize, u64) {
        (self.sent.len(), self.bytes)
    }

    /// The next message that must be sent again.
    pub(super) fn next_again(&mut self) -> Option<Queued> {
        self.again.pop_front()
    }

    /// Notes that a message goes out for the first time.
    pub(super) fn sent(&mut self, queued: Queued) {
        let share = queued.data_len.min(self.max_bytes / SHARE_DIVISOR);
        self.bytes = self.bytes.saturating_add(queued.data_len);
        self.shares = self.shares.saturating_add(share);
        self.sent.push_back(Sent { queued, share });
    }

    /// Removes a message; false if it was not sent on this link, or was removed already.
    pub(super) fn acknowledged(&mut self, position: Position) -> bool {
        let Some(at) = self.sent.iter().position(|sent| sent.queued.position == position) else {
            let at = self.aside.iter().position(|aside| *aside == position);
            return at.and_then(|at| self.aside.remove(at)).is_some();
        };
        for sent in self.sent.iter_mut().take(at + 1) {
            self.shares = self.shares.saturating_sub(std::mem::take(&mut sent.share));
        }
        if let Some(sent) = self.sent.remove(at) {
            self.bytes = self.bytes.saturating_sub(sent.queued.data_len);
        }
        if at < self.twice {
            self.twice -= 1;
        }
        self.again.retain(|queued| queued.position != position);
        self.progress_at = Instant::now();
        true
    }

    /// Bytes were sent.
    pub(super) fn progress(&mut self) {
        self.progress_at = Instant::now();
    }

    /// When everything in flight is due to be sent again.
    pub(super) fn resend_at(&self) -> Option<Instant> {
        (!self.sent.is_empty()).then(|| self.progress_at + self.resend_after)
    }

    /// Schedules everything in flight to be sent again, or sets aside what was sent twice.
    pub(super) fn resend(&mut self) {
        let aside = self.twice.min(self.max_messages.saturating_sub(self.aside.len()));
        for Sent { queued, share } in self.sent.drain(..aside) {
            self.bytes = self.bytes.saturating_sub(queued.data_len);
            self.shares = self.shares.saturating_sub(share);
            self.aside.push_back(queued.position);
        }
        self.again = self.sent.iter().map(|sent| sent.queued.clone()).collect();
        self.twice = self.sent.len();
        self.progress_at = Instant::now();
    }
}
