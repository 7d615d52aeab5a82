//! Parts of the requests that edit: what is changed of an account, a presence list or a group.

use crate::id::{Alias, Uid};

/// What a UserEdit changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UserEdit {
    /// Adds a device with this label.
    NewNode(String),
    /// Adds an alias.
    NewAlias(Alias),
}

/// What an OhiEdit does to the set of members who are notified of our presence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OhiKind {
    /// Adds members; the sender's other devices are notified.
    Add,
    /// Takes members out; the sender's other devices are notified.
    Drop,
    /// Adds members after a login, quietly.
    Init,
}

impl OhiKind {
    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Drop => "drop",
            Self::Init => "init",
        }
    }

    /// The kind with this word.
    pub fn from_wire(word: &str) -> Option<Self> {
        [Self::Add, Self::Drop, Self::Init].into_iter().find(|kind| kind.as_str() == word)
    }
}

/// A member named in an OhiEdit; the type means nothing but is echoed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OhiMember {
    /// Who.
    pub uid: Uid,
    /// Whatever type the request gave, 0 for none.
    pub kind: i8,
}

/// What a GroupEdit does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GroupAct {
    /// The sender joins, under another alias if one is given.
    Join {
        /// The alias to be known by in the group.
        newalias: Option<Alias>,
    },
    /// The sender changes the alias to be known by in the group.
    Alias {
        /// The new one.
        newalias: Alias,
    },
    /// Somebody leaves or is removed.
    Drop {
        /// Their alias in the group.
        to: Alias,
    },
}
