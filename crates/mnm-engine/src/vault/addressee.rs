//! Addressee of a post: a member or a group.

use serde::{Deserialize, Serialize};
use tmtp::id::{Gid, Uid, UidOrGid};

/// One addressee of a post.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Addressee {
    /// Permanent id, or a group's name.
    pub id: UidOrGid,
    /// Whether it is a group.
    pub is_group: bool,
}

impl Addressee {
    pub(super) fn member(uid: Uid) -> Self {
        Self { id: uid.into(), is_group: false }
    }

    pub(super) fn group(gid: Gid) -> Self {
        Self { id: gid.into(), is_group: true }
    }
}
