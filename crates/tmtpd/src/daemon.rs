//! Daemon: many services in one process, started, sharing addresses, and stopped in order.
//!
//! Each service is an [`Instance`] and a failure domain of its own: one whose store fails stops
//! alone, and the others continue. The daemon owns the listening sockets, because services may
//! share them. The configuration is applied at the start and, without dropping links, at each
//! [reload].
//!
//! - [`instance`]: one service
//! - `cert_watcher`: reloads certificate files, and drives ACME renewal
//! - `reminder`: warns before the certificate expires
//! - [`sockets`]: listening sockets, and the services behind them
//! - `ready`: the line on stdout
//! - [`reload`]: applies a changed configuration
//!
//! [reload]: Daemon::reload

mod cert_watcher;
pub mod instance;
mod ready;
pub mod reload;
mod reminder;
pub mod sockets;

use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use tokio::sync::{Mutex, mpsc};

pub use instance::{Attachment, Instance, InstanceError, InstanceState};
pub use reload::{ReloadError, Reloaded};

use crate::config::{Config, ConfigError, DaemonConfig, Overrides};
use crate::log::chain;
use crate::notify;
use crate::shutdown::Shutdown;
use sockets::Sockets;

/// Makes an [`Attachment`] for an instance that has started; none if that failed.
pub type Attach = fn(&Daemon, &Arc<Instance>) -> Option<Attachment>;

/// Where the configuration comes from: read at the start and again at each reload.
#[derive(Debug, Clone)]
pub struct Source {
    /// Command-line values.
    pub over: Overrides,
    /// The configuration file.
    pub file: Option<PathBuf>,
}

impl Source {
    /// Reads and validates it.
    ///
    /// # Errors
    /// [`ConfigError`]; nothing was written.
    pub fn read(&self) -> Result<DaemonConfig, ConfigError> {
        DaemonConfig::resolve(self.over.clone(), self.file.as_deref())
    }
}

/// All services of one process. Clones are handles to the same.
#[derive(Debug, Clone)]
pub struct Daemon {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    source: Source,
    shutdown: Shutdown,
    attach: Attach,
    /// In the order of the file, failed ones included.
    instances: RwLock<Vec<Arc<Instance>>>,
    /// Held while services are added or removed.
    now: Mutex<Now>,
    failures: mpsc::Sender<Arc<Instance>>,
}

/// What runs now.
#[derive(Debug)]
struct Now {
    config: DaemonConfig,
    sockets: Sockets,
    /// The first failure of a service, which is the exit status of the process.
    failure: Option<InstanceError>,
}

impl Daemon {
    /// Starts the services of `config`, which was read from `source`, and attaches to each the
    /// result of `attach`. A service that cannot start is logged and left out, unless it is the
    /// only one.
    ///
    /// # Errors
    /// None can start: the first one's error.
    pub async fn start(
        source: Source,
        config: DaemonConfig,
        shutdown: Shutdown,
        attach: Attach,
    ) -> Result<Self, InstanceError> {
        raise_file_limit(&config);
        let (failures, failed) = mpsc::channel(16);
        let sockets = Sockets::new(&config.unrouted);
        let now = Now { config: config.clone(), sockets, failure: None };
        let instances = RwLock::default();
        let now = Mutex::new(now);
        let shared = Shared { source, shutdown, attach, instances, now, failures };
        let daemon = Self { shared: Arc::new(shared) };
        daemon.start_all(&config).await?;
        tokio::spawn(daemon.clone().heed_failures(failed));
        Ok(daemon)
    }

    async fn start_all(&self, config: &DaemonConfig) -> Result<(), InstanceError> {
        let mut now = self.shared.now.lock().await;
        let mut first_error = None;
        for one in &config.services {
            if let Err(error) = self.start_one(one, config.services.len() > 1).await {
                if config.services.len() > 1 {
                    tracing::error!(service = %one.service.name, error = %chain(&error), "does not start");
                }
                first_error = first_error.or(Some(error));
            }
        }
        for (instance, error) in now.sockets.connect(&self.services()).await {
            let error = InstanceError::Listen(error);
            if config.services.len() > 1 {
                tracing::error!(service = %instance.name(), error = %chain(&error), "does not start");
            }
            self.withdraw(&instance).await;
            first_error = first_error.or(Some(error));
        }
        now.sockets.connect(&self.services()).await;
        match first_error {
            Some(error) if self.services().is_empty() => Err(error),
            error => {
                now.failure = error;
                self.say_ready(&now);
                Ok(())
            }
        }
    }

    /// Opens a service, which is not reachable yet.
    async fn start_one(&self, config: &Config, is_one_of_many: bool) -> Result<(), InstanceError> {
        let failures = self.shared.failures.clone();
        let instance = Instance::open(config.clone(), is_one_of_many, failures).await?;
        self.change(|instances| instances.push(instance));
        Ok(())
    }

    /// Removes a service that started but cannot be reached.
    async fn withdraw(&self, instance: &Arc<Instance>) {
        self.change(|instances| instances.retain(|other| !Arc::ptr_eq(other, instance)));
        instance.stop().await;
    }

    /// The services in the order of the configuration, failed ones included.
    #[must_use]
    pub fn services(&self) -> Vec<Arc<Instance>> {
        self.shared.instances.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn change(&self, change: impl FnOnce(&mut Vec<Arc<Instance>>)) {
        change(&mut self.shared.instances.write().unwrap_or_else(PoisonError::into_inner));
    }

    /// Starts an orderly stop; [`Daemon::run`] then returns.
    pub fn stop(&self) {
        self.shared.shutdown.request();
    }

    /// Whether a stop was requested.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.shared.shutdown.is_requested()
    }

    /// Serves until a stop is requested or no service is left, then stops all services in order.
    ///
    /// # Errors
    /// The first failure of a service, if there was one; nothing acknowledged is lost.
    pub async fn run(&self) -> Result<(), InstanceError> {
        self.shared.shutdown.requested().await;
        notify::stopping();
        let mut now = self.shared.now.lock().await;
        now.sockets.close_all().await;
        let mut stopping = tokio::task::JoinSet::new();
        for instance in self.services() {
            stopping.spawn(async move { instance.stop().await });
        }
        while stopping.join_next().await.is_some() {}
        let failed = self.services().iter().find_map(|instance| instance.take_failure());
        match now.failure.take().or(failed) {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }

    /// Detaches services from their addresses when their store has failed.
    async fn heed_failures(self, mut failed: mpsc::Receiver<Arc<Instance>>) {
        while let Some(instance) = failed.recv().await {
            let mut now = self.shared.now.lock().await;
            tracing::error!(
                service = %instance.name(),
                "the store has failed, so the service stops; nothing acknowledged is lost"
            );
            now.sockets.connect(&self.services()).await;
            instance.stop().await;
            let left =
                self.services().iter().any(|instance| instance.state() == InstanceState::Running);
            if !left {
                self.stop();
            }
        }
    }

    /// Has each service start what needs its addresses, and prints to stdout the addresses that are
    /// new. A closed stdout does not stop the service.
    fn say_ready(&self, now: &Now) {
        let is_one_of_many = now.config.services.len() > 1;
        let services = self.services();
        for instance in
            services.iter().filter(|instance| instance.state() == InstanceState::Running)
        {
            instance.begin(|instance| (self.shared.attach)(self, instance));
            let Some(line) = ready::line(instance, &now.sockets, is_one_of_many) else {
                continue;
            };
            if let Err(error) = ready::say(&line) {
                tracing::warn!(%error, "stdout cannot be written; {line}");
            }
        }
    }
}

/// Each link is an open file, and up to three more while it passes on large messages; the default limit of most
/// systems is 1,024. Only a limit that links alone can use up is warned of: few pass on large messages at a time.
fn raise_file_limit(config: &DaemonConfig) {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let links_total: usize = config.services.iter().map(|one| one.limits.links_total).sum();
    let limit = getrlimit(Resource::Nofile);
    let raised = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
    let files = if raised.is_ok() { limit.maximum } else { limit.current };
    // Some more for the stores and the listeners.
    let needed = links_total as u64 + 100 * config.services.len() as u64;
    if files.is_some_and(|files| files < needed) {
        tracing::warn!(files, links_total, "the system allows fewer open files than links_total");
    }
}
