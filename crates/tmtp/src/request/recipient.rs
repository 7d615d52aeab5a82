//! Recipients of a post: members and groups, as `for` and `notefor` list them.

use super::key::required;
use crate::head::{HeadWriter, RawRecipient, write_text};
use crate::id::{Gid, Uid};
use crate::quit::Quit;

/// Whom a post is for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Recipient {
    /// A member, by uid (type 1).
    Member(Uid),
    /// A group with the sender (type 2), by name.
    GroupWithSender(Gid),
    /// A group without the sender (type 3), by name.
    Group(Gid),
}

impl Recipient {
    pub(super) fn read_all(list: Vec<RawRecipient>) -> Result<Vec<Self>, Quit> {
        list.into_iter().map(Self::read).collect()
    }

    fn read(raw: RawRecipient) -> Result<Self, Quit> {
        match raw.kind {
            Some(1) => Ok(Self::Member(required(raw.id)?)),
            Some(2) => Ok(Self::GroupWithSender(required(raw.id)?)),
            Some(3) => Ok(Self::Group(required(raw.id)?)),
            _ => Err(Quit::InvalidHeader),
        }
    }

    pub(super) fn write_all<'a>(
        head: &'a mut HeadWriter,
        key: &'static str,
        list: &[Self],
    ) -> &'a mut HeadWriter {
        head.list(key, list, |out, recipient| {
            let (id, kind) = match recipient {
                Self::Member(uid) => (uid.as_str(), 1),
                Self::GroupWithSender(gid) => (gid.as_str(), 2),
                Self::Group(gid) => (gid.as_str(), 3),
            };
            out.extend_from_slice(b"{\"id\":");
            write_text(out, id);
            out.extend_from_slice(format!(",\"type\":{kind}}}").as_bytes());
        })
    }
}
