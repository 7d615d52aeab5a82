//! Ledger of a simulation: what must be where in the end, and every way in which it can be otherwise.
//!
//! A test writes a [`LedgerEntry`] into its ledger before anybody can see it and notes its [`Fate`] as
//! its author learns it. When all is quiet it asks every app what it shows ([`Home`]), and
//! [`check`] compares: each letter is on every device it is for exactly once, byte for byte, in
//! an order that respects its author's, and nothing is anywhere it should not be. The simulation
//! and the crash test with real processes share this.

#[cfg(test)]
mod ledger_tests;
mod notice;
mod wrong;

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};

pub use notice::{Notice, What};
pub use wrong::Wrong;

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
    /// By uid, members of whom that leaves no device that has it: the author is told once.
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
    fn may_be_on(&self, device: DeviceIndex) -> bool {
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

    fn is_like(&self, other: &Self) -> bool {
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

/// Everything that is wrong with what `homes` show of `letters`.
#[must_use]
pub fn check(letters: &[LedgerEntry], homes: &[Home]) -> Vec<Wrong> {
    let book = Book::new(letters, homes);
    let mut wrong: Vec<_> = homes.iter().flat_map(|home| book.check_home(home)).collect();
    wrong.extend(book.check_owed(homes));
    wrong.extend(book.check_ids(homes));
    wrong.extend(book.check_notices(homes));
    wrong
}

/// The letters by their markers, and which of them must be everywhere.
struct Book<'a> {
    letters: BTreeMap<&'a str, &'a LedgerEntry>,
    due: BTreeSet<&'a str>,
}

impl<'a> Book<'a> {
    fn new(letters: &'a [LedgerEntry], homes: &[Home]) -> Self {
        let letters: BTreeMap<_, _> = letters.iter().map(|l| (l.marker.as_str(), l)).collect();
        let mut book = Self { letters, due: BTreeSet::new() };
        let shown = homes.iter().flat_map(|home| &home.shown);
        // What has an id was accepted, whatever became of the command.
        let accepted = shown.filter(|shown| shown.msgid.is_some());
        let accepted: BTreeSet<&str> =
            accepted.filter_map(|shown| Some(book.letter(shown)?.marker.as_str())).collect();
        let letters = book.letters.values().copied();
        let is_due = |letter: &&LedgerEntry| match letter.fate {
            Fate::Due => true,
            Fate::Unknown => accepted.contains(letter.marker.as_str()),
            Fate::Refused => false,
        };
        book.due = letters.filter(is_due).map(|letter| letter.marker.as_str()).collect();
        book
    }

    fn letter(&self, shown: &Shown) -> Option<&'a LedgerEntry> {
        self.letters.get(shown.text.split_whitespace().next()?).copied()
    }

    /// Letters that the service has.
    fn due_letters(&self) -> impl Iterator<Item = &'a LedgerEntry> {
        self.due.iter().filter_map(|marker| self.letters.get(marker).copied())
    }

    fn check_home(&self, home: &Home) -> Vec<Wrong> {
        let device = home.device;
        let mut wrong = Vec::new();
        let mut seen = BTreeSet::new();
        for shown in &home.shown {
            let Some(letter) = self.letter(shown) else {
                let text = shown.text.chars().take(60).collect();
                wrong.push(Wrong::FromNobody { device, text });
                continue;
            };
            let marker = letter.marker.clone();
            if !letter.may_be_on(device) {
                wrong.push(Wrong::Misplaced { device, marker: marker.clone() });
            }
            if shown.msgid.is_none() && device != letter.author
                || shown.msgid.is_some() && letter.fate == Fate::Refused
            {
                wrong.push(Wrong::RefusedButThere { device, marker: marker.clone() });
            }
            if let Some(what) = self.difference(letter, shown, home) {
                wrong.push(Wrong::Changed { device, marker: marker.clone(), what });
            }
            let post = shown.msgid.as_deref().filter(|_| letter.repeats);
            if !seen.insert((letter.marker.as_str(), post)) {
                wrong.push(Wrong::Twice { device, marker });
            }
        }
        let shows: BTreeSet<_> = home
            .shown
            .iter()
            .filter_map(|shown| self.letter(shown))
            .map(|l| l.marker.as_str())
            .collect();
        let lost = home.had.iter().filter(|marker| !shows.contains(marker.as_str()));
        wrong.extend(lost.map(|marker| Wrong::Forgotten { device, marker: marker.clone() }));
        wrong.extend(self.check_order(home, "ids", |_, shown| shown.msgid.clone()));
        wrong.extend(self.check_order(home, "places", |letter, shown| {
            (letter.author != device && shown.msgid.is_some()).then_some(shown.place)
        }));
        wrong
    }

    /// Letters of one pen must rise by `key` as they do by their numbers.
    fn check_order<K: Ord>(
        &self,
        home: &Home,
        by: &'static str,
        key: impl Fn(&LedgerEntry, &Shown) -> Option<K>,
    ) -> Vec<Wrong> {
        let mut of_pens: BTreeMap<usize, Vec<(&LedgerEntry, K)>> = BTreeMap::new();
        for shown in &home.shown {
            let Some(letter) = self.letter(shown).filter(|letter| !letter.repeats) else {
                continue;
            };
            if let Some(key) = key(letter, shown) {
                of_pens.entry(letter.pen).or_default().push((letter, key));
            }
        }
        let mut wrong = Vec::new();
        for letters in of_pens.values_mut() {
            letters.sort_by_key(|(letter, _)| letter.number);
            for pair in letters.windows(2) {
                let [(earlier, first), (later, second)] = pair else { continue };
                if first > second {
                    wrong.push(Wrong::OutOfOrder {
                        device: home.device,
                        earlier: earlier.marker.clone(),
                        later: later.marker.clone(),
                        by,
                    });
                }
            }
        }
        wrong
    }

    /// Whether each device has what is for it in one of its homes.
    fn check_owed(&self, homes: &[Home]) -> Vec<Wrong> {
        let posts = self.posts(homes);
        self.due_letters()
            .flat_map(|letter| {
                let marker = &letter.marker;
                let devices_with: Vec<&BTreeSet<_>> =
                    posts.get(marker.as_str()).into_iter().flat_map(BTreeMap::values).collect();
                // Of its own letter a home shows one post.
                let has = |device: &DeviceIndex| match letter.repeats && *device != letter.author {
                    true => devices_with.iter().all(|devices| devices.contains(device)),
                    false => devices_with.iter().any(|devices| devices.contains(device)),
                };
                let lacking = letter.required.iter().filter(|device| !has(device));
                let lacking =
                    lacking.map(|device| Wrong::Lacks { device: *device, marker: marker.clone() });
                let divided = letter.alike.iter().filter(|like| like.iter().any(has));
                let divided = divided.flatten().filter(|device| !has(device));
                let divided = divided
                    .map(|device| Wrong::Divided { device: *device, marker: marker.clone() });
                lacking.chain(divided).collect::<Vec<_>>()
            })
            .collect()
    }

    /// By marker and id, the devices that have a letter in one of their homes.
    fn posts<'h>(
        &self,
        homes: &'h [Home],
    ) -> BTreeMap<&'a str, BTreeMap<&'h str, BTreeSet<DeviceIndex>>> {
        let mut posts: BTreeMap<_, BTreeMap<_, BTreeSet<_>>> = BTreeMap::new();
        for home in homes {
            for shown in &home.shown {
                if let (Some(letter), Some(msgid)) = (self.letter(shown), &shown.msgid) {
                    let ids = posts.entry(letter.marker.as_str()).or_default();
                    ids.entry(msgid.as_str()).or_default().insert(home.device);
                }
            }
        }
        posts
    }

    fn check_ids(&self, homes: &[Home]) -> Vec<Wrong> {
        let many = self.posts(homes).into_iter().filter(|(marker, ids)| {
            ids.len() > 1 && self.letters.get(marker).is_some_and(|letter| !letter.repeats)
        });
        many.map(|(marker, ids)| Wrong::ManyIds {
            marker: marker.into(),
            ids: ids.into_keys().map(str::to_owned).collect(),
        })
        .collect()
    }

    fn difference(&self, letter: &LedgerEntry, shown: &Shown, home: &Home) -> Option<&'static str> {
        let same_files = letter.files.len() == shown.files.len()
            && letter.files.iter().zip(&shown.files).all(|(written, seen)| written.is_like(seen));
        // A device that came later does not have the letter that opened the thread; one that was
        // posted twice opens two, and a home may have the other.
        let opens = |shown: &Shown| {
            self.letter(shown).is_some_and(|first| first.marker == letter.subject && !first.repeats)
        };
        let same_subject = letter.subject == shown.subject
            || shown.subject.is_empty() && !home.shown.iter().any(opens);
        match () {
            () if letter.from != shown.from => Some("author"),
            () if !same_subject => Some("subject"),
            () if letter.text != shown.text => Some("text"),
            () if !same_files => Some("attachment"),
            () => None,
        }
    }
}
