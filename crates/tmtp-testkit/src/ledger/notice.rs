//! Notices of the service in the ledger: which letters did not reach whom, and what a device is missing.
//!
//! It writes one notice about letters of one author, in one thread, to the same members, that are
//! given up in one commit, and says how many they are. So the numbers are added up: every letter is
//! counted once.

use std::collections::{BTreeMap, BTreeSet};

use super::book::Book;
use super::entry::{DeviceIndex, LedgerEntry};
use super::home::{Home, Notice};
use super::wrong::{What, Wrong};

/// How many letters are returned in one place.
#[derive(Debug, Clone, Copy, Default)]
struct Due {
    letters: u64,
    /// And these, if they went to members of whom nobody can tell.
    perhaps: u64,
    /// Whether one may have been posted more than once.
    repeats: bool,
}

/// What a ping's notice says before the alias.
const PING: &str = "Not delivered: ping to ";

impl Notice {
    /// How many messages it says are concerned: `Your message of …`, `Your 3 messages from …`,
    /// `This device was away for so long that 3 messages …`.
    fn count(&self) -> u64 {
        let words = self.text.split_whitespace().take_while(|word| !is_kind(word));
        words.last().and_then(|word| word.parse().ok()).unwrap_or(1)
    }

    fn is_of_return(&self) -> bool {
        self.text.starts_with("Your ")
    }
}

fn is_kind(word: &str) -> bool {
    ["message", "ping", "invitation"].iter().any(|kind| word.trim_end_matches('s') == *kind)
}

impl Book<'_> {
    /// Whether authors are notified of each letter that did not arrive, once, and devices of what they
    /// are missing.
    pub(super) fn check_notices(&self, homes: &[Home]) -> Vec<Wrong> {
        let mut notices: BTreeMap<DeviceIndex, Vec<&Notice>> = BTreeMap::new();
        for home in homes {
            notices.entry(home.device).or_default().extend(&home.notices);
        }
        let mut wrong = Vec::new();
        for (device, notices) in notices {
            wrong.extend(self.check_returned(device, &notices));
            wrong.extend(self.check_missing(device, &notices));
        }
        wrong
    }

    fn check_returned(&self, device: DeviceIndex, notices: &[&Notice]) -> Vec<Wrong> {
        let mut reported: BTreeMap<What, u64> = BTreeMap::new();
        for notice in notices.iter().filter(|notice| notice.is_of_return()) {
            *reported.entry(self.subject_of(notice)).or_default() += notice.count();
        }
        let mut due: BTreeMap<What, Due> = BTreeMap::new();
        for letter in self.due_letters().filter(|letter| letter.owners.contains(&device)) {
            let is_due = !letter.unreached.is_empty();
            if is_due || !letter.perhaps_unreached.is_empty() {
                let due = due.entry(letter.what()).or_default();
                *(if is_due { &mut due.letters } else { &mut due.perhaps }) += 1;
                due.repeats |= letter.repeats;
            }
        }
        let all: BTreeSet<What> = reported.keys().chain(due.keys()).cloned().collect();
        all.into_iter()
            .filter_map(|what| {
                let reported = reported.get(&what).copied().unwrap_or_default();
                let Due { letters, perhaps, repeats } = due.get(&what).copied().unwrap_or_default();
                let is_right = reported >= letters && (reported <= letters + perhaps || repeats);
                (!is_right).then_some(Wrong::Returned { device, what, reported, due: letters })
            })
            .collect()
    }

    fn subject_of(&self, notice: &Notice) -> What {
        if let Some(alias) = notice.subject.strip_prefix(PING) {
            return What::Pings(alias.into());
        }
        let of_thread = notice.thread.iter().find_map(|marker| self.letters.get(marker.as_str()));
        What::Letters(of_thread.map_or(&notice.subject, |letter| &letter.subject).clone())
    }

    fn check_missing(&self, device: DeviceIndex, notices: &[&Notice]) -> Option<Wrong> {
        let missing = notices.iter().filter(|notice| !notice.is_of_return());
        let reported = missing.map(|notice| notice.count()).sum();
        let given_up = self.due_letters().filter(|letter| letter.given_up.contains(&device));
        let due = given_up.count() as u64;
        (reported < due).then_some(Wrong::NotReported { device, reported, due })
    }
}

impl LedgerEntry {
    fn what(&self) -> What {
        match &self.ping_to {
            Some(alias) => What::Pings(alias.clone()),
            None => What::Letters(self.subject.clone()),
        }
    }
}
