//! Lengths of queues in the embedded store: counted as they change (`counts.rs`), so that asking costs
//! nothing.

use std::sync::atomic::Ordering;

use super::EmbeddedStore;
use crate::position::DeviceNumber;
use crate::store::{Queue, QueueLengths, Stats};

impl QueueLengths for EmbeddedStore {
    fn queue(&self, device: DeviceNumber) -> Queue {
        self.shared.counts.queues().get(&device).copied().unwrap_or_default()
    }

    fn queues_together(&self, devices: &[DeviceNumber]) -> Queue {
        let queues = self.shared.counts.queues();
        let mut sum = Queue::default();
        for queue in devices.iter().filter_map(|device| queues.get(device)) {
            sum.messages += queue.messages;
            sum.bytes = sum.bytes.saturating_add(queue.bytes);
        }
        sum
    }

    fn queues_over(
        &self,
        devices: &[DeviceNumber],
        messages: u64,
        bytes: u64,
    ) -> Vec<DeviceNumber> {
        let queues = self.shared.counts.queues();
        let is_over = |device: &&DeviceNumber| {
            queues.get(device).is_some_and(|queue| queue.reaches(Queue { messages, bytes }))
        };
        devices.iter().filter(is_over).copied().collect()
    }
}

impl EmbeddedStore {
    pub(super) fn all_queues(&self) -> Vec<(DeviceNumber, Queue)> {
        self.shared.counts.queues().iter().map(|(device, queue)| (*device, *queue)).collect()
    }

    pub(super) fn count_all(&self) -> Stats {
        let alive = self.shared.bodies.alive();
        let small: u64 = alive.segments.values().map(|live| live.bytes).sum();
        Stats {
            messages: self.shared.counts.messages.load(Ordering::Relaxed),
            queued: self.shared.counts.queued.load(Ordering::Relaxed),
            body_bytes: small + alive.large_bytes,
            segments: alive.segments.len() as u64,
        }
    }
}
