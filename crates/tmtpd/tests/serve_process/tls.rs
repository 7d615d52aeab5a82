//! A TLS client that trusts one fingerprint, as an app that joined by `=host:port#fingerprint`.

use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::sync::Arc;

use data_encoding::HEXLOWER;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, ClientConnection, DigitallySignedStruct, Error,
    ProtocolVersion, SignatureScheme, StreamOwned, SupportedProtocolVersion,
};
use sha2::{Digest, Sha256};
use socket2::{Domain, Socket, Type};

use crate::process::PATIENCE;

/// A link whose TLS handshake is done.
pub(crate) type Link = StreamOwned<ClientConnection, TcpStream>;

/// Connects and shakes hands with any version of TLS.
pub(crate) fn connect(address: SocketAddr, fingerprint: &str) -> io::Result<Link> {
    connect_with(address, fingerprint, rustls::ALL_VERSIONS)
}

/// Connects from an address of this machine and shakes hands.
pub(crate) fn connect_from(
    from: IpAddr,
    address: SocketAddr,
    fingerprint: &str,
) -> io::Result<Link> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    socket.bind(&SocketAddr::new(from, 0).into())?;
    socket.connect(&address.into())?;
    shake_hands(socket.into(), fingerprint, rustls::ALL_VERSIONS)
}

/// Connects and shakes hands with one of the `versions`.
pub(crate) fn connect_with(
    address: SocketAddr,
    fingerprint: &str,
    versions: &[&'static SupportedProtocolVersion],
) -> io::Result<Link> {
    shake_hands(TcpStream::connect(address)?, fingerprint, versions)
}

/// Connects and shakes hands by TLS 1.3 up to the client's last message, which goes out with a flush.
pub(crate) fn connect_halfway(address: SocketAddr, fingerprint: &str) -> io::Result<Link> {
    let mut tcp = TcpStream::connect(address)?;
    let mut tls = client(&tcp, fingerprint, &[&rustls::version::TLS13])?;
    while tls.is_handshaking() {
        if tls.wants_write() {
            tls.write_tls(&mut tcp)?;
        } else {
            tls.read_tls(&mut tcp)?;
            tls.process_new_packets().map_err(io::Error::other)?;
        }
    }
    Ok(StreamOwned::new(tls, tcp))
}

fn shake_hands(
    mut tcp: TcpStream,
    fingerprint: &str,
    versions: &[&'static SupportedProtocolVersion],
) -> io::Result<Link> {
    let mut tls = client(&tcp, fingerprint, versions)?;
    while tls.is_handshaking() {
        tls.complete_io(&mut tcp)?;
    }
    Ok(StreamOwned::new(tls, tcp))
}

fn client(
    tcp: &TcpStream,
    fingerprint: &str,
    versions: &[&'static SupportedProtocolVersion],
) -> io::Result<ClientConnection> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let pin = Pin { fingerprint: fingerprint.to_owned(), provider: Arc::clone(&provider) };
    let config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .expect("versions")
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(pin))
        .with_no_client_auth();
    tcp.set_read_timeout(Some(PATIENCE))?;
    let name = ServerName::IpAddress(tcp.peer_addr()?.ip().into());
    ClientConnection::new(Arc::new(config), name).map_err(io::Error::other)
}

/// The version a link speaks.
pub(crate) fn version(link: &Link) -> Option<ProtocolVersion> {
    link.conn.protocol_version()
}

/// Waits until the service closes, whatever it says before. Panics when it does not.
pub(crate) fn closed(stream: &mut impl Read) {
    match stream.read_to_end(&mut Vec::new()) {
        Ok(_) => {}
        Err(error) => assert!(!is_timeout(&error), "the service keeps the link open"),
    }
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}

/// Says goodbye, so that the service knows at once.
pub(crate) fn close(mut link: Link) {
    link.conn.send_close_notify();
    let _ = link.conn.complete_io(&mut link.sock);
    let _ = link.flush();
}

#[derive(Debug)]
struct Pin {
    fingerprint: String,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Pin {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if HEXLOWER.encode(&Sha256::digest(leaf)) == self.fingerprint {
            Ok(ServerCertVerified::assertion())
        } else {
            Err(CertificateError::ApplicationVerificationFailure.into())
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, leaf, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, leaf, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
