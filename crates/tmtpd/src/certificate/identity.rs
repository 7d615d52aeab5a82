//! The certificate of a running service: replaced while links go on.
//!
//! A handshake takes the certificate of its moment; a link that is on keeps its keys, so replacing the
//! certificate ends nothing.

use std::sync::{Arc, PoisonError, RwLock};

use rustls::server::{ClientHello, NoServerSessionStorage, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ServerConfig, version};

use super::{Certificate, PROVIDER};

/// How a service proves itself at this moment.
#[derive(Debug)]
pub struct Identity {
    current: RwLock<Arc<Certificate>>,
}

impl Identity {
    /// Starts with `certificate`.
    #[must_use]
    pub fn new(certificate: Certificate) -> Arc<Self> {
        Arc::new(Self { current: RwLock::new(Arc::new(certificate)) })
    }

    /// What new links are shown.
    #[must_use]
    pub fn certificate(&self) -> Arc<Certificate> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Shows `certificate` to new links from now on. Whether it is another one than before.
    pub fn replace(&self, certificate: Certificate) -> bool {
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        let is_new = current.fingerprint() != certificate.fingerprint();
        *current = Arc::new(certificate);
        is_new
    }

    /// TLS 1.3 and 1.2 with the certificate of the moment, for any client.
    ///
    /// # Errors
    /// The provider of cryptography does not know these versions, which would be a mistake in how
    /// this was built.
    pub fn tls(self: &Arc<Self>) -> Result<Arc<ServerConfig>, rustls::Error> {
        let resolver = Arc::new(Resolver(Arc::clone(self)));
        let mut config = ServerConfig::builder_with_provider(Arc::clone(&PROVIDER))
            .with_protocol_versions(&[&version::TLS13, &version::TLS12])?
            .with_no_client_auth()
            .with_cert_resolver(resolver);
        // Links last for days: resuming one saves nothing, and what it needs costs memory per link.
        config.send_tls13_tickets = 0;
        config.session_storage = Arc::new(NoServerSessionStorage {});
        Ok(Arc::new(config))
    }
}

#[derive(Debug)]
struct Resolver(Arc<Identity>);

impl ResolvesServerCert for Resolver {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.certificate().certified))
    }
}
