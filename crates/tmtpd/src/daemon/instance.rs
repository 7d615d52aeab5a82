//! Instance: one service of the daemon, from its data folder to its links, and a failure domain of
//! its own.

use std::fmt::{self, Debug, Display, Formatter};
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::mpsc;
use tracing::{Instrument as _, Span};

use super::cert_watcher::{self, CertWatcher, Stamps};
use super::reminder;
use crate::certificate::identity::Identity;
use crate::certificate::{Certificate, CertificateError};
use crate::config::{Config, Tls};
use crate::expiry::Expiry;
use crate::fs_mode::{self, DirPrivacy};
use crate::listen::{Acceptor, ListenError, route};
use crate::log::chain;
use crate::platform::Machine;
use crate::service::{Service, open_store};
use crate::shutdown::Shutdown;
use tmtp_store::{EmbeddedStore, StoreError};

/// A service of the daemon.
#[derive(Debug)]
pub struct Instance {
    config: Mutex<Config>,
    service: Arc<Service>,
    identity: Arc<Identity>,
    acceptor: Arc<Acceptor>,
    state: Mutex<InstanceState>,
    failure: Mutex<Option<InstanceError>>,
    /// Ends the tasks that watch it.
    ended: Shutdown,
    addresses: Mutex<Vec<String>>,
    /// Its line on stdout, to print it again only when it changed.
    ready_line: Mutex<Option<String>>,
    /// What the daemon's user attached to it, while it runs.
    attachment: Mutex<Option<Attachment>>,
    /// The expiry task, until it is stopped.
    expiry: Mutex<Option<Expiry>>,
    /// Reloads and renews the certificate.
    cert_watcher: Arc<CertWatcher>,
}

/// Something attached to an instance by a higher module (the administrator's socket). Dropped
/// before the instance releases its data folder.
pub type Attachment = Box<dyn Debug + Send>;

/// State of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InstanceState {
    /// Members can reach it.
    Running,
    /// Its store failed. A reload tries to start it again.
    Failed,
    /// It was stopped in order.
    Stopped,
}

impl Display for InstanceState {
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
    /// The data folder is open to others, and holds other files.
    #[error(
        "the folder {} is open to other users of this machine and holds other files, or is a link to \
         elsewhere, so it was not touched; name a folder that is new, or chmod 700 this one",
        path.display()
    )]
    NotOurs {
        /// The folder.
        path: PathBuf,
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
    /// A task of the service panicked.
    #[error("the service could not be opened: a task broke off")]
    BrokeOff,
}

impl Instance {
    /// Opens the service of `config`: certificate, data folder, store. It has no address yet. If
    /// its store fails later, it is sent to `failures`.
    ///
    /// # Errors
    /// [`InstanceError`]. The administrator's certificate is checked before anything is written.
    pub async fn open(
        config: Config,
        is_one_of_many: bool,
        failures: mpsc::Sender<Arc<Self>>,
    ) -> Result<Arc<Self>, InstanceError> {
        let span = match is_one_of_many {
            true => tracing::info_span!("service", name = %config.service.name),
            false => Span::none(),
        };
        let (inside, opening) = (span.clone(), span.clone());
        // Opening reads the disk, for long after a crash; links of other services must not wait for
        // it.
        let opened = tokio::task::spawn_blocking(move || opening.in_scope(|| Opened::open(config)));
        let Opened { config, store, identity, files } =
            opened.await.map_err(|_| InstanceError::BrokeOff)??;
        let service = Service::open(&config, Arc::new(store), Machine).instrument(inside.clone());
        let service = Arc::new(service.await?);
        let expiry = span.in_scope(|| Expiry::start(Arc::clone(&service)));
        let cert_watcher = CertWatcher::new(Arc::clone(&identity), span.clone(), files);
        let acceptor = Acceptor::new(Arc::clone(&service), Arc::clone(&identity), span);
        let instance = Arc::new(Self {
            config: Mutex::new(config),
            service,
            identity,
            acceptor,
            state: Mutex::new(InstanceState::Running),
            failure: Mutex::default(),
            ended: Shutdown::new(),
            addresses: Mutex::default(),
            ready_line: Mutex::default(),
            attachment: Mutex::default(),
            expiry: Mutex::new(Some(expiry)),
            cert_watcher,
        });
        tokio::spawn(Arc::clone(&instance).watch_store(failures));
        let reminding = instance.remind();
        tokio::spawn(reminding.instrument(inside));
        Ok(instance)
    }

    /// Reminds of its certificate until it has ended.
    fn remind(self: &Arc<Self>) -> impl Future<Output = ()> + use<> {
        let (instance, ended) = (Arc::downgrade(self), self.ended.clone());
        let certificate = move || {
            let instance = instance.upgrade()?;
            Some((Arc::clone(instance.identity()), instance.config().tls))
        };
        reminder::run(certificate, ended)
    }

    async fn watch_store(self: Arc<Self>, failures: mpsc::Sender<Arc<Self>>) {
        tokio::select! {
            biased; // who was asked to stop closes the store, which is no failure
            () = self.ended.requested() => {}
            () = self.service.store.ended() => {
                self.set_state(InstanceState::Failed);
                *lock(&self.failure) = Some(InstanceError::Store(StoreError::Closed));
                // The receiver is gone when the daemon stops, and then it stops this one too.
                let _ = failures.send(Arc::clone(&self)).await;
            }
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> String {
        lock(&self.config).service.name.clone()
    }

    /// The data folder, which identifies it.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        lock(&self.config).service.data.clone()
    }

    /// The configuration in force.
    #[must_use]
    pub fn config(&self) -> Config {
        lock(&self.config).clone()
    }

    /// The service.
    #[must_use]
    pub fn service(&self) -> &Arc<Service> {
        &self.service
    }

    /// The watcher of its certificate.
    pub(super) fn cert_watcher(&self) -> &Arc<CertWatcher> {
        &self.cert_watcher
    }

    /// Its certificate.
    #[must_use]
    pub fn identity(&self) -> &Arc<Identity> {
        &self.identity
    }

    /// Its state.
    #[must_use]
    pub fn state(&self) -> InstanceState {
        *lock(&self.state)
    }

    /// Links and handshakes under way.
    #[must_use]
    pub fn links(&self) -> usize {
        self.acceptor.links()
    }

    /// Addresses by which members join.
    #[must_use]
    pub fn addresses(&self) -> Vec<String> {
        lock(&self.addresses).clone()
    }

    /// Stores the `addresses` for members and the `line` printed for them. Whether the line is
    /// unchanged.
    pub(super) fn note_ready(&self, addresses: Vec<String>, line: &str) -> bool {
        *lock(&self.addresses) = addresses;
        lock(&self.ready_line).replace(line.to_owned()).as_deref() == Some(line)
    }

    /// Starts what needs its addresses, unless it is running: the administrator's socket, which
    /// `attach` makes, and ACME. If the socket fails, members are still served.
    pub(super) fn begin(self: &Arc<Self>, attach: impl FnOnce(&Arc<Self>) -> Option<Attachment>) {
        self.cert_watcher.start(&self.config());
        let mut attachment = lock(&self.attachment);
        if attachment.is_none() {
            *attachment = attach(self);
        }
    }

    /// Its share in the addresses it listens on.
    pub(super) fn part(&self) -> route::Part {
        let config = self.config();
        route::Part {
            acceptor: Arc::clone(&self.acceptor),
            server_names: config.answers_to().cloned().collect(),
            default: config.service.default,
        }
    }

    /// Applies what can change in `config` without a restart.
    pub(super) fn apply(&self, config: Config) {
        self.service.set_terms(&config);
        self.acceptor.set_limits(&config.limits);
        *lock(&self.config) = config;
    }

    fn set_state(&self, state: InstanceState) {
        *lock(&self.state) = state;
    }

    pub(super) fn take_failure(&self) -> Option<InstanceError> {
        lock(&self.failure).take()
    }

    /// Ends its links, then makes all pending commits durable and releases the data folder. The
    /// caller has detached it from its addresses.
    pub(super) async fn stop(self: &Arc<Self>) {
        self.ended.request();
        self.cert_watcher.stop();
        self.acceptor.close().await;
        let expiry = lock(&self.expiry).take();
        if let Some(expiry) = expiry {
            expiry.stop().await;
        }
        // The administrator's socket is closed while the store's lock is still held.
        drop(lock(&self.attachment).take());
        let closed = self.service.close().await;
        let mut state = lock(&self.state);
        if *state != InstanceState::Running {
            return;
        }
        *state = InstanceState::Stopped;
        if let Err(error) = closed {
            tracing::error!(service = %self.name(), error = %chain(&error), "stopped with an error");
            *state = InstanceState::Failed;
            *lock(&self.failure) = Some(error.into());
        }
    }
}

/// What is opened before the first link.
struct Opened {
    config: Config,
    store: EmbeddedStore,
    identity: Arc<Identity>,
    /// The certificate files at opening.
    files: Option<Stamps>,
}

impl Opened {
    fn open(config: Config) -> Result<Self, InstanceError> {
        let files = cert_watcher::stamps(&config);
        let given = given_certificate(&config.tls)?;
        make_data_dir(&config)?;
        let store = open_store(&config)?;
        let identity = match (given, &config.tls) {
            (Some(certificate), _) => Ok(Identity::new(certificate)),
            (None, Tls::Acme(acme)) => cert_watcher::issued_certificate(&config, acme),
            (None, Tls::SelfSigned | Tls::Files { .. }) => {
                cert_watcher::own_certificate(&config).map(Identity::new)
            }
        };
        let identity = identity.map_err(InstanceError::OwnCertificate)?;
        Ok(Self { config, store, identity, files })
    }
}

/// The administrator's certificate, if there is one.
fn given_certificate(tls: &Tls) -> Result<Option<Certificate>, InstanceError> {
    match tls {
        Tls::SelfSigned | Tls::Acme(_) => Ok(None),
        Tls::Files { cert, key } => {
            Certificate::load(cert, key).map(Some).map_err(InstanceError::GivenCertificate)
        }
    }
}

/// Names that a service makes in its data folder.
const DATA_NAMES: &[&str] =
    &[ROWS, "bodies", "journal.0", "journal.1", "tls", "LOCK", "control.sock"];
const ROWS: &str = "rows.redb";

fn make_data_dir(config: &Config) -> Result<(), InstanceError> {
    let path = &config.service.data;
    let failed = |source| InstanceError::Data { path: path.clone(), source };
    let path_shown = path.display();
    match fs_mode::take_dir(path, DATA_NAMES).map_err(failed)? {
        DirPrivacy::Private => {}
        DirPrivacy::Closed => {
            tracing::info!(data = %path_shown, "the data folder is now for its user alone")
        }
        // A folder that was served before stays as it is; the administrator decides about its mode.
        DirPrivacy::Open if path.join(ROWS).exists() => tracing::warn!(
            data = %path_shown,
            "other users of this machine may look into the data folder; chmod 700 keeps them out"
        ),
        DirPrivacy::Open => return Err(InstanceError::NotOurs { path: path.clone() }),
    }
    Ok(())
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
