//! Changes of the directory: each replaces a whole record, and knows its row.

use super::opening::{self, Opening};
use super::{Directory, GroupMember, Member, MemberNumber, rows};
use tmtp_store::Batch;

/// A record that replaces the old one.
#[derive(Debug, Clone)]
pub(crate) enum DirectoryChange {
    /// A new member, or a changed one.
    Member(MemberNumber, Member),
    /// A member's record in a group; the group is made if it is new.
    GroupMember {
        /// The group's name.
        gid: String,
        /// The member.
        member: MemberNumber,
        /// The record.
        record: GroupMember,
    },
    /// `to` lets `from` in by name, for good.
    Acquaintance {
        /// Who may write.
        from: MemberNumber,
        /// To whom.
        to: MemberNumber,
    },
    /// A member is open to the members of a group for a while; none: no longer.
    Opening {
        /// The member.
        member: MemberNumber,
        /// The group's name.
        gid: Box<str>,
        /// For how long, and to how many.
        opening: Option<Opening>,
    },
}

impl DirectoryChange {
    /// Adds the corresponding row.
    pub(crate) fn write(&self, rows: &mut Batch) {
        match self {
            Self::Member(number, member) => rows::write_member(rows, *number, member),
            Self::GroupMember { gid, member, record } => {
                rows::write_group_member(rows, gid, *member, record);
            }
            Self::Acquaintance { from, to } => rows::write_acquaintance(rows, *from, *to),
            Self::Opening { member, gid, opening } => {
                opening::write(rows, *member, gid, *opening);
            }
        }
    }
}

impl Directory {
    /// Applies a change, once its row is durable.
    pub(crate) fn apply(&mut self, change: DirectoryChange) {
        match change {
            DirectoryChange::Member(number, member) => self.put_member(number, member),
            DirectoryChange::GroupMember { gid, member, record } => {
                self.put_group_member(&gid, member, record);
            }
            DirectoryChange::Acquaintance { from, to } => self.put_acquaintance(from, to),
            DirectoryChange::Opening { member, gid, opening } => {
                self.put_opening(member, &gid, opening);
            }
        }
    }
}
