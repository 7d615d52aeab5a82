//! Violations that the ledger can find.

use std::fmt;

use super::entry::DeviceIndex;

/// What was returned.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// Letters of the thread with this subject; to whoever is named.
    Letters(String),
    /// Pings to the member with this alias.
    Pings(String),
}

/// A way in which what is there is not what should be there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wrong {
    /// A device lacks a letter that is for it.
    Lacks {
        /// The device.
        device: DeviceIndex,
        /// The letter's marker.
        marker: String,
    },
    /// Notices to an author report another number of letters that were not delivered.
    Returned {
        /// A device of the author.
        device: DeviceIndex,
        /// In which thread, or to whom, and whom they did not reach.
        what: What,
        /// Of how many letters.
        reported: u64,
        /// How many it should be.
        due: u64,
    },
    /// Notices to a device report fewer letters than were given up for it.
    NotReported {
        /// The device.
        device: DeviceIndex,
        /// Of how many messages.
        reported: u64,
        /// Letters that were given up, at least.
        due: u64,
    },
    /// A home has lost a letter that it once had.
    Forgotten {
        /// The device.
        device: DeviceIndex,
        /// The letter's marker.
        marker: String,
    },
    /// A device lacks a letter that may not have been for it, although another has it that stands in
    /// the same relation to it.
    Divided {
        /// The device.
        device: DeviceIndex,
        /// The letter's marker.
        marker: String,
    },
    /// A home has a letter more often than it was posted, or the same post twice.
    Twice {
        /// The device.
        device: DeviceIndex,
        /// The letter's marker.
        marker: String,
    },
    /// A home has a letter that is none of its device's.
    Misplaced {
        /// The device.
        device: DeviceIndex,
        /// The letter's marker.
        marker: String,
    },
    /// Somebody has a letter of which the service said that nobody was reached.
    RefusedButThere {
        /// The device.
        device: DeviceIndex,
        /// The letter's marker.
        marker: String,
    },
    /// Author, subject, text or attachments are not what was written.
    Changed {
        /// The device.
        device: DeviceIndex,
        /// The letter's marker.
        marker: String,
        /// What is not.
        what: &'static str,
    },
    /// A home has a message that nobody wrote.
    FromNobody {
        /// The device.
        device: DeviceIndex,
        /// How its text begins.
        text: String,
    },
    /// A letter came before one that its author wrote earlier.
    OutOfOrder {
        /// The device.
        device: DeviceIndex,
        /// The earlier letter.
        earlier: String,
        /// The later letter.
        later: String,
        /// By what it is later: the ids of the service, or the places in the home.
        by: &'static str,
    },
    /// A letter has several ids at the service, and cannot have been posted more than once.
    ManyIds {
        /// The letter's marker.
        marker: String,
        /// The ids.
        ids: Vec<String>,
    },
}

impl Wrong {
    /// Whether waiting may mend it.
    #[must_use]
    pub fn may_mend(&self) -> bool {
        matches!(
            self,
            Self::Lacks { .. }
                | Self::Divided { .. }
                | Self::Returned { .. }
                | Self::NotReported { .. }
        )
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lacks { device, marker } => write!(f, "device {device} lacks {marker}"),
            Self::Returned { device, what, reported, due } => {
                write!(
                    f,
                    "device {device} is told of {reported} instead of {due} returned: {what:?}"
                )
            }
            Self::NotReported { device, reported, due } => {
                write!(f, "device {device} is told that it is missing {reported}, and it is {due}")
            }
            Self::Forgotten { device, marker } => write!(f, "device {device} had {marker} once"),
            Self::Divided { device, marker } => {
                write!(f, "device {device} lacks {marker}, which its like have")
            }
            Self::Twice { device, marker } => write!(f, "device {device} has {marker} too often"),
            Self::Misplaced { device, marker } => {
                write!(f, "device {device} has {marker}, which is not for it")
            }
            Self::RefusedButThere { device, marker } => {
                write!(f, "device {device} has {marker}, which was refused")
            }
            Self::Changed { device, marker, what } => {
                write!(f, "device {device} has {marker} with another {what}")
            }
            Self::FromNobody { device, text } => {
                write!(f, "device {device} has what nobody wrote: {text:?}")
            }
            Self::OutOfOrder { device, earlier, later, by } => {
                write!(f, "device {device} has {later} before {earlier}, by their {by}")
            }
            Self::ManyIds { marker, ids } => write!(f, "{marker} has the ids {ids:?}"),
        }
    }
}
