//! The certificate of a running service: replaced while links go on.
//!
//! A handshake takes the certificate of its moment; a link that is on keeps its keys, so replacing the
//! certificate ends nothing.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use rustls::server::{ClientHello, NoServerSessionStorage, ResolvesServerCert};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ServerConfig, version};

use super::{Certificate, PROVIDER};

/// The protocol by which an authority looks whether a service answers for a host (RFC 8737).
const ACME: &[u8] = b"acme-tls/1";

/// How a service proves itself at this moment.
#[derive(Debug)]
pub struct Identity {
    current: RwLock<Current>,
    /// Answers to an authority that looks, by host.
    challenges: RwLock<HashMap<String, Arc<ServerConfig>>>,
}

#[derive(Debug)]
struct Current {
    certificate: Arc<Certificate>,
    /// It only stands in for one that is yet to be issued.
    is_stand_in: bool,
}

impl Identity {
    /// Starts with `certificate`.
    #[must_use]
    pub fn new(certificate: Certificate) -> Arc<Self> {
        Self::start(certificate, false)
    }

    /// Starts with a certificate that members cannot check, until there is one.
    #[must_use]
    pub fn stand_in(certificate: Certificate) -> Arc<Self> {
        Self::start(certificate, true)
    }

    fn start(certificate: Certificate, is_stand_in: bool) -> Arc<Self> {
        let current = Current { certificate: Arc::new(certificate), is_stand_in };
        Arc::new(Self { current: RwLock::new(current), challenges: RwLock::default() })
    }

    /// Whether what new links are shown only stands in for a certificate yet to be issued.
    #[must_use]
    pub fn is_stand_in(&self) -> bool {
        self.current.read().unwrap_or_else(PoisonError::into_inner).is_stand_in
    }

    /// What new links are shown.
    #[must_use]
    pub fn certificate(&self) -> Arc<Certificate> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner).certificate)
    }

    /// Shows `certificate` to new links from now on. Whether it is another one than before.
    pub fn replace(&self, certificate: Certificate) -> bool {
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        let is_new = current.certificate.fingerprint() != certificate.fingerprint();
        *current = Current { certificate: Arc::new(certificate), is_stand_in: false };
        is_new
    }

    /// TLS 1.3 and 1.2 with the certificate of the moment, for any client.
    ///
    /// # Errors
    /// The provider of cryptography does not know these versions, which would be a mistake in how
    /// this was built.
    pub fn tls(self: &Arc<Self>) -> Result<Arc<ServerConfig>, rustls::Error> {
        server_config(Arc::new(Resolver(Arc::clone(self)))).map(Arc::new)
    }

    /// Shows `answer` to an authority that looks at `host`.
    pub(super) fn set_challenge(
        &self,
        host: &str,
        answer: Arc<CertifiedKey>,
    ) -> Result<(), rustls::Error> {
        let mut config = server_config(Arc::new(SingleCertAndKey::from(answer)))?;
        config.alpn_protocols = vec![ACME.to_vec()];
        let mut challenges = self.challenges.write().unwrap_or_else(PoisonError::into_inner);
        challenges.insert(host.to_owned(), Arc::new(config));
        Ok(())
    }

    pub(super) fn clear_challenges(&self) {
        self.challenges.write().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// How to shake hands with an authority that looks whether the service answers for a host; none
    /// for everybody else.
    #[must_use]
    pub fn challenge(&self, hello: &ClientHello<'_>) -> Option<Arc<ServerConfig>> {
        let mut protocols = hello.alpn()?;
        if !(protocols.next() == Some(ACME) && protocols.next().is_none()) {
            return None;
        }
        let challenges = self.challenges.read().unwrap_or_else(PoisonError::into_inner);
        challenges.get(&hello.server_name()?.to_ascii_lowercase()).cloned()
    }
}

fn server_config(resolver: Arc<dyn ResolvesServerCert>) -> Result<ServerConfig, rustls::Error> {
    let mut config = ServerConfig::builder_with_provider(Arc::clone(&PROVIDER))
        .with_protocol_versions(&[&version::TLS13, &version::TLS12])?
        .with_no_client_auth()
        .with_cert_resolver(resolver);
    // Links last for days: resuming one saves nothing, and what it needs costs memory per link.
    config.send_tls13_tickets = 0;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    Ok(config)
}

#[derive(Debug)]
struct Resolver(Arc<Identity>);

impl ResolvesServerCert for Resolver {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.certificate().certified))
    }
}
