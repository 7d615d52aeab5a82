//! What was sent to a device and not acknowledged yet.
//!
//! Many messages go out ahead of the acks, in order. What is not acknowledged within
//! `resend_after` of the last progress is sent again, the same bytes, in the same order.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use crate::store::Owed;

/// Messages in flight.
#[derive(Debug)]
pub(super) struct Window {
    sent: VecDeque<Owed>,
    /// Messages among `sent` that go out again before anything new does.
    again: VecDeque<Owed>,
    bytes: u64,
    max_messages: usize,
    max_bytes: u64,
    resend_after: Duration,
    /// The last time that anything was sent or acknowledged.
    progress_at: Instant,
}

impl Window {
    pub(super) fn new(max_messages: usize, max_bytes: u64, resend_after: Duration) -> Self {
        Self {
            sent: VecDeque::new(),
            again: VecDeque::new(),
            bytes: 0,
            max_messages,
            max_bytes,
            resend_after,
            progress_at: Instant::now(),
        }
    }

    /// Whether one more message may go out. One alone may exceed the bytes.
    pub(super) fn is_open(&self) -> bool {
        self.sent.is_empty() || (self.sent.len() < self.max_messages && self.bytes < self.max_bytes)
    }

    /// How many messages are in flight, and the bytes of their data.
    pub(super) fn in_flight(&self) -> (usize, u64) {
        (self.sent.len(), self.bytes)
    }

    /// The next message that must go out again.
    pub(super) fn next_again(&mut self) -> Option<Owed> {
        self.again.pop_front()
    }

    /// Notes that a message goes out for the first time.
    pub(super) fn sent(&mut self, owed: Owed) {
        self.bytes = self.bytes.saturating_add(owed.data_len());
        self.sent.push_back(owed);
    }

    /// Takes a message out; false if it was not in flight.
    pub(super) fn acknowledged(&mut self, id: u64) -> bool {
        let Some(at) = self.sent.iter().position(|owed| owed.id() == id) else { return false };
        if let Some(owed) = self.sent.remove(at) {
            self.bytes = self.bytes.saturating_sub(owed.data_len());
        }
        self.again.retain(|owed| owed.id() != id);
        self.progress_at = Instant::now();
        true
    }

    /// Notes that bytes went out.
    pub(super) fn progress(&mut self) {
        self.progress_at = Instant::now();
    }

    /// When everything in flight goes out again.
    pub(super) fn resend_at(&self) -> Option<Instant> {
        (!self.sent.is_empty()).then(|| self.progress_at + self.resend_after)
    }

    /// Makes everything in flight go out again.
    pub(super) fn resend(&mut self) {
        self.again = self.sent.clone();
        self.progress_at = Instant::now();
    }
}
