//! One service of the daemon, from its data folder to its links: a failure domain of its own.

use std::fmt::{self, Display, Formatter};
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::{Notify, mpsc};
use tokio::task::AbortHandle;
use tokio::time::interval;
use tracing::{Instrument, Span};

use super::Daemon;
use crate::admin::desk::{self, Desk};
use crate::certificate::acme;
use crate::certificate::identity::Identity;
use crate::certificate::{Certificate, CertificateError};
use crate::config::{Acme, Config, Tls};
use crate::expiry::Expiry;
use crate::listen::{Entrance, ListenError, route};
use crate::log::chain;
use crate::private;
use crate::service::Service;
use crate::shutdown::Shutdown;
use crate::store::StoreError;

/// How often the files of a certificate are looked at.
const LOOK: Duration = Duration::from_secs(60);

/// A service of the daemon.
#[derive(Debug)]
pub struct Instance {
    config: Mutex<Config>,
    service: Arc<Service>,
    identity: Arc<Identity>,
    entrance: Arc<Entrance>,
    state: Mutex<State>,
    failure: Mutex<Option<InstanceError>>,
    /// Ends what watches over it.
    ended: Shutdown,
    addresses: Mutex<Vec<String>>,
    /// The line that told them, to tell it again only when it changed.
    told: Mutex<Option<String>>,
    /// Where commands ask it.
    desk: Mutex<Option<desk::Open>>,
    /// Gives up what nobody fetches, until it is stopped.
    expiry: Mutex<Option<Expiry>>,
    /// Says in the log which service it is.
    span: Span,
    /// Sees to it that the certificate is good.
    keeper: Mutex<Option<AbortHandle>>,
    wake_keeper: Arc<Notify>,
}

/// How a service is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Members can reach it.
    Running,
    /// Its store failed. A reload tries to start it again.
    Failed,
    /// It was stopped in order.
    Stopped,
}

impl Display for State {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Running => "running",
            Self::Failed => "failed",
            Self::Stopped => "stopped",
        })
    }
}

/// Why a service does not run.
#[derive(Debug, thiserror::Error)]
pub enum InstanceError {
    /// The administrator's certificate cannot be used. Nothing was written.
    #[error(transparent)]
    GivenCertificate(CertificateError),
    /// The data folder cannot be made.
    #[error("the data folder {} cannot be made", path.display())]
    Data {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The store cannot be opened, or failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The service's own certificate cannot be used or made.
    #[error(transparent)]
    OwnCertificate(CertificateError),
    /// An address cannot be listened on.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// TLS cannot be served.
    #[error("TLS cannot be served")]
    Tls(#[from] rustls::Error),
    /// A task of the service broke off.
    #[error("the service could not be opened: a task broke off")]
    BrokeOff,
}

impl Instance {
    /// Opens the service that `config` describes: certificate, data folder, store. It has no address
    /// yet. When its store fails later, it is sent to `failures`.
    ///
    /// # Errors
    /// [`InstanceError`]. A certificate of the administrator's is looked at before anything is
    /// written.
    pub async fn open(
        config: Config,
        is_one_of_many: bool,
        failures: mpsc::Sender<Arc<Self>>,
    ) -> Result<Arc<Self>, InstanceError> {
        let span = match is_one_of_many {
            true => tracing::info_span!("service", name = %config.service.name),
            false => Span::none(),
        };
        let inside = span.clone();
        // Opening reads the disk, for long after a crash: the links of other services go on.
        let opened = tokio::task::spawn_blocking(move || inside.in_scope(|| Opened::open(config)));
        let Opened { config, service, identity } =
            opened.await.map_err(|_| InstanceError::BrokeOff)??;
        let expiry = span.in_scope(|| Expiry::start(Arc::clone(&service)));
        let entrance = Entrance::new(Arc::clone(&service), Arc::clone(&identity), span.clone())?;
        let instance = Arc::new(Self {
            config: Mutex::new(config),
            service,
            identity,
            entrance,
            state: Mutex::new(State::Running),
            failure: Mutex::default(),
            ended: Shutdown::new(),
            addresses: Mutex::default(),
            told: Mutex::default(),
            desk: Mutex::default(),
            expiry: Mutex::new(Some(expiry)),
            span,
            keeper: Mutex::default(),
            wake_keeper: Arc::default(),
        });
        tokio::spawn(Arc::clone(&instance).watch_store(failures));
        Ok(instance)
    }

    async fn watch_store(self: Arc<Self>, failures: mpsc::Sender<Arc<Self>>) {
        tokio::select! {
            () = self.ended.requested() => {}
            () = self.service.store_failed() => {
                self.set_state(State::Failed);
                *lock(&self.failure) = Some(InstanceError::Store(StoreError::Closed));
                // Nobody listens when the daemon stops, and then it stops this one too.
                let _ = failures.send(Arc::clone(&self)).await;
            }
        }
    }

    /// What it is called.
    #[must_use]
    pub fn name(&self) -> String {
        lock(&self.config).service.name.clone()
    }

    /// The folder that holds everything it keeps, by which it is known.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        lock(&self.config).service.data.clone()
    }

    /// What it was told last.
    #[must_use]
    pub fn config(&self) -> Config {
        lock(&self.config).clone()
    }

    /// The service itself.
    #[must_use]
    pub fn service(&self) -> &Arc<Service> {
        &self.service
    }

    /// How it proves itself.
    #[must_use]
    pub fn identity(&self) -> &Arc<Identity> {
        &self.identity
    }

    /// Whether it runs.
    #[must_use]
    pub fn state(&self) -> State {
        *lock(&self.state)
    }

    /// Links and handshakes under way.
    #[must_use]
    pub fn links(&self) -> usize {
        self.entrance.links()
    }

    /// What members join by.
    #[must_use]
    pub fn addresses(&self) -> Vec<String> {
        lock(&self.addresses).clone()
    }

    /// Notes by which `addresses` members join, and that `line` tells them. Whether it was told before.
    pub(super) fn note_ready(&self, addresses: Vec<String>, line: &str) -> bool {
        *lock(&self.addresses) = addresses;
        lock(&self.told).replace(line.to_owned()).as_deref() == Some(line)
    }

    /// Begins what needs its addresses, unless it has begun: commands can ask it, and an authority can
    /// look at it. A service that cannot be asked still serves its members.
    pub(super) fn begin(self: &Arc<Self>, daemon: &Daemon) {
        if lock(&self.keeper).is_none() {
            self.start_keeper();
        }
        let mut desk = lock(&self.desk);
        if desk.is_none() {
            let (instance, daemon) = (Arc::clone(self), daemon.clone());
            let started_ms = self.service.now_ms();
            *desk = Desk { instance, daemon, started_ms, copying: tokio::sync::Mutex::default() }
                .open()
                .inspect_err(|error| tracing::warn!(%error, "no commands can ask this service"))
                .ok();
        }
    }

    /// Its part in the addresses it listens on.
    pub(super) fn part(&self) -> route::Part {
        let config = self.config();
        route::Part {
            entrance: Arc::clone(&self.entrance),
            server_names: config.answers_to().cloned().collect(),
            default: config.service.default,
        }
    }

    /// Looks at its certificate again, and shows new links what is there now. Whether that is another
    /// than before.
    ///
    /// # Errors
    /// It cannot be used, as when only one of two files was written so far; the certificate of before
    /// stays.
    pub(super) fn refresh_certificate(&self) -> Result<bool, InstanceError> {
        let config = self.config();
        let certificate = match &config.tls {
            Tls::SelfSigned => own_certificate(&config)?,
            Tls::Files { .. } => match given_certificate(&config.tls)? {
                Some(certificate) => certificate,
                None => return Ok(false),
            },
            Tls::Acme(_) => {
                self.wake_keeper.notify_one();
                return Ok(false);
            }
        };
        Ok(self.identity.replace(certificate))
    }

    /// Starts what sees to it that the certificate is good, in place of what did.
    pub(super) fn start_keeper(self: &Arc<Self>) {
        let config = self.config();
        let keeper = match config.tls {
            Tls::SelfSigned => None,
            Tls::Files { cert, key } => {
                let watching = Arc::downgrade(self);
                Some(tokio::spawn(watch_files(watching, cert, key).instrument(self.span.clone())))
            }
            Tls::Acme(acme) => {
                let (identity, wake) = (Arc::clone(&self.identity), Arc::clone(&self.wake_keeper));
                let keeping = acme::keep(acme, config.service.data, identity, wake);
                Some(tokio::spawn(keeping.instrument(self.span.clone())))
            }
        };
        let keeper = keeper.map(|task| task.abort_handle());
        if let Some(old) = std::mem::replace(&mut *lock(&self.keeper), keeper) {
            old.abort();
        }
    }

    /// Does from now on what `config` says, as far as that needs no restart.
    pub(super) fn apply(&self, config: Config) {
        self.service.set_terms(&config);
        self.entrance.set_limits(&config.limits);
        *lock(&self.config) = config;
    }

    fn set_state(&self, state: State) {
        *lock(&self.state) = state;
    }

    pub(super) fn take_failure(&self) -> Option<InstanceError> {
        lock(&self.failure).take()
    }

    /// Ends its links, then makes everything durable that waits and lets go of the data folder. The
    /// caller has taken it from its addresses.
    pub(super) async fn stop(self: &Arc<Self>) {
        self.ended.request();
        if let Some(keeper) = lock(&self.keeper).take() {
            keeper.abort();
        }
        self.entrance.close().await;
        let expiry = lock(&self.expiry).take();
        if let Some(expiry) = expiry {
            expiry.stop().await;
        }
        // Its name goes while the store's lock still says that the folder is ours.
        drop(lock(&self.desk).take());
        let service = Arc::clone(&self.service);
        let closed = tokio::task::spawn_blocking(move || service.close()).await;
        let mut state = lock(&self.state);
        if *state != State::Running {
            return;
        }
        *state = State::Stopped;
        if let Ok(Err(error)) = closed {
            tracing::error!(service = %self.name(), error = %chain(&error), "stopped with an error");
            *state = State::Failed;
            *lock(&self.failure) = Some(error.into());
        }
    }
}

/// What is there before the first link.
struct Opened {
    config: Config,
    service: Arc<Service>,
    identity: Arc<Identity>,
}

impl Opened {
    fn open(config: Config) -> Result<Self, InstanceError> {
        let given = given_certificate(&config.tls)?;
        make_data_dir(&config)?;
        let service = Arc::new(Service::open(&config)?);
        let identity = match (given, &config.tls) {
            (Some(certificate), _) => Identity::new(certificate),
            (None, Tls::Acme(acme)) => issued_certificate(&config, acme)?,
            (None, _) => Identity::new(own_certificate(&config)?),
        };
        Ok(Self { config, service, identity })
    }
}

/// The administrator's certificate, if there is one.
pub(super) fn given_certificate(tls: &Tls) -> Result<Option<Certificate>, InstanceError> {
    match tls {
        Tls::SelfSigned | Tls::Acme(_) => Ok(None),
        Tls::Files { cert, key } => {
            Certificate::load(cert, key).map(Some).map_err(InstanceError::GivenCertificate)
        }
    }
}

fn make_data_dir(config: &Config) -> Result<(), InstanceError> {
    let path = &config.service.data;
    let failed = |source| InstanceError::Data { path: path.clone(), source };
    private::make_dir(path).map_err(failed)?;
    if private::mode(path).map_err(failed)? & private::OTHERS != 0 {
        tracing::warn!(
            data = %path.display(),
            "other users of this machine may look into the data folder; chmod 700 keeps them out"
        );
    }
    Ok(())
}

/// What an authority has issued, or something in its place until it does.
fn issued_certificate(config: &Config, acme: &Acme) -> Result<Arc<Identity>, InstanceError> {
    match acme::load(&config.service.data) {
        Ok(Some(certificate)) => return Ok(Identity::new(certificate)),
        Ok(None) => {}
        // It is only worth a new order.
        Err(error) => tracing::warn!(error = %chain(&error), "what was issued cannot be used"),
    }
    tracing::warn!(
        hosts = acme.hosts.join(", "),
        "no certificate was issued yet: apps refuse this service until {} has issued one",
        acme.directory
    );
    let certificate = Certificate::stand_in(&acme.hosts).map_err(InstanceError::OwnCertificate)?;
    Ok(Identity::stand_in(certificate))
}

/// Looks each minute whether the files of a certificate are others, and shows new links what is in
/// them. Ends with the service.
async fn watch_files(instance: Weak<Instance>, cert: PathBuf, key: PathBuf) {
    let mut seen = [Stamp::of(&cert), Stamp::of(&key)];
    let mut timer = interval(LOOK);
    // The first tick is at once.
    timer.tick().await;
    loop {
        timer.tick().await;
        let Some(instance) = instance.upgrade() else { return };
        let now = [Stamp::of(&cert), Stamp::of(&key)];
        if now == seen {
            continue;
        }
        // Told once for each change: half a pair is no news until the other half comes.
        seen = now;
        match instance.refresh_certificate() {
            Ok(true) => tracing::info!("new links see a new certificate"),
            Ok(false) => {}
            Err(error) => tracing::warn!(
                error = %chain(&error),
                "the files of the certificate were changed, and cannot be used: the old one stays"
            ),
        }
    }
}

/// What tells one content of a file from another without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp(Option<(u64, u64, i64, i64)>);

impl Stamp {
    fn of(path: &Path) -> Self {
        let stamp = |file: Metadata| (file.ino(), file.len(), file.mtime(), file.mtime_nsec());
        Self(fs::metadata(path).ok().map(stamp))
    }
}

pub(super) fn own_certificate(config: &Config) -> Result<Certificate, InstanceError> {
    let service = &config.service;
    Certificate::load_or_make(&service.data, &service.name, &service.listen)
        .map_err(InstanceError::OwnCertificate)
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
