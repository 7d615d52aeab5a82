//! Decisions: the outcome of a request, before any of it is carried out.
//!
//! A pure function decides a request from [`Facts`]: it returns a [`Decision`] or a
//! [`Refusal`](crate::refusal::Refusal). It waits for nothing, writes nothing and counts nothing, so
//! it can be repeated and tested without a disk. [`commit`](crate::commit) carries decisions out, in
//! one place.
//!
//! Two operations are more than a decision: Register and the UserEdit that adds a device draw random
//! secrets, hold the lock of edits, and count rates themselves; adding a device is two commits.

use std::collections::{BTreeMap, BTreeSet};

use tmtp::event::MessageKind;

use crate::contacts::Ping;
use crate::day::day_of;
use crate::directory::{Directory, DirectoryChange, MemberNumber, OpeningPeriod};
use crate::idempotency::RequestDigest;
use crate::outgoing::Outgoing;
use crate::terms::Terms;
use tmtp_store::Batch;
use tmtp_store::{DeviceNumber, Position, QueueLengths};

/// The state that requests are decided by, at one moment.
#[derive(Clone, Copy)]
pub(crate) struct Facts<'a> {
    /// Members, groups, and who may write to whom.
    pub(crate) directory: &'a Directory,
    /// Queue sizes of devices.
    pub(crate) queues: &'a dyn QueueLengths,
    /// The configured terms.
    pub(crate) terms: &'a Terms,
    /// Now, Unix milliseconds.
    pub(crate) now_ms: i64,
}

impl Facts<'_> {
    /// How long openings last.
    pub(crate) fn kept(&self) -> OpeningPeriod {
        OpeningPeriod { today: day_of(self.now_ms), days: self.terms.limits.undelivered_days }
    }
}

/// What becomes durable in one commit.
#[derive(Debug, Default)]
pub(crate) struct Decision {
    /// Messages, in the order of their ids.
    pub(crate) messages: Vec<Outgoing>,
    /// Whether the request itself is the first of them, so that its answer carries that id.
    pub(crate) is_message: bool,
    /// What changes in the directory: written with the messages, and true once that is durable.
    pub(crate) changes: Vec<DirectoryChange>,
    /// Rows outside of the directory.
    pub(crate) rows: Batch,
    /// Change of a member's presence sharing from then on.
    pub(crate) sharing: Option<Sharing>,
    /// Rate limits to count against, in order; the first that is exceeded refuses the whole.
    pub(crate) tallies: Vec<Tally>,
    /// Identifies the request when this device sends it again.
    pub(crate) digest: Option<(RequestDigest, DeviceNumber)>,
    /// Messages that are given up for these devices. If one of them is acknowledged by then,
    /// nothing is committed.
    pub(crate) gives_up: Vec<(DeviceNumber, Position)>,
}

/// A change of presence sharing. It is not stored: apps repeat it at each login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sharing {
    /// The member.
    pub(crate) member: MemberNumber,
    /// The others.
    pub(crate) with: Vec<MemberNumber>,
    /// Sharing starts, or ends.
    pub(crate) is_shared: bool,
}

/// Something that is counted when a decision is submitted, not when it is durable: of two
/// concurrent requests each sees the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Tally {
    /// A ping or an invitation.
    Ping(Ping),
    /// `who` has written to these members by name, which answers their pings.
    Answered {
        /// The author.
        who: MemberNumber,
        /// Members named in the message.
        members: BTreeSet<MemberNumber>,
    },
    /// A number of changes of a member's presence sharing.
    Presence(MemberNumber, usize),
    /// A number of devices that are notified of a member's act in a group.
    GroupNotices(MemberNumber, usize),
    /// A number of messages per device that are given up.
    Missing(BTreeMap<DeviceNumber, u64>),
    /// A device is notified of this many messages that were given up.
    GapNotice(DeviceNumber, u64),
}

impl Decision {
    /// A decision that is one message without data.
    pub(crate) fn notice(kind: MessageKind, devices: Vec<DeviceNumber>) -> Self {
        Self { messages: vec![Outgoing::notice(kind, devices)], ..Self::default() }
    }
}
