//! A TLS client that trusts one fingerprint, as an app that joined by `=host:port#fingerprint`.

use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::sync::Arc;

use data_encoding::HEXLOWER;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::ServerName;
use rustls::{
    ClientConfig, ClientConnection, ProtocolVersion, StreamOwned, SupportedProtocolVersion,
};
use sha2::{Digest, Sha256};
use socket2::{Domain, Socket, Type};
use tmtp_testkit::tls::AnyCertificate;

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
    let mut tls = client(&tcp, &[&rustls::version::TLS13])?;
    while tls.is_handshaking() {
        if tls.wants_write() {
            tls.write_tls(&mut tcp)?;
        } else {
            tls.read_tls(&mut tcp)?;
            tls.process_new_packets().map_err(io::Error::other)?;
        }
    }
    pinned(tls, tcp, fingerprint)
}

fn shake_hands(
    mut tcp: TcpStream,
    fingerprint: &str,
    versions: &[&'static SupportedProtocolVersion],
) -> io::Result<Link> {
    let mut tls = client(&tcp, versions)?;
    while tls.is_handshaking() {
        tls.complete_io(&mut tcp)?;
    }
    pinned(tls, tcp, fingerprint)
}

fn client(
    tcp: &TcpStream,
    versions: &[&'static SupportedProtocolVersion],
) -> io::Result<ClientConnection> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(versions)
        .expect("versions")
        .dangerous()
        .with_custom_certificate_verifier(AnyCertificate::new(provider))
        .with_no_client_auth();
    tcp.set_read_timeout(Some(PATIENCE))?;
    let name = ServerName::IpAddress(tcp.peer_addr()?.ip().into());
    ClientConnection::new(Arc::new(config), name).map_err(io::Error::other)
}

/// A link, if the service has proved that it holds the key of this certificate.
fn pinned(tls: ClientConnection, tcp: TcpStream, fingerprint: &str) -> io::Result<Link> {
    let chain = tls.peer_certificates().unwrap_or_default();
    match chain.first() {
        Some(leaf) if HEXLOWER.encode(&Sha256::digest(leaf)) == fingerprint => {
            Ok(StreamOwned::new(tls, tcp))
        }
        _ => Err(io::Error::other("another certificate than the pinned one")),
    }
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
