//! Counts of messages and bytes, in all and for each device: taken at open, and kept up to date by the
//! writer after each commit, so that asking costs nothing.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ops::{Bound, ControlFlow};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::engine::ReadRows;
use crate::error::StoreError;
use crate::row::{DeviceNumber, MessageId, OWED, owed_of};

/// What a device is owed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Queue {
    /// Messages.
    pub messages: u64,
    /// Bytes of their heads and data.
    pub bytes: u64,
}

/// An owed row: whose, and the bytes of its message.
pub(crate) type OwedBytes = (DeviceNumber, u64);

#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) messages: AtomicU64,
    pub(crate) owed: AtomicU64,
    /// Devices that are owed anything.
    queues: Mutex<HashMap<DeviceNumber, Queue>>,
}

impl Counts {
    pub(crate) fn queues(&self) -> MutexGuard<'_, HashMap<DeviceNumber, Queue>> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// So many messages and these owed rows are there now.
    pub(crate) fn add<'o>(&self, messages: u64, owed: impl IntoIterator<Item = &'o OwedBytes>) {
        let (mut queues, mut rows) = (self.queues(), 0);
        for (device, bytes) in owed {
            queues.entry(*device).or_default().add(*bytes);
            rows += 1;
        }
        self.messages.fetch_add(messages, Ordering::Relaxed);
        self.owed.fetch_add(rows, Ordering::Relaxed);
    }

    /// So many messages and these owed rows are gone.
    pub(crate) fn remove(&self, messages: u64, owed: &[OwedBytes]) {
        self.messages.fetch_sub(messages, Ordering::Relaxed);
        self.owed.fetch_sub(owed.len() as u64, Ordering::Relaxed);
        let mut queues = self.queues();
        for (device, bytes) in owed {
            if let Entry::Occupied(mut queue) = queues.entry(*device) {
                queue.get_mut().remove(*bytes);
                if queue.get().messages == 0 {
                    queue.remove();
                }
            }
        }
    }

    /// Counts the owed rows. `sizes` has the bytes of every message, in rising order of ids.
    pub(crate) fn read_queues(
        &self,
        engine: &(impl ReadRows + ?Sized),
        sizes: &[(MessageId, u64)],
    ) -> Result<(), StoreError> {
        let mut queues = self.queues();
        let mut bad = None;
        let range = (Bound::Included([OWED].as_slice()), Bound::Excluded([OWED + 1].as_slice()));
        engine.scan(range, &mut |key, _| match owed_of(key) {
            Ok((device, _, id)) => {
                let at = sizes.binary_search_by_key(&id, |(id, _)| *id);
                let size = at.ok().and_then(|at| sizes.get(at));
                queues.entry(device).or_default().add(size.map_or(0, |(_, bytes)| *bytes));
                ControlFlow::Continue(())
            }
            Err(error) => {
                bad = Some(error);
                ControlFlow::Break(())
            }
        })?;
        bad.map_or(Ok(()), Err)
    }
}

impl Queue {
    /// Whether it has as many messages as `other`, or as many bytes.
    #[must_use]
    pub fn reaches(self, other: Self) -> bool {
        self.messages >= other.messages || self.bytes >= other.bytes
    }

    fn add(&mut self, bytes: u64) {
        self.messages += 1;
        self.bytes = self.bytes.saturating_add(bytes);
    }

    fn remove(&mut self, bytes: u64) {
        self.messages = self.messages.saturating_sub(1);
        self.bytes = self.bytes.saturating_sub(bytes);
    }
}
