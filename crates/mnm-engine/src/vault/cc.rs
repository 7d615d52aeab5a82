//! Subscriber named in a letter.

use tmtp::id::{Uid, UidOrGid};

use super::party::{NewParty, is_uid};

/// Most subscribers accepted from a letter.
pub(super) const CC_MAX: usize = 1000;

/// One subscriber named in a letter. For a group both fields hold its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cc {
    /// Alias.
    pub who: String,
    /// Permanent id.
    pub who_uid: UidOrGid,
}

impl Cc {
    /// Whether it names a group: uid and name are equal. A member may use their own id as alias.
    pub(super) fn is_group(&self) -> bool {
        self.who_uid == *self.who && !is_uid(self.who_uid.as_str())
    }

    /// The party it names, added by `by`.
    pub(super) fn party<'a>(&'a self, by: &'a Uid, at_ms: i64) -> NewParty<'a> {
        let is_group = self.is_group();
        let (id, by) = (self.who_uid.as_str(), by.as_str());
        NewParty { id, alias: &self.who, is_group, by, at_ms }
    }
}
