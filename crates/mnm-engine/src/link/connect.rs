//! TCP and TLS to a service, within bounded times.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::address::{Address, Fingerprint};
use crate::edge::{Dialling, Edge, Stream};
use crate::trust::{Seen, Trust, is_distrust};

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

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConnectError {
    /// Not reachable.
    #[error("{host} could not be reached: {}.", cause(source))]
    Unreachable {
        /// Host and port.
        host: String,
        /// What the system said.
        source: io::Error,
    },
    /// Not to be found.
    #[error(
        "{host} could not be found: there is no such name, or this computer is not on the network."
    )]
    Unknown {
        /// Host and port.
        host: String,
    },
    /// No answer.
    #[error("{host} does not answer.")]
    Silent {
        /// Host and port.
        host: String,
    },
    /// Somebody answered who does not speak TLS as we do.
    #[error(
        "{host} answered, but no encrypted connection could be made ({source}). Whatever listens there may not be a TMTP service; check the address with whoever runs it."
    )]
    Tls {
        /// Host and port.
        host: String,
        /// What went wrong.
        source: io::Error,
    },
    /// No certificate can be judged.
    #[error(
        "The clock of this computer stands before 1970, so no certificate can be checked. Set the clock."
    )]
    Clock,
    /// The certificate is not the one to expect.
    #[error("{why}")]
    Distrust {
        /// What happened, what it means and what to do.
        why: String,
        /// Of the certificate that was shown instead of the pinned one.
        seen: Option<Fingerprint>,
    },
}

/// An encrypted connection, nothing said on it yet.
pub(crate) struct Connected {
    /// The stream.
    pub(crate) stream: Box<dyn Stream>,
    /// Of the certificate seen.
    pub(crate) fingerprint: Option<Fingerprint>,
}

/// Connects, if the certificate is to be believed.
pub(crate) async fn connect(
    edge: &dyn Edge,
    address: &Address,
    trust: Trust,
) -> Result<Connected, ConnectError> {
    // Less would stop the TLS library.
    if edge.now_ms() < 0 {
        return Err(ConnectError::Clock);
    }
    match edge.dial(&address.host, address.port) {
        Some(dialling) => connect_believing(address, dialling).await,
        None => connect_tls(address, trust).await,
    }
}

/// Connects as the edge does.
async fn connect_believing(
    address: &Address,
    dialling: Dialling,
) -> Result<Connected, ConnectError> {
    let host = format!("{}:{}", address.host, address.port);
    let silent = |_| ConnectError::Silent { host: host.clone() };
    let unreachable = |source| ConnectError::Unreachable { host: host.clone(), source };
    let stream = timeout(CONNECT_TIME, dialling).await.map_err(silent)?.map_err(unreachable)?;
    Ok(Connected { stream, fingerprint: None })
}

async fn connect_tls(address: &Address, trust: Trust) -> Result<Connected, ConnectError> {
    let host = format!("{}:{}", address.host, address.port);
    let unreachable = |source| ConnectError::Unreachable { host: host.clone(), source };
    let silent = |_| ConnectError::Silent { host: host.clone() };
    let looking = lookup_host((address.host.as_str(), address.port));
    let found = timeout(CONNECT_TIME, looking).await.map_err(silent)?;
    let unknown = |_| ConnectError::Unknown { host: host.clone() };
    let found: Vec<SocketAddr> = found.map_err(unknown)?.collect();
    let dialling = TcpStream::connect(found.as_slice());
    let tcp = timeout(CONNECT_TIME, dialling).await.map_err(silent)?.map_err(unreachable)?;
    notice_death(&tcp).map_err(unreachable)?;
    let seen = Seen::default();
    let tls = |source| tls_error(&host, trust, seen.get().copied(), source);
    let config = trust.client_config(&seen).map_err(|error| tls(io::Error::other(error)))?;
    let name =
        ServerName::try_from(address.host.clone()).map_err(|error| tls(io::Error::other(error)))?;
    let shaking = TlsConnector::from(Arc::new(config)).connect(name, tcp);
    let stream = timeout(HANDSHAKE_TIME, shaking).await.map_err(silent)?.map_err(tls)?;
    let chain = stream.get_ref().1.peer_certificates().unwrap_or_default();
    let fingerprint = chain.first().map(|certificate| Fingerprint::of(certificate));
    Ok(Connected { stream: Box::new(stream), fingerprint })
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

/// What it means that a host was not reached.
#[expect(clippy::wildcard_enum_match_arm, reason = "the library adds kinds as it likes")]
fn cause(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "no service answers there at the moment".into(),
        io::ErrorKind::NetworkUnreachable | io::ErrorKind::HostUnreachable => {
            "this computer has no way there, so it may not be on the network".into()
        }
        io::ErrorKind::TimedOut => "it does not answer".into(),
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted => {
            "it broke the connection off".into()
        }
        _ => error.to_string(),
    }
}

fn tls_error(
    host: &str,
    trust: Trust,
    seen: Option<Fingerprint>,
    source: io::Error,
) -> ConnectError {
    let cause = source.get_ref().and_then(|cause| cause.downcast_ref::<rustls::Error>());
    if !cause.is_some_and(is_distrust) {
        return ConnectError::Tls { host: host.into(), source };
    }
    let why = match trust {
        Trust::Public => format!(
            "The certificate of {host} is not valid for that name ({source}). Somebody may be listening in, or the service has a fault; nothing was sent. Ask whoever runs the service, then connect again."
        ),
        Trust::Pinned(_) | Trust::FirstUse => format!(
            "{host} shows another certificate than the one known of this service. Somebody may be pretending to be it, or its certificate was made anew; nothing was sent. Compare the new fingerprint with whoever runs the service, and trust it only if it is the same."
        ),
    };
    ConnectError::Distrust { why, seen }
}
