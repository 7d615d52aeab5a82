//! One schedule: everybody is introduced, then comes the storm, then quiet, then the check.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use mnm_engine::command::Command;
use mnm_engine::view::{Link, Standing};
use mnm_engine::{Engine, ErrorCode};
use tmtp_testkit::dice::Dice;
use tmtp_testkit::ledger::{self, DeviceIndex, Home};
use tokio::time::{Instant, sleep};

use crate::app::{App, account, ask, is_unsent, messages, shown};
use crate::author::{Author, accept_all, retry_refused};
use crate::cast::{Cast, GROUP, MemberIndex, marker_of};
use crate::edge::{AppEdge, Machine};
use crate::network::{Break, CALM, Network, Weather};
use crate::service::{Crash, ServiceHost};
use crate::trace::Trace;

/// Where apps are told the service is. Nothing listens there: the network is simulated.
const ADDRESS: &str = "+service.invalid:5050";
/// How long everything that is due may take once all is quiet, in simulated time.
const PATIENCE: Duration = Duration::from_secs(1_200);
/// How often somebody looks whether it is done, in simulated time.
const LOOK: Duration = Duration::from_secs(1);
/// What the service has to erase what was settled.
const ERASING: Duration = Duration::from_secs(5);

/// What came of a schedule.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// What was wrong; nothing should be.
    pub(crate) wrong: Vec<String>,
    /// Letters that were written.
    pub(crate) letters: usize,
    /// Of everything that happened.
    pub(crate) hash: u64,
}

/// What a seed decides at the start.
#[derive(Debug)]
struct Plan {
    members: usize,
    /// Further devices, by member.
    devices: Vec<usize>,
    late_devices: usize,
    storm: Duration,
    weather: Weather,
    pause_max_ms: u64,
    /// The longest pause between two faults of one kind, in milliseconds.
    service_faults_ms: u64,
    app_faults_ms: u64,
    link_faults_ms: u64,
    copies: bool,
}

impl Plan {
    fn new(dice: &mut Dice) -> Self {
        let members = dice.between(2, 4) as usize;
        let devices = (0..members).map(|_| usize::from(dice.once_in(3))).collect();
        let delay_max_ms = [5, 100, 3_000][dice.place(3)];
        let pause = |dice: &mut Dice| [3_000, 12_000, 60_000][dice.place(3)];
        Self {
            members,
            devices,
            late_devices: usize::from(dice.once_in(4)),
            storm: Duration::from_secs(dice.between(10, 40)),
            weather: Weather {
                delay_max_ms,
                cut_once_in: dice.between(0, 4),
                refuse_once_in: [0, 4, 10][dice.place(3)],
            },
            pause_max_ms: [2_000, 8_000, 20_000][dice.place(3)],
            service_faults_ms: pause(dice),
            app_faults_ms: pause(dice),
            link_faults_ms: pause(dice),
            copies: dice.once_in(3),
        }
    }
}

/// Runs the schedule of a seed. Homes are made below `dir`.
pub(crate) async fn run(seed: u64, dir: PathBuf, loud: bool) -> Outcome {
    let trace = Trace::start(loud);
    let mut world = World::new(seed, dir, trace.clone());
    let mut wrong = Vec::new();
    if let Err(why) = world.play().await {
        wrong.push(why);
    }
    let (found, letters) = world.check().await;
    wrong.extend(found);
    for line in &wrong {
        trace.note(|| format!("WRONG: {line}"));
    }
    Outcome { wrong, letters, hash: trace.hash() }
}

/// Everything there is in one schedule.
struct World {
    plan: Plan,
    dice: Dice,
    trace: Trace,
    dir: PathBuf,
    network: Arc<Network>,
    service: Arc<ServiceHost>,
    cast: Cast,
    apps: Vec<App>,
    /// What homes showed that are closed for good.
    closed: Vec<Home>,
}

impl World {
    fn new(seed: u64, dir: PathBuf, trace: Trace) -> Self {
        let mut dice = Dice::new(seed);
        let plan = Plan::new(&mut dice);
        trace.note(|| format!("{plan:?}"));
        let network = Network::new(dice.fork(), trace.clone());
        let service = ServiceHost::new(dice.fork(), trace.clone());
        let cast = Cast::new(seed);
        let (apps, closed) = (Vec::new(), Vec::new());
        Self { plan, dice, trace, dir, network, service, cast, apps, closed }
    }

    async fn play(&mut self) -> Result<(), String> {
        self.service.start().map_err(|error| format!("the service does not start: {error}"))?;
        self.assemble().await?;
        self.trace.note(|| "everybody is introduced".into());
        self.storm().await?;
        self.trace.note(|| "the storm is over".into());
        self.quiet().await
    }

    // Introductions.

    async fn assemble(&mut self) -> Result<(), String> {
        for member in 0..self.plan.members {
            self.join(member).await?;
        }
        for member in 0..self.plan.members {
            for _ in 0..self.plan.devices[member] {
                self.add_device(member).await?;
            }
        }
        self.introduce().await
    }

    fn edge(&mut self) -> Arc<AppEdge> {
        Arc::new(AppEdge {
            machine: Machine::new(self.dice.fork()),
            home: self.apps.len(),
            network: self.network.clone(),
            service: self.service.clone(),
        })
    }

    async fn join(&mut self, member: MemberIndex) -> Result<(), String> {
        let edge = self.edge();
        let mut app = App::new(self.dir.clone(), edge);
        let engine = app.open(true).await;
        let alias = Cast::alias(member);
        let join = Command::Join { address: ADDRESS.into(), alias, device: None };
        let account = ask!(engine, join, Account).map_err(|error| error.to_string())?;
        (app.member, app.device) = self.cast.add_member(account.uid);
        self.apps.push(app);
        Ok(())
    }

    /// Gives a member a further device, if a device of theirs can ask for one now.
    async fn add_device(&mut self, member: MemberIndex) -> Result<(), String> {
        let Some(asking) = self.apps.iter().find(|app| app.member == member) else { return Ok(()) };
        let Some(engine) = asking.engine.clone() else { return Ok(()) };
        until(&self.trace, "a device is online", || is_online(&engine)).await?;
        let account = account(&engine).await.map_err(|error| error.to_string())?.id;
        let label = format!("device {}", self.cast.devices());
        let add = Command::AddDevice { account, label };
        let code = ask!(engine, add, Code).map_err(|error| error.to_string())?;
        let device = self.cast.add_device(member);
        let edge = self.edge();
        let mut app = App::new(self.dir.clone(), edge);
        (app.device, app.member) = (device, member);
        let engine = app.open(true).await;
        let joined = ask!(engine, Command::JoinDevice { code }, Account);
        joined.map_err(|error| error.to_string())?;
        self.trace.note(|| format!("device {device} of member {member} is home {}", app.home));
        self.apps.push(app);
        Ok(())
    }

    /// The first member pings the others and invites them to the group; everybody accepts.
    async fn introduce(&mut self) -> Result<(), String> {
        let Some(first) = self.apps.first().and_then(|app| app.engine.clone()) else {
            return Err("nobody is there".into());
        };
        let account = account(&first).await.map_err(|error| error.to_string())?.id;
        for member in 1..self.plan.members {
            let (to, text) = (Cast::alias(member), "Hello".to_owned());
            let ping = Command::Ping { account, to: to.clone(), text: text.clone() };
            ask!(first, ping, Ping).map_err(|error| error.to_string())?;
            let invite = Command::Invite { account, group: GROUP.into(), to, text };
            ask!(first, invite, Ping).map_err(|error| error.to_string())?;
        }
        let engines: Vec<_> = self.apps.iter().filter_map(|app| app.engine.clone()).collect();
        let (members, mut met) = (self.plan.members, false);
        for _ in 0..600 {
            met = true;
            for (app, engine) in self.apps.iter().zip(&engines) {
                let known = async {
                    accept_all(engine).await?;
                    knows_everybody(engine, if app.member == 0 { members - 1 } else { 1 }).await
                };
                met &= known.await.map_err(|error: mnm_engine::Error| error.to_string())?;
            }
            if met {
                break;
            }
            sleep(LOOK).await;
        }
        if met { Ok(()) } else { Err("the introductions do not end".into()) }
    }

    // The storm.

    async fn storm(&mut self) -> Result<(), String> {
        self.network.set_weather(self.plan.weather);
        let end = Instant::now() + self.plan.storm;
        for at in 0..self.apps.len() {
            self.set_writing(at);
        }
        let (service_dice, link_dice) = (self.dice.fork(), self.dice.fork());
        let (service, network) = (self.service.clone(), self.network.clone());
        let service_faults = service_faults(
            service,
            network.clone(),
            service_dice,
            self.plan.service_faults_ms,
            end,
        );
        let homes = self.apps.len();
        let link_faults = link_faults(network, link_dice, self.plan.link_faults_ms, homes, end);
        let (service_failed, (), app_failed) =
            tokio::join!(biased; service_faults, link_faults, self.app_faults(end));
        service_failed.and(app_failed)
    }

    fn set_writing(&mut self, at: usize) {
        let (cast, trace) = (self.cast.clone(), self.trace.clone());
        let (dice, pause_max_ms) = (self.dice.fork(), self.plan.pause_max_ms);
        let Some(app) = self.apps.get_mut(at) else { return };
        let Some(engine) = app.engine.clone() else { return };
        let (home, device, member) = (app.home, app.device, app.member);
        let author = Author { engine, home, device, member, cast, dice, trace, pause_max_ms };
        app.author = Some(tokio::spawn(author.write_on()));
    }

    /// What befalls apps: killed, ended, copied, set to another time, given a sibling.
    async fn app_faults(&mut self, end: Instant) -> Result<(), String> {
        let mut back: BTreeMap<usize, Instant> = BTreeMap::new();
        let mut late_devices = self.plan.late_devices;
        let mut may_copy = self.plan.copies;
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
                    self.apps[at].edge.machine.clock.jump(ms);
                }
                7 if may_copy => {
                    may_copy = false;
                    self.copy(at).await?;
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

    async fn start(&mut self, at: usize) {
        self.trace.note(|| format!("home {at} starts"));
        self.apps[at].open(true).await;
        self.set_writing(at);
    }

    /// Has two machines be the same device.
    async fn copy(&mut self, at: usize) -> Result<(), String> {
        let edge = self.edge();
        let mut dice = self.dice.fork();
        self.trace.note(|| format!("home {at} is copied to home {}", edge.home));
        let mut copy = self.apps[at].copy(edge, &mut dice);
        let engine = copy.open(false).await;
        for (_, message) in messages(&engine).await.map_err(|error| error.to_string())? {
            if is_unsent(&message) {
                self.cast.doubled(marker_of(&message.text));
            }
        }
        drop(engine);
        copy.close().await;
        copy.open(true).await;
        self.apps.push(copy);
        self.set_writing(self.apps.len() - 1);
        Ok(())
    }

    /// A device that nobody learned the secret of would be owed everything for ever, so nothing
    /// breaks for a moment; letters go on.
    async fn add_late_device(&mut self, at: usize) -> Result<(), String> {
        self.network.set_weather(CALM);
        let member = self.apps[at].member;
        let copied = self.apps.iter().filter(|app| app.device == self.apps[at].device).count() > 1;
        if self.service.is_running() && !copied {
            let before = self.apps.len();
            match self.add_device(member).await {
                Ok(()) if self.apps.len() > before => self.set_writing(before),
                // The service crashed meanwhile, or the app was cut off.
                Ok(()) => {}
                Err(why) => self.trace.note(|| format!("no device for member {member}: {why}")),
            }
        }
        self.network.set_weather(self.plan.weather);
        Ok(())
    }

    // The quiet after it.

    async fn quiet(&mut self) -> Result<(), String> {
        self.network.set_weather(CALM);
        self.service.disk.set_capacity(None);
        self.service.disk.cut_power_at(u64::MAX);
        if self.service.disk.is_off() {
            self.service.crash(Crash::Power, &self.network).await;
        }
        if !self.service.is_running() {
            self.service.start().map_err(|error| format!("the store does not open: {error}"))?;
        }
        for app in &mut self.apps {
            app.interrupt_author().await;
        }
        let copies = self.homes_of_copied_devices();
        for (_, copy) in &copies {
            self.apps[*copy].close().await;
        }
        self.until_all_is_sent().await?;
        for (original, copy) in copies {
            self.close_for_good(original).await?;
            self.apps[copy].open(true).await;
        }
        self.until_all_is_sent().await?;
        self.until_all_is_settled().await
    }

    /// Original and copy.
    fn homes_of_copied_devices(&self) -> Vec<(usize, usize)> {
        let mut first: BTreeMap<DeviceIndex, usize> = BTreeMap::new();
        let mut copies = Vec::new();
        for (at, app) in self.apps.iter().enumerate() {
            match first.get(&app.device) {
                Some(original) => copies.push((*original, at)),
                None => drop(first.insert(app.device, at)),
            }
        }
        copies
    }

    async fn close_for_good(&mut self, at: usize) -> Result<(), String> {
        let app = &mut self.apps[at];
        if let Some(engine) = &app.engine {
            let home = shown(engine, app.device).await;
            self.closed.push(home.map_err(|error| error.to_string())?);
        }
        app.close().await;
        Ok(())
    }

    /// Waits until every outbox is empty.
    async fn until_all_is_sent(&mut self) -> Result<(), String> {
        let apps = self.apps.iter();
        let engines: Vec<_> = apps.filter_map(|app| app.engine.clone()).collect();
        let cast = self.cast.clone();
        until(&self.trace, "every outbox is empty", || async {
            let mut all = true;
            for engine in &engines {
                accept_all(engine).await?;
                let account = account(engine).await?;
                all &= account.queued == 0 && matches!(account.link, Link::Online { .. });
            }
            // Last, for it reads everything.
            for engine in if all { engines.as_slice() } else { &[] } {
                all &= !retry_refused(engine, &cast).await?;
            }
            Ok(all)
        })
        .await
    }

    /// Waits until the service has nothing for anybody any more.
    async fn until_all_is_settled(&mut self) -> Result<(), String> {
        let service = self.service.clone();
        let stats = || service.service().map(|service| service.store.stats());
        let quiet = || stats().is_some_and(|stats| stats.messages == 0 && stats.owed == 0);
        let settled = until(&self.trace, "all is settled", || async { Ok(quiet()) }).await;
        sleep(ERASING).await;
        settled.map_err(|why| format!("{why}: {:?}", stats()))
    }

    // The check.

    async fn check(&mut self) -> (Vec<String>, usize) {
        let mut homes = std::mem::take(&mut self.closed);
        let mut wrong = Vec::new();
        for app in &mut self.apps {
            app.interrupt_author().await;
            let Some(engine) = &app.engine else { continue };
            match shown(engine, app.device).await {
                Ok(home) => homes.push(home),
                Err(error) => wrong.push(format!("home {} cannot be read: {error}", app.home)),
            }
        }
        let letters = self.cast.letters();
        wrong.extend(ledger::check(&letters, &homes).iter().map(ToString::to_string));
        wrong.extend(self.residue());
        for home in &homes {
            self.trace.note(|| format!("device {} shows {}", home.device, home.shown.len()));
        }
        (wrong, letters.len())
    }

    /// What the disk of the service still has of any letter.
    fn residue(&self) -> Vec<String> {
        let marker = self.cast.run.as_bytes();
        let image = self.service.disk.image();
        let left = image.iter().filter_map(|(path, bytes)| {
            let at = memchr::memmem::find(bytes, marker)?;
            let end = bytes.len().min(at + marker.len() + 5);
            let what = String::from_utf8_lossy(&bytes[at..end]);
            Some(format!("{} still has {what} at {at}", path.display()))
        });
        left.collect()
    }
}

/// What befalls the service: killed, without power at once or in some operation of the disk, a full
/// disk, another time.
async fn service_faults(
    service: Arc<ServiceHost>,
    network: Arc<Network>,
    mut dice: Dice,
    pause_max_ms: u64,
    end: Instant,
) -> Result<(), String> {
    while Instant::now() < end {
        let pause = Duration::from_millis(dice.between(1, pause_max_ms));
        if power_goes_within(&service, pause).await {
            service.crash(Crash::Power, &network).await;
            restart(&service, &network, &mut dice).await?;
        }
        match dice.between(0, 9) {
            0..=1 => {
                service.crash(Crash::Kill, &network).await;
                restart(&service, &network, &mut dice).await?;
            }
            2 => {
                service.crash(Crash::Power, &network).await;
                restart(&service, &network, &mut dice).await?;
            }
            3..=6 => {
                cut_power_soon(&service, &mut dice);
                power_goes_within(&service, Duration::from_secs(5)).await;
                service.crash(Crash::Power, &network).await;
                restart(&service, &network, &mut dice).await?;
            }
            7 => {
                let room = dice.between(0, 400_000);
                service.disk.set_capacity(Some(service.disk.used_bytes() + room));
                service.note(format!("the disk has room for {room} bytes"));
                sleep(Duration::from_millis(dice.between(100, 10_000))).await;
                service.disk.set_capacity(None);
            }
            8 => {
                let ms = jump_ms(&mut dice);
                service.note(format!("the clock of the service jumps by {ms} ms"));
                service.machine.clock.jump(ms);
            }
            _ => {}
        }
    }
    Ok(())
}

/// Waits, but no longer than the power is on; says whether it went.
async fn power_goes_within(service: &ServiceHost, time: Duration) -> bool {
    let end = Instant::now() + time;
    while !service.disk.is_off() && Instant::now() < end {
        sleep(Duration::from_millis(5)).await;
    }
    service.disk.is_off()
}

/// The power goes in one of the next operations of the disk.
fn cut_power_soon(service: &ServiceHost, dice: &mut Dice) {
    let after = 1 << dice.between(0, 6);
    let operation = service.disk.operations() + dice.between(1, after);
    service.note(format!("the power will go in operation {operation}"));
    service.disk.cut_power_at(operation);
}

/// Starts the service again after a while, perhaps losing power while it recovers.
async fn restart(service: &ServiceHost, network: &Network, dice: &mut Dice) -> Result<(), String> {
    loop {
        sleep(Duration::from_millis(dice.between(1, 8_000))).await;
        if dice.once_in(4) {
            cut_power_soon(service, dice);
        }
        match service.start() {
            Ok(()) => return Ok(()),
            Err(_) if service.disk.is_off() => service.crash(Crash::Power, network).await,
            Err(error) => return Err(format!("the store does not open: {error}")),
        }
    }
}

/// What befalls links: all of them or those of one home break, with a word or without.
async fn link_faults(
    network: Arc<Network>,
    mut dice: Dice,
    pause_max_ms: u64,
    homes: usize,
    end: Instant,
) {
    while Instant::now() < end {
        sleep(Duration::from_millis(dice.between(1, pause_max_ms))).await;
        let how = if dice.once_in(3) { Break::Silence } else { Break::Reset };
        let home = (!dice.once_in(4)).then(|| dice.place(homes));
        network.cut(home, how);
    }
}

/// A few seconds or some hours, either way.
fn jump_ms(dice: &mut Dice) -> i64 {
    let longest = [5_000, 600_000, 8_000_000][dice.place(3)];
    let ms = i64::try_from(dice.between(1, longest)).unwrap_or_default();
    if dice.once_in(2) { ms } else { -ms }
}

async fn is_online(engine: &Engine) -> Result<bool, mnm_engine::Error> {
    Ok(matches!(account(engine).await?.link, Link::Online { .. }))
}

async fn knows_everybody(engine: &Engine, contacts: usize) -> Result<bool, mnm_engine::Error> {
    let known = ask!(engine, Command::Contacts { account: None }, Contacts)?;
    let groups = ask!(engine, Command::Groups { account: None }, Groups)?;
    let joined = groups.iter().any(|group| group.standing == Standing::Joined);
    Ok(known.len() >= contacts && joined)
}

/// Looks again and again until it is so.
async fn until<F: Future<Output = Result<bool, mnm_engine::Error>>>(
    trace: &Trace,
    what: &str,
    mut look: impl FnMut() -> F,
) -> Result<(), String> {
    let end = Instant::now() + PATIENCE;
    while Instant::now() < end {
        match look().await {
            Ok(true) => {
                trace.note(|| what.to_owned());
                return Ok(());
            }
            Ok(false) => {}
            Err(error) if error.code == ErrorCode::Conflict => {}
            Err(error) => return Err(format!("while waiting until {what}: {error}")),
        }
        sleep(LOOK).await;
    }
    Err(format!("waited in vain until {what}"))
}
