//! Absence in the simulation: one member, or one device, is away for a long time, mostly longer than anything waits.
//!
//! What was written meanwhile is then given up for the device. If no other device of the member has it,
//! its author is told, once, and nobody is told of anything else. The service crashes in those days
//! as well, also while it gives up; a clock that jumps is no day.

use std::collections::BTreeSet;
use std::time::Duration;

use tmtp_testkit::ledger::DeviceIndex;
use tokio::time::{Instant, sleep};

use crate::outage::Outages;
use crate::storm::jump_ms;
use crate::world::World;

/// How long the others write, in seconds.
const WRITING_S: u64 = 20;
/// Hours of the service after which everything is given up: the day it waits, another because a
/// message may be from the end of a day, and what crashes leave uncounted.
const LONG_H: u64 = 54;
/// Hours after which the others look in, because what the service tells them is given up as well: it
/// is from the second day at the earliest, and waits a day.
const LOOK_IN_H: u64 = 47;
/// Hours after which nothing is given up yet, whatever the clock says.
const SHORT_H: u64 = 20;

impl World {
    /// Everything has arrived; somebody goes away, the others write, days pass, and all come back.
    pub(crate) async fn absence(&mut self) -> Result<(), String> {
        let away = self.leaving_devices();
        let hours = if self.dice.once_in(3) { SHORT_H } else { LONG_H };
        self.trace.note(|| format!("devices {away:?} are away for {hours} hours"));
        let homes: Vec<usize> = (0..self.apps.len())
            .filter(|at| self.apps[*at].engine.is_some() && away.contains(&self.apps[*at].device))
            .collect();
        self.close(&homes).await;
        if hours == LONG_H {
            self.cast.set_away(away);
        }
        let others: Vec<usize> =
            (0..self.apps.len()).filter(|at| self.apps[*at].engine.is_some()).collect();
        self.network.set_weather(self.plan.weather);
        others.iter().for_each(|at| self.set_writing(*at));
        sleep(Duration::from_secs(WRITING_S)).await;
        self.calm().await;
        self.until_all_is_sent().await?;
        self.until_all_is_fetched().await?;
        self.close(&others).await;
        self.pass(hours_of(hours.min(LOOK_IN_H))).await?;
        if hours > LOOK_IN_H {
            for at in &others {
                self.apps[*at].open(true).await;
            }
            self.until_all_is_sent().await?;
            self.until_all_is_fetched().await?;
            self.close(&others).await;
            sleep(hours_of(hours - LOOK_IN_H)).await;
        }
        self.cast.set_away(BTreeSet::new());
        for at in homes.into_iter().chain(others) {
            self.trace.note(|| format!("home {at} is back"));
            self.apps[at].open(true).await;
        }
        self.until_all_is_sent().await?;
        self.until_all_is_settled().await
    }

    /// All devices of a member, or one of several. Not of the one who moves between groups.
    fn leaving_devices(&mut self) -> BTreeSet<DeviceIndex> {
        let mover = self.cast.mover();
        let members: Vec<_> =
            (0..self.plan.members).filter(|member| Some(*member) != mover).collect();
        let member = self.dice.pick(&members).copied().unwrap_or_default();
        let theirs = self.apps.iter().filter(|app| app.member == member).map(|app| app.device);
        let theirs: BTreeSet<_> = theirs.collect();
        match self.dice.once_in(3) {
            true => theirs.into_iter().take(1).collect(),
            false => theirs,
        }
    }

    async fn close(&mut self, homes: &[usize]) {
        for at in homes {
            self.apps[*at].close().await;
        }
    }

    async fn pass(&mut self, time: Duration) -> Result<(), String> {
        let end = Instant::now() + time;
        let mut outages = Outages {
            host: self.service.clone(),
            network: self.network.clone(),
            dice: self.dice.fork(),
            pause_max_ms: 0,
            full_until: None,
        };
        for _ in 0..self.dice.between(0, 4) {
            let pause = Duration::from_secs(self.dice.between(1, time.as_secs() / 2));
            self.service.machine.clock.jump(jump_ms(&mut self.dice));
            outages.one_in_peace(pause.min(end.saturating_duration_since(Instant::now()))).await?;
        }
        self.revive().await?;
        sleep(end.saturating_duration_since(Instant::now())).await;
        Ok(())
    }
}

fn hours_of(hours: u64) -> Duration {
    Duration::from_secs(hours * 60 * 60)
}
