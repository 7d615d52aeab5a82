//! Acts that messages to a device report, with their words on the wire.
//!
//! A word that is not known is kept, so that a message is written again as it came; apps ignore it.

use crate::request::OhiKind;

/// What happened in a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MemberAct {
    /// A member was invited.
    Invite,
    /// A member joined.
    Join,
    /// A member changed the alias to be known by in the group.
    Alias,
    /// A member left or was removed.
    Drop,
    /// Something that this revision does not know.
    Other(Box<str>),
}

impl MemberAct {
    /// The word on the wire.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Invite => "invite",
            Self::Join => "join",
            Self::Alias => "alias",
            Self::Drop => "drop",
            Self::Other(word) => word,
        }
    }
}

impl From<&str> for MemberAct {
    fn from(word: &str) -> Self {
        let known = [Self::Invite, Self::Join, Self::Alias, Self::Drop];
        let found = known.into_iter().find(|act| act.as_str() == word);
        found.unwrap_or_else(|| Self::Other(word.into()))
    }
}

impl From<String> for MemberAct {
    fn from(word: String) -> Self {
        word.as_str().into()
    }
}

/// How a presence list changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OhiAct {
    /// As a request of this kind says.
    Kind(OhiKind),
    /// In a way that this revision does not know.
    Other(Box<str>),
}

impl OhiAct {
    /// The word on the wire.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Kind(kind) => kind.as_str(),
            Self::Other(word) => word,
        }
    }
}

impl From<&str> for OhiAct {
    fn from(word: &str) -> Self {
        OhiKind::from_wire(word).map_or_else(|| Self::Other(word.into()), Self::Kind)
    }
}
