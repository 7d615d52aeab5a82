//! The machine of the service: its disk, its clock, and the real service while it runs.

use std::future::pending;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tmtp::certificate::CertificateHash;
use tmtp_store::{EmbeddedStore, Executor, StoreError, StoreLimits};
use tmtp_testkit::dice::Dice;
use tmtp_testkit::disk::SimulatedDisk;
use tmtpd::config::{Config, DaemonConfig};
use tmtpd::conn_limit::ConnLimit;
use tmtpd::expiry::Expiry;
use tmtpd::link::Carrier;
use tmtpd::service::Service;
use tmtpd::shutdown::Shutdown;
use tokio::sync::Mutex as AsyncMutex;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::club::Moment;
use crate::network::{Break, End, Network};
use crate::platform::Machine;
use crate::trace::Trace;

const DATA: &str = "/data";

/// Room that new messages leave free on the disk, in bytes.
const RESERVE_BYTES: u64 = 256 * 1024;

/// Days of the service after which a message is given up.
const UNDELIVERED_DAYS: usize = 1;

/// The machine of the service.
#[derive(Debug)]
pub(crate) struct ServiceHost {
    pub(crate) disk: SimulatedDisk,
    pub(crate) machine: Machine,
    /// Held by whoever breaks something, and by whoever must not be disturbed.
    pub(crate) peace: AsyncMutex<()>,
    config: Config,
    state: Mutex<State>,
    trace: Trace,
}

#[derive(Debug)]
struct State {
    dice: Dice,
    running: Option<Running>,
    /// The id after which each run gave its own.
    runs: Vec<u64>,
    /// The last id that was given.
    last_id: u64,
}

/// A run of the service.
#[derive(Debug)]
struct Running {
    service: Arc<Service>,
    store: Arc<EmbeddedStore>,
    conn_limit: Arc<ConnLimit>,
    expiry: Expiry,
    links: JoinSet<()>,
}

/// How a run ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Crash {
    /// The process is killed; the system keeps what was written.
    Kill,
    /// The power goes: what was not synced may be lost or torn, and nobody is told.
    Power,
    /// The store refuses everything after a failure, so the process ends in order.
    Failure,
}

impl ServiceHost {
    pub(crate) fn new(mut dice: Dice, trace: Trace) -> Arc<Self> {
        let disk = SimulatedDisk::new(dice.number());
        let machine = Machine::new(dice.fork());
        let state = Mutex::new(State { dice, running: None, runs: Vec::new(), last_id: 0 });
        let peace = AsyncMutex::default();
        Arc::new(Self { disk, machine, peace, config: config(), state, trace })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts the service on the disk as it is.
    ///
    /// # Errors
    /// The store does not open; it must, unless the power goes while it does.
    pub(crate) async fn start(&self) -> Result<(), StoreError> {
        let commit_after = Duration::from_millis(self.state().dice.between(0, 20));
        // So that a copy of a queue takes many slices.
        let limits =
            StoreLimits { reserve_bytes: RESERVE_BYTES, copy_slice: 2, ..StoreLimits::default() };
        let driver = Executor::Task { commit_after };
        let store = EmbeddedStore::open_on(self.disk.mount(), Path::new(DATA), limits, driver)?;
        let store = Arc::new(store);
        let service = Service::open(&self.config, store.clone(), self.machine.clone()).await?;
        let service = Arc::new(service);
        self.trace.note(|| format!("the service starts, commits after {commit_after:?}"));
        let conn_limit = ConnLimit::new(&self.config.limits);
        let expiry = Expiry::start(service.clone());
        let state = &mut *self.state();
        state.last_id = store.last_given().0;
        state.runs.push(state.last_id);
        state.running = Some(Running { service, store, conn_limit, expiry, links: JoinSet::new() });
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

    /// Now, by the ids that were given.
    pub(crate) fn moment(&self) -> Moment {
        let state = &mut *self.state();
        if let Some(running) = &state.running {
            state.last_id = running.store.last_given().0;
        }
        Moment { run: state.runs.len(), id: state.last_id }
    }

    /// The id of a moment, or a lower one if ids were given again after it: those of messages that a
    /// crash undid, when the clock had gone back.
    pub(crate) fn id_of(&self, moment: Moment) -> u64 {
        let state = self.state();
        let later = state.runs.get(moment.run..).unwrap_or_default();
        later.iter().copied().fold(moment.id, u64::min)
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
            Crash::Failure => {}
        }
        let _ = self.moment();
        let running = self.state().running.take();
        if let Some(Running { mut links, service, expiry, .. }) = running {
            links.shutdown().await;
            // Its disk is gone; it only has to end.
            expiry.stop().await;
            if how == Crash::Failure {
                let closed = service.close().await;
                self.trace.note(|| format!("the service is closed: {closed:?}"));
            }
        }
    }

    /// Waits, but no longer than the service runs, which is looked at every so often; says how it
    /// ended, if it did.
    pub(crate) async fn ends_within(&self, time: Duration, every: Duration) -> Option<Crash> {
        let end = Instant::now() + time;
        while Instant::now() < end {
            if self.disk.is_off() {
                return Some(Crash::Power);
            }
            let service = self.service();
            let failed = async {
                match &service {
                    Some(service) => service.store.ended().await,
                    None => pending().await,
                }
            };
            tokio::select! {
                biased;
                () = failed => return Some(Crash::Failure),
                () = sleep(every) => {}
            }
        }
        None
    }

    /// Starts it again each time its store has failed, as it may have without anybody knowing yet.
    /// Ends only when it does not start.
    pub(crate) async fn supervise(&self, network: &Network) -> Result<(), String> {
        loop {
            if let Some(how) =
                self.ends_within(Duration::from_secs(10), Duration::from_secs(1)).await
            {
                self.crash(how, network).await;
                self.start()
                    .await
                    .map_err(|error| format!("the store does not open: {error:?}"))?;
            }
        }
    }

    /// Takes a connection, as the system of the machine does.
    pub(crate) fn accept(&self, home: usize, network: &Network) -> io::Result<End> {
        let state = &mut *self.state();
        let refused = || io::Error::from(io::ErrorKind::ConnectionRefused);
        let running = state.running.as_mut().filter(|_| !self.disk.is_off()).ok_or_else(refused)?;
        let octet = u8::try_from(home + 1).unwrap_or(u8::MAX);
        let address = SocketAddr::from((Ipv4Addr::new(10, 0, 0, octet), 1));
        let mut peer = running.conn_limit.admit(address).map_err(|_| refused())?;
        let (app, service_end) = network.connect(home);
        let service_end = service_end.powered_by(self.disk.clone());
        let service = Arc::clone(&running.service);
        running.links.spawn(async move {
            if !peer.wait_for_slot().await {
                return;
            }
            let certificate = CertificateHash::of(b"the simulated service");
            let carrier = Carrier { stream: service_end, peer, certificate };
            tmtpd::link::run(carrier, service, Shutdown::new()).await;
        });
        Ok(app)
    }
}

fn config() -> Config {
    let overrides = tmtpd::config::Overrides { data: Some(DATA.into()), ..Default::default() };
    let config = DaemonConfig::resolve(overrides, None).unwrap();
    let mut config = config.only().unwrap().clone();
    config.limits.undelivered_days = UNDELIVERED_DAYS;
    config
}
