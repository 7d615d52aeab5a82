//! Home of a device, as far as the ledger compares it.

use std::collections::BTreeSet;

use super::entry::{DeviceIndex, File};

/// Everything that one home of a device shows.
#[derive(Debug, Clone, Default)]
pub struct Home {
    /// Whose.
    pub device: DeviceIndex,
    /// Markers of letters that it had at an earlier time, and so must have for ever.
    pub had: BTreeSet<String>,
    /// Its messages, in any order.
    pub shown: Vec<Shown>,
    /// What the service itself has written to it.
    pub notices: Vec<Notice>,
}

/// A message as a home shows it.
#[derive(Debug, Clone)]
pub struct Shown {
    /// The id the service gave it; none while it is only here.
    pub msgid: Option<String>,
    /// Messages that came later have a larger one. The author's own have it from the writing.
    pub place: u64,
    /// By whom it says it is.
    pub from: String,
    /// The subject of its thread.
    pub subject: String,
    /// Its text.
    pub text: String,
    /// Its attachments.
    pub files: Vec<File>,
}

/// A letter of the service itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The subject of its thread.
    pub subject: String,
    /// Markers of the letters in its thread.
    pub thread: BTreeSet<String>,
    /// Its text.
    pub text: String,
}
