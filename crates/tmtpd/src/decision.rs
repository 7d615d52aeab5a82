//! Decisions: what a request comes to, before anything of it is done.
//!
//! A request is decided by a pure function from [`Facts`] to a [`Decision`] or a [`Refusal`]: it waits
//! for nothing, writes nothing and counts nothing, so it can be asked again and tested without a disk.
//! [`commit`](crate::commit) does what a decision says, in one place.

use std::collections::{BTreeMap, BTreeSet};

use tmtp::event::MessageKind;

use crate::contacts::Ping;
use crate::day::day_of;
use crate::directory::{Directory, DirectoryChange, Kept, MemberNumber};
use crate::idempotency::RequestDigest;
use crate::outgoing::Outgoing;
use crate::terms::Terms;
use tmtp_store::Batch;
use tmtp_store::{DeviceNumber, Position, QueueLengths};

/// What requests are decided by, as it is at one moment.
#[derive(Clone, Copy)]
pub(crate) struct Facts<'a> {
    /// Who exists, and who may reach whom.
    pub(crate) directory: &'a Directory,
    /// How much waits for each device.
    pub(crate) queues: &'a dyn QueueLengths,
    /// What the administrator allows.
    pub(crate) terms: &'a Terms,
    /// Now, Unix milliseconds.
    pub(crate) now_ms: i64,
}

impl Facts<'_> {
    /// For how long openings hold.
    pub(crate) fn kept(&self) -> Kept {
        Kept { today: day_of(self.now_ms), days: self.terms.limits.undelivered_days }
    }
}

/// What becomes durable as one.
#[derive(Debug, Default)]
pub(crate) struct Decision {
    /// Messages, in the order of their ids.
    pub(crate) messages: Vec<Outgoing>,
    /// Whether the request becomes the first of them, so that its answer names that.
    pub(crate) is_message: bool,
    /// What changes in the directory: written with the messages, and true once that is durable.
    pub(crate) changes: Vec<DirectoryChange>,
    /// Rows that are of nothing in the directory.
    pub(crate) rows: Batch,
    /// Whom a member lets know of their presence from then on.
    pub(crate) sharing: Option<Sharing>,
    /// What is counted, in order; the first that is over its limit refuses the whole.
    pub(crate) tallies: Vec<Tally>,
    /// By which the request is recognised when this device sends it again.
    pub(crate) digest: Option<(RequestDigest, DeviceNumber)>,
    /// Messages that are given up for these devices. If one of them is settled already, nothing is
    /// committed.
    pub(crate) gives_up: Vec<(DeviceNumber, Position)>,
}

/// A change of whom a member lets know of their presence. It is in no row: apps say it at each login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sharing {
    /// The member.
    pub(crate) member: MemberNumber,
    /// Who knows.
    pub(crate) with: Vec<MemberNumber>,
    /// From now on, or no longer.
    pub(crate) is_shared: bool,
}

/// Something that is counted when a decision is submitted, not when it is durable: of two at one moment
/// each sees the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Tally {
    /// A ping or an invitation.
    Ping(Ping),
    /// `who` has written to these members by name, and so answered their pings.
    Answered {
        /// The author.
        who: MemberNumber,
        /// Whom the message names.
        members: BTreeSet<MemberNumber>,
    },
    /// So many changes of whom a member lets know of their presence.
    Presence(MemberNumber, usize),
    /// So many devices that are told what a member did in a group.
    GroupNotices(MemberNumber, usize),
    /// So many messages of each device's are given up.
    Missing(BTreeMap<DeviceNumber, u64>),
    /// A device is told of so many messages that were given up.
    ToldMissing(DeviceNumber, u64),
}

impl Decision {
    /// A message without data, and nothing else.
    pub(crate) fn notice(kind: MessageKind, devices: Vec<DeviceNumber>) -> Self {
        Self { messages: vec![Outgoing::notice(kind, devices)], ..Self::default() }
    }
}
