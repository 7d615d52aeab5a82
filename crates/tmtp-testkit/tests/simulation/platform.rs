//! The machines of a simulation: their clocks, which jump, and their random numbers, from the seed.

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use mnm_engine::OpenError;
use mnm_engine::platform::{Carrier, CarrierError, Connecting, Peer, Platform, Proof};
use mnm_engine::vault::Vault;
use tmtp_testkit::dice::Dice;
use tokio::time::{Instant, sleep};

use crate::network::Network;
use crate::service::ServiceHost;

/// When every simulation begins, in Unix milliseconds: some day in 2026.
const BEGIN_MS: i64 = 1_790_000_000_000;

/// The time of day on one machine.
#[derive(Debug, Clone)]
pub(crate) struct Clock {
    start: Instant,
    ahead_ms: Arc<AtomicI64>,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Self { start: Instant::now(), ahead_ms: Arc::default() }
    }

    /// Sets the clock forward, or back.
    pub(crate) fn jump(&self, ms: i64) {
        self.ahead_ms.fetch_add(ms, Ordering::Relaxed);
    }

    fn now_ms(&self) -> i64 {
        let passed = i64::try_from(self.start.elapsed().as_millis()).unwrap_or(i64::MAX);
        BEGIN_MS + passed + self.ahead_ms.load(Ordering::Relaxed)
    }
}

/// One machine.
#[derive(Debug, Clone)]
pub(crate) struct Machine {
    pub(crate) clock: Clock,
    dice: Arc<Mutex<Dice>>,
}

impl Machine {
    pub(crate) fn new(dice: Dice) -> Self {
        Self { clock: Clock::start(), dice: Arc::new(Mutex::new(dice)) }
    }

    fn fill(&self, bytes: &mut [u8]) {
        self.dice.lock().unwrap_or_else(PoisonError::into_inner).fill(bytes);
    }
}

impl tmtpd::platform::Platform for Machine {
    fn now_ms(&self) -> i64 {
        self.clock.now_ms()
    }

    fn random(&self, bytes: &mut [u8]) -> Result<(), getrandom::Error> {
        self.fill(bytes);
        Ok(())
    }
}

/// The machine of an app, and its way to the service.
#[derive(Debug)]
pub(crate) struct AppPlatform {
    pub(crate) machine: Machine,
    /// Number of the home, for the trace.
    pub(crate) home: usize,
    pub(crate) network: Arc<Network>,
    pub(crate) service: Arc<ServiceHost>,
}

impl Platform for AppPlatform {
    fn now_ms(&self) -> i64 {
        self.machine.clock.now_ms()
    }

    fn random(&self, bytes: &mut [u8]) -> Result<(), getrandom::Error> {
        self.machine.fill(bytes);
        Ok(())
    }

    fn open_vault(&self, home: &Path) -> Result<Vault, OpenError> {
        mnm_native::open_vault(home)
    }

    fn connect(&self, _host: &str, _port: u16, _proof: Proof) -> Connecting {
        let (home, network) = (self.home, Arc::clone(&self.network));
        let service = Arc::clone(&self.service);
        Box::pin(async move {
            sleep(Duration::from_millis(1)).await;
            if network.refuses() {
                let unreachable = io::ErrorKind::HostUnreachable.into();
                return Err(CarrierError::Unreachable(unreachable));
            }
            let link = service.accept(home, &network).map_err(CarrierError::Unreachable)?;
            Ok(Carrier { stream: Box::new(link), peer: Peer::Itself })
        })
    }
}
