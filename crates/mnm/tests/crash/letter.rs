//! What is written: letters with markers, and the ledger of what became of each.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::cast::Member;

/// Bytes of an attachment between two markers.
const MARKED_EVERY_BYTES: usize = 4096;

/// Random numbers from a seed (splitmix64).
#[derive(Debug, Clone)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Dice of their own for somebody.
    pub(crate) fn fork(&mut self) -> Self {
        Self(self.next())
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn between(&mut self, from: u64, to: u64) -> u64 {
        from + self.next() % (to - from + 1)
    }

    /// True once in `n` times.
    pub(crate) fn once_in(&mut self, n: u64) -> bool {
        self.next().is_multiple_of(n)
    }

    pub(crate) fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        from.get(self.next() as usize % from.len().max(1))
    }

    /// Bytes in which the marker stands again and again.
    pub(crate) fn bytes(&mut self, len: usize, marker: &str) -> Vec<u8> {
        let mut bytes: Vec<u8> = std::iter::repeat_with(|| self.next().to_le_bytes())
            .take(len.div_ceil(8))
            .flatten()
            .collect();
        bytes.truncate(len);
        for piece in bytes.chunks_exact_mut(MARKED_EVERY_BYTES) {
            piece[..marker.len()].copy_from_slice(marker.as_bytes());
        }
        bytes
    }
}

/// What its author knows of a letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// The service has acknowledged it.
    Sent,
    /// It is in the outbox, so it must arrive in the end.
    Queued,
    /// The command died with the app. It may arrive, to everybody or to nobody.
    Unknown,
}

/// A letter.
#[derive(Debug, Clone)]
pub(crate) struct Letter {
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

impl Letter {
    /// Name of the attachment.
    pub(crate) fn file_name(&self) -> Option<String> {
        Some(self.file.as_ref()?.file_name()?.to_string_lossy().into_owned())
    }

    /// What follows the second header.
    pub(crate) fn content(&self) -> Vec<u8> {
        let mut content = self.text.clone().into_bytes();
        content.extend(self.file.iter().flat_map(|file| std::fs::read(file).unwrap()));
        content
    }
}

/// All letters, as their authors know them.
#[derive(Debug)]
pub(crate) struct Ledger {
    /// What every marker begins with, and nothing else in the world.
    pub(crate) run: String,
    letters: Mutex<Vec<Letter>>,
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
    pub(crate) fn note(&self, letter: Letter) {
        self.lock().push(letter);
    }

    pub(crate) fn settle(&self, marker: &str, fate: Fate) {
        self.lock().iter_mut().filter(|letter| letter.marker == marker).for_each(|letter| {
            letter.fate = fate;
        });
    }

    /// All of them, as of now.
    pub(crate) fn letters(&self) -> Vec<Letter> {
        self.lock().clone()
    }

    /// Who is subscribed to the thread with this subject.
    pub(crate) fn audience(&self, subject: &str) -> Option<BTreeSet<Member>> {
        let letters = self.lock();
        letters.iter().find(|letter| letter.marker == subject).map(|first| first.audience.clone())
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Letter>> {
        self.letters.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
