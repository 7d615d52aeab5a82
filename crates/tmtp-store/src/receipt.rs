//! Receipts: the answer to a submitted commit, when it is durable or refused.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::sync::oneshot;

use crate::error::StoreError;
use crate::position::Position;

type Answered = Result<Option<Position>, StoreError>;

/// The answer to a submitted commit: the position of its first message, if it has any, once all of
/// it is durable. [`StoreError::Closed`] when the store ended without an answer.
///
/// Dropping it does not take the work back.
#[derive(Debug)]
#[must_use = "what was submitted is only durable when the receipt says so"]
pub struct Receipt {
    receiver: oneshot::Receiver<Answered>,
}

/// Where a store answers a submitted commit.
#[derive(Debug)]
pub struct Answer {
    sender: oneshot::Sender<Answered>,
    /// The position of the first message, where it is given before the commit.
    first: Option<Position>,
}

impl Receipt {
    /// A receipt, and the place to answer it.
    pub fn new() -> (Answer, Self) {
        Self::beginning_at(None)
    }

    /// A receipt for a commit whose first message is at `first`.
    pub(crate) fn beginning_at(first: Option<Position>) -> (Answer, Self) {
        let (sender, receiver) = oneshot::channel();
        (Answer { sender, first }, Self { receiver })
    }

    /// A receipt that is answered already.
    pub fn refused(error: StoreError) -> Self {
        let (answer, receipt) = Self::new();
        answer.send(Err(error));
        receipt
    }

    /// The answer of a writer that has ended.
    pub(crate) fn try_now(mut self) -> Result<(), StoreError> {
        self.receiver.try_recv().unwrap_or(Err(StoreError::Closed)).map(drop)
    }

    /// Blocks until the work is durable or refused. Not for use inside an async task.
    ///
    /// # Errors
    /// The store's.
    pub fn wait(self) -> Result<Option<Position>, StoreError> {
        self.receiver.blocking_recv().unwrap_or(Err(StoreError::Closed))
    }
}

impl Answer {
    /// All is durable, and the first message, if there is one, is at this position; or nothing happened.
    /// The caller may be gone.
    pub fn send(self, done: Result<Option<Position>, StoreError>) {
        let _ = self.sender.send(done);
    }

    /// The same for a commit whose position the receipt was made with.
    pub(crate) fn finish(self, done: Result<(), StoreError>) {
        let first = self.first;
        self.send(done.map(|()| first));
    }
}

impl Future for Receipt {
    type Output = Answered;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.receiver)
            .poll(context)
            .map(|answer| answer.unwrap_or(Err(StoreError::Closed)))
    }
}
