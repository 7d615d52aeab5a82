//! Pending commits of one link, in the order of their requests.

use std::collections::VecDeque;
use std::future::ready;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use crate::request::{Answer, Progress};

/// Maximum number of pending requests.
const OUTSTANDING_MAX: usize = 64;

/// Requests without an answer yet. They become durable in the order of submission, so only the
/// first is polled.
#[derive(Default)]
pub(super) struct Commits {
    waiting: VecDeque<Pin<Box<dyn Future<Output = Answer> + Send>>>,
}

impl Commits {
    /// Appends a request; returns its answer if that can be sent at once.
    pub(super) fn push(&mut self, progress: Progress) -> Option<Answer> {
        match progress {
            Progress::Answered(answer) if self.waiting.is_empty() => return Some(answer),
            Progress::Answered(answer) => self.waiting.push_back(Box::pin(ready(answer))),
            Progress::Committing(commit) => self.waiting.push_back(commit),
        }
        None
    }

    /// Whether the maximum is reached.
    pub(super) fn are_full(&self) -> bool {
        self.waiting.len() >= OUTSTANDING_MAX
    }

    /// Whether every request is answered.
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// The next answer, when it is ready.
    pub(super) fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Answer> {
        let Some(first) = self.waiting.front_mut() else { return Poll::Pending };
        let answer = ready!(first.as_mut().poll(context));
        self.waiting.pop_front();
        if self.waiting.is_empty() {
            // An idle link holds no buffers.
            self.waiting = VecDeque::new();
        }
        Poll::Ready(answer)
    }

    /// Waits for all of them without answering: the link has ended.
    pub(super) async fn finish(&mut self) {
        for commit in self.waiting.drain(..) {
            drop(commit.await);
        }
    }
}
