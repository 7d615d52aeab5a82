//! Members and devices: registered through the wire, given more devices, logged in, in a group.

use std::collections::HashMap;
use std::fs;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use serde::{Deserialize, Serialize};
use tmtp::request::{Data, GroupAct, Request, UserEdit};

use crate::fleet::Fleet;
use crate::ledger::{DeviceIndex, Side};
use crate::link::{Identity, LinkEvent, LinkNumber};
use crate::report::Stopwatch;

/// How long a single answer of the service may take while members are made.
const PATIENCE: Duration = Duration::from_secs(60);
/// Nothing has come for so long: what the service sends of its own is over.
const QUIET: Duration = Duration::from_millis(300);

/// One device of a member.
#[derive(Debug)]
pub struct Device {
    /// Index of its member.
    pub member: usize,
    /// What it logs in with.
    pub identity: Identity,
    /// Its link, while it is on.
    pub link: Option<LinkNumber>,
}

/// One member.
#[derive(Debug)]
pub struct Member {
    /// Aliases are made only for those who need one: members of groups.
    pub alias: Option<String>,
    /// Their devices.
    pub devices: Vec<DeviceIndex>,
}

/// Everyone that this program plays.
#[derive(Debug)]
pub struct Cast {
    /// Random, so that casts of one service do not meet.
    pub run: u64,
    /// Members in the order in which they were made.
    pub members: Vec<Member>,
    /// Devices of all of them.
    pub devices: Vec<Device>,
    by_link: HashMap<LinkNumber, DeviceIndex>,
    /// Links that are opened at a time.
    at_once: usize,
    events: Vec<LinkEvent>,
    /// Deliveries that came while other devices were still logging in.
    early: Vec<LinkEvent>,
}

/// A cast in a file.
#[derive(Debug, Serialize, Deserialize)]
pub struct Saved {
    /// The run whose posts wait for the devices.
    pub run: u64,
    /// Everyone.
    pub members: Vec<SavedMember>,
    /// What each device is to receive, in the order of the members; empty for nothing.
    #[serde(default)]
    pub expected: Vec<Side>,
}

/// A member in a file.
#[derive(Debug, Serialize, Deserialize)]
pub struct SavedMember {
    /// If they have one.
    pub alias: Option<String>,
    /// What their devices log in with.
    pub devices: Vec<Identity>,
}

impl Cast {
    /// Nobody yet.
    #[must_use]
    pub fn new(at_once: usize) -> Self {
        Self {
            run: RandomState::new().build_hasher().finish(),
            members: Vec::new(),
            devices: Vec::new(),
            by_link: HashMap::new(),
            at_once: at_once.max(1),
            events: Vec::new(),
            early: Vec::new(),
        }
    }

    /// Adds everyone in a file. None of them is on.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(&mut self, file: &Path) -> anyhow::Result<Saved> {
        let text = fs::read(file).with_context(|| format!("{} cannot be read", file.display()))?;
        let saved: Saved = serde_json::from_slice(&text)
            .with_context(|| format!("{} holds no cast", file.display()))?;
        for SavedMember { alias, devices } in &saved.members {
            let member = self.members.len();
            self.members.push(Member { alias: alias.clone(), devices: Vec::new() });
            for identity in devices {
                self.add_device(member, identity.clone(), None);
            }
        }
        Ok(saved)
    }

    /// Writes everyone into a file, and what each device is to receive. Whoever reads the file can log in
    /// as them.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, file: &Path, expected: Vec<Side>) -> anyhow::Result<()> {
        let members = self.members.iter().map(|member| {
            let devices = member.devices.iter().filter_map(|device| self.devices.get(*device));
            let devices = devices.map(|device| device.identity.clone()).collect();
            SavedMember { alias: member.alias.clone(), devices }
        });
        let saved = Saved { run: self.run, members: members.collect(), expected };
        fs::write(file, serde_json::to_vec(&saved)?)
            .with_context(|| format!("{} cannot be written", file.display()))
    }

    /// The devices of a member.
    pub fn devices_of(&self, member: usize) -> impl Iterator<Item = DeviceIndex> {
        self.members.get(member).into_iter().flat_map(|member| &member.devices).copied()
    }

    /// Deliveries that came while devices were logging in; each is given out once.
    pub fn early(&mut self) -> Vec<LinkEvent> {
        std::mem::take(&mut self.early)
    }

    /// The uid of a member.
    #[must_use]
    pub fn uid(&self, member: usize) -> &str {
        let device = self.members.get(member).and_then(|member| member.devices.first());
        device
            .and_then(|device| self.devices.get(*device))
            .map_or("", |device| &device.identity.uid)
    }

    /// Whose link it is.
    #[must_use]
    pub fn device_of(&self, link: LinkNumber) -> Option<DeviceIndex> {
        self.by_link.get(&link).copied()
    }

    /// Notes that a link ended.
    pub fn gone(&mut self, link: LinkNumber) {
        if let Some(device) = self.by_link.remove(&link)
            && let Some(device) = self.devices.get_mut(device)
        {
            device.link = None;
        }
    }

    /// Registers so many members with one device each, which stay logged in.
    ///
    /// # Errors
    /// When the service refuses one.
    pub fn register(&mut self, fleet: &mut Fleet, count: usize, named: bool) -> anyhow::Result<()> {
        let first = self.members.len();
        let alias = |run: u64, member: usize| format!("load-{run:016x}-{member}");
        let run = self.run;
        let entry = |index: usize| Request::Register {
            newnode: "load".into(),
            newalias: named.then(|| alias(run, first + index).into()),
            oidc: None,
        };
        let entered = self.enter(fleet, count, entry, None)?;
        for (index, (link, identity)) in entered.into_iter().enumerate() {
            let identity = identity.context("the service registered nobody")?;
            let alias = named.then(|| alias(self.run, first + index));
            self.members.push(Member { alias, devices: Vec::new() });
            self.add_device(first + index, *identity, Some(link));
        }
        Ok(())
    }

    /// Gives every member so many devices in all, and logs them in.
    ///
    /// # Errors
    /// When the service refuses one.
    pub fn add_devices(&mut self, fleet: &mut Fleet, per_member: usize) -> anyhow::Result<()> {
        for _ in 1..per_member {
            let mut waiting = HashMap::new();
            for (number, member) in self.members.iter().enumerate() {
                let first = member.devices.first().and_then(|device| self.devices[*device].link);
                let link = first.context("the first device of a member is not on")?;
                let edit = UserEdit::NewNode("load".into());
                let request = Request::UserEdit { id: format!("{number:016x}").into(), edit };
                let output = fleet.send(link).context("the first device of a member is gone")?;
                output.extend_from_slice(&request.pack()?);
                waiting.insert(link, number);
            }
            let mut made = Vec::new();
            self.until(fleet, |event| {
                if let LinkEvent::NewNode { link, node } = event
                    && let Some(member) = waiting.remove(link)
                {
                    made.push((member, node.clone()));
                }
                waiting.is_empty()
            })?;
            let mut devices = Vec::with_capacity(made.len());
            for (member, node) in made {
                let identity = Identity { uid: self.uid(member).into(), node };
                devices.push(self.add_device(member, identity, None));
            }
            self.log_in(fleet, &devices)?;
        }
        self.quiet(fleet)
    }

    /// Logs devices in.
    ///
    /// # Errors
    /// When the service refuses one.
    pub fn log_in(&mut self, fleet: &mut Fleet, devices: &[DeviceIndex]) -> anyhow::Result<()> {
        self.log_in_timed(fleet, devices, None)
    }

    /// As [`Self::log_in`]; adds how long each took, from the call to connect.
    ///
    /// # Errors
    /// When the service refuses one.
    pub fn log_in_timed(
        &mut self,
        fleet: &mut Fleet,
        devices: &[DeviceIndex],
        times: Option<&mut Stopwatch>,
    ) -> anyhow::Result<()> {
        let entries: Vec<Request> =
            devices.iter().map(|device| login(&self.devices[*device].identity)).collect();
        let entered = self.enter(fleet, devices.len(), |index| entries[index].clone(), times)?;
        for ((link, _), device) in entered.into_iter().zip(devices) {
            self.put_on(*device, link);
        }
        Ok(())
    }

    /// Ends the links of devices without a word, as a network that goes away does.
    pub fn cut(&mut self, fleet: &mut Fleet, devices: &[DeviceIndex]) {
        for device in devices {
            if let Some(link) = self.devices.get(*device).and_then(|device| device.link) {
                fleet.close(link);
                self.gone(link);
            }
        }
    }

    /// Makes a group of members who have an alias: the first invites, the others join. Notices of
    /// that may still come: see [`Self::quiet`].
    ///
    /// # Errors
    /// When the service refuses.
    pub fn group(&mut self, fleet: &mut Fleet, gid: &str, members: &[usize]) -> anyhow::Result<()> {
        let [founder, others @ ..] = members else { bail!("a group needs a member") };
        let founder_link = self.link_of(*founder)?;
        let alias = |member: usize| {
            let alias = self.members.get(member).and_then(|member| member.alias.clone());
            alias.context("a member of a group has no alias")
        };
        let from = alias(*founder)?;
        let mut requests = Vec::new();
        for (number, member) in others.iter().enumerate() {
            let to = alias(*member)?;
            let (id, gid) = (format!("{number:016x}").into(), gid.into());
            let data = Data::default();
            let invite =
                Request::GroupInvite { id, gid, from: from.as_str().into(), to: to.into(), data };
            requests.push((founder_link, invite));
        }
        self.ask(fleet, requests)?;
        let mut requests = Vec::new();
        for (number, member) in others.iter().enumerate() {
            let (id, gid) = (format!("{number:016x}").into(), gid.into());
            let act = GroupAct::Join { newalias: None };
            requests.push((self.link_of(*member)?, Request::GroupEdit { id, gid, act }));
        }
        self.ask(fleet, requests)
    }

    /// Waits until nothing more comes of itself: notices of logins and the like.
    ///
    /// # Errors
    /// When a link ends meanwhile.
    pub fn quiet(&mut self, fleet: &mut Fleet) -> anyhow::Result<()> {
        let mut last = Instant::now();
        while last.elapsed() < QUIET {
            fleet.turn(last + QUIET, &mut self.events)?;
            for event in self.events.drain(..) {
                if let LinkEvent::Ended { why, .. } = event {
                    bail!("a link ended: {why}");
                }
                last = Instant::now();
            }
        }
        Ok(())
    }

    /// Sends requests and waits for all acks.
    fn ask(
        &mut self,
        fleet: &mut Fleet,
        requests: Vec<(LinkNumber, Request)>,
    ) -> anyhow::Result<()> {
        let mut unanswered = requests.len();
        for (link, request) in requests {
            let output = fleet.send(link).context("a link is gone")?;
            output.extend_from_slice(&request.pack()?);
        }
        let mut refusal = None;
        self.until(fleet, |event| {
            if let LinkEvent::Acked { refused, .. } = event {
                unanswered = unanswered.saturating_sub(1);
                refusal = refusal.take().or_else(|| refused.clone());
            }
            unanswered == 0
        })?;
        refusal.map_or(Ok(()), |why| bail!("the service refused: {why}"))
    }

    fn link_of(&self, member: usize) -> anyhow::Result<LinkNumber> {
        let device = self.devices_of(member).next().and_then(|device| self.devices.get(device));
        device.and_then(|device| device.link).context("a member is not on")
    }

    /// Opens `count` links, a bounded number at a time, and waits until all of them are on.
    fn enter(
        &mut self,
        fleet: &mut Fleet,
        count: usize,
        entry: impl Fn(usize) -> Request,
        mut times: Option<&mut Stopwatch>,
    ) -> anyhow::Result<Vec<(LinkNumber, Option<Box<Identity>>)>> {
        let mut entered: Vec<_> = std::iter::repeat_with(|| None).take(count).collect();
        let mut opening = HashMap::new();
        let mut next = 0;
        let mut last = Instant::now();
        while next < count || !opening.is_empty() {
            while next < count && opening.len() < self.at_once {
                let since = Instant::now();
                opening.insert(fleet.open(entry(next))?, (next, since));
                next += 1;
            }
            fleet.turn(last + PATIENCE, &mut self.events)?;
            for event in self.events.drain(..) {
                match event {
                    LinkEvent::LoggedIn { link, registered } => {
                        if let Some((index, since)) = opening.remove(&link) {
                            entered[index] = Some((link, registered));
                            last = Instant::now();
                            let ns = last.duration_since(since).as_nanos();
                            times.iter_mut().for_each(|times| times.add_ns(ns as u64));
                        }
                    }
                    LinkEvent::Delivered { .. } => self.early.push(event),
                    LinkEvent::Ended { why, .. } => bail!("a link ended: {why}"),
                    LinkEvent::Acked { .. }
                    | LinkEvent::NewNode { .. }
                    | LinkEvent::Notice { .. } => {}
                }
            }
            ensure!(last.elapsed() < PATIENCE, "the service lets nobody in any more");
        }
        Ok(entered.into_iter().flatten().collect())
    }

    /// Turns until `seen` has seen enough.
    fn until(
        &mut self,
        fleet: &mut Fleet,
        mut seen: impl FnMut(&LinkEvent) -> bool,
    ) -> anyhow::Result<()> {
        let mut last = Instant::now();
        loop {
            fleet.turn(last + PATIENCE, &mut self.events)?;
            let mut enough = false;
            for event in self.events.drain(..) {
                if let LinkEvent::Ended { why, .. } = &event {
                    bail!("a link ended: {why}");
                }
                enough |= seen(&event);
                last = Instant::now();
            }
            if enough {
                return Ok(());
            }
            ensure!(last.elapsed() < PATIENCE, "the service does not answer any more");
        }
    }

    fn add_device(
        &mut self,
        member: usize,
        identity: Identity,
        link: Option<LinkNumber>,
    ) -> DeviceIndex {
        let index = self.devices.len();
        self.devices.push(Device { member, identity, link: None });
        if let Some(member) = self.members.get_mut(member) {
            member.devices.push(index);
        }
        if let Some(link) = link {
            self.put_on(index, link);
        }
        index
    }

    fn put_on(&mut self, device: DeviceIndex, link: LinkNumber) {
        self.devices[device].link = Some(link);
        self.by_link.insert(link, device);
    }
}

/// How a device logs in.
#[must_use]
pub fn login(identity: &Identity) -> Request {
    Request::Login { uid: identity.uid.as_ref().into(), node: identity.node.as_ref().into() }
}
