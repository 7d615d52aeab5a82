//! Connecting to a trusted service, and the errors of that.

use std::io;
use std::time::Duration;

use tmtp::certificate::CertificateHash;

use crate::address::Address;
use crate::platform::{Carrier, CarrierError, Platform};
use crate::time::timeout;
use crate::trust::{Distrust, Trust};

/// How long a platform may take, in addition to its own timeouts.
const CONNECT_TIME: Duration = Duration::from_secs(60);

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
    /// The host does not resolve.
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
    /// The server does not speak TLS as we do.
    #[error(
        "{host} answered, but no encrypted connection could be made ({source}). Whatever listens there may not be a TMTP service; check the address with whoever runs it."
    )]
    Tls {
        /// Host and port.
        host: String,
        /// What went wrong.
        source: io::Error,
    },
    /// Certificates cannot be checked.
    #[error(
        "The clock of this computer stands before 1970, so no certificate can be checked. Set the clock."
    )]
    Clock,
    /// The certificate is not the expected one.
    #[error("{why}")]
    Distrust {
        /// What happened, what it means and what to do.
        why: String,
        /// The certificate that was shown instead of the pinned one.
        seen: Option<CertificateHash>,
    },
}

/// The error when the carrier proves nothing about the peer.
const UNPROVED: &str = "nobody vouches for it";

/// Connects, and checks whether the peer is trusted. If not, nothing was sent.
pub(crate) async fn connect(
    platform: &dyn Platform,
    address: &Address,
    trust: Trust,
) -> Result<Carrier, ConnectError> {
    // A negative time would panic in the TLS library.
    if platform.now_ms() < 0 {
        return Err(ConnectError::Clock);
    }
    let host = format!("{}:{}", address.host, address.port);
    let connecting = platform.connect(&address.host, address.port, trust.proof());
    let carrier = match timeout(CONNECT_TIME, connecting).await {
        Ok(Ok(carrier)) => carrier,
        Ok(Err(CarrierError::Unknown)) => return Err(ConnectError::Unknown { host }),
        Ok(Err(CarrierError::Silent)) | Err(_) => return Err(ConnectError::Silent { host }),
        Ok(Err(CarrierError::Unreachable(source))) => {
            return Err(ConnectError::Unreachable { host, source });
        }
        Ok(Err(CarrierError::Tls(source))) => return Err(ConnectError::Tls { host, source }),
        Ok(Err(CarrierError::Certificate(source))) => {
            return Err(distrust(&host, trust, None, &source.to_string()));
        }
    };
    match trust.judge(carrier.peer) {
        Ok(()) => Ok(carrier),
        Err(Distrust::Another(seen)) => Err(distrust(&host, trust, Some(seen), "")),
        Err(Distrust::Unproved) => Err(distrust(&host, trust, None, UNPROVED)),
    }
}

fn distrust(host: &str, trust: Trust, seen: Option<CertificateHash>, reason: &str) -> ConnectError {
    let why = match trust {
        Trust::Public => format!(
            "The certificate of {host} is not valid for that name ({reason}). Somebody may be listening in, or the service has a fault; nothing was sent. Ask whoever runs the service, then connect again."
        ),
        Trust::Pinned(_) | Trust::FirstUse => format!(
            "{host} shows another certificate than the one known of this service. Somebody may be pretending to be it, or its certificate was made anew; nothing was sent. Compare the new fingerprint with whoever runs the service, and trust it only if it is the same."
        ),
    };
    ConnectError::Distrust { why, seen }
}

/// A connection error, in words.
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
