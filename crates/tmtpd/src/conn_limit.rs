//! Connection limits: in all, from one network, and not yet logged in.
//!
//! [`ConnLimit::admit`] counts a link in and [`Peer`] counts it out when it is dropped, so a count cannot
//! leak whatever ends a link. Links over their network's share are closed at once. Links over the
//! number that may be logging in wait for [`Peer::turn`] instead: after a restart every device comes
//! back in the same second, and each of them is welcome. Turns go by networks, and those that do
//! nothing with theirs lose them to others (`fair_queue`). Over the total, a link that waits of the network
//! that has most of them gives way.

#[cfg(test)]
mod conn_limit_tests;
mod fair_queue;
#[cfg(test)]
mod fair_queue_tests;

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use tokio::time::Instant;

use crate::config::Limits;
use crate::metrics::Turned;
pub(crate) use fair_queue::{FairQueue, Served, Turn};

/// Counts links, and refuses those over a limit.
#[derive(Debug)]
pub struct ConnLimit {
    counts: Mutex<Counts>,
    turns: Arc<FairQueue>,
}

#[derive(Debug)]
struct Counts {
    bounds: Bounds,
    total: usize,
    networks: HashMap<Network, usize>,
}

/// What the limits say about numbers of links.
#[derive(Debug, Clone, Copy)]
struct Bounds {
    links_total: usize,
    links_per_network: usize,
}

impl Bounds {
    fn of(limits: &Limits) -> Self {
        Self { links_total: limits.links_total, links_per_network: limits.links_per_address }
    }
}

/// Who shares a count: an IPv4 address, or an IPv6 /64, all of which one machine may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
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
    pub(crate) fn turned(self) -> Turned {
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
    conn_limit: Arc<ConnLimit>,
    /// Until it is logged in.
    turn: Option<Turn>,
}

impl ConnLimit {
    /// No link is counted yet.
    #[must_use]
    pub fn new(limits: &Limits) -> Arc<Self> {
        let counts = Counts { bounds: Bounds::of(limits), total: 0, networks: HashMap::new() };
        let turns = FairQueue::new(limits.unauthenticated_links);
        Arc::new(Self { counts: Mutex::new(counts), turns })
    }

    /// From now on `limits` hold. Links that are in stay, and those that are logging in go on.
    pub fn set_limits(&self, limits: &Limits) {
        self.turns.set_bound(limits.unauthenticated_links);
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).bounds = Bounds::of(limits);
    }

    /// Counts a link in. If that is one more than there may be in all, another that is not logged in
    /// has been told to end.
    ///
    /// # Errors
    /// [`Full`].
    pub fn admit(self: &Arc<Self>, address: SocketAddr) -> Result<Peer, Full> {
        self.count_in(Network::of(address.ip()))?;
        Ok(Peer { address, accepted_at: Instant::now(), conn_limit: Arc::clone(self), turn: None })
    }

    fn count_in(&self, network: Network) -> Result<(), Full> {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let bounds = counts.bounds;
        let links = counts.networks.get(&network).copied().unwrap_or(0);
        if links >= bounds.links_per_network {
            return Err(Full::Network);
        }
        if counts.total >= bounds.links_total && !self.turns.make_room(network) {
            return Err(Full::Total);
        }
        counts.networks.insert(network, links + 1);
        counts.total += 1;
        Ok(())
    }

    fn count_out(&self, network: Network) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.total = counts.total.saturating_sub(1);
        if let Some(links) = counts.networks.get_mut(&network) {
            *links = links.saturating_sub(1);
            if *links == 0 {
                counts.networks.remove(&network);
            }
        }
    }
}

impl Network {
    pub(crate) fn of(address: IpAddr) -> Self {
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

    /// Waits until it is this link's turn to log in, and starts its clock. False: it has to end
    /// instead, to make room for others.
    pub async fn turn(&mut self) -> bool {
        self.turn = self.conn_limit.turns.demand(self.network()).await;
        self.accepted_at = Instant::now();
        self.turn.is_some()
    }

    /// The service is at work for this link, which has not logged in, until what this returns is
    /// dropped: meanwhile its turn is not taken back.
    pub(crate) fn served(&self) -> Option<Served> {
        self.turn.as_ref().map(Turn::served)
    }

    /// Ready when the link has to end, since others wait and it does not log in.
    pub(crate) fn poll_taken_back(&mut self, context: &mut Context<'_>) -> Poll<()> {
        match &mut self.turn {
            Some(turn) => turn.poll_taken_back(context),
            None => Poll::Pending,
        }
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
        self.conn_limit.count_out(Network::of(self.address.ip()));
    }
}
