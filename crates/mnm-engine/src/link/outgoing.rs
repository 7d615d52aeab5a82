//! Queue from a link's reader to its writer: acks, pulses, an answer, our own requests.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tmtp::event::Outcome;
use tmtp::id::{MessageId, RequestId};
use tmtp::request::Request;
use tokio::sync::Notify;

/// Acks that may wait while a long body is being sent. Beyond it an ack is dropped: the service
/// sends the message again, and it is acknowledged as a duplicate.
const ACKS_MAX: usize = 100_000;
/// Our own requests that may wait.
const REQUESTS_MAX: usize = 1_000;

/// Shared by the two halves of a link. Never blocks; the mutex is held only briefly.
#[derive(Debug, Default)]
pub(crate) struct Outgoing {
    waiting: Mutex<Waiting>,
    bell: Notify,
}

/// Entries for the writer.
#[derive(Debug, Default)]
struct Waiting {
    /// Acks of stored messages.
    acks: Vec<MessageId>,
    /// Output of the session, whole messages.
    session: Vec<u8>,
    /// The answer to the request in flight.
    answer: Option<Outcome>,
    /// Requests without a waiting caller.
    requests: VecDeque<Request>,
    /// Id of the request in flight; other answers are ignored.
    expected: Option<RequestId>,
}

impl Outgoing {
    /// A message is stored, now or earlier.
    pub(crate) fn ack(&self, id: MessageId) {
        let mut waiting = self.lock();
        if waiting.acks.len() < ACKS_MAX {
            waiting.acks.push(id);
        }
        self.bell.notify_one();
    }

    /// Output of the session.
    pub(crate) fn session(&self, bytes: &[u8]) {
        self.lock().session.extend_from_slice(bytes);
        self.bell.notify_one();
    }

    /// An answer arrived.
    pub(crate) fn answer(&self, id: &RequestId, outcome: Outcome) {
        let mut waiting = self.lock();
        if waiting.expected.as_ref() == Some(id) {
            waiting.expected = None;
            waiting.answer = Some(outcome);
            self.bell.notify_one();
        }
    }

    /// Adds a request to send when none is in flight.
    pub(crate) fn request(&self, request: Request) {
        let mut waiting = self.lock();
        if waiting.requests.len() < REQUESTS_MAX {
            waiting.requests.push_back(request);
        }
        self.bell.notify_one();
    }

    /// Sets the id whose answer is expected, if the request has one.
    pub(crate) fn expect(&self, id: Option<&RequestId>) {
        let mut waiting = self.lock();
        waiting.expected = id.cloned();
        waiting.answer = None;
    }

    /// Takes acks and output of the session.
    pub(crate) fn take_small(&self) -> (Vec<MessageId>, Vec<u8>) {
        let mut waiting = self.lock();
        (std::mem::take(&mut waiting.acks), std::mem::take(&mut waiting.session))
    }

    /// Takes the answer, if there is one.
    pub(crate) fn take_answer(&self) -> Option<Outcome> {
        self.lock().answer.take()
    }

    /// Takes the oldest request.
    pub(crate) fn take_request(&self) -> Option<Request> {
        self.lock().requests.pop_front()
    }

    /// Returns when something may have been added since the last call.
    pub(crate) async fn rung(&self) {
        self.bell.notified().await;
    }

    /// The content is consistent even if a holder panicked.
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
