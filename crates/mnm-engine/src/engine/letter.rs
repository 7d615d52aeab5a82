//! Commands about letters: sending, waiting until sent, marking as read, striking readers.

use std::sync::Arc;
use std::time::Duration;
use tmtp::id::UidOrGid;

use tokio::sync::broadcast::{self, error::RecvError};

use crate::engine::Engine;
use crate::error::{Error, ErrorCode};
use crate::event::Event;
use crate::time::timeout_at;
use crate::view::{DraftId, Message, MessageRowId, MessageState, ThreadId};
use crate::{markdown, task, time};

/// Longest wait until something is sent, milliseconds.
pub(super) const AWAIT_MAX_MS: u64 = 600_000;
/// Longest hold of a letter, milliseconds.
const HOLD_MAX_MS: u64 = 60_000;

impl Engine {
    /// Queues a draft, to be sent now or after `hold_ms`.
    pub(super) async fn send(
        &self,
        draft: DraftId,
        version: Option<u64>,
        hold_ms: Option<u64>,
    ) -> Result<Message, Error> {
        let now_ms = self.store().now_ms();
        let hold = hold_ms.map(|hold_ms| hold_ms.min(HOLD_MAX_MS)).unwrap_or_default();
        let queue =
            self.store().write(move |vault| vault.queue_draft(draft, version, now_ms, hold));
        let message = queue.await?;
        if hold > 0 {
            self.send_later(message.id, hold);
        }
        self.wake(message.account);
        Ok(message)
    }

    /// Releases a letter when its hold ends. If the engine stops earlier, the next start does it.
    fn send_later(&self, message: MessageRowId, hold_ms: u64) {
        let shared = Arc::downgrade(&self.shared);
        task::spawn(async move {
            time::sleep(Duration::from_millis(hold_ms)).await;
            let Some(shared) = shared.upgrade() else { return };
            match (Self { shared }).send_now(message).await {
                // The letter was taken back.
                Err(error) if error.code == ErrorCode::NotFound => {}
                Err(error) => tracing::warn!(%error, "a letter that was held back did not leave"),
                Ok(_) => {}
            }
        });
    }

    /// Releases a letter from its hold.
    pub(super) async fn send_now(&self, message: MessageRowId) -> Result<Message, Error> {
        let message = self.store().write(move |vault| vault.release(message)).await?;
        self.wake(message.account);
        Ok(message)
    }

    /// Queues a failed letter again.
    pub(super) async fn retry(&self, message: MessageRowId) -> Result<Message, Error> {
        let message = self.store().write(move |vault| vault.retry(message)).await?;
        self.wake(message.account);
        Ok(message)
    }

    /// Waits until a letter is sent or has failed, or the timeout has passed.
    pub(super) async fn await_sent(
        &self,
        message: MessageRowId,
        timeout_ms: u64,
    ) -> Result<Message, Error> {
        let until = time::now() + Duration::from_millis(timeout_ms.min(AWAIT_MAX_MS));
        let mut events = self.events();
        loop {
            let now = self.store().read(move |vault| vault.message(message)).await?;
            let waits = match now.state {
                MessageState::Queued | MessageState::Held { .. } | MessageState::Sending { .. } => {
                    true
                }
                MessageState::Received | MessageState::Sent | MessageState::Failed { .. } => false,
            };
            if !waits || timeout_at(until, news_of(message, &mut events)).await.is_err() {
                return Ok(now);
            }
        }
    }

    /// Renders a text as it will be shown.
    pub(super) async fn preview(&self, text: String) -> Result<String, Error> {
        let rendered = task::compute(move || markdown::render(&text)).await;
        rendered.map(|rendered| rendered.html).ok_or_else(|| {
            Error::new(ErrorCode::Internal, "The text could not be rendered. It is kept as it is.")
        })
    }

    /// Marks messages as read in slices, so that other commands run in between.
    pub(super) async fn mark_read(
        &self,
        thread: ThreadId,
        messages: Option<Vec<MessageRowId>>,
    ) -> Result<(), Error> {
        let messages = messages.map(Arc::<[MessageRowId]>::from);
        loop {
            let messages = messages.clone();
            let some =
                self.store().write(move |vault| vault.mark_read(thread, messages.as_deref()));
            let marked = some.await?;
            if !marked.more {
                self.wake(marked.account);
                return Ok(());
            }
        }
    }

    /// Strikes a reader from a thread, or readmits them.
    pub(super) async fn strike(
        &self,
        thread: ThreadId,
        uid: UidOrGid,
        struck: bool,
    ) -> Result<(), Error> {
        let now_ms = self.store().now_ms();
        let strike = self.store().write(move |vault| vault.strike(thread, &uid, struck, now_ms));
        self.wake(strike.await?);
        Ok(())
    }
}

/// Returns when a message may have changed.
async fn news_of(message: MessageRowId, events: &mut broadcast::Receiver<Event>) {
    loop {
        match events.recv().await {
            Ok(Event::Message { message: changed }) if changed.id == message => return,
            Ok(Event::MessageGone { message: gone, .. }) if gone == message => return,
            Ok(_) => {}
            Err(RecvError::Lagged(_) | RecvError::Closed) => return,
        }
    }
}
