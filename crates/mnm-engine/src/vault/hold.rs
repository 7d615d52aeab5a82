//! Hold: letters kept in the outbox for a few seconds, in which the member can take them back.
//!
//! The caller keeps the time. A vault that is opened releases everything, because the former caller
//! is gone.

use rusqlite::OptionalExtension;

use super::change::{VaultReader, WriteTx};
use super::outbox_row::OutboxId;
use super::runtime_state::Detail;
use super::{Change, Result, Vault};
use crate::view::{Message, MessageRowId, MessageState, ThreadId};

impl Vault {
    /// Releases a held message; no effect on one that is not held.
    ///
    /// # Errors
    /// [`crate::error::VaultError::NotFound`] if there is no such message: it was taken back.
    pub fn release(&mut self, id: MessageRowId) -> Result<Change<Message>> {
        self.change(|work| {
            work.release(id)?;
            work.read.message(id)
        })
    }

    /// Releases everything.
    pub(super) fn release_all(&mut self) -> Result<()> {
        let change = self.change(|work| {
            let held = work
                .db
                .prepare_cached(
                    "SELECT message FROM outbox
                     WHERE held_until_ms IS NOT NULL AND message IS NOT NULL ORDER BY id",
                )?
                .query_map([], |row| row.get(0))?
                .collect::<rusqlite::Result<Vec<i64>>>()?;
            held.into_iter().try_for_each(|id| work.release(id))
        });
        change.map(drop)
    }
}

impl VaultReader<'_> {
    /// The state of a held message; none if it is not held.
    pub(super) fn held(&self, id: MessageRowId) -> Result<Option<MessageState>> {
        if self.runtime.detail() == Detail::Alone {
            return Ok(None);
        }
        let until_ms: Option<Option<i64>> = self
            .db
            .prepare_cached("SELECT held_until_ms FROM outbox WHERE message = ?1")?
            .query_row([id], |row| row.get(0))
            .optional()?;
        Ok(until_ms.flatten().map(|until_ms| MessageState::Held { until_ms }))
    }
}

impl WriteTx<'_> {
    /// Holds an outbox row.
    pub(super) fn hold(&mut self, row: OutboxId, until_ms: i64) -> Result<()> {
        self.db
            .prepare_cached("UPDATE outbox SET held_until_ms = ?2 WHERE id = ?1")?
            .execute([row, until_ms])?;
        Ok(())
    }

    /// Releases the letters of a thread: the next one must not overtake them.
    pub(super) fn release_thread(&mut self, thread: ThreadId) -> Result<()> {
        let held = self
            .db
            .prepare_cached(
                "SELECT m.id FROM outbox o INDEXED BY outbox_held
                 CROSS JOIN message m ON m.id = o.message
                 WHERE m.thread = ?1 AND o.held_until_ms IS NOT NULL ORDER BY o.id",
            )?
            .query_map([thread], |row| row.get(0))?
            .collect::<rusqlite::Result<Vec<i64>>>()?;
        held.into_iter().try_for_each(|id| self.release(id))
    }

    /// A released row goes to the end: the head of the outbox may be at the service, with its
    /// answer lost, and the service recognises a repetition only of its last request.
    fn release(&mut self, id: MessageRowId) -> Result<()> {
        let released = self
            .db
            .prepare_cached(
                "UPDATE outbox SET held_until_ms = NULL,
                     id = (SELECT seq + 1 FROM sqlite_sequence WHERE name = 'outbox')
                 WHERE message = ?1 AND held_until_ms IS NOT NULL",
            )?
            .execute([id])?;
        if released > 0 {
            // Row numbers are not reused.
            self.db
                .prepare_cached("UPDATE sqlite_sequence SET seq = seq + 1 WHERE name = 'outbox'")?
                .execute([])?;
            self.touch_message(id);
            self.touch_thread(self.read.thread_of(id)?);
        }
        Ok(())
    }
}
