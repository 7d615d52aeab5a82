//! The machine of the service: its disk, its clock, and the real service while it runs.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tmtp_testkit::dice::Dice;
use tmtp_testkit::disk::SimulatedDisk;
use tmtpd::config::{Config, DaemonConfig};
use tmtpd::listen::Gate;
use tmtpd::service::Service;
use tmtpd::shutdown::Shutdown;
use tmtpd::store::{Driver, Limits, Store, StoreError};
use tokio::task::JoinSet;

use crate::edge::Machine;
use crate::network::{Break, End, Network};
use crate::trace::Trace;

const DATA: &str = "/data";

/// Room that new messages leave free on the disk, in bytes.
const RESERVE_BYTES: u64 = 256 * 1024;

/// The machine of the service.
#[derive(Debug)]
pub(crate) struct ServiceHost {
    pub(crate) disk: SimulatedDisk,
    pub(crate) machine: Machine,
    config: Config,
    state: Mutex<State>,
    trace: Trace,
}

#[derive(Debug)]
struct State {
    dice: Dice,
    running: Option<Running>,
}

/// A run of the service.
#[derive(Debug)]
struct Running {
    service: Arc<Service>,
    gate: Arc<Gate>,
    links: JoinSet<()>,
}

/// How a run ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Crash {
    /// The process is killed; the system keeps what was written.
    Kill,
    /// The power goes: what was not synced may be lost or torn, and nobody is told.
    Power,
}

impl ServiceHost {
    pub(crate) fn new(mut dice: Dice, trace: Trace) -> Arc<Self> {
        let disk = SimulatedDisk::new(dice.number());
        let machine = Machine::new(dice.fork());
        let state = Mutex::new(State { dice, running: None });
        Arc::new(Self { disk, machine, config: config(), state, trace })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts the service on the disk as it is.
    ///
    /// # Errors
    /// The store does not open; it must, unless the power goes while it does.
    pub(crate) fn start(&self) -> Result<(), StoreError> {
        let commit_after = Duration::from_millis(self.state().dice.between(0, 20));
        let limits = Limits { reserve_bytes: RESERVE_BYTES, ..Limits::default() };
        let driver = Driver::Task { commit_after };
        let store = Store::open_on(self.disk.mount(), Path::new(DATA), limits, driver)?;
        let service = Arc::new(Service::with(&self.config, store, self.machine.clone())?);
        self.trace.note(|| format!("the service starts, commits after {commit_after:?}"));
        let gate = Gate::new(&self.config.limits);
        self.state().running = Some(Running { service, gate, links: JoinSet::new() });
        Ok(())
    }

    /// Notes what happens to it.
    pub(crate) fn note(&self, words: String) {
        self.trace.note(|| words);
    }

    /// The service while it runs.
    pub(crate) fn service(&self) -> Option<Arc<Service>> {
        self.state().running.as_ref().map(|running| Arc::clone(&running.service))
    }

    pub(crate) fn is_running(&self) -> bool {
        self.state().running.is_some()
    }

    /// Ends the run at once.
    pub(crate) async fn crash(&self, how: Crash, network: &Network) {
        self.trace.note(|| format!("the service crashes: {how:?}"));
        match how {
            Crash::Power => {
                network.cut(None, Break::Silence);
                self.disk.cut_power();
            }
            // What the process still has open is dead from now on.
            Crash::Kill => drop(self.disk.mount()),
        }
        let running = self.state().running.take();
        if let Some(Running { mut links, service, .. }) = running {
            links.shutdown().await;
            drop(service);
        }
    }

    /// Takes a connection, as the system of the machine does.
    pub(crate) fn accept(&self, home: usize, network: &Network) -> io::Result<End> {
        let state = &mut *self.state();
        let refused = || io::Error::from(io::ErrorKind::ConnectionRefused);
        let running = state.running.as_mut().filter(|_| !self.disk.is_off()).ok_or_else(refused)?;
        let octet = u8::try_from(home + 1).unwrap_or(u8::MAX);
        let address = SocketAddr::from((Ipv4Addr::new(10, 0, 0, octet), 1));
        let mut peer = running.gate.admit(address).map_err(|_| refused())?;
        let (app, service_end) = network.connect(home);
        let service_end = service_end.powered_by(self.disk.clone());
        let service = Arc::clone(&running.service);
        running.links.spawn(async move {
            peer.turn().await;
            tmtpd::link::run(service_end, peer, service, Shutdown::new()).await;
        });
        Ok(app)
    }
}

fn config() -> Config {
    let overrides = tmtpd::config::Overrides { data: Some(DATA.into()), ..Default::default() };
    let config = DaemonConfig::resolve(overrides, None).unwrap();
    config.only().unwrap().clone()
}
