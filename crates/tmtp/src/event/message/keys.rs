//! Keys of a message's header.

use crate::id::{Gid, MessageId, UidOrGid};
use crate::request::OhiMember;

/// The keys of a message's header that differ by kind. A key that is not there is none, and a list
/// of groups that is not there is empty.
#[derive(Default)]
pub(super) struct Keys<'a> {
    pub(super) op: &'a str,
    pub(super) act: Option<&'a str>,
    pub(super) alias: Option<&'a str>,
    pub(super) copied: Option<&'a [UidOrGid]>,
    pub(super) gid: Option<&'a str>,
    pub(super) groups: &'a [Gid],
    pub(super) members: Option<&'a [OhiMember]>,
    pub(super) newalias: Option<&'a str>,
    pub(super) newnode: Option<&'a str>,
    pub(super) node: Option<&'a str>,
    pub(super) nodeid: Option<&'a str>,
    pub(super) notify: Option<u64>,
    pub(super) postid: Option<MessageId>,
    pub(super) to: Option<&'a str>,
    pub(super) kind: Option<&'a str>,
    pub(super) uid: Option<&'a str>,
}
