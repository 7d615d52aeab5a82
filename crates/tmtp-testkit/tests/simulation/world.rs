//! World of one schedule: everybody is introduced, then comes the storm, then quiet, then the check.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use mnm_engine::command::Command;
use mnm_engine::view::{Link, Standing};
use mnm_engine::{Engine, ErrorCode};
use tmtp_testkit::dice::Dice;
use tmtp_testkit::ledger::Home;
use tokio::time::{Instant, sleep};

use crate::app::{App, account, ask};
use crate::author::accept_all;
use crate::cast::{Cast, GROUP, MemberIndex};
use crate::club::CLUB;
use crate::network::Network;
use crate::plan::Plan;
use crate::platform::{AppPlatform, Machine};
use crate::service::ServiceHost;
use crate::trace::Trace;

/// Where apps are told the service is. Nothing listens there: the network is simulated.
const ADDRESS: &str = "+service.invalid:5050";
/// How long everything that is due may take once all is quiet, in simulated time.
const PATIENCE: Duration = Duration::from_secs(1_200);
/// How often somebody looks whether it is done, in simulated time.
const LOOK: Duration = Duration::from_secs(1);

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
pub(crate) struct World {
    pub(crate) plan: Plan,
    pub(crate) dice: Dice,
    pub(crate) trace: Trace,
    pub(crate) dir: PathBuf,
    pub(crate) network: Arc<Network>,
    pub(crate) service: Arc<ServiceHost>,
    pub(crate) cast: Cast,
    pub(crate) apps: Vec<App>,
    /// What homes showed that are closed for good.
    pub(crate) closed: Vec<Home>,
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
        self.service
            .start()
            .await
            .map_err(|error| format!("the service does not start: {error}"))?;
        self.assemble().await?;
        self.trace.note(|| "everybody is introduced".into());
        self.storm().await?;
        self.trace.note(|| "the storm is over".into());
        let (service, network) = (self.service.clone(), self.network.clone());
        tokio::select! {
            biased;
            done = self.quiet() => done?,
            failed = service.supervise(&network) => failed?,
        }
        if self.plan.absence { self.absence().await } else { Ok(()) }
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

    pub(crate) fn platform(&mut self) -> Arc<AppPlatform> {
        Arc::new(AppPlatform {
            machine: Machine::new(self.dice.fork()),
            home: self.apps.len(),
            network: self.network.clone(),
            service: self.service.clone(),
        })
    }

    async fn join(&mut self, member: MemberIndex) -> Result<(), String> {
        let platform = self.platform();
        let mut app = App::new(self.dir.clone(), platform);
        let engine = app.open(true).await;
        let alias = Cast::alias(member);
        let join = Command::Join { address: ADDRESS.into(), alias, device: None, another: false };
        let account = ask!(engine, join, Account).map_err(|error| error.to_string())?;
        (app.member, app.device) = self.cast.add_member(account.uid.to_string());
        self.apps.push(app);
        Ok(())
    }

    /// Gives a member a further device, if their home `asking` can ask for one now.
    pub(crate) async fn add_device(&mut self, asking: usize) -> Result<(), String> {
        let Some(asking) = self.apps.get(asking) else { return Ok(()) };
        let (member, Some(engine)) = (asking.member, asking.engine.clone()) else { return Ok(()) };
        until(&self.trace, "a device is online", || is_online(&engine)).await?;
        let account = account(&engine).await.map_err(|error| error.to_string())?.id;
        let label = format!("device {}", self.cast.devices());
        let add = Command::AddDevice { account, label };
        let code = ask!(engine, add, Code).map_err(|error| error.to_string())?;
        let device = self.cast.add_device(member);
        let platform = self.platform();
        let mut app = App::new(self.dir.clone(), platform);
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
        self.cast.set_mover(self.plan.club.then_some(self.plan.members - 1));
        for member in 1..self.plan.members {
            let (to, now) = (Cast::alias(member), self.service.moment());
            let text = self.cast.greet(0, member, "", now);
            let ping = Command::Ping { account, to: to.clone(), text };
            ask!(first, ping, Ping).map_err(|error| error.to_string())?;
            for group in [GROUP, CLUB].into_iter().take(1 + usize::from(self.plan.club)) {
                let text = self.cast.greet(0, member, group, now);
                let invite = Command::Invite { account, group: group.into(), to: to.clone(), text };
                ask!(first, invite, Ping).map_err(|error| error.to_string())?;
            }
        }
        let engines: Vec<_> = self.apps.iter().filter_map(|app| app.engine.clone()).collect();
        let (members, mut met) = (self.plan.members, false);
        for _ in 0..600 {
            met = true;
            for (app, engine) in self.apps.iter().zip(&engines) {
                let contacts = if app.member == 0 { members - 1 } else { 1 };
                let stays = self.plan.club && self.cast.mover() != Some(app.member);
                let known = async {
                    accept_all(engine, app.device, &self.cast, &self.service).await?;
                    knows_everybody(engine, contacts, 1 + usize::from(stays)).await
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
}

/// Whether it knows that it is in the group of all, which a new device is told by its siblings.
pub(crate) async fn knows_its_group(engine: &Engine) -> Result<bool, mnm_engine::Error> {
    let known = ask!(engine, Command::Groups { account: None }, Groups)?;
    Ok(known.iter().any(|group| group.gid == GROUP && group.standing == Standing::Joined))
}

async fn is_online(engine: &Engine) -> Result<bool, mnm_engine::Error> {
    Ok(matches!(account(engine).await?.link, Link::Online { .. }))
}

async fn knows_everybody(
    engine: &Engine,
    contacts: usize,
    joined: usize,
) -> Result<bool, mnm_engine::Error> {
    let known = ask!(engine, Command::Contacts { account: None }, Contacts)?;
    let groups = ask!(engine, Command::Groups { account: None }, Groups)?;
    let in_groups = groups.iter().filter(|group| group.standing == Standing::Joined).count();
    Ok(known.len() >= contacts && in_groups >= joined)
}

/// Looks again and again until it is so.
pub(crate) async fn until<F: Future<Output = Result<bool, mnm_engine::Error>>>(
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
