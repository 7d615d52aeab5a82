//! Group: members who were invited, joined or left.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::member::MemberNumber;

/// A member's standing in a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// May join, and may already post.
    Invited,
    /// Gets posts to the group.
    Joined,
    /// Left by themselves and may rejoin.
    Left,
    /// Was removed by another and may not join until invited again.
    Removed,
}

/// A member's record in a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupMember {
    /// The alias they are known by in the group.
    pub alias: String,
    /// Their standing.
    pub standing: Standing,
    /// Who invited them, until they answer; earlier versions did not store it.
    pub inviter: Option<MemberNumber>,
    /// Whether they made the group; earlier versions did not store it.
    pub is_founder: bool,
}

/// A group. Its members are ordered, so that a post is queued in the same order every time.
#[derive(Debug)]
pub(crate) struct Group {
    name: Box<str>,
    members: BTreeMap<MemberNumber, GroupMember>,
    /// How many of them count against the limit: invited or joined.
    size: usize,
}

impl Group {
    pub(super) fn new(name: &str) -> Self {
        Self { name: name.into(), members: BTreeMap::new(), size: 0 }
    }

    /// Its name (gid).
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// A member's record.
    pub(crate) fn record(&self, member: MemberNumber) -> Option<&GroupMember> {
        self.members.get(&member)
    }

    /// Everybody who has joined.
    pub(crate) fn joined(&self) -> impl Iterator<Item = MemberNumber> + '_ {
        self.members
            .iter()
            .filter(|(_, record)| record.standing == Standing::Joined)
            .map(|(number, _)| *number)
    }

    /// Whether the member has joined.
    pub(crate) fn has_joined(&self, member: MemberNumber) -> bool {
        self.record(member).is_some_and(|record| record.standing == Standing::Joined)
    }

    /// Whether the member counts against the limit: invited or joined.
    pub(crate) fn counts(&self, member: MemberNumber) -> bool {
        self.record(member).is_some_and(|record| record.standing.is_current())
    }

    /// How many members count against the limit.
    pub(crate) fn size(&self) -> usize {
        self.size
    }

    pub(super) fn put(&mut self, member: MemberNumber, record: GroupMember) {
        self.size += usize::from(record.standing.is_current());
        let old = self.members.insert(member, record);
        self.size -= usize::from(old.is_some_and(|old| old.standing.is_current()));
    }
}

impl Standing {
    /// Invited or joined.
    pub(crate) fn is_current(self) -> bool {
        match self {
            Self::Invited | Self::Joined => true,
            Self::Left | Self::Removed => false,
        }
    }
}
