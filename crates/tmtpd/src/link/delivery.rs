//! Delivery of a device's queue, a buffer at a time.
//!
//! A request to the store is kept as a future and polled together with the link, so that a slow store
//! delays nothing else on the link.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::time::Instant;

use super::window::Window;
use crate::config::Limits;
use crate::log::Throttle;
use crate::log::{chain, error_limited};
use crate::metrics::Metrics;
use tmtp_store::{Cursor, DeviceNumber, MessageReader, Position, Queued, Read, Store, StoreError};

/// Messages of the queue that are looked up at once.
const AHEAD_MESSAGES: usize = 64;
/// Bytes that may wait to be written to the link before more are read.
const OUTPUT_BYTES: usize = 64 * 1_024;

/// One device's queue on its way to the link.
pub(super) struct Delivery {
    store: Arc<dyn Store>,
    device: DeviceNumber,
    window: Window,
    /// How far the queue was read.
    cursor: Cursor,
    /// Read from the queue and not sent.
    ahead: VecDeque<Queued>,
    /// Whether the queue may hold more behind `cursor`.
    more: bool,
    current: Current,
    metrics: Arc<Metrics>,
}

/// What is being done for the next message.
enum Current {
    Nothing,
    /// The next part of the queue is being read.
    Looking(Read<(Vec<Queued>, Cursor)>),
    /// A message is being opened. Nothing of it was sent.
    Opening(MessageOpening, Read<MessageReader>),
    /// A message is being sent.
    Sending(MessageReader),
}

/// A message that goes out for the first time, or again.
enum MessageOpening {
    First(Queued),
    Again(Queued),
}

impl Delivery {
    pub(super) fn new(
        store: Arc<dyn Store>,
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
            cursor: Cursor::start(),
            ahead: VecDeque::new(),
            more: true,
            current: Current::Nothing,
            metrics,
        }
    }

    /// The queue may have grown.
    pub(super) fn wake(&mut self) {
        self.more = true;
    }

    /// Appends to `output` what may be sent now. Pending while the store reads: more may follow.
    ///
    /// # Errors
    /// When a message that was begun cannot be completed, or the store cannot be read. The link must
    /// be cut then.
    pub(super) fn poll_fill(
        &mut self,
        output: &mut Vec<u8>,
        context: &mut Context<'_>,
    ) -> Poll<Result<(), StoreError>> {
        while output.len() < OUTPUT_BYTES {
            match &mut self.current {
                Current::Sending(reader) => match ready!(reader.poll_chunk(OUTPUT_BYTES, context))?
                {
                    Some(bytes) => output.extend_from_slice(&bytes),
                    None => self.current = Current::Nothing,
                },
                Current::Opening(_, read) => {
                    let opened = ready!(Pin::new(read).poll(context));
                    let done = std::mem::replace(&mut self.current, Current::Nothing);
                    if let Current::Opening(opening, _) = done {
                        self.begin(opening, opened, output)?;
                    }
                }
                Current::Looking(read) => {
                    let (found, cursor) = ready!(Pin::new(read).poll(context))?;
                    self.current = Current::Nothing;
                    self.cursor = cursor;
                    // If it was woken meanwhile there may be more, however few were read.
                    self.more |= found.len() == AHEAD_MESSAGES;
                    self.ahead.extend(found);
                }
                Current::Nothing => match self.next() {
                    Some(next) => self.current = next,
                    None => break,
                },
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Whether the stream stands between two messages, so that an answer may go out.
    pub(super) fn is_between_messages(&self) -> bool {
        !matches!(self.current, Current::Sending(_))
    }

    /// The device has stored these messages. Ids that were not sent to it are ignored.
    pub(super) fn acknowledged(&mut self, messages: &mut Vec<Position>) {
        messages.retain(|position| self.window.acknowledged(*position));
        self.metrics.acks.add(messages.len() as u64);
        self.store.ack(self.device, messages);
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

    /// Queues all messages in flight to be sent again; those that were sent twice are left out.
    pub(super) fn resend(&mut self) {
        self.window.resend();
    }

    /// What to ask the store for next.
    fn next(&mut self) -> Option<Current> {
        if let Some(queued) = self.window.next_again() {
            return Some(self.open(MessageOpening::Again(queued)));
        }
        if !self.window.is_open() {
            return None;
        }
        if let Some(queued) = self.ahead.pop_front() {
            return Some(self.open(MessageOpening::First(queued)));
        }
        if !std::mem::take(&mut self.more) {
            return None;
        }
        Some(Current::Looking(self.store.next(self.device, self.cursor, AHEAD_MESSAGES)))
    }

    fn open(&self, opening: MessageOpening) -> Current {
        let (MessageOpening::First(queued) | MessageOpening::Again(queued)) = &opening;
        let read = self.store.read(queued);
        Current::Opening(opening, read)
    }

    fn begin(
        &mut self,
        opening: MessageOpening,
        opened: Result<MessageReader, StoreError>,
        output: &mut Vec<u8>,
    ) -> Result<(), StoreError> {
        let reader = match opened {
            Ok(reader) => reader,
            Err(StoreError::Gone) => return Ok(()),
            // Not sent, and still in the queue: when the file is restored, the message is delivered.
            Err(error @ StoreError::Corrupt { .. }) => {
                static HELD: Throttle = Throttle::new(10);
                error_limited!(HELD, error = %chain(&error), "a damaged message is held back");
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        output.reserve(reader.total_len().min(OUTPUT_BYTES as u64) as usize);
        output.extend_from_slice(reader.head());
        self.current = Current::Sending(reader);
        match opening {
            MessageOpening::First(queued) => {
                self.metrics.deliveries.one();
                self.window.sent(queued);
            }
            MessageOpening::Again(_) => self.metrics.resends.one(),
        }
        Ok(())
    }
}
