//! Sections of the configuration file.

use std::path::Path;

use super::cross_check;
use super::draft::{Draft, SharedDraft, take_store};
use super::error::ConfigError;
use super::file::{Document, Key, Section};
use super::limits::Limits;
use super::settings::{Log, LogFormat, LogLevel, MetricsSettings, Tls};

/// The sections, in the order of the documentation.
const SECTIONS: &[&str] = &["service", "tls", "tls.acme", "limits", "store", "log", "metrics"];

/// The contents of a configuration file, over the defaults.
#[derive(Debug)]
pub(super) struct File {
    /// Never empty.
    pub(super) services: Vec<Draft>,
    pub(super) unrouted: Limits,
    pub(super) log: Log,
    pub(super) metrics: MetricsSettings,
}

impl Default for File {
    fn default() -> Self {
        Self {
            services: vec![Draft::default()],
            unrouted: Limits::default(),
            log: Log::default(),
            metrics: MetricsSettings::default(),
        }
    }
}

/// Every key of the file, in order.
pub(super) fn keys() -> Vec<Key> {
    let mut document = Document::parse("", SECTIONS);
    File::take(&mut document, Path::new(""));
    document.into_keys()
}

impl File {
    pub(super) fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?;
        let mut document = Document::parse(&text, SECTIONS);
        // Relative paths mean the same wherever the daemon is started from.
        let file = Self::take(&mut document, path.parent().unwrap_or(Path::new("")));
        document.add_problems(cross_check::problems(&file.services));
        let problems = document.into_problems();
        if problems.is_empty() {
            Ok(file)
        } else {
            Err(ConfigError::Invalid { path: path.to_owned(), problems })
        }
    }

    fn take(document: &mut Document<'_>, folder: &Path) -> Self {
        // The shared settings first: each service starts from them.
        let mut shared = SharedDraft::default();
        let mut tls = Tls::default();
        document.section("tls", |section| tls = shared.tls.take_all(section, folder));
        document.section("limits", |section| shared.limits.take(section));
        document.section("store", |section| take_store(&mut shared.store, section));
        let mut services = Vec::new();
        document.list("service", |section| {
            services.push(Draft::take(section, folder, &shared, &tls));
        });
        let mut log = Log::default();
        document.section("log", |section| take_log(&mut log, section));
        let mut metrics = MetricsSettings::default();
        document.section("metrics", |section| take_metrics(&mut metrics, section));
        document.finish();
        Self { services, unrouted: shared.limits, log, metrics }
    }
}

fn take_log(log: &mut Log, section: &mut Section<'_, '_>) {
    let Log { format, level } = log;
    let formats = [("text", LogFormat::Text), ("json", LogFormat::Json)];
    section.choice("format", format, &formats);
    let levels = [
        ("error", LogLevel::Error),
        ("warn", LogLevel::Warn),
        ("info", LogLevel::Info),
        ("debug", LogLevel::Debug),
        ("trace", LogLevel::Trace),
    ];
    section.choice("level", level, &levels);
}

fn take_metrics(metrics: &mut MetricsSettings, section: &mut Section<'_, '_>) {
    let MetricsSettings { listen } = metrics;
    let mut allow_remote = false;
    section.socket_address("listen", listen);
    section.flag("allow_remote", &mut allow_remote);
    if listen.is_some_and(|address| !address.ip().is_loopback()) && !allow_remote {
        section.problem(
            "listen",
            "is reachable from other machines, without TLS or a password; listen on 127.0.0.1, or \
             write allow_remote = true if something else keeps strangers away",
        );
    }
}
