//! Forwarding a thread: copied in slices, queued, and awaited.

use std::time::Duration;

use tokio::sync::broadcast::error::RecvError;

use crate::engine::Engine;
use crate::engine::letter::AWAIT_MAX_MS;
use crate::error::{Error, VaultError};
use crate::event::Event;
use crate::staging::Staging;
use crate::time::{self, timeout_at};
use crate::vault::{OutboxId, Vault};
use crate::view::{ForwardState, ThreadId};

/// Attempts to copy a thread into which letters arrive meanwhile.
const COPIES_MAX: usize = 5;

impl Engine {
    pub(super) async fn forward(
        &self,
        thread: ThreadId,
        to: Vec<String>,
        timeout_ms: u64,
    ) -> Result<ForwardState, Error> {
        let until = time::now() + Duration::from_millis(timeout_ms.min(AWAIT_MAX_MS));
        let now_ms = self.store().now_ms();
        let mut events = self.events();
        let row = self.copy_and_queue(thread, &to, now_ms).await?;
        self.wake(self.store().read(move |vault| vault.thread(thread)).await?.row.account);
        loop {
            let to = to.clone();
            let taken =
                self.store().read(move |vault| vault.forwarded_to(row, thread, &to)).await?;
            match taken {
                Some(true) => return Ok(ForwardState::Sent),
                Some(false) => return Ok(ForwardState::Failed),
                None if timeout_at(until, news_of_thread(thread, &mut events)).await.is_err() => {
                    return Ok(ForwardState::Queued);
                }
                None => {}
            }
        }
    }

    /// Copies a thread in slices and queues the copy.
    async fn copy_and_queue(
        &self,
        thread: ThreadId,
        to: &[String],
        now_ms: i64,
    ) -> Result<OutboxId, Error> {
        for _ in 0..COPIES_MAX {
            let names = to.to_vec();
            let begin = move |vault: &mut Vault| vault.begin_copy(thread, &names, now_ms);
            let mut copying = self.store().read(begin).await?;
            let staging = Staging::new(self.store().clone());
            staging.begin().await?;
            loop {
                let slice = self.store().read(move |vault| {
                    let slice = vault.copy_slice(&mut copying)?;
                    Ok((copying, slice))
                });
                let (copied, (bytes, more)) = slice.await?;
                copying = copied;
                staging.append(bytes).await?;
                if !more {
                    break;
                }
            }
            staging.finish().await?;
            let names = to.to_vec();
            let queued = staging.own(move |vault, blobs| {
                let Some(&blob) = blobs.first() else { return Err(VaultError::NoRecipients) };
                vault.queue_forward(&copying, blob, &names, now_ms)
            });
            if let Some(row) = queued.await? {
                return Ok(row);
            }
        }
        Err(VaultError::Conflict(
            "Letters come into this thread faster than it can be copied. Nothing was forwarded. Forward it again in a while."
                .into(),
        )
        .into())
    }
}

/// Returns when a thread may have changed.
async fn news_of_thread(thread: ThreadId, events: &mut tokio::sync::broadcast::Receiver<Event>) {
    loop {
        match events.recv().await {
            Ok(Event::Thread { thread: changed }) if changed.id == thread => return,
            Ok(Event::ThreadGone { thread: gone, .. }) if gone == thread => return,
            Ok(_) => {}
            Err(RecvError::Lagged(_) | RecvError::Closed) => return,
        }
    }
}
