//! Draft of a service: the keys that describe it in the configuration file.

use std::path::{Path, PathBuf};

use rustls::pki_types::DnsName;

use super::address::ListenAddress;
use super::error::ConfigError;
use super::file::Section;
use super::limits::Limits;
use super::settings::{
    Acme, Config, DEFAULT_ACME_DIRECTORY, DEFAULT_LISTEN, NAME_ALLOWED, Overrides, PostPolicy,
    ServiceSettings, StoreSettings, Tls, default_listen, default_name, parse_service_name,
};
use super::size;

const HOST_ALLOWED: &str = "a host name, such as \"chat.example.org\"";

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
    store: StoreSettings,
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
pub(super) struct SharedDraft {
    pub(super) tls: TlsDraft,
    pub(super) limits: Limits,
    pub(super) store: StoreSettings,
}

/// `[tls]` as written, before its mode is known.
#[derive(Debug, Clone)]
pub(super) struct TlsDraft {
    cert: Option<PathBuf>,
    key: Option<PathBuf>,
    hosts: Vec<String>,
    directory: String,
    contact: Option<String>,
    root: Option<PathBuf>,
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

impl Draft {
    pub(super) fn take(
        section: &mut Section<'_, '_>,
        folder: &Path,
        shared: &SharedDraft,
        tls: &Tls,
    ) -> Self {
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
            service: ServiceSettings {
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
    pub(super) fn take_all(&mut self, section: &mut Section<'_, '_>, folder: &Path) -> Tls {
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

pub(super) fn take_store(store: &mut StoreSettings, section: &mut Section<'_, '_>) {
    let StoreSettings { cache_bytes } = store;
    section.size("cache_bytes", cache_bytes, size::MIB..=64 * size::GIB);
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
