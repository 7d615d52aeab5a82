//! Positions: devices, the place of a message in the order of commits, and how far a reader of a queue has
//! come.

use std::fmt;

/// Number of a device, given by the directory and never given again.
pub type DeviceNumber = u32;

/// Priority of a message when a device catches up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Messages about the account itself, such as a new alias: before anything else.
    User,
    /// Everything else, in the order it was posted.
    Rest,
}

impl Class {
    /// Both, in order of delivery.
    pub(crate) const ALL: [Class; 2] = [Class::User, Class::Rest];

    pub(crate) fn byte(self) -> u8 {
        match self {
            Class::User => 0,
            Class::Rest => 1,
        }
    }

    pub(crate) fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            0 => Some(Class::User),
            1 => Some(Class::Rest),
            _ => None,
        }
    }
}

/// Place of a message in the order of commits, given at its commit. It rises over the whole store and is
/// never given again, so it is the id of the message too.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position(pub u64);

impl Position {
    /// Behind every message.
    pub const MAX: Self = Self(u64::MAX);

    /// The one before it; none before the first.
    pub fn before(self) -> Option<Self> {
        self.0.checked_sub(1).map(Self)
    }

    /// The position `messages` behind it.
    #[must_use]
    pub fn plus(self, messages: usize) -> Self {
        Self(self.0.saturating_add(messages as u64))
    }

    /// As in rows: big-endian, so that keys sort as positions do.
    pub fn to_be_bytes(self) -> [u8; 8] {
        self.0.to_be_bytes()
    }

    /// From a row.
    pub fn from_be_bytes(bytes: [u8; 8]) -> Self {
        Self(u64::from_be_bytes(bytes))
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How far a reader of one device's queue has come: the last message of each class.
///
/// One for each class, because a [`Class::User`] message that arrives after the reader went on to the
/// rest must still be found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cursor {
    last: [Option<Position>; 2],
}

impl Cursor {
    /// Before the first message.
    pub fn start() -> Self {
        Self::default()
    }

    /// Goes behind the message at `position` in `class`, if it is not there yet.
    pub fn advance(&mut self, class: Class, position: Position) {
        let last = &mut self.last[class as usize];
        *last = (*last).max(Some(position));
    }

    /// The last message of `class` that was read.
    pub fn after(self, class: Class) -> Option<Position> {
        self.last[class as usize]
    }
}
