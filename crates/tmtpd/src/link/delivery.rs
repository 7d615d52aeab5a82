//! Delivery of a device's queue, a buffer at a time.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::time::Instant;

use super::window::Window;
use crate::config::Limits;
use crate::log::Throttle;
use crate::log::{chain, error_limited};
use crate::metrics::Metrics;
use tmtp_store::{DeviceNumber, MessageReader, Position, Queued, Store, StoreError};

/// Rows of the queue read at once.
const AHEAD_MESSAGES: usize = 64;
/// Bytes that may wait to be written to the link before more are read.
const OUTPUT_BYTES: usize = 64 * 1_024;

/// One device's queue on its way to the link.
#[derive(Debug)]
pub(super) struct Delivery {
    store: Store,
    device: DeviceNumber,
    window: Window,
    /// How far the queue was read.
    position: Position,
    /// Read from the queue and not sent.
    ahead: VecDeque<Queued>,
    /// Whether the queue may hold more behind `position`.
    more: bool,
    /// The message being sent.
    current: Option<MessageReader>,
    metrics: Arc<Metrics>,
}

impl Delivery {
    pub(super) fn new(
        store: Store,
        device: DeviceNumber,
        limits: &Limits,
        metrics: Arc<Metrics>,
    ) -> Self {
        let window =
            Window::new(limits.in_flight_messages, limits.in_flight_bytes, limits.resend_after);
        Self {
            store,
            device,
            window,
            position: Position::start(),
            ahead: VecDeque::new(),
            more: true,
            current: None,
            metrics,
        }
    }

    /// The queue may have grown.
    pub(super) fn wake(&mut self) {
        self.more = true;
    }

    /// Appends to `output` what may be sent now.
    ///
    /// # Errors
    /// When a message cannot be completed that was begun, or the store cannot be read; the link
    /// must be cut.
    pub(super) fn fill(&mut self, output: &mut Vec<u8>) -> Result<(), StoreError> {
        while output.len() < OUTPUT_BYTES {
            if let Some(reader) = &mut self.current {
                match reader.chunk(OUTPUT_BYTES)? {
                    Some(bytes) => output.extend_from_slice(&bytes),
                    None => self.current = None,
                }
            } else if !self.begin_next(output)? {
                break;
            }
        }
        Ok(())
    }

    /// Whether the stream stands between two messages, so that an answer may go out.
    pub(super) fn is_between_messages(&self) -> bool {
        self.current.is_none()
    }

    /// The device has stored these messages. Those it was not sent are ignored.
    pub(super) fn acknowledged(&mut self, ids: &mut Vec<u64>) {
        ids.retain(|id| self.window.acknowledged(*id));
        self.metrics.acks.add(ids.len() as u64);
        self.store.ack(self.device, ids);
    }

    /// Messages sent and not acknowledged, and the bytes of their data.
    pub(super) fn in_flight(&self) -> (usize, u64) {
        self.window.in_flight()
    }

    /// Bytes went out.
    pub(super) fn progress(&mut self) {
        self.window.progress();
    }

    /// When to call [`Self::resend`].
    pub(super) fn resend_at(&self) -> Option<Instant> {
        self.window.resend_at()
    }

    /// Sends everything again that is in flight, or passes it over if it was sent twice.
    pub(super) fn resend(&mut self) {
        self.window.resend();
    }

    fn begin_next(&mut self, output: &mut Vec<u8>) -> Result<bool, StoreError> {
        let (owed, again) = match self.window.next_again() {
            Some(owed) => (owed, true),
            None => match self.next_new()? {
                Some(owed) => (owed, false),
                None => return Ok(false),
            },
        };
        let reader = match self.store.read(&owed) {
            Ok(reader) => reader,
            Err(StoreError::Gone) => return Ok(true),
            // Never served, and still owed: whoever restores the file restores the message.
            Err(error @ StoreError::Corrupt { .. }) => {
                static HELD: Throttle = Throttle::new(10);
                error_limited!(HELD, error = %chain(&error), "a damaged message is held back");
                return Ok(true);
            }
            Err(error) => return Err(error),
        };
        output.reserve(reader.total_len().min(OUTPUT_BYTES as u64) as usize);
        output.extend_from_slice(reader.head());
        self.current = Some(reader);
        if again {
            self.metrics.resends.one();
        } else {
            self.metrics.deliveries.one();
            self.window.sent(owed);
        }
        Ok(true)
    }

    fn next_new(&mut self) -> Result<Option<Queued>, StoreError> {
        if !self.window.is_open() {
            return Ok(None);
        }
        if self.ahead.is_empty() && self.more {
            let found = self.store.next(self.device, &mut self.position, AHEAD_MESSAGES)?;
            self.more = found.len() == AHEAD_MESSAGES;
            self.ahead.extend(found);
        }
        Ok(self.ahead.pop_front())
    }
}
