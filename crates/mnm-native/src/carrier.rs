//! TCP and TLS to a service, within bounded times.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use mnm_engine::platform::{Carrier, CarrierError, Peer, Proof};
use rustls::pki_types::ServerName;
use socket2::{SockRef, TcpKeepalive};
use tmtp::certificate::CertificateHash;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::tls;

/// How long looking up may take, and connecting after it.
const CONNECT_TIME: Duration = Duration::from_secs(15);
/// How long the TLS handshake may take.
const HANDSHAKE_TIME: Duration = Duration::from_secs(15);
/// Silence after which the system asks whether the peer is still there, and how often it repeats.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(45);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(15);
const KEEPALIVE_PROBES: u32 = 3;
/// How long bytes of ours may go unacknowledged.
#[cfg(any(target_os = "linux", target_os = "android"))]
const UNACKNOWLEDGED: Duration = Duration::from_secs(60);

/// Connects, and says which certificate the service has.
pub(crate) async fn connect(host: &str, port: u16, proof: Proof) -> Result<Carrier, CarrierError> {
    let silent = |_| CarrierError::Silent;
    let looking = lookup_host((host, port));
    let found = timeout(CONNECT_TIME, looking).await.map_err(silent)?;
    let found: Vec<SocketAddr> = found.map_err(|_| CarrierError::Unknown)?.collect();
    let dialling = TcpStream::connect(found.as_slice());
    let tcp = timeout(CONNECT_TIME, dialling).await.map_err(silent)?;
    let tcp = tcp.map_err(CarrierError::Unreachable)?;
    notice_death(&tcp).map_err(CarrierError::Unreachable)?;
    let other = |error| CarrierError::Tls(io::Error::other(error));
    let config = tls::client_config(proof).map_err(other)?;
    let name = ServerName::try_from(host.to_owned())
        .map_err(|error| CarrierError::Tls(io::Error::other(error)))?;
    let shaking = TlsConnector::from(Arc::new(config)).connect(name, tcp);
    let stream = timeout(HANDSHAKE_TIME, shaking).await.map_err(silent)?.map_err(tls_error)?;
    let chain = stream.get_ref().1.peer_certificates().unwrap_or_default();
    let certificate = chain.first().map(|certificate| CertificateHash::of(certificate));
    let public = match proof {
        Proof::Public => true,
        Proof::Pinned => false,
    };
    let peer = Peer::Certificate { certificate, public };
    Ok(Carrier { stream: Box::new(stream), peer })
}

/// Has the system report a peer that vanished without a word.
fn notice_death(tcp: &TcpStream) -> io::Result<()> {
    tcp.set_nodelay(true)?;
    let keepalive = TcpKeepalive::new().with_time(KEEPALIVE_IDLE).with_interval(KEEPALIVE_INTERVAL);
    #[cfg(not(windows))]
    let keepalive = keepalive.with_retries(KEEPALIVE_PROBES);
    let socket = SockRef::from(tcp);
    // While something is under way no keepalive is sent, and the system would try for many minutes.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    socket.set_tcp_user_timeout(Some(UNACKNOWLEDGED))?;
    socket.set_tcp_keepalive(&keepalive)
}

fn tls_error(error: io::Error) -> CarrierError {
    let cause = error.get_ref().and_then(|cause| cause.downcast_ref::<rustls::Error>());
    match cause {
        Some(rustls::Error::InvalidCertificate(_)) => CarrierError::Certificate(error),
        Some(_) | None => CarrierError::Tls(error),
    }
}
