//! Connection limits: in all, per network, and not yet logged in.
//!
//! [`ConnLimit::admit`] counts a link and the [`Peer`] uncounts it when dropped, so a count cannot
//! leak however a link ends. Links over their network's limit are closed at once. Links over the
//! number that may be logging in queue in [`Peer::wait_for_slot`] instead: after a restart every
//! device comes back in the same second, and each of them should get in. Login slots are shared
//! fairly between networks, and idle holders lose theirs to others (`fair_queue`). Over the total,
//! a waiting link of the network with most of them is closed.

#[cfg(test)]
mod conn_limit_tests;
mod fair_queue;
#[cfg(test)]
mod fair_queue_tests;
mod network;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use tokio::time::Instant;

use crate::config::Limits;
use crate::metrics::RejectKind;
pub(crate) use fair_queue::{FairQueue, Served, Slot};
pub use network::Network;

/// Counts links, and refuses those over a limit.
#[derive(Debug)]
pub struct ConnLimit {
    counts: Mutex<Counts>,
    slots: Arc<FairQueue>,
}

#[derive(Debug)]
struct Counts {
    bounds: Bounds,
    total: usize,
    networks: HashMap<Network, usize>,
}

/// The configured limits.
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
    /// The label in the metrics.
    pub(crate) fn reject_kind(self) -> RejectKind {
        match self {
            Self::Total => RejectKind::LinksTotal,
            Self::Network => RejectKind::LinksPerAddress,
        }
    }
}

/// The other end of an admitted link. While it lives, the link counts.
#[derive(Debug)]
pub struct Peer {
    address: SocketAddr,
    accepted_at: Instant,
    conn_limit: Arc<ConnLimit>,
    /// Its login slot, until it is logged in.
    slot: Option<Slot>,
}

impl ConnLimit {
    /// A counter of no links.
    #[must_use]
    pub fn new(limits: &Limits) -> Arc<Self> {
        let counts = Counts { bounds: Bounds::of(limits), total: 0, networks: HashMap::new() };
        let slots = FairQueue::new(limits.unauthenticated_links);
        Arc::new(Self { counts: Mutex::new(counts), slots })
    }

    /// Replaces the limits. Open links stay, and those that are logging in continue.
    pub fn set_limits(&self, limits: &Limits) {
        self.slots.set_bound(limits.unauthenticated_links);
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).bounds = Bounds::of(limits);
    }

    /// Counts a link. If the total is exceeded, another link that is not logged in is closed for
    /// it.
    ///
    /// # Errors
    /// [`Full`].
    pub fn admit(self: &Arc<Self>, address: SocketAddr) -> Result<Peer, Full> {
        self.count_in(Network::of(address.ip()))?;
        Ok(Peer { address, accepted_at: Instant::now(), conn_limit: Arc::clone(self), slot: None })
    }

    fn count_in(&self, network: Network) -> Result<(), Full> {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let bounds = counts.bounds;
        let links = counts.networks.get(&network).copied().unwrap_or(0);
        if links >= bounds.links_per_network {
            return Err(Full::Network);
        }
        if counts.total >= bounds.links_total && !self.slots.make_room(network) {
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

impl Peer {
    /// The remote address. For the log, see [`crate::log`].
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The network it is counted with.
    #[must_use]
    pub fn network(&self) -> Network {
        Network::of(self.address.ip())
    }

    /// Waits for a login slot, and starts the login timeout. False: the link has to close instead,
    /// to make room for others.
    pub async fn wait_for_slot(&mut self) -> bool {
        self.slot = self.conn_limit.slots.demand(self.network()).await;
        self.accepted_at = Instant::now();
        self.slot.is_some()
    }

    /// The service is working for this link, which has not logged in, until the guard is dropped:
    /// meanwhile its slot is not taken back.
    pub(crate) fn served(&self) -> Option<Served> {
        self.slot.as_ref().map(Slot::served)
    }

    /// Ready when the link has to close, since others wait and it does not log in.
    pub(crate) fn poll_taken_back(&mut self, context: &mut Context<'_>) -> Poll<()> {
        match &mut self.slot {
            Some(slot) => slot.poll_taken_back(context),
            None => Poll::Pending,
        }
    }

    /// When the link began; the login timeout runs from here.
    #[must_use]
    pub fn accepted_at(&self) -> Instant {
        self.accepted_at
    }

    /// Releases the login slot.
    pub fn logged_in(&mut self) {
        self.slot = None;
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.conn_limit.count_out(Network::of(self.address.ip()));
    }
}
