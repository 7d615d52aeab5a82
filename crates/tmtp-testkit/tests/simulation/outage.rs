//! Outages of the service and the links in the simulation.

use std::sync::Arc;
use std::time::Duration;

use tmtp_store::StoreError;
use tmtp_testkit::dice::Dice;
use tmtp_testkit::disk::Fault;
use tokio::time::{Instant, sleep};

use crate::network::{Break, Network};
use crate::service::{Crash, ServiceHost};
use crate::storm::jump_ms;

/// How often it is looked whether the service has ended.
const LOOK: Duration = Duration::from_millis(5);

/// What befalls the service, and who starts it again whenever it ends.
pub(crate) struct Outages {
    pub(crate) host: Arc<ServiceHost>,
    pub(crate) network: Arc<Network>,
    pub(crate) dice: Dice,
    /// The longest pause between two faults, in milliseconds.
    pub(crate) pause_max_ms: u64,
    /// Until when the disk is full, if it is.
    pub(crate) full_until: Option<Instant>,
}

impl Outages {
    /// Killed, without power at once or in some operation of the disk, a disk that is full or fails,
    /// another time.
    pub(crate) async fn run(mut self, end: Instant) -> Result<(), String> {
        while Instant::now() < end {
            let pause = Duration::from_millis(self.dice.between(1, self.pause_max_ms));
            let host = Arc::clone(&self.host);
            if let Some(how) = self.host.ends_within(pause, LOOK).await {
                self.crash(how).await?;
            }
            self.make_room_when_due();
            let _no_peace = host.peace.lock().await;
            match self.dice.between(0, 12) {
                0..=1 => self.crash(Crash::Kill).await?,
                2 => self.crash(Crash::Power).await?,
                3..=6 => {
                    self.cut_power_soon();
                    let how = self.host.ends_within(Duration::from_secs(5), LOOK).await;
                    self.crash(how.unwrap_or(Crash::Power)).await?;
                }
                7 => self.fill_disk(),
                8 => {
                    let ms = jump_ms(&mut self.dice);
                    self.host.note(format!("the clock of the service jumps by {ms} ms"));
                    self.host.machine.clock.jump(ms);
                }
                9..=11 => self.fail_soon(),
                _ => {}
            }
        }
        Ok(())
    }

    /// One fault after a long pause: the service is killed, or the power goes while it works.
    pub(crate) async fn one_in_peace(&mut self, pause: Duration) -> Result<(), String> {
        let otherwise = if self.dice.once_in(2) { Crash::Kill } else { Crash::Power };
        if otherwise == Crash::Power {
            self.cut_power_soon();
        }
        let how = self.host.ends_within(pause, Duration::from_secs(60)).await;
        self.crash(how.unwrap_or(otherwise)).await
    }

    /// Ends the service, and starts it again after a while as a supervisor does, again and again
    /// while the disk keeps it from starting. It may lose power while it recovers.
    async fn crash(&mut self, how: Crash) -> Result<(), String> {
        self.host.crash(how, &self.network).await;
        loop {
            sleep(Duration::from_millis(self.dice.between(1, 8_000))).await;
            self.make_room_when_due();
            match self.dice.between(0, 11) {
                0..=2 => self.cut_power_soon(),
                3 => self.fail_soon(),
                _ => {}
            }
            let faults = self.host.disk.faults();
            match self.host.start().await {
                Ok(()) => return Ok(()),
                Err(_) if self.host.disk.is_off() => {
                    self.host.crash(Crash::Power, &self.network).await;
                }
                Err(StoreError::Full) if self.full_until.is_some() => {}
                Err(StoreError::Io { .. }) if self.host.disk.faults() > faults => {}
                Err(error) => return Err(format!("the store does not open: {error:?}")),
            }
        }
    }

    /// The power goes in one of the next operations of the disk.
    fn cut_power_soon(&mut self) {
        let after = 1 << self.dice.between(0, 6);
        let operation = self.host.disk.operations() + self.dice.between(1, after);
        self.host.note(format!("the power will go in operation {operation}"));
        self.host.disk.cut_power_at(operation);
    }

    /// One of the next writes or syncs of the disk fails.
    fn fail_soon(&mut self) {
        let fault = if self.dice.between(0, 1) == 0 { Fault::Write } else { Fault::Sync };
        let longest = 1 << self.dice.between(0, 5);
        let others = self.dice.between(0, longest);
        self.host.note(format!("after {others} others will fail: {fault:?}"));
        self.host.disk.fail_after(fault, others);
    }

    /// There is hardly any room left on the disk, for some time.
    fn fill_disk(&mut self) {
        let room = self.dice.between(0, 400_000);
        self.host.note(format!("the disk has room for {room} bytes"));
        self.host.disk.set_capacity(Some(self.host.disk.used_bytes() + room));
        let time = Duration::from_millis(self.dice.between(100, 10_000));
        self.full_until = Some(Instant::now() + time);
    }

    fn make_room_when_due(&mut self) {
        if self.full_until.take_if(|until| *until <= Instant::now()).is_some() {
            self.host.note("the disk has room again".into());
            self.host.disk.set_capacity(None);
        }
    }
}

/// What befalls links: all of them or those of one home break, with a word or without.
pub(crate) struct LinkFaults {
    pub(crate) host: Arc<ServiceHost>,
    pub(crate) network: Arc<Network>,
    pub(crate) dice: Dice,
    /// The longest pause between two faults, in milliseconds.
    pub(crate) pause_max_ms: u64,
    pub(crate) homes: usize,
}

impl LinkFaults {
    pub(crate) async fn run(mut self, end: Instant) {
        while Instant::now() < end {
            sleep(Duration::from_millis(self.dice.between(1, self.pause_max_ms))).await;
            let how = if self.dice.once_in(3) { Break::Silence } else { Break::Reset };
            let home = (!self.dice.once_in(4)).then(|| self.dice.place(self.homes));
            let _no_peace = self.host.peace.lock().await;
            self.network.cut(home, how);
        }
    }
}
