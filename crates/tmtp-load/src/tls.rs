//! TLS of one link, without buffers of its own: records in, records out.
//!
//! An idle link holds nothing here but its keys, which is what lets one process hold links by the
//! ten thousand.

use std::fmt;
use std::sync::Arc;

use rustls::client::UnbufferedClientConnection;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{WebPkiSupportedAlgorithms, aws_lc_rs, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::unbuffered::{
    ConnectionState, EncodeError, EncryptError, InsufficientSizeError, UnbufferedStatus,
};
use rustls::{ClientConfig, DigitallySignedStruct, Error, SignatureScheme, version};
use sha2::{Digest as _, Sha256};

/// By what the service is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// Any certificate, its signature not checked either: for a service on this machine.
    Anyone,
    /// The certificate with this SHA-256.
    Pinned([u8; 32]),
}

/// The one configuration that all links share. TLS 1.3 only, no resumption: every login pays for a
/// whole handshake, as the logins of apps do.
///
/// # Errors
/// When the cryptographic library lacks TLS 1.3.
pub fn config(trust: Trust) -> Result<Arc<ClientConfig>, Error> {
    let provider = aws_lc_rs::default_provider();
    let algorithms = provider.signature_verification_algorithms;
    let mut config = ClientConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(&[&version::TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Verifier { trust, algorithms }))
        .with_no_client_auth();
    config.resumption = rustls::client::Resumption::disabled();
    config.enable_sni = false;
    Ok(Arc::new(config))
}

#[derive(Debug)]
struct Verifier {
    trust: Trust,
    algorithms: WebPkiSupportedAlgorithms,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match self.trust {
            Trust::Pinned(pin) if Sha256::digest(end_entity)[..] != pin => {
                Err(Error::General("the certificate is not the pinned one".into()))
            }
            Trust::Pinned(_) | Trust::Anyone => Ok(ServerCertVerified::assertion()),
        }
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::General("TLS 1.2 is not offered".into()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        match self.trust {
            // Where any certificate is accepted, a check of its signature proves nothing.
            Trust::Anyone => Ok(HandshakeSignatureValid::assertion()),
            Trust::Pinned(_) => verify_tls13_signature(message, cert, signed, &self.algorithms),
        }
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// Result of [`Tls::receive`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Received {
    /// Bytes taken from the front of the input.
    pub taken: usize,
    /// Whether the handshake is over, so that [`Tls::send`] may be called.
    pub ready: bool,
    /// Whether the service has said that it will send no more.
    pub closed: bool,
}

/// The keys of one link.
pub struct Tls(UnbufferedClientConnection);

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tls(…)")
    }
}

impl Tls {
    /// A client that has not said anything; call [`Self::receive`] with nothing to begin.
    ///
    /// # Errors
    /// When the library refuses the configuration.
    pub fn new(config: &Arc<ClientConfig>, name: ServerName<'static>) -> Result<Self, Error> {
        UnbufferedClientConnection::new(Arc::clone(config), name).map(Self)
    }

    /// Takes whole records from `input`. What they carry is appended to `plain`, what must be sent
    /// in answer to `outgoing`.
    ///
    /// # Errors
    /// When the service breaks TLS or is not the one that is trusted.
    #[expect(clippy::wildcard_enum_match_arm, reason = "a foreign enum")]
    pub fn receive(
        &mut self,
        input: &mut [u8],
        plain: &mut Vec<u8>,
        outgoing: &mut Vec<u8>,
    ) -> Result<Received, Error> {
        let mut received = Received::default();
        loop {
            let rest = input.get_mut(received.taken..).unwrap_or_default();
            let UnbufferedStatus { mut discard, state } = self.0.process_tls_records(rest);
            let mut over = false;
            match state? {
                ConnectionState::ReadTraffic(mut traffic) => {
                    while let Some(record) = traffic.next_record() {
                        let record = record?;
                        discard += record.discard;
                        plain.extend_from_slice(record.payload);
                    }
                }
                ConnectionState::EncodeTlsData(mut data) => {
                    grow(outgoing, 512, |room| match data.encode(room) {
                        Err(EncodeError::InsufficientSize(size)) => Ok(Err(size)),
                        Err(error) => Err(Error::General(error.to_string())),
                        Ok(written) => Ok(Ok(written)),
                    })?;
                }
                // What was encoded lies in `outgoing`, which is sent in order.
                ConnectionState::TransmitTlsData(transmit) => transmit.done(),
                ConnectionState::PeerClosed => received.closed = true,
                ConnectionState::WriteTraffic(_) => {
                    received.ready = true;
                    over = true;
                }
                ConnectionState::Closed => {
                    received.closed = true;
                    over = true;
                }
                _ => over = true,
            }
            received.taken += discard;
            if over {
                return Ok(received);
            }
        }
    }

    /// Appends `plain` to `outgoing`, encrypted.
    ///
    /// # Errors
    /// Before the handshake is over, or when the keys are worn out.
    pub fn send(&mut self, plain: &[u8], outgoing: &mut Vec<u8>) -> Result<(), Error> {
        let UnbufferedStatus { state, .. } = self.0.process_tls_records(&mut []);
        let ConnectionState::WriteTraffic(mut traffic) = state? else {
            return Err(Error::HandshakeNotComplete);
        };
        // A record holds 16 KiB and takes 22 bytes more.
        let room = plain.len() + (plain.len() / 16_384 + 1) * 32;
        grow(outgoing, room, |room| match traffic.encrypt(plain, room) {
            Err(EncryptError::InsufficientSize(size)) => Ok(Err(size)),
            Err(error) => Err(Error::General(error.to_string())),
            Ok(written) => Ok(Ok(written)),
        })
    }
}

/// Lets `write` append to `bytes`, with as much room as it turns out to need.
fn grow(
    bytes: &mut Vec<u8>,
    room: usize,
    mut write: impl FnMut(&mut [u8]) -> Result<Result<usize, InsufficientSizeError>, Error>,
) -> Result<(), Error> {
    let start = bytes.len();
    let mut room = room;
    loop {
        bytes.resize(start + room, 0);
        match write(bytes.get_mut(start..).unwrap_or_default())? {
            Ok(written) => {
                bytes.truncate(start + written);
                return Ok(());
            }
            Err(InsufficientSizeError { required_size }) => room = required_size.max(room * 2),
        }
    }
}
