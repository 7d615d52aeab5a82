//! Message cache: the last messages stored. Most are delivered at once, to devices that are online.
//!
//! The writer adds a message when its commit is durable, and removes it when no device waits for
//! it. A message that is not here is read from rows and bodies, as after a restart. Whether a
//! device waits for a message is never decided here.

use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use crate::position::Position;
use crate::row::Body;
use crate::sorted_queue::SortedQueue;

/// Bytes of messages that are kept, the overhead included.
const BYTES_MAX: usize = 2 * 1024 * 1024;
/// The overhead of a message.
const MESSAGE_BYTES: usize = 256;

/// A message with small data.
#[derive(Debug, Clone)]
pub(crate) struct CachedMessage {
    /// Where it lies on the disk.
    pub(crate) body: Body,
    pub(crate) head: Bytes,
    pub(crate) data: Bytes,
}

/// The last messages stored.
#[derive(Debug, Default)]
pub(crate) struct MessageCache {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    messages: SortedQueue<Position, CachedMessage>,
    bytes: usize,
}

impl MessageCache {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds messages that were stored, and removes the oldest to make room.
    pub(crate) fn put(&self, messages: impl IntoIterator<Item = (Position, CachedMessage)>) {
        let mut state = self.state();
        for (position, message) in messages {
            state.bytes += message.weight();
            state.messages.insert(position, message);
        }
        while state.bytes > BYTES_MAX
            && let Some(oldest) = state.messages.pop_first()
        {
            state.bytes -= oldest.weight();
        }
    }

    /// Where these messages are on the disk, as far as they are here.
    pub(crate) fn bodies(&self, positions: impl Iterator<Item = Position>) -> Vec<Option<Body>> {
        let state = self.state();
        positions
            .map(|position| state.messages.get(&position).map(|message| message.body))
            .collect()
    }

    /// The message, if it is here.
    pub(crate) fn get(&self, position: Position) -> Option<CachedMessage> {
        self.state().messages.get(&position).cloned()
    }

    /// Removes messages that no device waits for.
    pub(crate) fn forget(&self, positions: &[Position]) {
        let mut state = self.state();
        for position in positions {
            if let Some(message) = state.messages.remove(position) {
                state.bytes -= message.weight();
            }
        }
    }

    /// Frees the memory. Messages that still wait will be read from the disk.
    pub(crate) fn clear(&self) {
        *self.state() = State::default();
    }
}

impl CachedMessage {
    fn weight(&self) -> usize {
        MESSAGE_BYTES + self.head.len() + self.data.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extent::Extent;

    fn message(bytes: usize) -> CachedMessage {
        let small = Extent { segment: 1, offset: 0, len: 0, crc32c: 0 };
        let body = Body { head_len: 0, small, large: None };
        CachedMessage { body, head: Bytes::new(), data: vec![0; bytes].into() }
    }

    #[test]
    fn the_oldest_go_when_there_are_too_many_bytes() {
        let cache = MessageCache::default();
        for position in 1..=100 {
            cache.put(vec![(Position(position), message(64 * 1024))]);
        }
        assert!(cache.get(Position(1)).is_none() && cache.get(Position(100)).is_some());
        let kept = cache.bodies((1..=100).map(Position)).into_iter().flatten().count();
        assert!((20..=32).contains(&kept), "{kept}");
    }

    #[test]
    fn what_is_forgotten_leaves_its_room() {
        let cache = MessageCache::default();
        cache.put(vec![(Position(1), message(10)), (Position(2), message(20))]);
        cache.forget(&[Position(1), Position(3)]);
        assert!(cache.get(Position(1)).is_none() && cache.get(Position(2)).is_some());
        cache.forget(&[Position(2), Position(2)]);
        assert_eq!(cache.state().bytes, 0);
        cache.put(vec![(Position(4), message(5))]);
        cache.clear();
        assert!(cache.get(Position(4)).is_none());
    }
}
