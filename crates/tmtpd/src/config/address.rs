//! `HOST:PORT` addresses to listen on.

use std::fmt::{self, Display, Formatter};
use std::net::IpAddr;
use std::str::FromStr;

/// Where to listen: an IPv4 address, an IPv6 address in brackets or a name, and a port. Port 0
/// lets the system choose. A name is looked up when the service starts.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ListenAddress {
    host: String,
    port: u16,
}

/// An address to listen on could not be understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not {ALLOWED}")]
pub struct ListenAddressError {
    text: String,
}

/// What an address may look like.
pub(super) const ALLOWED: &str =
    "HOST:PORT, such as 0.0.0.0:5050, [::]:5050 or chat.example.org:5050";

/// What an address for members may look like.
pub(super) const PUBLIC: &str = "HOST:PORT, such as chat.example.org:443";

impl ListenAddress {
    /// The address or name, without the brackets of an IPv6 address.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port; 0 lets the system choose.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// A form in which two spellings of one address are equal.
    #[must_use]
    pub fn key(&self) -> String {
        let host = self.ip().map_or_else(|| self.host.to_ascii_lowercase(), |ip| ip.to_string());
        format!("{host}:{}", self.port)
    }

    /// The host as an IP address, unless it is a name.
    #[must_use]
    pub fn ip(&self) -> Option<IpAddr> {
        self.host.parse().ok()
    }
}

impl FromStr for ListenAddress {
    type Err = ListenAddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse(text).ok_or_else(|| ListenAddressError { text: text.to_owned() })
    }
}

fn parse(text: &str) -> Option<ListenAddress> {
    let (host, port) = text.rsplit_once(':')?;
    let host = match host.strip_prefix('[') {
        Some(inner) => {
            let inner = inner.strip_suffix(']')?;
            inner.parse::<std::net::Ipv6Addr>().ok()?;
            inner
        }
        None if is_name(host) => host,
        None => return None,
    };
    // `u16::from_str` would accept "+5050".
    let digits = !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
    let port = if digits {
        port.parse().ok()?
    } else {
        return None;
    };
    Some(ListenAddress { host: host.to_owned(), port })
}

/// A host name that a certificate can name and a resolver look up, or an IPv4 address.
fn is_name(host: &str) -> bool {
    !host.is_empty()
        && host.len() <= 253
        && host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_'))
}

impl Display for ListenAddress {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}
