//! Cast of the simulation: who takes part, what they wrote, and what the devices have to have of it.

use std::collections::{BTreeMap, BTreeSet};
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tmtp_testkit::ledger::{DeviceIndex, Fate, File, Home, LedgerEntry};

use crate::club::{Club, Moment, Standing};

/// Number of a member.
pub(crate) type MemberIndex = usize;

/// The group of all.
pub(crate) const GROUP: &str = "Everyone of it";

/// Pens of pings have numbers above all homes.
const PINGS: usize = 1_000_000;

/// Everybody, and the letters. Clones are the same.
#[derive(Debug, Clone)]
pub(crate) struct Cast {
    state: Arc<Mutex<State>>,
    /// What every marker begins with, and nothing else in the world.
    pub(crate) run: Arc<str>,
}

/// Whom a letter goes to.
#[derive(Debug, Clone, Default)]
pub(crate) struct Audience {
    pub(crate) members: BTreeSet<MemberIndex>,
    /// And whoever is in the club.
    pub(crate) club: bool,
}

/// A letter as somebody begins to send it.
#[derive(Debug)]
pub(crate) struct Posting<'a> {
    pub(crate) home: usize,
    pub(crate) device: DeviceIndex,
    pub(crate) marker: &'a str,
    /// The marker of the letter that opened the thread, or its own.
    pub(crate) subject: &'a str,
    pub(crate) audience: &'a Audience,
    pub(crate) content: &'a Content,
    pub(crate) since: Moment,
    /// Whether the app that writes it knows that it is in the club.
    pub(crate) in_club: bool,
}

/// A ping as somebody begins to send it.
#[derive(Debug)]
struct Greeting<'a> {
    device: DeviceIndex,
    to: MemberIndex,
    group: &'a str,
    marker: &'a str,
    text: &'a str,
    since: Moment,
}

#[derive(Debug, Default)]
struct State {
    uids: Vec<String>,
    /// Whose each device is. It counts from the moment the service has granted it.
    devices: Vec<MemberIndex>,
    letters: Vec<Noted>,
    /// By subject, whom every letter of a thread goes to.
    threads: BTreeMap<String, Audience>,
    numbers: u64,
    club: Club,
    /// Devices that several machines are.
    copied: BTreeSet<DeviceIndex>,
    /// Devices that are away for so long that nothing waits for them.
    away: BTreeSet<DeviceIndex>,
}

/// A letter, and what decides whom it reaches.
#[derive(Debug, Clone)]
struct Noted {
    letter: LedgerEntry,
    /// Devices there were when it was written, and those that were away.
    devices: usize,
    away: BTreeSet<DeviceIndex>,
    audience: Audience,
    since: Moment,
    in_club: bool,
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

    /// A further device of a member, which is to get whatever is written from now on.
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

    /// Whom every letter of the thread with this subject goes to.
    pub(crate) fn audience(&self, subject: &str) -> Option<Audience> {
        self.state().threads.get(subject).cloned()
    }

    /// Lets one member move in and out of the club.
    pub(crate) fn set_mover(&self, member: Option<MemberIndex>) {
        self.state().club.mover = member;
    }

    pub(crate) fn mover(&self) -> Option<MemberIndex> {
        self.state().club.mover
    }

    /// As [`Club::begin_move`].
    pub(crate) fn begin_move(&self, begin: Moment) -> bool {
        self.state().club.begin_move(begin)
    }

    /// As [`Club::end_move`].
    pub(crate) fn end_move(&self, end: Moment) {
        self.state().club.end_move(end);
    }

    /// Notes a letter before anybody can see it.
    pub(crate) fn note(&self, posting: &Posting<'_>) {
        let state = &mut *self.state();
        let Posting { home, device, marker, subject, audience, content, since, in_club } = *posting;
        let author = state.devices[device];
        // Whoever wrote the first letter is a party of the thread; in a group the others are not.
        let opened = || {
            let members = if audience.club { [author].into() } else { audience.members.clone() };
            Audience { members, club: audience.club }
        };
        state.threads.entry(subject.into()).or_insert_with(opened);
        let files = content.files.iter().map(|(name, bytes)| File::of(name, bytes)).collect();
        let letter = state.letter(device, marker, subject, &content.text);
        let letter = LedgerEntry { pen: home, files, ..letter };
        state.push(letter, audience.clone(), since, in_club);
    }

    /// Notes a ping before anybody can see it. It keeps no order with others.
    fn note_ping(&self, greeting: &Greeting<'_>) {
        let state = &mut *self.state();
        let Greeting { device, to, group, marker, text, since } = *greeting;
        let letter = state.letter(device, marker, group, text);
        let pen = PINGS + state.letters.len();
        let ping_to = Some(Self::alias(to));
        let audience = Audience { members: [to].into(), club: false };
        state.push(LedgerEntry { pen, ping_to, ..letter }, audience, since, false);
    }

    /// Notes a ping, or an invitation to `group`, and gives its text.
    pub(crate) fn greet(
        &self,
        device: DeviceIndex,
        to: MemberIndex,
        group: &str,
        since: Moment,
    ) -> String {
        let marker = &self.marker();
        let text = &format!("{marker} hello");
        self.note_ping(&Greeting { device, to, group, marker, text, since });
        text.clone()
    }

    /// These devices are away from now on, for longer than anything waits for them.
    pub(crate) fn set_away(&self, away: BTreeSet<DeviceIndex>) {
        self.state().away = away;
    }

    /// What became of a letter.
    pub(crate) fn settle(&self, marker: &str, fate: Fate) {
        self.change(marker, |noted, _| noted.letter.fate = fate);
    }

    /// The service has refused a letter or ping, for good. If another machine is the same device, it may have
    /// taken it from that one.
    pub(crate) fn refused(&self, marker: &str) {
        self.change(marker, |Noted { letter, .. }, _| {
            letter.fate = if letter.repeats { Fate::Unknown } else { Fate::Refused };
        });
    }

    /// It is about to be queued once more, behind all others.
    pub(crate) fn retry(&self, marker: &str) {
        self.change(marker, |Noted { letter, in_club, .. }, number| {
            letter.number = number;
            letter.fate = Fate::Unknown;
            // What the app knew then may not be so any more.
            *in_club = false;
        });
    }

    /// A second machine is this device, and these letters wait in the outboxes of both.
    pub(crate) fn copied(&self, device: DeviceIndex, unsent: &BTreeSet<String>) {
        let state = &mut *self.state();
        state.copied.insert(device);
        let letters = state.letters.iter_mut().map(|noted| &mut noted.letter);
        let both = letters.filter(|letter| unsent.contains(letter.marker.as_str()));
        both.for_each(|letter| letter.repeats = true);
    }

    /// Whether there are several machines that are this device.
    pub(crate) fn is_copied(&self, device: DeviceIndex) -> bool {
        self.state().copied.contains(&device)
    }

    fn change(&self, marker: &str, change: impl FnOnce(&mut Noted, u64)) {
        let mut state = self.state();
        state.numbers += 1;
        let number = state.numbers;
        if let Some(noted) = state.letters.iter_mut().find(|noted| noted.letter.marker == marker) {
            change(noted, number);
        }
    }

    /// All letters, with the devices they are for, as follows from the ids under which `homes`
    /// show them. `id_of` is as in [`Club::standing`].
    pub(crate) fn letters(
        &self,
        homes: &[Home],
        id_of: &dyn Fn(Moment) -> u64,
    ) -> Vec<LedgerEntry> {
        let state = self.state();
        let mut ids: BTreeMap<&str, BTreeSet<u64>> = BTreeMap::new();
        let mut devices_with: BTreeMap<&str, BTreeSet<DeviceIndex>> = BTreeMap::new();
        for home in homes {
            for shown in home.shown.iter().filter(|shown| shown.msgid.is_some()) {
                let marker = marker_of(&shown.text);
                let id = shown.msgid.as_ref().and_then(|id| u64::from_str_radix(id, 16).ok());
                ids.entry(marker).or_default().extend(id);
                devices_with.entry(marker).or_default().insert(home.device);
            }
        }
        let (no_id, no_device) = (BTreeSet::new(), BTreeSet::new());
        let addressed = state.letters.iter().map(|noted| {
            let marker = noted.letter.marker.as_str();
            let mut letter = state.addressed(noted, ids.get(marker).unwrap_or(&no_id), id_of);
            state.give_up(&mut letter, noted, devices_with.get(marker).unwrap_or(&no_device));
            letter
        });
        addressed.collect()
    }
}

impl State {
    fn letter(&self, device: DeviceIndex, marker: &str, subject: &str, text: &str) -> LedgerEntry {
        let author = self.devices[device];
        LedgerEntry {
            marker: marker.into(),
            author: device,
            pen: 0,
            number: 0,
            from: self.uids[author].clone(),
            subject: subject.into(),
            text: text.into(),
            files: Vec::new(),
            ping_to: None,
            owners: self.devices_of(&[author].into(), usize::MAX).0,
            required: BTreeSet::new(),
            allowed: BTreeSet::new(),
            alike: Vec::new(),
            given_up: BTreeSet::new(),
            unreached: BTreeSet::new(),
            perhaps_unreached: BTreeSet::new(),
            repeats: self.copied.contains(&device),
            fate: Fate::Unknown,
        }
    }

    fn push(&mut self, letter: LedgerEntry, mut audience: Audience, since: Moment, in_club: bool) {
        self.numbers += 1;
        let (number, devices, away) = (self.numbers, self.devices.len(), self.away.clone());
        audience.members.insert(self.devices[letter.author]);
        let letter = LedgerEntry { number, ..letter };
        self.letters.push(Noted { letter, devices, away, audience, since, in_club });
    }

    /// Takes from what is expected what was given up. `devices_with` have the letter.
    fn give_up(
        &self,
        letter: &mut LedgerEntry,
        noted: &Noted,
        devices_with: &BTreeSet<DeviceIndex>,
    ) {
        let away = |device: &DeviceIndex| noted.away.contains(device);
        letter.given_up = letter.required.extract_if(.., |device| away(device)).collect();
        letter.unreached = self.without_device(letter, noted, &letter.given_up);
        for mut alike in mem::take(&mut letter.alike) {
            let lost: BTreeSet<_> = alike.extract_if(.., |device| away(device)).collect();
            let unreached = self.without_device(letter, noted, &lost);
            if !alike.is_disjoint(devices_with) {
                letter.given_up.extend(lost);
                letter.unreached.extend(unreached);
            } else if alike.is_empty() {
                letter.perhaps_unreached.extend(unreached);
            }
            letter.alike.push(alike);
        }
    }

    /// By uid, members other than the author of whom all devices there were then are among `lost`.
    fn without_device(
        &self,
        letter: &LedgerEntry,
        noted: &Noted,
        lost: &BTreeSet<DeviceIndex>,
    ) -> BTreeSet<String> {
        let author = self.devices[letter.author];
        let members: BTreeSet<_> = lost.iter().map(|device| self.devices[*device]).collect();
        let unreached = members.into_iter().filter(|member| {
            let (then, _) = self.devices_of(&[*member].into(), noted.devices);
            *member != author && then.is_subset(lost)
        });
        unreached.map(|member| self.uids[member].clone()).collect()
    }

    /// The letter with the devices that must, may and may not have it, when it was given `ids`.
    fn addressed(
        &self,
        noted: &Noted,
        ids: &BTreeSet<u64>,
        id_of: &dyn Fn(Moment) -> u64,
    ) -> LedgerEntry {
        let mut letter = noted.letter.clone();
        self.require(&mut letter, noted, &noted.audience.members);
        let Some(mover) = self.club.mover.filter(|_| noted.audience.club) else { return letter };
        let standings = ids.iter().map(|id| self.club.standing(*id, id_of));
        let standings: Vec<_> = standings.collect();
        let others = (0..self.uids.len()).filter(|member| *member != mover).collect();
        if self.devices[letter.author] != mover {
            self.require(&mut letter, noted, &others);
            let mut kinds: Vec<_> = standings.iter().map(|(standing, _)| *standing).collect();
            kinds.dedup();
            match kinds.as_slice() {
                [] | [Standing::Out] => {}
                [Standing::In] => self.require(&mut letter, noted, &[mover].into()),
                [Standing::Unknown] => self.may_reach(&mut letter, noted, &[mover].into()),
                // Posted again meanwhile.
                _ => letter.allowed.extend(self.devices_of(&[mover].into(), usize::MAX).0),
            }
            return letter;
        }
        // An app leaves out a group that it is not in, as far as it knows.
        let was = self.club.standing(id_of(noted.since), id_of);
        let stayed = was.0 == Standing::In && standings.iter().all(|standing| *standing == was);
        match noted.in_club && stayed {
            true => self.require(&mut letter, noted, &others),
            false => self.may_reach(&mut letter, noted, &others),
        }
        letter
    }

    /// All devices of the members must have it; those that came later may.
    fn require(&self, letter: &mut LedgerEntry, noted: &Noted, members: &BTreeSet<MemberIndex>) {
        let (then, later) = self.devices_of(members, noted.devices);
        letter.required.extend(then);
        letter.allowed.extend(later);
    }

    /// All devices of the members have it or none; those that came later may.
    fn may_reach(&self, letter: &mut LedgerEntry, noted: &Noted, members: &BTreeSet<MemberIndex>) {
        let (mut then, later) = self.devices_of(members, noted.devices);
        then.retain(|device| !letter.required.contains(device));
        letter.allowed.extend(later);
        letter.alike.push(then);
    }

    /// Devices of the members: among the first `count`, and the others.
    fn devices_of(
        &self,
        members: &BTreeSet<MemberIndex>,
        count: usize,
    ) -> (BTreeSet<DeviceIndex>, BTreeSet<DeviceIndex>) {
        let devices = self.devices.iter().enumerate();
        let theirs = devices.filter(|(_, of)| members.contains(of)).map(|(device, _)| device);
        theirs.partition(|device| *device < count)
    }
}

/// The marker with which a text begins.
pub(crate) fn marker_of(text: &str) -> &str {
    text.split_whitespace().next().unwrap_or_default()
}
