//! State of a queue copy: how much of the queue is copied, and what is left.

use crate::position::{Class, DeviceNumber, Position};
use crate::receipt::Answer;

/// A copy under way.
#[derive(Debug)]
pub(crate) struct Copying {
    pub(super) from: DeviceNumber,
    pub(super) to: DeviceNumber,
    /// The position up to which all is copied.
    pub(super) done: Option<(Class, Position)>,
    /// The last message that was committed when the copy began.
    pub(super) until: Position,
    pub(super) slices: usize,
    pub(super) answer: Answer,
}

impl Copying {
    /// Whether the message at `place` in the queue of `device` is still to be copied.
    pub(super) fn is_ahead(&self, device: DeviceNumber, place: (Class, Position)) -> bool {
        self.from == device && place.1 <= self.until && self.done.is_none_or(|done| place > done)
    }
}
