//! Watcher of certificate files: reloads them while the service runs, and drives ACME renewal.
//!
//! The administrator's files are checked each minute and at every reload. New links get the new
//! certificate once both files are consistent; until then the old one stays, and the reason is
//! logged once. The service's own certificate is read again at a reload only, and never made anew
//! while the service runs. An ACME certificate is left to [`acme`].

use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::AbortHandle;
use tokio::time::interval;
use tracing::{Instrument, Span};

use crate::certificate::identity::Identity;
use crate::certificate::{Certificate, CertificateError, acme};
use crate::config::{Acme, Config, Tls};
use crate::log::chain;

/// How often the certificate's files are checked.
const CHECK_INTERVAL: Duration = Duration::from_secs(60);

/// The watcher of one service's certificate.
#[derive(Debug)]
pub(super) struct CertWatcher {
    identity: Arc<Identity>,
    /// Names the service in the log.
    span: Span,
    task: Mutex<Option<AbortHandle>>,
    /// Triggers an ACME order at once.
    wake: Arc<Notify>,
    /// The files at the last check; none when there was none.
    seen: Mutex<Seen>,
}

/// The certificate's files at a check.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Seen {
    files: Option<Stamps>,
    /// Why they could not be used.
    trouble: Option<String>,
}

/// The result of a check.
enum Look {
    /// Nothing changed for new links.
    Same,
    /// New links get another certificate.
    New,
    /// The files cannot be used.
    Trouble {
        why: String,
        /// Not logged yet.
        is_news: bool,
    },
}

impl CertWatcher {
    /// A watcher that does nothing until started. `files` describes the files as they were before
    /// the certificate of `identity` was read from them.
    pub(super) fn new(identity: Arc<Identity>, span: Span, files: Option<Stamps>) -> Arc<Self> {
        let seen = Mutex::new(Seen { files, trouble: None });
        Arc::new(Self { identity, span, task: Mutex::default(), wake: Arc::default(), seen })
    }

    /// Starts, unless it is running.
    pub(super) fn start(self: &Arc<Self>, config: &Config) {
        let mut task = lock(&self.task);
        if task.is_none() {
            *task = self.spawn(config);
        }
    }

    /// Restarts, for a service whose `[tls]` has changed.
    pub(super) fn restart(self: &Arc<Self>, config: &Config) {
        self.stop();
        *lock(&self.seen) = Seen::default();
        self.start(config);
    }

    /// Stops.
    pub(super) fn stop(&self) {
        if let Some(task) = lock(&self.task).take() {
            task.abort();
        }
    }

    fn spawn(self: &Arc<Self>, config: &Config) -> Option<AbortHandle> {
        let task = match config.tls.clone() {
            Tls::SelfSigned => return None,
            Tls::Files { .. } => {
                let watching = watch(Arc::downgrade(self), config.clone());
                tokio::spawn(watching.instrument(self.span.clone()))
            }
            Tls::Acme(acme) => {
                let (identity, wake) = (Arc::clone(&self.identity), Arc::clone(&self.wake));
                let keeping = acme::keep(acme, config.service.data.clone(), identity, wake);
                tokio::spawn(keeping.instrument(self.span.clone()))
            }
        };
        Some(task.abort_handle())
    }

    /// Checks the certificate now, for a reload. Whether new links get another one.
    ///
    /// # Errors
    /// Why it cannot be used; the old certificate stays.
    pub(super) fn refresh(&self, config: &Config) -> Result<bool, String> {
        match self.look(config) {
            Look::Same => Ok(false),
            Look::New => Ok(true),
            Look::Trouble { why, .. } => Err(why),
        }
    }

    /// Reads the files, unless they are unchanged; triggers an ACME order where there are none.
    fn look(&self, config: &Config) -> Look {
        let Some([cert, key]) = config.certificate_files() else {
            self.wake.notify_one();
            return Look::Same;
        };
        let mut seen = lock(&self.seen);
        // Taken before they are read, so that a concurrent write is seen at the next check.
        let files = stamps(config);
        let are_there = files.is_some_and(|files| files.iter().all(|file| file.0.is_some()));
        if seen.files == files && are_there && seen.trouble.is_none() {
            return Look::Same;
        }
        let loaded = match (&seen.files, &config.tls) {
            // Only if none was in use: apps that pin the old one would refuse another.
            (None, Tls::SelfSigned) => own_certificate(config),
            (Some(_), Tls::SelfSigned) | (_, Tls::Files { .. } | Tls::Acme(_)) => {
                Certificate::load(&cert, &key)
            }
        };
        let shown = loaded.map(|certificate| self.identity.replace(certificate));
        let shown = shown.map_err(|error| chain(&error));
        let now = Seen { files, trouble: shown.as_ref().err().cloned() };
        let is_news = *seen != now;
        *seen = now;
        match shown {
            Ok(true) => Look::New,
            Ok(false) => Look::Same,
            Err(why) => Look::Trouble { why, is_news },
        }
    }
}

/// Checks the files each minute, until the service ends.
async fn watch(cert_watcher: Weak<CertWatcher>, config: Config) {
    let mut timer = interval(CHECK_INTERVAL);
    // The first tick is immediate.
    timer.tick().await;
    loop {
        timer.tick().await;
        let Some(cert_watcher) = cert_watcher.upgrade() else { return };
        match cert_watcher.look(&config) {
            Look::New => tracing::info!("new links see a new certificate"),
            Look::Trouble { why, is_news: true } => tracing::warn!(
                error = why,
                "the certificate's files have changed and cannot be used: the old one stays in use"
            ),
            Look::Same | Look::Trouble { .. } => {}
        }
    }
}

/// Identifies a file's content without reading it: any change, of its permissions too, changes a
/// time stamp.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp(Option<(u64, u64, i64, i64)>);

/// Stamps of the certificate file and of the key file.
pub(super) type Stamps = [Stamp; 2];

impl Stamp {
    fn of(path: &Path) -> Self {
        let stamp = |file: Metadata| (file.ino(), file.len(), file.ctime(), file.ctime_nsec());
        Self(fs::metadata(path).ok().map(stamp))
    }
}

/// Stamps of the service's certificate files, if it has some.
pub(super) fn stamps(config: &Config) -> Option<Stamps> {
    config.certificate_files().map(|files| files.map(|file| Stamp::of(&file)))
}

/// The issued ACME certificate, or a placeholder until there is one.
///
/// # Errors
/// There is none, and a placeholder cannot be made.
pub(super) fn issued_certificate(
    config: &Config,
    acme: &Acme,
) -> Result<Arc<Identity>, CertificateError> {
    match acme::load(&config.service.data) {
        Ok(Some(certificate)) => return Ok(Identity::new(certificate)),
        Ok(None) => {}
        // It only means a new order.
        Err(error) => tracing::warn!(error = %chain(&error), "what was issued cannot be used"),
    }
    tracing::warn!(
        hosts = acme.hosts.join(", "),
        "no certificate was issued yet: apps refuse this service until {} has issued one",
        acme.directory
    );
    Ok(Identity::stand_in(Certificate::stand_in(&acme.hosts)?))
}

/// The service's own certificate, made if there is none yet.
pub(super) fn own_certificate(config: &Config) -> Result<Certificate, CertificateError> {
    let service = &config.service;
    Certificate::load_or_make(&service.data, &service.name, &service.listen)
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
