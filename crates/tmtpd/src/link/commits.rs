//! Pending commits of one link, in the order of their requests.

use std::collections::VecDeque;
use std::future::ready;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::request::{Answer, Progress};

/// Maximum number of pending requests.
const OUTSTANDING_MAX: usize = 64;

/// Requests whose answers are not sent yet. They become durable in the order of submission, so only the
/// first is polled.
#[derive(Default)]
pub(super) struct Commits {
    waiting: VecDeque<Pin<Box<dyn Future<Output = Answer> + Send>>>,
    /// Answers to earlier requests, until the peer takes them.
    answers: VecDeque<Answer>,
}

impl Commits {
    /// Appends a request; returns its answer if that can be sent at once.
    pub(super) fn push(&mut self, progress: Progress) -> Option<Answer> {
        match progress {
            Progress::Answered(answer) if self.is_empty() => return Some(answer),
            Progress::Answered(answer) => self.waiting.push_back(Box::pin(ready(answer))),
            Progress::Committing(commit) => self.waiting.push_back(commit),
        }
        None
    }

    /// Whether the maximum is reached.
    pub(super) fn are_full(&self) -> bool {
        self.waiting.len() + self.answers.len() >= OUTSTANDING_MAX
    }

    /// Whether every request is answered.
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.answers.is_empty()
    }

    /// Takes note of what is durable by now, whether or not the peer takes the answers: what a commit
    /// holds is given back, and recipients are woken.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) {
        while let Some(first) = self.waiting.front_mut()
            && let Poll::Ready(answer) = first.as_mut().poll(context)
        {
            self.waiting.pop_front();
            self.answers.push_back(answer);
        }
    }

    /// The next answer, if there is one.
    pub(super) fn next_answer(&mut self) -> Option<Answer> {
        let answer = self.answers.pop_front()?;
        if self.is_empty() {
            // An idle link holds no buffers.
            *self = Self::default();
        }
        Some(answer)
    }

    /// Waits for all of them without answering: the link has ended.
    pub(super) async fn finish(&mut self) {
        for commit in self.waiting.drain(..) {
            drop(commit.await);
        }
        self.answers.clear();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use std::sync::Arc;
    use std::task::Waker;

    use super::*;

    #[test]
    fn durable_commit_gives_back_what_it_holds_before_its_answer_is_taken() {
        let room = Arc::new(());
        let held = Arc::clone(&room);
        let mut commits = Commits::default();
        let committing = async move {
            drop(held);
            Answer::None
        };
        assert!(commits.push(Progress::Committing(Box::pin(committing))).is_none());
        commits.poll(&mut Context::from_waker(Waker::noop()));
        assert_eq!(Arc::strong_count(&room), 1);
        assert!(!commits.is_empty(), "the answer is still to be sent");
        assert!(matches!(commits.next_answer(), Some(Answer::None)));
        assert!(commits.is_empty() && commits.next_answer().is_none());
    }
}
