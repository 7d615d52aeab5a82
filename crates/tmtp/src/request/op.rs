//! Operations of requests: the list of them, and the properties that the file of each states.

use super::data::DataRule;
use crate::listed::listed;
use crate::revision::Revision;

/// Properties of all requests of one operation, stated in its file.
pub(super) struct Spec {
    /// `op` on the wire.
    pub(super) number: u8,
    /// The name, for logs.
    pub(super) name: &'static str,
    /// The first revision that has it.
    pub(super) since: Revision,
    /// When it is allowed on a link.
    pub(super) phase: Phase,
    /// The data that it takes.
    pub(super) data: DataRule,
}

/// The part of a link's life to which an operation belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// The first request.
    Greeting,
    /// The one that makes the link a device's.
    Entering,
    /// All others.
    On,
}

listed! {
    /// An operation that an app can ask for.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum Op {
        /// Op 0.
        TmtpRev,
        /// Op 1.
        Register,
        /// Op 2.
        Login,
        /// Op 3.
        UserEdit,
        /// Op 4.
        OhiEdit,
        /// Op 5.
        GroupInvite,
        /// Op 6.
        GroupEdit,
        /// Op 7.
        Post,
        /// Op 8.
        PostNotify,
        /// Op 9.
        Ping,
        /// Op 10.
        Ack,
        /// Op 11.
        Pulse,
        /// Op 12.
        Quit,
    }
}
