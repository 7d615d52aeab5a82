//! Lengths of queues: how much each device is owed.

use super::Store;
use crate::counts::Queue;
use crate::row::DeviceNumber;

impl Store {
    /// What `device` is owed, as far as it is committed.
    pub fn queue(&self, device: DeviceNumber) -> Queue {
        self.shared.counts.queues().get(&device).copied().unwrap_or_default()
    }

    /// What `devices` are owed together, as far as it is committed.
    pub fn queues_together(&self, devices: &[DeviceNumber]) -> Queue {
        let queues = self.shared.counts.queues();
        let mut sum = Queue::default();
        for queue in devices.iter().filter_map(|device| queues.get(device)) {
            sum.messages += queue.messages;
            sum.bytes = sum.bytes.saturating_add(queue.bytes);
        }
        sum
    }

    /// Those of `devices` that are owed so many messages or bytes, or more.
    pub fn queues_over(
        &self,
        devices: &[DeviceNumber],
        messages: u64,
        bytes: u64,
    ) -> Vec<DeviceNumber> {
        let queues = self.shared.counts.queues();
        let is_over = |device: &&DeviceNumber| {
            queues.get(device).is_some_and(|q| q.messages >= messages || q.bytes >= bytes)
        };
        devices.iter().filter(is_over).copied().collect()
    }

    /// What each device is owed that is owed anything, in no order.
    pub fn queues(&self) -> Vec<(DeviceNumber, Queue)> {
        self.shared.counts.queues().iter().map(|(device, queue)| (*device, *queue)).collect()
    }
}
