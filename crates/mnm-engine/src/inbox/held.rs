//! Messages left at the service because the disk has no room for them.

use std::collections::BTreeMap;

use tmtp::id::MessageId;

/// Number of messages remembered; more are not counted.
const MESSAGES_MAX: usize = 10_000;

/// Messages of one link that were not acknowledged, with the bytes of their data.
#[derive(Debug, Default)]
pub(crate) struct HeldMessages {
    messages: BTreeMap<MessageId, u64>,
}

impl HeldMessages {
    /// Adds one. It may come again on the same link.
    pub(crate) fn add(&mut self, id: MessageId, bytes: u64) {
        if self.messages.len() < MESSAGES_MAX {
            self.messages.insert(id, bytes);
        }
    }

    /// How many there are.
    pub(crate) fn len(&self) -> u64 {
        self.messages.len() as u64
    }

    /// Bytes of all.
    pub(crate) fn bytes(&self) -> u64 {
        self.messages.values().fold(0, |sum, bytes| sum.saturating_add(*bytes))
    }

    /// Bytes of the smallest, none when nothing is held.
    pub(crate) fn smallest(&self) -> Option<u64> {
        self.messages.values().min().copied()
    }
}
