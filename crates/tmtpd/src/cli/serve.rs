//! `tmtpd serve`: starts the services from command line and configuration, and stops them in order.
//!
//! First the command line, the configuration file and the administrator's certificate are
//! validated, without a trace on disk. Then the data folder is made and locked, the certificate
//! made if there is none, and the sockets bound. Only then a line on stdout, one for each service,
//! says that members can join.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{MissedTickBehavior, interval};

use super::exit::{self, EXIT_CODES};
use crate::admin::server;
use crate::config::{
    ConfigError, DaemonConfig, ListenAddress, LogFormat, LogLevel, Overrides, parse_service_name,
};
use crate::daemon::{Daemon, InstanceError, Source};
use crate::listen::Listener;
use crate::log;
use crate::log::suppressed;
use crate::monitor::health::{self, Sick};
use crate::monitor::serve as monitor;
use crate::notify;
use crate::shutdown::Shutdown;
use tmtp_store::StoreError;

/// Threads that may wait for the disk at once. Each has buffers for links, some 300 KiB in all,
/// because the runtime starts another thread to serve links in its place. When all are in use,
/// further blocking work runs where it is and blocks there.
const BLOCKING_THREADS_MAX: usize = 32;

/// Arguments of `tmtpd serve`. All but the data folder have a default.
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

/// Why the services stopped, or never started.
#[derive(Debug, thiserror::Error)]
pub(super) enum ServeError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Instance(#[from] InstanceError),
    #[error("cannot listen for a monitor on {address}, as metrics.listen says")]
    Monitor { address: SocketAddr, source: io::Error },
    #[error("the system gives the service no {what}")]
    System { what: &'static str, source: io::Error },
}

impl ServeError {
    pub(super) fn exit_code(&self) -> u8 {
        match self {
            Self::Config(_) | Self::Instance(InstanceError::GivenCertificate(_)) => exit::WRONG,
            Self::Instance(InstanceError::Store(StoreError::InUse { .. })) => exit::IN_USE,
            Self::Instance(_) | Self::Monitor { .. } | Self::System { .. } => exit::FAILED,
        }
    }
}

impl Arguments {
    fn into_source(self) -> Source {
        let over = Overrides {
            data: self.data,
            listen: self.listen,
            name: self.name,
            cert_and_key: self.cert.zip(self.key),
            log_format: self.log_format,
            log_level: self.log_level,
        };
        Source { over, file: self.config }
    }
}

/// Serves until a signal or `tmtpd shutdown`.
pub(super) fn run(arguments: Arguments) -> Result<(), ServeError> {
    let source = arguments.into_source();
    let config = source.read()?;
    log::start(config.log);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .max_blocking_threads(BLOCKING_THREADS_MAX)
        .build()
        .map_err(|source| ServeError::System { what: "threads", source })?;
    runtime.block_on(serve(source, config))
}

async fn serve(source: Source, config: DaemonConfig) -> Result<(), ServeError> {
    let no_signals = |source| ServeError::System { what: "signals", source };
    let shutdown = Shutdown::new();
    shutdown.on_signals(exit::FORCED).map_err(no_signals)?;
    // Before anything else: without a handler SIGHUP ends the process.
    let hangups = signal(SignalKind::hangup()).map_err(no_signals)?;
    let monitor = bind_monitor(&config).await?;
    try_to_listen(&config).await?;
    let daemon = Daemon::start(source, config, shutdown, server::attach).await?;
    let _monitor = monitor.map(|socket| monitor::Server::start(socket, daemon.clone()));
    notify::ready();
    if let Some(every) = notify::watchdog_interval() {
        tokio::spawn(say_alive(every, daemon.clone()));
    }
    tokio::spawn(reload_at(hangups, daemon.clone()));
    daemon.run().await?;
    let suppressed = suppressed();
    tracing::info!(suppressed = (suppressed > 0).then_some(suppressed), "stopped");
    Ok(())
}

/// Checked first, so that an address in use leaves no folder behind. With several services the
/// others start anyway.
async fn try_to_listen(config: &DaemonConfig) -> Result<(), InstanceError> {
    let Ok(one) = config.only() else { return Ok(()) };
    if one.service.data.exists() {
        return Ok(());
    }
    for address in &one.service.listen {
        drop(Listener::bind(address).await?);
    }
    Ok(())
}

async fn bind_monitor(config: &DaemonConfig) -> Result<Option<TcpListener>, ServeError> {
    let Some(address) = config.metrics.listen else { return Ok(None) };
    let failed = |source| ServeError::Monitor { address, source };
    let socket = TcpListener::bind(address).await.map_err(failed)?;
    let local = socket.local_addr().map_err(failed)?;
    tracing::info!("a monitor may ask http://{local}/metrics and /healthz");
    Ok(Some(socket))
}

/// Sends the watchdog's keep-alive until a disk stops answering: then the service manager restarts
/// the daemon.
async fn say_alive(every: Duration, daemon: Daemon) {
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let mut is_stuck = false;
        for instance in daemon.services() {
            is_stuck |= health::check(instance.service()).await == Err(Sick::Stuck);
        }
        if !is_stuck {
            notify::alive();
        }
    }
}

/// Reloads the configuration at each SIGHUP; the result is logged.
async fn reload_at(mut hangups: Signal, daemon: Daemon) {
    while hangups.recv().await.is_some() {
        let _ = daemon.reload().await;
    }
}
