//! Search for overdue messages, in the order of ids.
//!
//! Every queue stands in order of ids, so the queues are merged: the next message is the smallest
//! at the head of any of them, and all queues that begin with it are those that are still owed it.
//! In memory there is one id for each queue, whatever its length.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use tmtp_store::{Class, DeviceNumber, MessageId, Store, StoreError};

/// Queues that begin with an overdue message.
#[derive(Debug)]
pub(super) struct Overdue {
    heads: BinaryHeap<Reverse<(MessageId, Class, DeviceNumber)>>,
    /// The newest message that is overdue.
    cutoff: MessageId,
}

/// A message that some devices have not fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unfetched {
    pub(super) id: MessageId,
    pub(super) class: Class,
    /// In rising order.
    pub(super) devices: Vec<DeviceNumber>,
}

impl Overdue {
    /// Looks at the queues of the first `devices` devices.
    pub(super) fn find(
        store: &Store,
        devices: DeviceNumber,
        cutoff: MessageId,
    ) -> Result<Self, StoreError> {
        let mut overdue = Self { heads: BinaryHeap::new(), cutoff };
        for device in 0..devices {
            for class in [Class::User, Class::Rest] {
                overdue.push(store, device, class, None)?;
            }
        }
        Ok(overdue)
    }

    /// The next message; none when that was all.
    pub(super) fn next(&mut self, store: &Store) -> Result<Option<Unfetched>, StoreError> {
        let Some(Reverse((id, class, _))) = self.heads.peek().copied() else { return Ok(None) };
        let mut devices = Vec::new();
        while let Some(Reverse(head)) = self.heads.peek()
            && head.0 == id
        {
            devices.push(head.2);
            self.heads.pop();
        }
        for device in &devices {
            self.push(store, *device, class, Some(id))?;
        }
        Ok(Some(Unfetched { id, class, devices }))
    }

    fn push(
        &mut self,
        store: &Store,
        device: DeviceNumber,
        class: Class,
        after: Option<MessageId>,
    ) -> Result<(), StoreError> {
        let next = store.next_queued(device, class, after)?;
        self.heads
            .extend(next.filter(|id| *id <= self.cutoff).map(|id| Reverse((id, class, device))));
        Ok(())
    }
}
