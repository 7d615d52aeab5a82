//! The line on stdout that says that members can join a service, and by which address.

use std::fmt::{self, Display, Formatter};
use std::io::{self, Write};
use std::sync::Arc;

use super::Instance;
use super::sockets::Sockets;
use crate::certificate::Certificate;
use crate::config::{ListenAddress, Tls, host_name};
use crate::listen::Open;

/// Determines the addresses by which members join `instance`. Returns the line that says so, unless
/// it is unchanged; `is_one_of_many` adds the service's name.
pub(super) fn line(instance: &Instance, sockets: &Sockets, is_one_of_many: bool) -> Option<String> {
    let config = instance.config();
    let certificate = instance.identity().certificate();
    let ready = ReadyLine {
        name: is_one_of_many.then(|| config.service.name.clone()),
        public: config.service.public.clone(),
        server_name: config.answers_to().next().cloned(),
        is_public: matches!(config.tls, Tls::Acme(_)) || !certificate.is_self_signed(),
        listeners: sockets.of(instance),
        certificate,
    };
    let line = ready.to_string();
    let is_unchanged = instance.note_ready(ready.addresses(), &line);
    (!is_unchanged).then_some(line)
}

/// Prints a line to stdout.
pub(super) fn say(line: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{line}").and_then(|()| stdout.flush())
}

struct ReadyLine<'a> {
    name: Option<String>,
    public: Option<ListenAddress>,
    server_name: Option<String>,
    /// Whether apps verify it by the public roots, now or once its certificate is issued.
    is_public: bool,
    listeners: Vec<&'a Open>,
    certificate: Arc<Certificate>,
}

impl Display for ReadyLine<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("ready: ")?;
        for address in self.addresses() {
            write!(f, "{address} ")?;
        }
        write!(f, " (certificate sha256 {:#}", self.certificate.hash())?;
        let is_named = self.public.is_some() || self.server_name.is_some();
        if !is_named && self.listeners.iter().any(|open| is_wildcard(open)) {
            f.write_str("; listening on every address, shown by the name of this machine")?;
        }
        if let Some(name) = &self.name {
            write!(f, "; service {name:?}")?;
        }
        f.write_str(")")
    }
}

impl ReadyLine<'_> {
    /// Addresses by which members join.
    fn addresses(&self) -> Vec<String> {
        let of = |open: &&Open| self.address(&self.host(open), open.local().port());
        match &self.public {
            Some(public) => vec![self.address(public.host(), public.port())],
            None => self.listeners.iter().map(of).collect(),
        }
    }

    fn address(&self, host: &str, port: u16) -> String {
        let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
        if !self.is_public {
            format!("={host}:{port}#{}", self.certificate.hash())
        } else {
            format!("+{host}:{port}")
        }
    }

    /// The host for members: as configured, unless it cannot be connected to, does not identify the
    /// service, or is not covered by a public certificate.
    fn host(&self, listener: &Open) -> String {
        let given = || listener.asked().host().to_owned();
        if listener.asked().ip().is_some()
            && let Some(name) = &self.server_name
        {
            return name.clone();
        }
        let from_certificate = match self.certificate.is_self_signed() {
            true => None,
            false => self.certificate.host_name(),
        };
        if is_wildcard(listener) {
            from_certificate.or_else(host_name).unwrap_or_else(|| "localhost".to_owned())
        } else if listener.asked().ip().is_some() {
            from_certificate.unwrap_or_else(given)
        } else {
            given()
        }
    }
}

fn is_wildcard(listener: &Open) -> bool {
    listener.local().ip().is_unspecified()
}
