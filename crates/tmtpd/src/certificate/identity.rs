//! The certificate of a running service, which can be replaced without dropping links.
//!
//! A handshake uses the certificate current at its start, and so does the link made by it, so
//! replacing the certificate ends nothing.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use rustls::ServerConfig;
use rustls::server::ClientHello;
use rustls::sign::{CertifiedKey, SingleCertAndKey};

use super::{Certificate, server_config};

/// The ALPN protocol by which an authority validates a host (RFC 8737).
const ACME: &[u8] = b"acme-tls/1";

/// The service's current certificate.
#[derive(Debug)]
pub struct Identity {
    current: RwLock<CurrentCertificate>,
    /// Answers to pending ACME challenges, by host.
    challenges: RwLock<HashMap<String, Arc<ServerConfig>>>,
}

#[derive(Debug)]
struct CurrentCertificate {
    certificate: Arc<Certificate>,
    /// A placeholder for one that is yet to be issued.
    is_stand_in: bool,
}

impl Identity {
    /// Starts with `certificate`.
    #[must_use]
    pub fn new(certificate: Certificate) -> Arc<Self> {
        Self::start(certificate, false)
    }

    /// Starts with a placeholder that members cannot verify.
    #[must_use]
    pub fn stand_in(certificate: Certificate) -> Arc<Self> {
        Self::start(certificate, true)
    }

    fn start(certificate: Certificate, is_stand_in: bool) -> Arc<Self> {
        let current = CurrentCertificate { certificate: Arc::new(certificate), is_stand_in };
        Arc::new(Self { current: RwLock::new(current), challenges: RwLock::default() })
    }

    /// Whether new links still see the placeholder.
    #[must_use]
    pub fn is_stand_in(&self) -> bool {
        self.current.read().unwrap_or_else(PoisonError::into_inner).is_stand_in
    }

    /// The certificate that new links see.
    #[must_use]
    pub fn certificate(&self) -> Arc<Certificate> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner).certificate)
    }

    /// Uses `certificate` for new links from now on. Whether it differs from the one before.
    pub fn replace(&self, certificate: Certificate) -> bool {
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        let is_new = current.certificate.hash() != certificate.hash();
        *current = CurrentCertificate { certificate: Arc::new(certificate), is_stand_in: false };
        is_new
    }

    /// Serves `answer` to an authority that validates `host`.
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

    /// The TLS configuration that answers an ACME challenge; none for any other client.
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
