//! Ledger entry: a letter as it was written, and which devices it is for.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};

/// Number of a device. A home copied to a second machine is the same device.
pub type DeviceIndex = usize;

/// What its author knows of a letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// The service has acknowledged it, or it is in the outbox: it must arrive in the end.
    Due,
    /// The command died with the app. It may arrive: at everybody or at nobody.
    Unknown,
    /// The service refused it, and so nobody may have it.
    Refused,
}

/// A letter as it was written.
#[derive(Debug, Clone)]
pub struct LedgerEntry {
    /// Unique; its text begins with it.
    pub marker: String,
    /// The device that wrote it.
    pub author: DeviceIndex,
    /// Whose order it is part of: letters of one pen arrive in the order of their numbers. A device
    /// whose home was copied has two pens from then on.
    pub pen: usize,
    /// Its place in that order.
    pub number: u64,
    /// By whom recipients see it.
    pub from: String,
    /// The subject of its thread, which is the marker of the letter that opened it.
    pub subject: String,
    /// Its text.
    pub text: String,
    /// Its attachments.
    pub files: Vec<File>,
    /// The alias it is addressed to, if it is a ping.
    pub ping_to: Option<String>,
    /// All devices of the member who wrote it.
    pub owners: BTreeSet<DeviceIndex>,
    /// Devices that must have it, the author's included.
    pub required: BTreeSet<DeviceIndex>,
    /// Further devices that may have it, because they came into being meanwhile.
    pub allowed: BTreeSet<DeviceIndex>,
    /// Devices of which all have it or none has, where it is not known which.
    pub alike: Vec<BTreeSet<DeviceIndex>>,
    /// Devices that it was given up for, because they were away for so long; none of them has it.
    pub given_up: BTreeSet<DeviceIndex>,
    /// By uid, members of whom that leaves no device that has it: the author is notified once.
    pub unreached: BTreeSet<String>,
    /// Members of whom that is so if the letter went to them, which nobody who was there can tell.
    pub perhaps_unreached: BTreeSet<String>,
    /// Whether it may have been posted more than once: written on one of two machines that are the
    /// same device, or in the outbox when the home was copied. The service knows the last message of
    /// each device when it comes again, and of two that write in turn that is the other's. Every post
    /// of it is for everybody.
    pub repeats: bool,
    /// What became of it.
    pub fate: Fate,
}

impl LedgerEntry {
    pub(super) fn may_be_on(&self, device: DeviceIndex) -> bool {
        let alike = self.alike.iter().any(|like| like.contains(&device));
        alike || self.required.contains(&device) || self.allowed.contains(&device)
    }
}

/// An attachment, as far as it is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its name.
    pub name: String,
    /// Its length in bytes.
    pub len: u64,
    /// The [`sum`] of its bytes, where somebody has read them.
    pub sum: Option<u64>,
}

impl File {
    /// A file with these bytes.
    #[must_use]
    pub fn of(name: &str, bytes: &[u8]) -> Self {
        Self { name: name.into(), len: bytes.len() as u64, sum: Some(sum(bytes)) }
    }

    pub(super) fn is_like(&self, other: &Self) -> bool {
        let sums = self.sum.zip(other.sum);
        self.name == other.name && self.len == other.len && sums.is_none_or(|(a, b)| a == b)
    }
}

/// A number that different bytes do not share by accident.
#[must_use]
pub fn sum(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    hasher.finish()
}
