//! Which certificate of a service is believed.
//!
//! The verifier for pinned services replaces only the question *whose certificate is this*; the
//! signatures of the handshake, which prove that the peer holds the certificate's key, are always
//! verified by rustls.

use std::sync::{Arc, OnceLock};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};

use crate::address::{Fingerprint, Proof};

/// What is believed about a service's certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trust {
    /// It has this fingerprint.
    Pinned(Fingerprint),
    /// Whatever is seen first; the caller pins it.
    FirstUse,
    /// A public authority vouches for the host name.
    Public,
}

impl Trust {
    /// For a service that proves itself so, and the fingerprint known of it.
    pub(crate) fn new(proof: Proof, fingerprint: Option<Fingerprint>) -> Self {
        match (proof, fingerprint) {
            (Proof::Public, _) => Self::Public,
            (Proof::Pinned, Some(fingerprint)) => Self::Pinned(fingerprint),
            (Proof::Pinned, None) => Self::FirstUse,
        }
    }

    /// The client side of TLS that believes this much. A certificate that is not the pinned one is
    /// left in `seen`; nothing has proved then that whoever showed it holds its key.
    pub(crate) fn client_config(self, seen: &Seen) -> Result<ClientConfig, Error> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()?;
        let pin = match self {
            Self::Public => {
                let roots =
                    RootCertStore::from_iter(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
                return Ok(builder.with_root_certificates(roots).with_no_client_auth());
            }
            Self::Pinned(fingerprint) => Some(fingerprint),
            Self::FirstUse => None,
        };
        // "Dangerous" is what rustls calls every verifier that is not its own.
        let verifier = Arc::new(PinVerifier { pin, provider, seen: Arc::clone(seen) });
        Ok(builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth())
    }
}

/// Where a verifier leaves the fingerprint of the certificate that was shown.
pub(crate) type Seen = Arc<OnceLock<Fingerprint>>;

/// Whether a handshake failed because of whose certificate it was.
pub(crate) fn is_distrust(error: &Error) -> bool {
    matches!(error, Error::InvalidCertificate(_))
}

/// Believes one certificate, or the first.
#[derive(Debug)]
struct PinVerifier {
    pin: Option<Fingerprint>,
    provider: Arc<CryptoProvider>,
    seen: Seen,
}

impl ServerCertVerifier for PinVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let shown = Fingerprint::of(end_entity);
        // A handshake shows one certificate; the first one stays.
        let _ = self.seen.set(shown);
        match self.pin {
            Some(pin) if pin != shown => {
                Err(CertificateError::ApplicationVerificationFailure.into())
            }
            _ => Ok(ServerCertVerified::assertion()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
