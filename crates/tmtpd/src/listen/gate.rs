//! How many links there may be: in all, from one network, and not yet logged in.
//!
//! [`Gate::admit`] counts a link in and [`Peer`] counts it out when it is dropped, so a count cannot
//! leak whatever ends a link. Links over the total or over their network's share are closed at
//! once. Links over the number that may be logging in wait for [`Peer::turn`] instead: after a
//! restart every device comes back in the same second, and each of them is welcome. One network has
//! at most half of the turns, so one machine that never logs in cannot keep the others out.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use crate::config::Limits;
use crate::metrics::Turned;

/// Counts links and says no.
#[derive(Debug)]
pub struct Gate {
    counts: Mutex<Counts>,
}

#[derive(Debug)]
struct Counts {
    bounds: Bounds,
    total: usize,
    networks: HashMap<Network, OfNetwork>,
    turns: Arc<Semaphore>,
}

/// What the limits say about numbers of links.
#[derive(Debug, Clone, Copy)]
struct Bounds {
    links_total: usize,
    links_per_network: usize,
    turns: usize,
}

impl Bounds {
    fn of(limits: &Limits) -> Self {
        Self {
            links_total: limits.links_total,
            links_per_network: limits.links_per_address,
            turns: limits.unauthenticated_links,
        }
    }

    fn turns_of_network(self) -> Arc<Semaphore> {
        Arc::new(Semaphore::new(self.turns.div_ceil(2)))
    }
}

#[derive(Debug)]
struct OfNetwork {
    links: usize,
    turns: Arc<Semaphore>,
}

/// Who shares a count: an IPv4 address, or an IPv6 /64, all of which one machine may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Network(IpAddr);

/// Why a link is not admitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Full {
    /// There are as many links as `limits.links_total` allows.
    #[error("there are limits.links_total links already")]
    Total,
    /// Its network has as many links as `limits.links_per_address` allows.
    #[error("its address has limits.links_per_address links already")]
    Network,
}

impl Full {
    /// What it is counted as.
    pub(super) fn turned(self) -> Turned {
        match self {
            Self::Total => Turned::LinksTotal,
            Self::Network => Turned::LinksPerAddress,
        }
    }
}

/// The other end of an admitted link. While it lives, the link counts.
#[derive(Debug)]
pub struct Peer {
    address: SocketAddr,
    accepted_at: Instant,
    gate: Arc<Gate>,
    turns: Turns,
    turn: Option<(OwnedSemaphorePermit, OwnedSemaphorePermit)>,
}

/// Where a link waits for its turn.
#[derive(Debug)]
struct Turns {
    of_network: Arc<Semaphore>,
    of_all: Arc<Semaphore>,
}

impl Gate {
    /// A gate that nobody has passed.
    #[must_use]
    pub fn new(limits: &Limits) -> Arc<Self> {
        let bounds = Bounds::of(limits);
        let turns = Arc::new(Semaphore::new(bounds.turns));
        let counts = Counts { bounds, total: 0, networks: HashMap::new(), turns };
        Arc::new(Self { counts: Mutex::new(counts) })
    }

    /// From now on `limits` hold. Links that are in stay, and those that are logging in finish that
    /// beside the new turns, so for a login timeout there may be more of them than the limits say.
    pub fn set_limits(&self, limits: &Limits) {
        let bounds = Bounds::of(limits);
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.bounds.turns != bounds.turns {
            counts.turns = Arc::new(Semaphore::new(bounds.turns));
            for of_network in counts.networks.values_mut() {
                of_network.turns = bounds.turns_of_network();
            }
        }
        counts.bounds = bounds;
    }

    /// Counts a link in.
    ///
    /// # Errors
    /// [`Full`].
    pub fn admit(self: &Arc<Self>, address: SocketAddr) -> Result<Peer, Full> {
        let turns = self.count_in(Network::of(address.ip()))?;
        let (gate, accepted_at) = (Arc::clone(self), Instant::now());
        Ok(Peer { address, accepted_at, gate, turns, turn: None })
    }

    fn count_in(&self, network: Network) -> Result<Turns, Full> {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let bounds = counts.bounds;
        if counts.total >= bounds.links_total {
            return Err(Full::Total);
        }
        let of_network = counts
            .networks
            .entry(network)
            .or_insert_with(|| OfNetwork { links: 0, turns: bounds.turns_of_network() });
        if of_network.links >= bounds.links_per_network {
            return Err(Full::Network);
        }
        of_network.links += 1;
        let of_network = Arc::clone(&of_network.turns);
        counts.total += 1;
        Ok(Turns { of_network, of_all: Arc::clone(&counts.turns) })
    }

    fn count_out(&self, network: Network) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.total = counts.total.saturating_sub(1);
        if let Some(of_network) = counts.networks.get_mut(&network) {
            of_network.links = of_network.links.saturating_sub(1);
            if of_network.links == 0 {
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

    /// With whom it shares what is counted by address.
    #[must_use]
    pub fn network(&self) -> Network {
        Network::of(self.address.ip())
    }

    /// Waits until it is this link's turn to log in, and starts its clock.
    pub async fn turn(&mut self) {
        // Neither semaphore is ever closed. The network's comes first: who waits for it must not
        // hold a turn that another network could use.
        let of_network = Arc::clone(&self.turns.of_network).acquire_owned().await;
        let of_all = Arc::clone(&self.turns.of_all).acquire_owned().await;
        self.turn = of_network.ok().zip(of_all.ok());
        self.accepted_at = Instant::now();
    }

    /// When the link began; the time for TLS and login runs from here.
    #[must_use]
    pub fn accepted_at(&self) -> Instant {
        self.accepted_at
    }

    /// Says that the link has logged in, which lets another one begin to.
    pub fn logged_in(&mut self) {
        self.turn = None;
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.gate.count_out(Network::of(self.address.ip()));
    }
}
