//! Watcher of certificate files: reloads them while the service runs, and drives ACME renewal.
//!
//! Files of the administrator's are looked at each minute and at every reload. What they hold is shown
//! to new links once it is whole; until then, as when only one of two files is new, the certificate of
//! before stays, and why is told once. The service's own is looked at when it is reloaded, and never
//! made anew for a service that runs. One from an authority is left to [`acme`].

use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::AbortHandle;
use tokio::time::interval;
use tracing::{Instrument, Span};

use super::InstanceError;
use crate::certificate::identity::Identity;
use crate::certificate::{Certificate, CertificateError, acme};
use crate::config::{Acme, Config, Tls};
use crate::log::chain;

/// How often the files of a certificate are looked at.
const LOOK: Duration = Duration::from_secs(60);

/// What watches over the certificate of one service.
#[derive(Debug)]
pub(super) struct CertWatcher {
    identity: Arc<Identity>,
    /// Says in the log which service it is.
    span: Span,
    task: Mutex<Option<AbortHandle>>,
    /// Has an authority asked at once.
    wake: Arc<Notify>,
    /// What the files were when they were looked at last; none when they were not.
    seen: Mutex<Seen>,
}

/// The files of a certificate, as they were found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Seen {
    files: Option<Stamps>,
    /// Why they could not be used.
    trouble: Option<String>,
}

/// What a look at the files came to.
enum Look {
    /// New links see what they saw before.
    Same,
    /// New links see another certificate.
    New,
    /// The files cannot be used.
    Trouble {
        why: String,
        /// It was not told yet.
        is_news: bool,
    },
}

impl CertWatcher {
    /// One that does nothing until it is started. `files` is what they were before the certificate
    /// of `identity` was read from them.
    pub(super) fn new(identity: Arc<Identity>, span: Span, files: Option<Stamps>) -> Arc<Self> {
        let seen = Mutex::new(Seen { files, trouble: None });
        Arc::new(Self { identity, span, task: Mutex::default(), wake: Arc::default(), seen })
    }

    /// Begins, unless it has begun.
    pub(super) fn start(self: &Arc<Self>, config: &Config) {
        let mut task = lock(&self.task);
        if task.is_none() {
            *task = self.spawn(config);
        }
    }

    /// Begins anew, for a service whose certificate is now another matter.
    pub(super) fn restart(self: &Arc<Self>, config: &Config) {
        self.stop();
        *lock(&self.seen) = Seen::default();
        self.start(config);
    }

    /// Ends what it does.
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

    /// Looks at the certificate now, as an administrator asks. Whether new links see another one.
    ///
    /// # Errors
    /// Why it cannot be used; the certificate of before stays.
    pub(super) fn refresh(&self, config: &Config) -> Result<bool, String> {
        match self.look(config) {
            Look::Same => Ok(false),
            Look::New => Ok(true),
            Look::Trouble { why, .. } => Err(why),
        }
    }

    /// Reads the files, unless they are those whose certificate is shown; has an authority asked
    /// where there are none.
    fn look(&self, config: &Config) -> Look {
        let Some([cert, key]) = config.certificate_files() else {
            self.wake.notify_one();
            return Look::Same;
        };
        let mut seen = lock(&self.seen);
        // Before they are read: what is written meanwhile is another file the next time.
        let files = stamps(config);
        let are_there = files.is_some_and(|files| files.iter().all(|file| file.0.is_some()));
        if seen.files == files && are_there && seen.trouble.is_none() {
            return Look::Same;
        }
        let loaded = match (&seen.files, &config.tls) {
            // Only where none was shown before: who pins one would refuse another.
            (None, Tls::SelfSigned) => own_certificate(config),
            _ => Certificate::load(&cert, &key),
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

/// Looks at the files each minute. Ends with the service.
async fn watch(cert_watcher: Weak<CertWatcher>, config: Config) {
    let mut timer = interval(LOOK);
    // The first tick is at once.
    timer.tick().await;
    loop {
        timer.tick().await;
        let Some(cert_watcher) = cert_watcher.upgrade() else { return };
        match cert_watcher.look(&config) {
            Look::New => tracing::info!("new links see a new certificate"),
            Look::Trouble { why, is_news: true } => tracing::warn!(
                error = why,
                "the files of the certificate were changed, and cannot be used: the old one stays"
            ),
            Look::Same | Look::Trouble { .. } => {}
        }
    }
}

/// What tells one content of a file from another without reading it: any change, of its permissions
/// too, is another time of change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp(Option<(u64, u64, i64, i64)>);

/// Of the certificate, and of its key.
pub(super) type Stamps = [Stamp; 2];

impl Stamp {
    fn of(path: &Path) -> Self {
        let stamp = |file: Metadata| (file.ino(), file.len(), file.ctime(), file.ctime_nsec());
        Self(fs::metadata(path).ok().map(stamp))
    }
}

/// What the files of a service's certificate are, if it has some.
pub(super) fn stamps(config: &Config) -> Option<Stamps> {
    config.certificate_files().map(|files| files.map(|file| Stamp::of(&file)))
}

/// What an authority has issued, or something in its place until it does.
pub(super) fn issued_certificate(
    config: &Config,
    acme: &Acme,
) -> Result<Arc<Identity>, InstanceError> {
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

/// The service's own, made if it has none yet.
pub(super) fn own_certificate(config: &Config) -> Result<Certificate, CertificateError> {
    let service = &config.service;
    Certificate::load_or_make(&service.data, &service.name, &service.listen)
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
