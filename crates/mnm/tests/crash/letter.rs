//! Letters of the crash test, with markers, and the ledger of what became of each.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tmtp_testkit::dice::Dice;
pub(crate) use tmtp_testkit::ledger::Fate;
use tmtp_testkit::ledger::{self, File};

use crate::cast::{DEVICES, Member};

/// Bytes of an attachment between two markers.
pub(crate) const MARKED_EVERY_BYTES: usize = 4096;

/// A letter.
#[derive(Debug, Clone)]
pub(crate) struct TrackedLetter {
    /// Unique; its text begins with it.
    pub(crate) marker: String,
    /// Number of the device that wrote it.
    pub(crate) device: usize,
    /// Counted by that device.
    pub(crate) number: u64,
    /// Marker of the letter that opened the thread, which is the thread's subject.
    pub(crate) subject: String,
    /// Everybody subscribed, the author included.
    pub(crate) audience: BTreeSet<Member>,
    pub(crate) text: String,
    pub(crate) file: Option<PathBuf>,
    pub(crate) fate: Fate,
}

impl TrackedLetter {
    /// Name of the attachment.
    pub(crate) fn file_name(&self) -> Option<String> {
        Some(self.file.as_ref()?.file_name()?.to_string_lossy().into_owned())
    }

    /// As it is compared with what arrives.
    pub(crate) fn written(&self) -> ledger::LedgerEntry {
        let file = self.file_name().zip(self.file.as_ref());
        let is_required = |device: &usize| self.audience.contains(&Member::of(*device));
        ledger::LedgerEntry {
            marker: self.marker.clone(),
            author: self.device,
            pen: self.device,
            number: self.number,
            from: Member::of(self.device).alias().into(),
            subject: self.subject.clone(),
            text: self.text.clone(),
            files: file
                .map(|(name, path)| File::of(&name, &fs::read(path).unwrap()))
                .into_iter()
                .collect(),
            required: (0..DEVICES).filter(is_required).collect(),
            allowed: BTreeSet::new(),
            alike: Vec::new(),
            given_up: BTreeSet::new(),
            unreached: BTreeSet::new(),
            perhaps_unreached: BTreeSet::new(),
            ping_to: None,
            owners: BTreeSet::new(),
            repeats: false,
            fate: self.fate,
        }
    }
}

/// All letters, as their authors know them.
#[derive(Debug)]
pub(crate) struct Ledger {
    /// What every marker begins with, and nothing else in the world.
    pub(crate) run: String,
    letters: Mutex<Vec<TrackedLetter>>,
}

impl Ledger {
    pub(crate) fn new(seed: u64) -> Self {
        Self { run: format!("zq{seed:016x}"), letters: Mutex::default() }
    }

    /// The marker of a device's letter.
    pub(crate) fn marker(&self, device: usize, number: u64) -> String {
        format!("{}-{device}-{number:05}", self.run)
    }

    /// A text that begins with a marker.
    pub(crate) fn text(&self, marker: &str, dice: &mut Dice) -> String {
        let words = ["*tide*", "boat", "Größe", "oar", "`cox`", "mist", "river"];
        let count = dice.between(1, 300);
        let words: Vec<_> = (0..count).filter_map(|_| dice.pick(&words).copied()).collect();
        format!("{marker}\n\n{}", words.join(" "))
    }

    /// Notes a letter before anybody can see it.
    pub(crate) fn note(&self, letter: TrackedLetter) {
        self.lock().push(letter);
    }

    pub(crate) fn settle(&self, marker: &str, fate: Fate) {
        self.lock().iter_mut().filter(|letter| letter.marker == marker).for_each(|letter| {
            letter.fate = fate;
        });
    }

    /// All of them, as they are compared with what arrived.
    pub(crate) fn written(&self) -> Vec<ledger::LedgerEntry> {
        self.letters().iter().map(TrackedLetter::written).collect()
    }

    /// All of them, as of now.
    pub(crate) fn letters(&self) -> Vec<TrackedLetter> {
        self.lock().clone()
    }

    /// Who is subscribed to the thread with this subject.
    pub(crate) fn audience(&self, subject: &str) -> Option<BTreeSet<Member>> {
        let letters = self.lock();
        letters.iter().find(|letter| letter.marker == subject).map(|first| first.audience.clone())
    }

    fn lock(&self) -> MutexGuard<'_, Vec<TrackedLetter>> {
        self.letters.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
