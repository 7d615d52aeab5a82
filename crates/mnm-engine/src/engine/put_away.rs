//! Commands that put threads away, and the watch over the trash.

use std::sync::Arc;
use std::time::Duration;

use crate::command::{MessageMark, ThreadMark};
use crate::engine::Engine;
use crate::error::{Error, ErrorCode};
use crate::vault::{Erased, MARKED_MESSAGES, MARKED_ROWS};
use crate::view::{AccountId, MessageRowId, TagId, ThreadId};
use crate::{task, time};

/// Threads that one command may name.
const NAMED_MAX: usize = 1_000;
/// How often the trash is looked through for what has been there long enough.
const LOOK_TIME: Duration = Duration::from_secs(3_600);

impl Engine {
    /// Marks threads in slices, so that other commands run in between.
    pub(super) async fn mark_threads(
        &self,
        threads: Vec<ThreadId>,
        mark: ThreadMark,
        on: bool,
    ) -> Result<u64, Error> {
        check_number("threads", &threads)?;
        if mark == ThreadMark::Unread && !on {
            return self.mark_all_read(threads).await;
        }
        let (now_ms, mut changed) = (self.store().now_ms(), 0);
        for some in threads.chunks(MARKED_ROWS) {
            let some = some.to_vec();
            let mark = self.store().write(move |vault| vault.mark_threads(&some, mark, on, now_ms));
            changed += mark.await?;
        }
        Ok(changed)
    }

    /// Marks single messages in slices.
    pub(super) async fn mark_messages(
        &self,
        messages: Vec<MessageRowId>,
        mark: MessageMark,
        on: bool,
    ) -> Result<u64, Error> {
        check_number("messages", &messages)?;
        let (now_ms, mut count) = (self.store().now_ms(), 0);
        for some in messages.chunks(MARKED_MESSAGES) {
            let some = some.to_vec();
            let mark =
                self.store().write(move |vault| vault.mark_messages(&some, mark, on, now_ms));
            let marked = mark.await?;
            count += marked.count;
            marked.told.into_iter().for_each(|account| self.wake(account));
        }
        Ok(count)
    }

    async fn mark_all_read(&self, threads: Vec<ThreadId>) -> Result<u64, Error> {
        let mut changed = 0;
        for thread in threads {
            match self.mark_read(thread, None).await {
                Ok(()) => changed += 1,
                Err(error) if error.code == ErrorCode::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(changed)
    }

    /// Tags threads in slices.
    pub(super) async fn tag_threads(
        &self,
        threads: Vec<ThreadId>,
        tag: TagId,
        on: bool,
    ) -> Result<u64, Error> {
        check_number("threads", &threads)?;
        let mut changed = 0;
        for some in threads.chunks(MARKED_ROWS) {
            let some = some.to_vec();
            changed += self.store().write(move |vault| vault.tag_threads(&some, tag, on)).await?;
        }
        Ok(changed)
    }

    /// Takes threads out of the trash to be erased: these, or all.
    pub(super) async fn empty_trash(
        &self,
        account: Option<AccountId>,
        threads: Option<Vec<ThreadId>>,
    ) -> Result<u64, Error> {
        let mut erased = 0;
        if let Some(threads) = threads {
            check_number("threads", &threads)?;
            for some in threads.chunks(MARKED_ROWS) {
                let which = Erased::Of(account, some.to_vec());
                erased += self.store().write(move |vault| vault.empty_trash(&which)).await?;
            }
            return Ok(erased);
        }
        let accounts = match account {
            Some(account) => vec![account],
            None => {
                let accounts = self.store().read(|vault| vault.accounts()).await?;
                accounts.into_iter().map(|account| account.id).collect()
            }
        };
        for account in accounts {
            erased += self.erase(Erased::All(account)).await?;
        }
        Ok(erased)
    }

    async fn erase(&self, which: Erased) -> Result<u64, Error> {
        let mut erased = 0;
        loop {
            let which = which.clone();
            let some = self.store().write(move |vault| vault.empty_trash(&which)).await?;
            if some == 0 {
                return Ok(erased);
            }
            erased += some;
        }
    }

    async fn erase_messages(&self, now_ms: i64) -> Result<(), Error> {
        let mut from = Some(MessageRowId::MIN);
        while let Some(first) = from {
            from = self.store().write(move |vault| vault.erase_messages(now_ms, first)).await?;
        }
        Ok(())
    }

    /// Erases what has been in the trash for 30 days, now and every hour while the engine exists.
    pub(super) fn watch_trash(&self) {
        let shared = Arc::downgrade(&self.shared);
        task::spawn(async move {
            loop {
                let Some(shared) = shared.upgrade() else { return };
                let engine = Self { shared };
                let now_ms = engine.store().now_ms();
                match engine.erase(Erased::Expired(now_ms)).await {
                    Ok(0) => {}
                    Ok(threads) => tracing::info!(threads, "threads left the trash after 30 days"),
                    Err(error) => tracing::warn!(%error, "the trash was not looked through"),
                }
                if let Err(error) = engine.erase_messages(now_ms).await {
                    tracing::warn!(%error, "the trash was not looked through for messages");
                }
                drop(engine);
                time::sleep(LOOK_TIME).await;
            }
        });
    }
}

fn check_number(what: &str, named: &[i64]) -> Result<(), Error> {
    if named.len() <= NAMED_MAX {
        return Ok(());
    }
    let why = format!(
        "More than {NAMED_MAX} {what} were named. Nothing was changed; name fewer at a time."
    );
    Err(Error::new(ErrorCode::TooLarge, why))
}
