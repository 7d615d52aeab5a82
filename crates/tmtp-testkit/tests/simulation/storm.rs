//! Phase of a schedule with faults, the storm: everybody writes, and everything breaks that can.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tmtp_testkit::dice::Dice;
use tokio::time::{Instant, sleep};

use crate::app::{is_unsent, messages, waiting_pings};
use crate::author::Author;
use crate::cast::marker_of;
use crate::network::{Break, CALM};
use crate::outage::{LinkFaults, Outages};
use crate::world::{World, knows_its_group, until};

impl World {
    pub(crate) async fn storm(&mut self) -> Result<(), String> {
        self.network.set_weather(self.plan.weather);
        let end = Instant::now() + self.plan.storm;
        for at in 0..self.apps.len() {
            self.set_writing(at);
        }
        let outages = Outages {
            host: self.service.clone(),
            network: self.network.clone(),
            dice: self.dice.fork(),
            pause_max_ms: self.plan.service_faults_ms,
            full_until: None,
        };
        let (link_dice, homes) = (self.dice.fork(), self.apps.len());
        let link_faults = LinkFaults {
            host: self.service.clone(),
            network: self.network.clone(),
            dice: link_dice,
            pause_max_ms: self.plan.link_faults_ms,
            homes,
        };
        let (service_failed, (), app_failed) =
            tokio::join!(biased; outages.run(end), link_faults.run(end), self.app_faults(end));
        service_failed.and(app_failed)
    }

    pub(crate) fn set_writing(&mut self, at: usize) {
        let (cast, trace) = (self.cast.clone(), self.trace.clone());
        let (dice, pause_max_ms) = (self.dice.fork(), self.plan.pause_max_ms);
        let movers_home = self.apps.iter().find(|app| Some(app.member) == cast.mover());
        let movers_home = movers_home.map(|app| app.home);
        let Some(app) = self.apps.get_mut(at) else { return };
        let Some(engine) = app.engine.clone() else { return };
        let (home, device, member) = (app.home, app.device, app.member);
        let host = self.service.clone();
        let moves = movers_home == Some(home);
        let author =
            Author { engine, home, device, member, cast, host, moves, dice, trace, pause_max_ms };
        app.author = Some(tokio::spawn(author.write_on()));
    }

    /// What befalls apps: killed, ended, copied, set to another time, given a sibling.
    async fn app_faults(&mut self, end: Instant) -> Result<(), String> {
        let mut back: BTreeMap<usize, Instant> = BTreeMap::new();
        let mut late_devices = self.plan.late_devices;
        let mut copies = self.plan.copies;
        while Instant::now() < end {
            let pause = self.dice.between(1, self.plan.app_faults_ms);
            sleep(Duration::from_millis(pause)).await;
            let due: Vec<_> =
                back.iter().filter(|(_, at)| **at <= Instant::now()).map(|(at, _)| *at).collect();
            for at in due {
                back.remove(&at);
                self.start(at).await;
            }
            let at = self.dice.place(self.apps.len());
            if back.contains_key(&at) {
                continue;
            }
            if copies > 0 && self.dice.once_in(2) {
                copies -= 1;
                // Best of all of one that is copied already.
                let copied = self.apps.len() - 1;
                let at = if copies == 0 && self.plan.copies > 1 { copied } else { at };
                if !back.contains_key(&at) {
                    self.copy(at).await?;
                }
                continue;
            }
            let away = Duration::from_millis(self.dice.between(0, 30_000));
            match self.dice.between(0, 9) {
                0..=3 => {
                    self.trace.note(|| format!("home {at} is killed"));
                    let mut dice = self.dice.fork();
                    if dice.once_in(2) {
                        // What it has stored and acknowledged a moment ago: the ack never left.
                        self.network.cut(Some(at), Break::Reset);
                    }
                    self.apps[at].crash(&mut dice).await;
                    back.insert(at, Instant::now() + away);
                }
                4..=5 => {
                    self.trace.note(|| format!("home {at} ends"));
                    self.apps[at].close().await;
                    back.insert(at, Instant::now() + away);
                }
                6 => {
                    let ms = jump_ms(&mut self.dice);
                    self.trace.note(|| format!("the clock of home {at} jumps by {ms} ms"));
                    self.apps[at].platform.machine.clock.jump(ms);
                }
                8 if late_devices > 0 => {
                    late_devices -= 1;
                    self.add_late_device(at).await?;
                }
                _ => {}
            }
        }
        for at in back.into_keys() {
            self.start(at).await;
        }
        Ok(())
    }

    /// A device that does not know its groups yet leaves them out when it answers; whoever has it
    /// waits until it does.
    async fn write_when_it_knows(&mut self, at: usize) -> Result<(), String> {
        let Some(engine) = self.apps.get(at).and_then(|app| app.engine.clone()) else {
            return Ok(());
        };
        until(&self.trace, "the new device knows its group", || knows_its_group(&engine)).await?;
        self.set_writing(at);
        Ok(())
    }

    async fn start(&mut self, at: usize) {
        self.trace.note(|| format!("home {at} starts"));
        self.apps[at].open(true).await;
        self.set_writing(at);
    }

    /// Has two machines be the same device.
    async fn copy(&mut self, at: usize) -> Result<(), String> {
        let platform = self.platform();
        let mut dice = self.dice.fork();
        self.trace.note(|| format!("home {at} is copied to home {}", platform.home));
        let mut copy = self.apps[at].copy(platform, &mut dice);
        let engine = copy.open(false).await;
        let messages = messages(&engine).await.map_err(|error| error.to_string())?;
        let unsent = messages.iter().filter(|(_, message)| is_unsent(message));
        let mut unsent: BTreeSet<_> =
            unsent.map(|(_, message)| marker_of(&message.text).to_owned()).collect();
        unsent.extend(waiting_pings(&engine).await.map_err(|error| error.to_string())?);
        self.cast.copied(copy.device, &unsent);
        let arrived = messages.iter().filter(|(_, message)| message.msgid.is_some());
        copy.had = arrived.map(|(_, message)| marker_of(&message.text).to_owned()).collect();
        drop(engine);
        copy.close().await;
        copy.open(true).await;
        self.apps.push(copy);
        self.set_writing(self.apps.len() - 1);
        Ok(())
    }

    /// A device that nobody learned the secret of would be expected to get everything for ever, so nothing
    /// breaks for a moment; letters go on.
    async fn add_late_device(&mut self, at: usize) -> Result<(), String> {
        let service = Arc::clone(&self.service);
        let _peace = service.peace.lock().await;
        service.disk.mend();
        self.network.set_weather(CALM);
        self.network.spare();
        let member = self.apps[at].member;
        let copied = self.apps.iter().filter(|app| app.device == self.apps[at].device).count() > 1;
        if self.service.is_running() && !copied {
            let before = self.apps.len();
            match self.add_device(at).await {
                Ok(()) => self.write_when_it_knows(before).await?,
                // The service crashed meanwhile, or the app was cut off.
                Err(why) => self.trace.note(|| format!("no device for member {member}: {why}")),
            }
        }
        self.network.set_weather(self.plan.weather);
        Ok(())
    }
}

/// A few seconds or some hours, seldom a year, either way.
pub(crate) fn jump_ms(dice: &mut Dice) -> i64 {
    let longest = match dice.between(0, 9) {
        0..=2 => 5_000,
        3..=5 => 600_000,
        6..=8 => 8_000_000,
        _ => 365 * 24 * 60 * 60 * 1_000,
    };
    let ms = i64::try_from(dice.between(1, longest)).unwrap_or_default();
    if dice.once_in(2) { ms } else { -ms }
}
