//! Revisions of the protocol, and which of them a link speaks. Which operations a revision has, each of
//! them states in its file.

use crate::listed::listed;

listed! {
    /// A revision that this crate speaks. The service chooses it: see [`Revision::answering`].
    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
    pub enum Revision {
        /// Revision 1. Also what a link speaks before it was greeted.
        #[default]
        One,
    }
}

impl Revision {
    /// The highest, which an app asks for.
    pub const HIGHEST: Self = Self::One;

    /// As in TmtpRev.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::One => "1",
        }
    }

    /// The revision called so, if this crate speaks it.
    pub fn from_wire(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|revision| revision.as_str() == text)
    }

    /// What a service answers an app that asks for the revision called `wanted`: that one, or the highest
    /// that it speaks if it does not know it. The app decides whether that will do.
    pub fn answering(wanted: &str) -> Self {
        Self::from_wire(wanted).unwrap_or(Self::HIGHEST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_revision_is_answered_with_the_highest() {
        assert_eq!(Revision::answering("1"), Revision::One);
        for wanted in ["", "0", "2", "one", "11"] {
            assert_eq!(Revision::from_wire(wanted), None, "{wanted}");
            assert_eq!(Revision::answering(wanted), Revision::HIGHEST, "{wanted}");
        }
    }
}
