//! What must be where in the end, and every way in which it can be otherwise.
//!
//! A test writes a [`Letter`] into its ledger before anybody can see it and notes its [`Fate`] as
//! its author learns it. When all is quiet it asks every app what it shows ([`Home`]), and
//! [`check`] compares: each letter is on every device it is owed to exactly once, byte for byte, in
//! an order that respects its author's, and nothing is anywhere it should not be. The simulation
//! and the crash test with real processes share this.

#[cfg(test)]
mod ledger_tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
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
pub struct Letter {
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
    /// Devices that must have it, the author's included.
    pub owed: BTreeSet<DeviceIndex>,
    /// Further devices that may have it, because they came into being meanwhile.
    pub allowed: BTreeSet<DeviceIndex>,
    /// How often it may be posted: twice if the home was copied while it waited in the outbox.
    pub posts: usize,
    /// What became of it.
    pub fate: Fate,
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
    /// Its messages, in any order.
    pub shown: Vec<Shown>,
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

/// A way in which what is there is not what should be there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wrong {
    /// A device lacks a letter that it is owed.
    Lacks {
        /// The device.
        device: DeviceIndex,
        /// The letter's marker.
        marker: String,
    },
    /// A home has a letter more often than it was posted.
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
    /// A letter has more ids at the service than it was posted.
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
        matches!(self, Self::Lacks { .. })
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lacks { device, marker } => write!(f, "device {device} lacks {marker}"),
            Self::Twice { device, marker } => write!(f, "device {device} has {marker} too often"),
            Self::Misplaced { device, marker } => {
                write!(f, "device {device} has {marker}, which it is not owed")
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

/// Everything that is wrong with what `homes` show of `letters`.
#[must_use]
pub fn check(letters: &[Letter], homes: &[Home]) -> Vec<Wrong> {
    let book = Book::new(letters, homes);
    let mut wrong: Vec<_> = homes.iter().flat_map(|home| book.check_home(home)).collect();
    wrong.extend(book.check_owed(homes));
    wrong.extend(book.check_ids(homes));
    wrong
}

/// The letters by their markers, and which of them must be everywhere.
struct Book<'a> {
    letters: BTreeMap<&'a str, &'a Letter>,
    due: BTreeSet<&'a str>,
}

impl<'a> Book<'a> {
    fn new(letters: &'a [Letter], homes: &[Home]) -> Self {
        let letters: BTreeMap<_, _> = letters.iter().map(|l| (l.marker.as_str(), l)).collect();
        let mut book = Self { letters, due: BTreeSet::new() };
        let shown = homes.iter().flat_map(|home| &home.shown);
        // What has an id was accepted, whatever became of the command.
        let accepted = shown.filter(|shown| shown.msgid.is_some());
        let accepted: BTreeSet<&str> =
            accepted.filter_map(|shown| Some(book.letter(shown)?.marker.as_str())).collect();
        let letters = book.letters.values().copied();
        let is_due = |letter: &&Letter| match letter.fate {
            Fate::Due => true,
            Fate::Unknown => accepted.contains(letter.marker.as_str()),
            Fate::Refused => false,
        };
        book.due = letters.filter(is_due).map(|letter| letter.marker.as_str()).collect();
        book
    }

    fn letter(&self, shown: &Shown) -> Option<&'a Letter> {
        self.letters.get(shown.text.split_whitespace().next()?).copied()
    }

    fn check_home(&self, home: &Home) -> Vec<Wrong> {
        let device = home.device;
        let mut wrong = Vec::new();
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for shown in &home.shown {
            let Some(letter) = self.letter(shown) else {
                let text = shown.text.chars().take(60).collect();
                wrong.push(Wrong::FromNobody { device, text });
                continue;
            };
            let marker = letter.marker.clone();
            if !letter.owed.contains(&device) && !letter.allowed.contains(&device) {
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
            let count = counts.entry(&letter.marker).or_default();
            *count += 1;
            if *count > letter.posts {
                wrong.push(Wrong::Twice { device, marker });
            }
        }
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
        key: impl Fn(&Letter, &Shown) -> Option<K>,
    ) -> Vec<Wrong> {
        let mut of_pens: BTreeMap<usize, Vec<(&Letter, K)>> = BTreeMap::new();
        for shown in &home.shown {
            let Some(letter) = self.letter(shown).filter(|letter| letter.posts == 1) else {
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

    /// Whether each device has what it is owed in one of its homes.
    fn check_owed(&self, homes: &[Home]) -> Vec<Wrong> {
        let mut there: BTreeSet<(DeviceIndex, &str)> = BTreeSet::new();
        for home in homes {
            let arrived = home.shown.iter().filter(|shown| shown.msgid.is_some());
            let letters = arrived.filter_map(|shown| self.letter(shown));
            there.extend(letters.map(|letter| (home.device, letter.marker.as_str())));
        }
        let due = self.due.iter().filter_map(|marker| self.letters.get(marker));
        let owed = due.flat_map(|letter| letter.owed.iter().map(move |device| (*device, letter)));
        owed.filter(|(device, letter)| !there.contains(&(*device, letter.marker.as_str())))
            .map(|(device, letter)| Wrong::Lacks { device, marker: letter.marker.clone() })
            .collect()
    }

    fn check_ids(&self, homes: &[Home]) -> Vec<Wrong> {
        let mut ids: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for shown in homes.iter().flat_map(|home| &home.shown) {
            if let (Some(letter), Some(msgid)) = (self.letter(shown), &shown.msgid) {
                ids.entry(&letter.marker).or_default().insert(msgid);
            }
        }
        let posts = |marker: &str| self.letters.get(marker).map_or(0, |letter| letter.posts);
        ids.into_iter()
            .filter(|(marker, ids)| ids.len() > posts(marker))
            .map(|(marker, ids)| Wrong::ManyIds {
                marker: marker.into(),
                ids: ids.into_iter().map(str::to_owned).collect(),
            })
            .collect()
    }

    fn difference(&self, letter: &Letter, shown: &Shown, home: &Home) -> Option<&'static str> {
        let same_files = letter.files.len() == shown.files.len()
            && letter.files.iter().zip(&shown.files).all(|(written, seen)| written.is_like(seen));
        // A device that came later does not have the letter that opened the thread; one that was
        // posted twice opens two, and a home may have the other.
        let opens = |shown: &Shown| {
            self.letter(shown)
                .is_some_and(|first| first.marker == letter.subject && first.posts == 1)
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
