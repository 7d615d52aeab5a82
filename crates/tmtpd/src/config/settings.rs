//! Settings of a daemon and its services, as the rest of the program uses them.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::address::ListenAddress;
use super::error::ConfigError;
use super::host::host_name;
use super::limits::Limits;
use super::size;

/// Where the service listens by default: every IPv4 address, port 5050.
pub const DEFAULT_LISTEN: &str = "0.0.0.0:5050";

/// The daemon's whole configuration, validated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DaemonConfig {
    /// The services, in the order of the file; never empty.
    pub services: Vec<Config>,
    /// `[limits]` outside of the services. On an address that several services share they bound the
    /// links that have not yet named their service.
    pub unrouted: Limits,
    /// Logging.
    pub log: Log,
    /// The monitoring endpoint.
    pub metrics: MetricsSettings,
}

/// One service's whole configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// `[service]`.
    pub service: ServiceSettings,
    /// `[tls]`.
    pub tls: Tls,
    /// `[limits]`.
    pub limits: Limits,
    /// `[store]`.
    pub store: StoreSettings,
}

impl Config {
    /// The TLS server names that select this service: `server_names`, and those that its
    /// certificate is ordered for.
    pub fn answers_to(&self) -> impl Iterator<Item = &String> {
        let ordered = match &self.tls {
            Tls::Acme(acme) => acme.hosts.as_slice(),
            Tls::SelfSigned | Tls::Files { .. } => &[],
        };
        self.service.server_names.iter().chain(ordered)
    }

    /// The certificate and key files; none if they come from an ACME authority.
    #[must_use]
    pub fn certificate_files(&self) -> Option<[PathBuf; 2]> {
        match &self.tls {
            Tls::SelfSigned => Some(own_certificate_files(&self.service.data)),
            Tls::Files { cert, key } => Some([cert.clone(), key.clone()]),
            Tls::Acme(_) => None,
        }
    }
}

/// Where a service keeps its own certificate and key.
#[must_use]
pub fn own_certificate_files(data: &Path) -> [PathBuf; 2] {
    ["cert.pem", "key.pem"].map(|name| data.join("tls").join(name))
}

/// `[service]`: name, data folder and addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceSettings {
    /// Shown to members as the name of the service: 1 to 100 characters, no control characters.
    pub name: String,
    /// The folder that holds everything the service keeps.
    pub data: PathBuf,
    /// Where to listen; never empty.
    pub listen: Vec<ListenAddress>,
    /// The TLS server names that select it on a shared address, in lower case.
    pub server_names: Vec<String>,
    /// Whether it gets the connections to a shared address that name no server, or an unknown one.
    pub default: bool,
    /// The address for members, where it differs from those it listens on.
    pub public: Option<ListenAddress>,
    /// Whom a member may post to. If unset it depends on when the service was made (`policy.rs`).
    pub post_policy: Option<PostPolicy>,
}

/// Whom a member may post to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PostPolicy {
    /// Anyone whose uid they know. A uid cannot be guessed: it is learned from a ping, an answer or
    /// a thread that both are in.
    Uid,
    /// Only members who pinged or wrote to them before, who were written to together with them, or
    /// who have joined a group with them.
    Acquainted,
}

/// `[tls]`: the source of the certificate.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Tls {
    /// A self-signed certificate, kept in the data folder and pinned by apps.
    #[default]
    SelfSigned,
    /// Files of the administrator's.
    Files {
        /// The chain in PEM, the service's own certificate first.
        cert: PathBuf,
        /// Its private key in PEM.
        key: PathBuf,
    },
    /// Certificates ordered from an authority.
    Acme(Acme),
}

/// `[tls.acme]`: certificates ordered by ACME (RFC 8555) and validated by TLS-ALPN-01 (RFC 8737).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acme {
    /// The host names the certificate is for; never empty.
    pub hosts: Vec<String>,
    /// The URL of the authority's directory (https).
    pub directory: String,
    /// The administrator's e-mail address for the authority.
    pub contact: Option<String>,
    /// PEM certificates that the authority's own TLS is verified by; the public roots if none.
    pub root: Option<PathBuf>,
}

/// The default authority.
pub const DEFAULT_ACME_DIRECTORY: &str = "https://acme-v02.api.letsencrypt.org/directory";

/// `[store]`: the embedded store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreSettings {
    /// Size of the database's page cache, in bytes.
    pub cache_bytes: u64,
}

impl Default for StoreSettings {
    fn default() -> Self {
        Self { cache_bytes: 16 * size::MIB }
    }
}

/// `[log]`: logging to stderr.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Log {
    /// The format of each line.
    pub format: LogFormat,
    /// The lowest level that is written.
    pub level: LogLevel,
}

/// Format of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Lowest level of log lines that are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum LogLevel {
    /// Errors: what stops the service from doing its work.
    Error,
    /// Plus warnings that an administrator should look into.
    Warn,
    /// Plus starts, stops and files that were made.
    #[default]
    Info,
    /// Plus one line per link.
    Debug,
    /// Plus one line per request, without content.
    Trace,
}

/// `[metrics]`: the port for metrics and the health check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MetricsSettings {
    /// Where to listen, if anywhere.
    pub listen: Option<SocketAddr>,
}

/// Command-line values, which override the file.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// The data folder.
    pub data: Option<PathBuf>,
    /// Replaces all of the file's addresses unless empty.
    pub listen: Vec<ListenAddress>,
    /// The name of the service.
    pub name: Option<String>,
    /// Certificate chain and private key.
    pub cert_and_key: Option<(PathBuf, PathBuf)>,
    /// Format of the log.
    pub log_format: Option<LogFormat>,
    /// Level of the log.
    pub log_level: Option<LogLevel>,
}

impl Overrides {
    /// Whether any of these options describes a service.
    pub(super) fn of_one_service(&self) -> bool {
        let Self { data, listen, name, cert_and_key, log_format: _, log_level: _ } = self;
        data.is_some() || !listen.is_empty() || name.is_some() || cert_and_key.is_some()
    }
}

/// Validates the name of a service.
///
/// # Errors
/// Says what is allowed.
pub fn parse_service_name(name: &str) -> Result<String, String> {
    let fits = (1..=100).contains(&name.chars().count()) && !name.chars().any(char::is_control);
    if fits && !name.trim().is_empty() {
        Ok(name.to_owned())
    } else {
        Err(format!("expected {NAME_ALLOWED}"))
    }
}

pub(super) const NAME_ALLOWED: &str = "a text of 1 to 100 characters without control characters";

pub(super) fn default_name() -> String {
    host_name().unwrap_or_else(|| "tmtpd".to_owned())
}

pub(super) fn default_listen() -> Result<Vec<ListenAddress>, ConfigError> {
    Ok(vec![ListenAddress::from_str(DEFAULT_LISTEN)?])
}
