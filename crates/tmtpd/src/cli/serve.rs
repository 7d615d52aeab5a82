//! `tmtpd serve`: from the command line to a service that listens, and back to nothing, in order.
//!
//! First everything that was told is checked, without a trace on disk: command line, configuration
//! file, the administrator's certificate. Then the data folder is made and taken for this process
//! alone, the certificate made if there is none, the sockets bound; only then the one line on
//! stdout says that members can join.

use std::fmt::{self, Display, Formatter};
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use super::{EXIT_CODES, exit};
use crate::admin::desk::{self, Desk};
use crate::certificate::{Certificate, CertificateError};
use crate::config::{
    Config, ConfigError, ListenAddress, LogFormat, LogLevel, Overrides, Tls, parse_service_name,
};
use crate::listen::{self, ListenError, Listener};
use crate::service::Service;
use crate::shutdown::Shutdown;
use crate::store::StoreError;
use crate::{log, private};

/// What `tmtpd serve` may be told. All but the data folder has a default.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct Arguments {
    /// The folder that holds everything the service keeps; made if it is missing. Required unless
    /// the configuration file names it
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Where to listen; may be given several times. Port 0 lets the system choose [default: 0.0.0.0:5050]
    #[arg(long, value_name = "HOST:PORT")]
    listen: Vec<ListenAddress>,
    /// The name of the service, as members see it [default: the name of this machine]
    #[arg(long, value_parser = parse_service_name)]
    name: Option<String>,
    /// A certificate chain in PEM, which apps check against the public roots unless it is self-signed
    /// [default: a self-signed certificate, made on first start]
    #[arg(long, value_name = "FILE", requires = "key")]
    cert: Option<PathBuf>,
    /// The private key of --cert, in PEM
    #[arg(long, value_name = "FILE", requires = "cert")]
    key: Option<PathBuf>,
    /// A configuration file, for limits and for all of the above; the command line overrides it
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// How lines of the log are written to stderr [default: text]
    #[arg(long, value_enum)]
    log_format: Option<LogFormat>,
    /// The least important lines that are written [default: info]
    #[arg(long, value_enum)]
    log_level: Option<LogLevel>,
}

/// Why the service stopped, or never started.
#[derive(Debug, thiserror::Error)]
pub(super) enum ServeError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    GivenCertificate(CertificateError),
    #[error("the data folder {} cannot be made", path.display())]
    Data { path: PathBuf, source: io::Error },
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    OwnCertificate(CertificateError),
    #[error(transparent)]
    Listen(#[from] ListenError),
    #[error("the system gives the service no {what}")]
    System { what: &'static str, source: io::Error },
}

impl ServeError {
    pub(super) fn exit_code(&self) -> u8 {
        match self {
            Self::Config(_) | Self::GivenCertificate(_) => exit::WRONG,
            Self::Store(StoreError::InUse { .. }) => exit::IN_USE,
            _ => exit::FAILED,
        }
    }
}

impl Arguments {
    fn into_config(self) -> Result<Config, ConfigError> {
        let over = Overrides {
            data: self.data,
            listen: self.listen,
            name: self.name,
            cert_and_key: self.cert.zip(self.key),
            log_format: self.log_format,
            log_level: self.log_level,
        };
        Config::resolve(over, self.config.as_deref())
    }
}

/// Serves until a signal.
pub(super) fn run(arguments: Arguments) -> Result<(), ServeError> {
    let config = arguments.into_config()?;
    log::start(config.log);
    let given = match &config.tls {
        Tls::SelfSigned => None,
        Tls::Files { cert, key } => {
            Some(Certificate::load(cert, key).map_err(ServeError::GivenCertificate)?)
        }
    };
    raise_file_limit(config.limits.links_total);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|source| ServeError::System { what: "threads", source })?;
    runtime.block_on(serve(config, given))
}

async fn serve(config: Config, given: Option<Certificate>) -> Result<(), ServeError> {
    let shutdown = Shutdown::new();
    shutdown
        .on_signals(exit::FORCED)
        .map_err(|source| ServeError::System { what: "signals", source })?;
    make_data_dir(&config)?;
    let service = Arc::new(Service::open(&config)?);
    let certificate = match given {
        Some(certificate) => certificate,
        None => own_certificate(&config)?,
    };
    let listeners = bind(&config.service.listen).await?;
    let ready = Ready { listeners: &listeners, certificate: &certificate };
    let desk = open_desk(&config, &service, ready.addresses(), &shutdown);
    say_ready(&ready);
    let tls = certificate.tls();
    let serving =
        listen::serve(listeners, tls, &config.limits, Arc::clone(&service), shutdown.clone());
    tokio::pin!(serving);
    tokio::select! {
        () = &mut serving => {}
        () = service.store_failed() => {
            tracing::error!("the store has failed, so the service stops; nothing acknowledged is lost");
            shutdown.request();
            serving.await;
            return Err(ServeError::Store(StoreError::Closed));
        }
    }
    // Its name goes while the store's lock still says that the folder is ours.
    drop(desk);
    service.close()?;
    tracing::info!("stopped");
    Ok(())
}

fn make_data_dir(config: &Config) -> Result<(), ServeError> {
    let path = &config.service.data;
    let failed = |source| ServeError::Data { path: path.clone(), source };
    private::make_dir(path).map_err(failed)?;
    if private::mode(path).map_err(failed)? & private::OTHERS != 0 {
        tracing::warn!(
            data = %path.display(),
            "other users of this machine may look into the data folder; chmod 700 keeps them out"
        );
    }
    Ok(())
}

/// A service that cannot be asked still serves its members.
fn open_desk(
    config: &Config,
    service: &Arc<Service>,
    addresses: Vec<String>,
    shutdown: &Shutdown,
) -> Option<desk::Open> {
    let desk = Desk {
        service: Arc::clone(service),
        data: config.service.data.clone(),
        addresses,
        started_ms: service.now_ms(),
        shutdown: shutdown.clone(),
    };
    desk.open().inspect_err(|error| tracing::warn!(%error, "no commands can ask this service")).ok()
}

fn own_certificate(config: &Config) -> Result<Certificate, ServeError> {
    let service = &config.service;
    Certificate::load_or_make(&service.data, &service.name, &service.listen)
        .map_err(ServeError::OwnCertificate)
}

async fn bind(addresses: &[ListenAddress]) -> Result<Vec<Listener>, ListenError> {
    let mut listeners = Vec::with_capacity(addresses.len());
    for address in addresses {
        listeners.push(Listener::bind(address).await?);
    }
    Ok(listeners)
}

/// Each link is an open file, and the default of most systems is 1,024 of them.
fn raise_file_limit(links_total: usize) {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let raised = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
    let files = if raised.is_ok() { limit.maximum } else { limit.current };
    // Some more for the store and the listeners.
    if files.is_some_and(|files| files < links_total as u64 + 100) {
        tracing::warn!(files, links_total, "the system allows fewer open files than links_total");
    }
}

/// The line that says that members can join, and by which address.
struct Ready<'a> {
    listeners: &'a [Listener],
    certificate: &'a Certificate,
}

impl Display for Ready<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("ready: ")?;
        for address in self.addresses() {
            write!(f, "{address} ")?;
        }
        write!(f, " (certificate sha256 {:#}", self.certificate.fingerprint())?;
        if self.listeners.iter().any(is_wildcard) {
            f.write_str("; listening on every address, shown by the name of this machine")?;
        }
        f.write_str(")")
    }
}

impl Ready<'_> {
    /// What members join by.
    fn addresses(&self) -> Vec<String> {
        self.listeners.iter().map(|listener| self.address(listener)).collect()
    }

    fn address(&self, listener: &Listener) -> String {
        let host = self.host(listener);
        let port = listener.local().port();
        let host = if host.contains(':') { format!("[{host}]") } else { host };
        if self.certificate.is_self_signed() {
            format!("={host}:{port}#{}", self.certificate.fingerprint())
        } else {
            format!("+{host}:{port}")
        }
    }

    /// The host members should use: as given, unless that is no address to connect to or one that
    /// a public certificate cannot be good for.
    fn host(&self, listener: &Listener) -> String {
        let given = || listener.asked().host().to_owned();
        let from_certificate = match self.certificate.is_self_signed() {
            true => None,
            false => self.certificate.host_name(),
        };
        if is_wildcard(listener) {
            from_certificate.or_else(listen::host_name).unwrap_or_else(|| "localhost".to_owned())
        } else if listener.asked().ip().is_some() {
            from_certificate.unwrap_or_else(given)
        } else {
            given()
        }
    }
}

fn is_wildcard(listener: &Listener) -> bool {
    listener.local().ip().is_unspecified()
}

/// The service goes on without a reader of its stdout.
fn say_ready(ready: &Ready<'_>) {
    let mut stdout = io::stdout().lock();
    if let Err(error) = writeln!(stdout, "{ready}").and_then(|()| stdout.flush()) {
        tracing::warn!(%error, "stdout cannot be written; {ready}");
    }
}
