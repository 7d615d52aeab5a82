//! Keys of the configuration file, and the services they describe.

use std::path::{Path, PathBuf};

use rustls::pki_types::DnsName;

use super::file::{Document, Key, Section};
use super::{
    Acme, Config, ConfigError, DEFAULT_ACME_DIRECTORY, DEFAULT_LISTEN, Limits, ListenAddress, Log,
    LogFormat, LogLevel, Metrics, NAME_ALLOWED, Overrides, PostPolicy, Service, Store, Tls,
    cross_check, default_listen, default_name, parse_service_name, size,
};

/// The sections, in the order of the documentation.
const SECTIONS: &[&str] = &["service", "tls", "tls.acme", "limits", "store", "log", "metrics"];

const HOST_ALLOWED: &str = "a host name, such as \"chat.example.org\"";

/// The contents of a configuration file, over the defaults.
#[derive(Debug)]
pub(super) struct File {
    /// Never empty.
    pub(super) services: Vec<Draft>,
    pub(super) unrouted: Limits,
    pub(super) log: Log,
    pub(super) metrics: Metrics,
}

/// One service as the file describes it; the command line may override it.
#[derive(Debug, Clone, Default)]
pub(super) struct Draft {
    pub(super) name: Option<String>,
    pub(super) data: Option<PathBuf>,
    pub(super) listen: Vec<ListenAddress>,
    pub(super) server_names: Vec<String>,
    pub(super) default: bool,
    public: Option<ListenAddress>,
    post_policy: Option<PostPolicy>,
    tls: Tls,
    limits: Limits,
    store: Store,
    pub(super) lines: Lines,
}

/// Its lines in the file.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Lines {
    pub(super) name: usize,
    pub(super) data: usize,
    pub(super) listen: usize,
    pub(super) server_names: usize,
    pub(super) default: usize,
}

/// Settings for each service that does not override them.
#[derive(Debug, Clone, Default)]
struct Shared {
    tls: TlsDraft,
    limits: Limits,
    store: Store,
}

/// `[tls]` as written, before its mode is known.
#[derive(Debug, Clone)]
struct TlsDraft {
    cert: Option<PathBuf>,
    key: Option<PathBuf>,
    hosts: Vec<String>,
    directory: String,
    contact: Option<String>,
    root: Option<PathBuf>,
}

impl Default for File {
    fn default() -> Self {
        Self {
            services: vec![Draft::default()],
            unrouted: Limits::default(),
            log: Log::default(),
            metrics: Metrics::default(),
        }
    }
}

impl Default for TlsDraft {
    fn default() -> Self {
        Self {
            cert: None,
            key: None,
            hosts: Vec::new(),
            directory: DEFAULT_ACME_DIRECTORY.to_owned(),
            contact: None,
            root: None,
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
        let mut shared = Shared::default();
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
        let mut metrics = Metrics::default();
        document.section("metrics", |section| take_metrics(&mut metrics, section));
        document.finish();
        Self { services, unrouted: shared.limits, log, metrics }
    }
}

impl Draft {
    fn take(section: &mut Section<'_, '_>, folder: &Path, shared: &Shared, tls: &Tls) -> Self {
        let mut draft = Self {
            tls: tls.clone(),
            limits: shared.limits.clone(),
            store: shared.store.clone(),
            ..Self::default()
        };
        let Self {
            name,
            data,
            listen,
            server_names,
            default,
            public,
            post_policy,
            tls: own_tls,
            limits,
            store,
            lines,
        } = &mut draft;
        section.text("name", name, NAME_ALLOWED, parse_service_name);
        section.path("data", data, folder);
        section.addresses("listen", listen, DEFAULT_LISTEN);
        section.texts("server_names", server_names, HOST_ALLOWED, parse_host);
        section.flag("default", default);
        section.address("public", public);
        section.choice(
            "post_policy",
            post_policy,
            &[("uid", Some(PostPolicy::Uid)), ("acquainted", Some(PostPolicy::Acquainted))],
        );
        section.inner("tls", "service.tls", |section| {
            *own_tls = shared.tls.for_one().take_own(section, folder);
        });
        section.inner("limits", "service.limits", |section| limits.take(section));
        section.inner("store", "service.store", |section| take_store(store, section));
        *lines = Lines {
            name: section.line("name"),
            data: section.line("data"),
            listen: section.line("listen"),
            server_names: section.line("server_names"),
            default: section.line("default"),
        };
        draft
    }

    /// The TLS server names that select it, as [`Config::answers_to`].
    pub(super) fn answers_to(&self) -> Vec<&str> {
        let ordered = match &self.tls {
            Tls::Acme(acme) => acme.hosts.as_slice(),
            Tls::SelfSigned | Tls::Files { .. } => &[],
        };
        self.server_names.iter().chain(ordered).map(String::as_str).collect()
    }

    /// Merges the command line over it.
    pub(super) fn resolve(self, over: Overrides) -> Result<Config, ConfigError> {
        let named = if over.listen.is_empty() { self.listen } else { over.listen };
        let tls = match over.cert_and_key {
            Some((cert, key)) => Tls::Files { cert, key },
            None => self.tls,
        };
        Ok(Config {
            service: Service {
                name: over.name.or(self.name).unwrap_or_else(default_name),
                data: over.data.or(self.data).ok_or(ConfigError::NoData)?,
                listen: if named.is_empty() { default_listen()? } else { named },
                server_names: self.server_names,
                default: self.default,
                public: self.public,
                post_policy: self.post_policy,
            },
            tls,
            limits: self.limits,
            store: self.store,
        })
    }
}

impl TlsDraft {
    /// `[tls]`, whose keys are known whether the file has them or not.
    fn take_all(&mut self, section: &mut Section<'_, '_>, folder: &Path) -> Tls {
        self.take_files(section, folder);
        section.inner_always("acme", "tls.acme", |section| self.take_acme(section, folder));
        self.way(section)
    }

    /// `[service.tls]`.
    fn take_own(mut self, section: &mut Section<'_, '_>, folder: &Path) -> Tls {
        self.take_files(section, folder);
        section.inner("acme", "service.tls.acme", |section| self.take_acme(section, folder));
        self.way(section)
    }

    /// The base for a service with its own `[service.tls]`: the shared authority, but not the
    /// shared certificate.
    fn for_one(&self) -> Self {
        Self { cert: None, key: None, hosts: Vec::new(), ..self.clone() }
    }

    fn take_files(&mut self, section: &mut Section<'_, '_>, folder: &Path) {
        let Self { cert, key, hosts: _, directory: _, contact: _, root: _ } = self;
        section.path("cert", cert, folder);
        section.path("key", key, folder);
    }

    fn take_acme(&mut self, section: &mut Section<'_, '_>, folder: &Path) {
        let Self { cert: _, key: _, hosts, directory, contact, root } = self;
        section.texts("hosts", hosts, HOST_ALLOWED, parse_host);
        section.url("directory", directory);
        section.text(
            "contact",
            contact,
            "an address of electronic mail, such as \"admin@example.org\"",
            parse_mail,
        );
        section.path("root", root, folder);
    }

    /// Which of the modes is meant.
    fn way(&self, section: &mut Section<'_, '_>) -> Tls {
        let one = self.clone();
        match (one.cert, one.key) {
            (None, None) if one.hosts.is_empty() => Tls::SelfSigned,
            (None, None) => Tls::Acme(Acme {
                hosts: one.hosts,
                directory: one.directory,
                contact: one.contact,
                root: one.root,
            }),
            (Some(cert), Some(key)) => {
                if !one.hosts.is_empty() {
                    section.problem("cert", "cannot stand beside acme.hosts: a certificate comes from a file or from an authority");
                }
                Tls::Files { cert, key }
            }
            (Some(_), None) => {
                section.problem("cert", "needs tls.key, its private key, too");
                Tls::SelfSigned
            }
            (None, Some(_)) => {
                section.problem("key", "needs tls.cert, its certificate, too");
                Tls::SelfSigned
            }
        }
    }
}

fn take_store(store: &mut Store, section: &mut Section<'_, '_>) {
    let Store { cache_bytes } = store;
    section.size("cache_bytes", cache_bytes, size::MIB..=64 * size::GIB);
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

fn take_metrics(metrics: &mut Metrics, section: &mut Section<'_, '_>) {
    let Metrics { listen } = metrics;
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

/// A host name in the form that TLS compares.
fn parse_host(text: &str) -> Option<String> {
    // Digits and dots only would be an IP address, which is no TLS server name.
    let is_name = text.bytes().any(|byte| byte.is_ascii_alphabetic());
    let name = DnsName::try_from(text).ok().filter(|_| is_name)?;
    Some(name.as_ref().to_ascii_lowercase())
}

fn parse_mail(text: &str) -> Result<String, String> {
    let (who, host) = text.split_once('@').unwrap_or_default();
    let plain = text.bytes().all(|byte| byte.is_ascii_graphic() && !b",?&<>\"".contains(&byte));
    match plain && !who.is_empty() && host.contains('.') {
        true => Ok(text.to_owned()),
        false => Err(String::new()),
    }
}
