//! The three members of the demo's club.

/// A member of the club.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Member {
    /// Has a laptop and a phone.
    Ada,
    /// Answers.
    Bjorn,
    /// Answers too.
    Carmen,
}

impl Member {
    /// Everybody.
    pub(crate) const ALL: [Self; 3] = [Self::Ada, Self::Bjorn, Self::Carmen];

    /// The alias by which the others find them.
    pub(crate) fn alias(self) -> &'static str {
        match self {
            Self::Ada => "Ada Lindqvist",
            Self::Bjorn => "Björn Ekdal",
            Self::Carmen => "Carmen Ortiz",
        }
    }
}
