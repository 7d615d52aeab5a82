//! Overdue messages: finding them in the queues, one by one, and giving them up.

use std::ops::{Bound, ControlFlow};

use super::Store;
use crate::engine::{Batch, ReadRows};
use crate::error::StoreError;
use crate::message::{NewMessage, Queued};
use crate::row::{Class, DeviceNumber, MESSAGES, MessageId, message_of, owed_key, owed_of};
use crate::writer::commit_queue::{Receipt, Work};
use crate::writer::prepared::Prepared;

impl Store {
    /// The oldest message that is owed to anybody.
    ///
    /// # Errors
    /// [`StoreError`] when the rows cannot be read.
    pub fn oldest_message(&self) -> Result<Option<MessageId>, StoreError> {
        let (from, to) = MESSAGES;
        let mut oldest = None;
        let range = (Bound::Included(from), Bound::Excluded(to));
        self.shared.rows.scan(range, &mut |key, _| {
            oldest = Some(message_of(key));
            ControlFlow::Break(())
        })?;
        oldest.transpose()
    }

    /// The first message of `class` behind `after` that `device` is owed. One seek, however long
    /// the queue.
    ///
    /// # Errors
    /// [`StoreError`] when the rows cannot be read.
    pub fn next_queued(
        &self,
        device: DeviceNumber,
        class: Class,
        after: Option<MessageId>,
    ) -> Result<Option<MessageId>, StoreError> {
        // Before the scan: what is committed meanwhile is then missing from it.
        let acking = self.shared.commit_queue.acking(device);
        let (from, to) =
            (owed_key(device, class, after.unwrap_or(0)), owed_key(device, class, MessageId::MAX));
        let from = match after {
            Some(_) => Bound::Excluded(from.as_slice()),
            None => Bound::Included(from.as_slice()),
        };
        let mut found = None;
        self.shared.rows.scan((from, Bound::Included(&to)), &mut |key, _| {
            found = Some(owed_of(key).map(|(_, _, id)| id));
            match &found {
                Some(Ok(id)) if acking.binary_search(id).is_ok() => {
                    found = None;
                    ControlFlow::Continue(())
                }
                _ => ControlFlow::Break(()),
            }
        })?;
        found.transpose()
    }

    /// What `device` is owed under this id, if it is.
    ///
    /// # Errors
    /// [`StoreError`] when the rows cannot be read.
    pub fn owed_with(
        &self,
        device: DeviceNumber,
        class: Class,
        id: MessageId,
    ) -> Result<Option<Queued>, StoreError> {
        if self.next_queued(device, class, id.checked_sub(1))? != Some(id) {
            return Ok(None);
        }
        Ok(self.with_bodies(device, &[(class, id)])?.pop())
    }

    /// In one commit: these devices are not owed these messages any more, and `messages` and `rows`
    /// that tell of it are stored. [`StoreError::Gone`], and nothing happens, if one of them was
    /// acknowledged meanwhile; then the caller decides anew. Each pair may be named once.
    ///
    /// Works on a full disk too, as it makes room.
    pub fn give_up(
        &self,
        owed: Vec<(DeviceNumber, MessageId)>,
        messages: Vec<NewMessage>,
        rows: Batch,
    ) -> Receipt {
        match Prepared::new(messages, rows) {
            Ok(notices) => self.shared.commit_queue.submit(Work::GiveUp { owed, notices }),
            Err(error) => Receipt::refused(error),
        }
    }
}
