//! Counts of messages and bytes, in all and for each device: taken at open, and kept up to date with each
//! commit from its submission on, so that asking costs nothing.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ops::{Bound, ControlFlow};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use smallvec::SmallVec;

use crate::engine::ReadRows;
use crate::error::StoreError;
use crate::position::{DeviceNumber, Position};
use crate::row::{QUEUE, parse_queue_key};
use crate::store::Queue;

/// Messages that were submitted: counted until they are dropped, or for good once they are durable, so that
/// whoever decides by the length of a queue sees what is under way.
#[derive(Debug)]
pub(crate) struct Submitted {
    counts: Arc<Counts>,
    messages: u64,
    queued: SmallVec<[QueuedBytes; 1]>,
}

impl Submitted {
    pub(crate) fn new(
        counts: &Arc<Counts>,
        messages: u64,
        queued: SmallVec<[QueuedBytes; 1]>,
    ) -> Self {
        counts.add(messages, &queued);
        Self { counts: Arc::clone(counts), messages, queued }
    }

    /// They are durable.
    pub(crate) fn keep(mut self) {
        self.messages = 0;
        self.queued.clear();
    }
}

impl Drop for Submitted {
    fn drop(&mut self) {
        if self.messages > 0 {
            self.counts.remove(self.messages, &self.queued);
        }
    }
}

/// A queue row: whose, and the bytes of its message.
pub(crate) type QueuedBytes = (DeviceNumber, u64);

#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) messages: AtomicU64,
    pub(crate) queued: AtomicU64,
    /// Devices that have a queue.
    queues: Mutex<HashMap<DeviceNumber, Queue>>,
}

impl Counts {
    pub(crate) fn queues(&self) -> MutexGuard<'_, HashMap<DeviceNumber, Queue>> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds `messages` messages and these queue rows.
    pub(crate) fn add<'q>(&self, messages: u64, queued: impl IntoIterator<Item = &'q QueuedBytes>) {
        let (mut queues, mut rows) = (self.queues(), 0);
        for (device, bytes) in queued {
            queues.entry(*device).or_default().add(*bytes);
            rows += 1;
        }
        self.messages.fetch_add(messages, Ordering::Relaxed);
        self.queued.fetch_add(rows, Ordering::Relaxed);
    }

    /// Subtracts `messages` messages and these queue rows.
    pub(crate) fn remove(&self, messages: u64, queued: &[QueuedBytes]) {
        self.messages.fetch_sub(messages, Ordering::Relaxed);
        self.queued.fetch_sub(queued.len() as u64, Ordering::Relaxed);
        let mut queues = self.queues();
        for (device, bytes) in queued {
            if let Entry::Occupied(mut queue) = queues.entry(*device) {
                queue.get_mut().remove(*bytes);
                if queue.get().messages == 0 {
                    queue.remove();
                }
            }
        }
    }

    /// Counts the queue rows. `sizes` has the bytes of every message, in rising order of positions.
    pub(crate) fn read_queues(
        &self,
        engine: &(impl ReadRows + ?Sized),
        sizes: &[(Position, u64)],
    ) -> Result<(), StoreError> {
        let mut queues = self.queues();
        let mut bad = None;
        let range = (Bound::Included([QUEUE].as_slice()), Bound::Excluded([QUEUE + 1].as_slice()));
        engine.scan(range, &mut |key, _| match parse_queue_key(key) {
            Ok((device, _, position)) => {
                let at = sizes.binary_search_by_key(&position, |(position, _)| *position);
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
