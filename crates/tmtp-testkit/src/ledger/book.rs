//! Comparison of what homes show with the ledger's letters.

use std::collections::{BTreeMap, BTreeSet};

use super::entry::{DeviceIndex, Fate, LedgerEntry};
use super::home::{Home, Shown};
use super::wrong::Wrong;

/// The letters by their markers, and which of them must be everywhere.
pub(super) struct Book<'a> {
    pub(super) letters: BTreeMap<&'a str, &'a LedgerEntry>,
    due: BTreeSet<&'a str>,
}

impl<'a> Book<'a> {
    pub(super) fn new(letters: &'a [LedgerEntry], homes: &[Home]) -> Self {
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
    pub(super) fn due_letters(&self) -> impl Iterator<Item = &'a LedgerEntry> {
        self.due.iter().filter_map(|marker| self.letters.get(marker).copied())
    }

    pub(super) fn check_home(&self, home: &Home) -> Vec<Wrong> {
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
    pub(super) fn check_owed(&self, homes: &[Home]) -> Vec<Wrong> {
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

    pub(super) fn check_ids(&self, homes: &[Home]) -> Vec<Wrong> {
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
