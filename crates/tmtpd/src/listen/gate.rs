//! How many links there may be: in all, from one network, and not yet logged in.
//!
//! [`Gate::admit`] counts a link in and [`Peer`] counts it out when it is dropped, so a count cannot
//! leak whatever ends a link. Links over the total or over their network's share are closed at
//! once. Links over the number that may be in the middle of logging in wait instead: after a
//! restart every device comes back in the same second, and each of them is welcome.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use crate::config::Limits;

/// Counts links and says no.
#[derive(Debug)]
pub(super) struct Gate {
    links_total: usize,
    links_per_network: usize,
    counts: Mutex<Counts>,
    logging_in: Arc<Semaphore>,
}

#[derive(Debug, Default)]
struct Counts {
    total: usize,
    networks: HashMap<Network, usize>,
}

/// Who shares a count: an IPv4 address, or an IPv6 /64, all of which one machine may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Network(IpAddr);

/// Why a link is not admitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Full {
    /// There are as many links as `limits.links_total` allows.
    #[error("there are limits.links_total links already")]
    Total,
    /// Its network has as many links as `limits.links_per_address` allows.
    #[error("its address has limits.links_per_address links already")]
    Network,
}

/// The other end of an admitted link. While it lives, the link counts.
#[derive(Debug)]
pub struct Peer {
    address: SocketAddr,
    accepted_at: Instant,
    logging_in: Option<OwnedSemaphorePermit>,
    gate: Arc<Gate>,
}

impl Gate {
    pub(super) fn new(limits: &Limits) -> Arc<Self> {
        Arc::new(Self {
            links_total: limits.links_total,
            links_per_network: limits.links_per_address,
            counts: Mutex::default(),
            logging_in: Arc::new(Semaphore::new(limits.unauthenticated_links)),
        })
    }

    /// Counts a link in, waiting until fewer than `limits.unauthenticated_links` are logging in.
    pub(super) async fn admit(self: &Arc<Self>, address: SocketAddr) -> Result<Peer, Full> {
        self.count_in(Network::of(address.ip()))?;
        // From here on dropping the peer counts the link out, also when this future is dropped.
        let gate = Arc::clone(self);
        let mut peer = Peer { address, accepted_at: Instant::now(), logging_in: None, gate };
        // The semaphore is never closed.
        peer.logging_in = Arc::clone(&self.logging_in).acquire_owned().await.ok();
        peer.accepted_at = Instant::now();
        Ok(peer)
    }

    fn count_in(&self, network: Network) -> Result<(), Full> {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.total >= self.links_total {
            return Err(Full::Total);
        }
        let of_network = counts.networks.entry(network).or_insert(0);
        if *of_network >= self.links_per_network {
            return Err(Full::Network);
        }
        *of_network += 1;
        counts.total += 1;
        Ok(())
    }

    fn count_out(&self, network: Network) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.total = counts.total.saturating_sub(1);
        if let Some(of_network) = counts.networks.get_mut(&network) {
            *of_network = of_network.saturating_sub(1);
            if *of_network == 0 {
                counts.networks.remove(&network);
            }
        }
    }
}

impl Network {
    fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V6(v6) => Self(IpAddr::V6((v6.to_bits() >> 64 << 64).into())),
            v4 => Self(v4),
        }
    }
}

impl Peer {
    /// Where the link comes from. For the log, see [`crate::log`].
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// When the link began; the time for TLS and login runs from here.
    #[must_use]
    pub fn accepted_at(&self) -> Instant {
        self.accepted_at
    }

    /// Says that the link has logged in, which lets another one begin to.
    pub fn logged_in(&mut self) {
        self.logging_in = None;
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.gate.count_out(Network::of(self.address.ip()));
    }
}
