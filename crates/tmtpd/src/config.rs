//! What the service is told: the command line over a configuration file over the defaults.
//!
//! [`Config::resolve`] is called once, before anything is touched on disk. It returns either a
//! whole, validated [`Config`] or everything that is wrong with the file at once, each with its
//! line, its key and what is allowed. Nothing else in the service reads configuration.

mod address;
mod error;
mod file;
mod limits;
mod size;

use std::path::{Path, PathBuf};
use std::str::FromStr;

pub use address::{ListenAddress, ListenAddressError};
pub use error::{ConfigError, Problem};
pub use file::Key;
pub use limits::Limits;

use file::{Document, Section};

/// Where the service listens unless it is told: every IPv4 address, port 5050.
pub const DEFAULT_LISTEN: &str = "0.0.0.0:5050";

/// Everything the service is told, validated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// What the service is.
    pub service: Service,
    /// How it proves itself to apps.
    pub tls: Tls,
    /// What anyone may ask of it.
    pub limits: Limits,
    /// How it keeps what is owed.
    pub store: Store,
    /// What it tells the administrator.
    pub log: Log,
}

/// `[service]`: what the service is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// Shown to members as the name of the service: 1 to 100 characters, no control characters.
    pub name: String,
    /// The folder that holds everything the service keeps.
    pub data: PathBuf,
    /// Where to listen; never empty.
    pub listen: Vec<ListenAddress>,
    /// Whom a member may post to.
    pub post_policy: PostPolicy,
}

/// Whom a member may post to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PostPolicy {
    /// Anyone whose uid they know. A uid cannot be guessed: one learns it from a ping, an answer
    /// or a thread that both are in. Deployed apps count on this when a thread is forwarded.
    #[default]
    Uid,
    /// Only members who pinged or wrote to them before, who were written to together with them, or
    /// who have joined a group with them.
    Acquainted,
}

/// `[tls]`: how the service proves itself to apps.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Tls {
    /// A certificate of its own making, kept in the data folder and pinned by apps.
    #[default]
    SelfSigned,
    /// A certificate of the administrator's.
    Files {
        /// The chain in PEM, the service's own certificate first.
        cert: PathBuf,
        /// Its private key in PEM.
        key: PathBuf,
    },
}

/// `[store]`: how what is owed is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Store {
    /// Memory for the pages of the database, in bytes.
    pub cache_bytes: u64,
}

impl Default for Store {
    fn default() -> Self {
        Self { cache_bytes: 16 * size::MIB }
    }
}

/// `[log]`: what the administrator is told, on stderr.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Log {
    /// How each line is written.
    pub format: LogFormat,
    /// The least important lines that are written.
    pub level: LogLevel,
}

/// How a line of the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// The least important lines of the log that are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum LogLevel {
    /// What stops the service from doing its work.
    Error,
    /// And what an administrator should look at.
    Warn,
    /// And what it does as a whole: starts, stops, what it made.
    #[default]
    Info,
    /// And each link.
    Debug,
    /// And each request, without content.
    Trace,
}

/// What the command line says; it overrides the file.
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

impl Config {
    /// Puts the command line over the file at `path`, if there is one, over the defaults.
    ///
    /// # Errors
    /// The file cannot be read, something in it is wrong (all of it is listed), or no data folder
    /// was named. Nothing has been written when this fails.
    pub fn resolve(over: Overrides, path: Option<&Path>) -> Result<Self, ConfigError> {
        let file = path.map_or_else(|| Ok(File::default()), File::read)?;
        let data = over.data.or(file.data).ok_or(ConfigError::NoData)?;
        let named = if over.listen.is_empty() { file.listen } else { over.listen };
        let tls = match over.cert_and_key {
            Some((cert, key)) => Tls::Files { cert, key },
            None => file.tls,
        };
        Ok(Self {
            service: Service {
                name: over.name.or(file.name).unwrap_or_else(default_name),
                data,
                listen: if named.is_empty() { default_listen()? } else { named },
                post_policy: file.post_policy,
            },
            tls,
            limits: file.limits,
            store: file.store,
            log: Log {
                format: over.log_format.unwrap_or(file.log.format),
                level: over.log_level.unwrap_or(file.log.level),
            },
        })
    }

    /// Every key a file may hold, in order, for the documentation and what checks it.
    #[must_use]
    pub fn keys() -> Vec<Key> {
        let mut document = Document::empty();
        File::default().take(&mut document, Path::new(""));
        document.into_keys()
    }
}

/// A name for a service must fit what members are shown.
///
/// # Errors
/// Says what a name may be.
pub fn parse_service_name(name: &str) -> Result<String, String> {
    let fits = (1..=100).contains(&name.chars().count()) && !name.chars().any(char::is_control);
    if fits && !name.trim().is_empty() {
        Ok(name.to_owned())
    } else {
        Err(format!("expected {NAME_ALLOWED}"))
    }
}

const NAME_ALLOWED: &str = "a text of 1 to 100 characters without control characters";

fn default_name() -> String {
    crate::listen::host_name().unwrap_or_else(|| "tmtpd".to_owned())
}

fn default_listen() -> Result<Vec<ListenAddress>, ConfigError> {
    Ok(vec![ListenAddress::from_str(DEFAULT_LISTEN)?])
}

/// What a configuration file says, with the defaults where it says nothing.
#[derive(Debug, Default)]
struct File {
    name: Option<String>,
    data: Option<PathBuf>,
    listen: Vec<ListenAddress>,
    post_policy: PostPolicy,
    tls: Tls,
    limits: Limits,
    store: Store,
    log: Log,
}

impl File {
    fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?;
        let mut file = Self::default();
        let mut document = Document::parse(&text);
        // Paths in the file mean the same wherever the service is started from.
        file.take(&mut document, path.parent().unwrap_or(Path::new("")));
        let problems = document.into_problems();
        if problems.is_empty() {
            Ok(file)
        } else {
            Err(ConfigError::Invalid { path: path.to_owned(), problems })
        }
    }

    fn take(&mut self, document: &mut Document<'_>, folder: &Path) {
        document.section("service", |section| self.take_service(section, folder));
        document.section("tls", |section| self.take_tls(section, folder));
        document.section("limits", |section| self.limits.take(section));
        document.section("store", |section| self.take_store(section));
        document.section("log", |section| self.take_log(section));
        document.finish();
    }

    fn take_service(&mut self, section: &mut Section<'_, '_>, folder: &Path) {
        section.text("name", &mut self.name, NAME_ALLOWED, parse_service_name);
        section.path("data", &mut self.data, folder);
        section.addresses("listen", &mut self.listen, DEFAULT_LISTEN);
        section.choice(
            "post_policy",
            &mut self.post_policy,
            &[("uid", PostPolicy::Uid), ("acquainted", PostPolicy::Acquainted)],
        );
    }

    fn take_tls(&mut self, section: &mut Section<'_, '_>, folder: &Path) {
        let (mut cert, mut key) = (None, None);
        section.path("cert", &mut cert, folder);
        section.path("key", &mut key, folder);
        match (cert, key) {
            (Some(cert), Some(key)) => self.tls = Tls::Files { cert, key },
            (Some(_), None) => section.problem("cert", "needs tls.key, its private key, too"),
            (None, Some(_)) => section.problem("key", "needs tls.cert, its certificate, too"),
            (None, None) => {}
        }
    }

    fn take_store(&mut self, section: &mut Section<'_, '_>) {
        let store = &mut self.store;
        section.size("cache_bytes", &mut store.cache_bytes, size::MIB..=64 * size::GIB);
    }

    fn take_log(&mut self, section: &mut Section<'_, '_>) {
        let formats = [("text", LogFormat::Text), ("json", LogFormat::Json)];
        section.choice("format", &mut self.log.format, &formats);
        let levels = [
            ("error", LogLevel::Error),
            ("warn", LogLevel::Warn),
            ("info", LogLevel::Info),
            ("debug", LogLevel::Debug),
            ("trace", LogLevel::Trace),
        ];
        section.choice("level", &mut self.log.level, &levels);
    }
}
