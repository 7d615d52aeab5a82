//! The client side of TLS: by public authorities, or with any certificate whose key the service holds.
//!
//! For pinned services the verifier leaves out only the question *whose certificate is this*, which the
//! engine answers by the fingerprint before anything is said; the signatures of the handshake, which prove that the peer
//! holds the certificate's key, are always verified by rustls.

use std::sync::Arc;

use mnm_engine::platform::Proof;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

/// The client side of TLS for services that prove themselves so.
pub(crate) fn client_config(proof: Proof) -> Result<ClientConfig, Error> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()?;
    match proof {
        Proof::Public => {
            let roots = RootCertStore::from_iter(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
            Ok(builder.with_root_certificates(roots).with_no_client_auth())
        }
        Proof::Pinned => {
            let verifier = Arc::new(KeyVerifier { provider });
            // "Dangerous" is what rustls calls every verifier that is not its own.
            let builder = builder.dangerous().with_custom_certificate_verifier(verifier);
            Ok(builder.with_no_client_auth())
        }
    }
}

/// Has the peer prove that it holds the key of its certificate, whoever it is.
#[derive(Debug)]
struct KeyVerifier {
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for KeyVerifier {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
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
