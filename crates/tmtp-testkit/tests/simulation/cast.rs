//! Who takes part, what they have written, and what the devices have to have of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tmtp_testkit::ledger::{DeviceIndex, Fate, File, Letter};

/// Number of a member.
pub(crate) type MemberIndex = usize;

/// The group of all.
pub(crate) const GROUP: &str = "Everyone of it";

/// Everybody, and the letters. Clones are the same.
#[derive(Debug, Clone)]
pub(crate) struct Cast {
    state: Arc<Mutex<State>>,
    /// What every marker begins with, and nothing else in the world.
    pub(crate) run: Arc<str>,
}

#[derive(Debug, Default)]
struct State {
    uids: Vec<String>,
    /// Whose each device is. It counts from the moment the service has granted it.
    devices: Vec<MemberIndex>,
    letters: Vec<Letter>,
    audiences: BTreeMap<String, BTreeSet<MemberIndex>>,
    numbers: u64,
}

/// What a letter says.
#[derive(Debug, Clone)]
pub(crate) struct Content {
    pub(crate) text: String,
    pub(crate) files: Vec<(String, Vec<u8>)>,
}

impl Cast {
    pub(crate) fn new(seed: u64) -> Self {
        Self { state: Arc::default(), run: format!("zq{seed:012x}").into() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a member calls themselves.
    pub(crate) fn alias(member: MemberIndex) -> String {
        format!("member {member} of it")
    }

    pub(crate) fn member_called(alias: &str) -> Option<MemberIndex> {
        alias.strip_prefix("member ")?.strip_suffix(" of it")?.parse().ok()
    }

    /// A new member with a first device.
    pub(crate) fn add_member(&self, uid: String) -> (MemberIndex, DeviceIndex) {
        let mut state = self.state();
        state.uids.push(uid);
        let member = state.uids.len() - 1;
        state.devices.push(member);
        (member, state.devices.len() - 1)
    }

    /// A further device of a member, who is owed whatever is written from now on.
    pub(crate) fn add_device(&self, member: MemberIndex) -> DeviceIndex {
        let mut state = self.state();
        state.devices.push(member);
        state.devices.len() - 1
    }

    pub(crate) fn members(&self) -> usize {
        self.state().uids.len()
    }

    pub(crate) fn devices(&self) -> usize {
        self.state().devices.len()
    }

    /// A marker that was never used.
    pub(crate) fn marker(&self) -> String {
        let mut state = self.state();
        state.numbers += 1;
        format!("{}-{:04}", self.run, state.numbers)
    }

    /// Who is subscribed to the thread with this subject.
    pub(crate) fn audience(&self, subject: &str) -> Option<BTreeSet<MemberIndex>> {
        self.state().audiences.get(subject).cloned()
    }

    /// Notes a letter before anybody can see it. Its subject is new, or that of a thread.
    pub(crate) fn note(
        &self,
        pen: usize,
        author: DeviceIndex,
        marker: &str,
        subject: &str,
        audience: &BTreeSet<MemberIndex>,
        content: &Content,
    ) {
        let mut state = self.state();
        state.numbers += 1;
        state.audiences.entry(subject.into()).or_insert_with(|| audience.clone());
        let devices = state.devices.iter().enumerate();
        let owed = devices.filter(|(_, of)| audience.contains(of)).map(|(device, _)| device);
        let letter = Letter {
            marker: marker.into(),
            author,
            pen,
            number: state.numbers,
            from: state.uids[state.devices[author]].clone(),
            subject: subject.into(),
            text: content.text.clone(),
            files: content.files.iter().map(|(name, bytes)| File::of(name, bytes)).collect(),
            owed: owed.collect(),
            allowed: BTreeSet::new(),
            posts: 1,
            fate: Fate::Unknown,
        };
        state.letters.push(letter);
    }

    /// What became of a letter.
    pub(crate) fn settle(&self, marker: &str, fate: Fate) {
        self.change(marker, |letter, _| letter.fate = fate);
    }

    /// It is about to be queued once more, behind all others.
    pub(crate) fn retry(&self, marker: &str) {
        self.change(marker, |letter, number| {
            letter.number = number;
            letter.fate = Fate::Unknown;
        });
    }

    /// It waits in two outboxes.
    pub(crate) fn doubled(&self, marker: &str) {
        self.change(marker, |letter, _| letter.posts += 1);
    }

    fn change(&self, marker: &str, change: impl FnOnce(&mut Letter, u64)) {
        let mut state = self.state();
        state.numbers += 1;
        let number = state.numbers;
        if let Some(letter) = state.letters.iter_mut().find(|letter| letter.marker == marker) {
            change(letter, number);
        }
    }

    /// All letters, with the devices that came later allowed to have them.
    pub(crate) fn letters(&self) -> Vec<Letter> {
        let state = self.state();
        let mut letters = state.letters.clone();
        for letter in &mut letters {
            let Some(audience) = state.audiences.get(&letter.subject) else { continue };
            let devices = state.devices.iter().enumerate();
            let all = devices.filter(|(_, of)| audience.contains(of)).map(|(device, _)| device);
            letter.allowed = all.filter(|device| !letter.owed.contains(device)).collect();
        }
        letters
    }
}

/// The marker with which a text begins.
pub(crate) fn marker_of(text: &str) -> &str {
    text.split_whitespace().next().unwrap_or_default()
}
