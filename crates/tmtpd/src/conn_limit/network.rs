//! Network of a peer, as connections are counted.

use std::net::IpAddr;

/// The unit of counting: an IPv4 address, or an IPv6 /64, all of which one machine may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Network(IpAddr);

impl Network {
    pub(crate) fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V6(v6) => Self(IpAddr::V6((v6.to_bits() >> 64 << 64).into())),
            v4 => Self(v4),
        }
    }
}
