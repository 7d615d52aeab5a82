//! Search for overdue messages, in the order of their positions.
//!
//! Every queue stands in order of positions, so the queues are merged: the next message is the smallest
//! at the head of any of them, and the queues that begin with it are those that still hold it.
//! In memory there is one position for each queue, whatever its length.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use tmtp_store::{Class, DeviceNumber, Position, Store, StoreError};

/// Queues that begin with an overdue message.
#[derive(Debug)]
pub(super) struct Overdue {
    heads: BinaryHeap<Reverse<(Position, Class, DeviceNumber)>>,
    /// The newest overdue message.
    cutoff: Position,
}

/// An overdue message and the devices that have not fetched it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unfetched {
    pub(super) position: Position,
    pub(super) class: Class,
    /// In ascending order.
    pub(super) devices: Vec<DeviceNumber>,
}

impl Overdue {
    /// Searches the queues of the first `devices` devices.
    pub(super) async fn find(
        store: &dyn Store,
        devices: DeviceNumber,
        cutoff: Position,
    ) -> Result<Self, StoreError> {
        let mut overdue = Self { heads: BinaryHeap::new(), cutoff };
        for device in 0..devices {
            for class in [Class::User, Class::Rest] {
                overdue.push(store, device, class, None).await?;
            }
        }
        Ok(overdue)
    }

    /// The next message; none when that was all.
    pub(super) async fn next(
        &mut self,
        store: &dyn Store,
    ) -> Result<Option<Unfetched>, StoreError> {
        let Some(Reverse((position, class, _))) = self.heads.peek().copied() else {
            return Ok(None);
        };
        let mut devices = Vec::new();
        while let Some(Reverse(head)) = self.heads.peek()
            && head.0 == position
        {
            devices.push(head.2);
            self.heads.pop();
        }
        for device in &devices {
            self.push(store, *device, class, Some(position)).await?;
        }
        Ok(Some(Unfetched { position, class, devices }))
    }

    async fn push(
        &mut self,
        store: &dyn Store,
        device: DeviceNumber,
        class: Class,
        after: Option<Position>,
    ) -> Result<(), StoreError> {
        let next = store.next_queued(device, class, after).await?;
        self.heads.extend(
            next.filter(|position| *position <= self.cutoff)
                .map(|position| Reverse((position, class, device))),
        );
        Ok(())
    }
}
