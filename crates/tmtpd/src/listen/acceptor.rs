//! Acceptor of one service: admission of connections, the handshake, and the start of a link.

use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustls::ServerConfig;
use tokio::io::AsyncWriteExt;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::task::TaskTracker;
use tracing::Span;

use crate::certificate::identity::Identity;
use crate::config::Limits;
use crate::conn_limit::{ConnLimit, FairQueue, Full, Peer};
use crate::link::{self, Carrier};
use crate::log::Throttles;
use crate::log::warn_limited;
use crate::metrics::{ACCEPTOR, RejectKind};
use crate::service::Service;
use crate::shutdown::{CLOSE_TIMEOUT, Shutdown};
use crate::tls::{Greeted, TlsStream};

/// Admits connections within limits; logs and counts those that are refused.
#[derive(Debug)]
pub(crate) struct Admission {
    conn_limit: Arc<ConnLimit>,
    /// For log lines about refused connections.
    throttles: Throttles<RejectKind, { RejectKind::COUNT }>,
    /// Slots for computing handshakes.
    handshakes: Arc<FairQueue>,
    login_timeout: Mutex<Duration>,
}

/// Accepts connections for one service.
#[derive(Debug)]
pub(crate) struct Acceptor {
    service: Arc<Service>,
    identity: Arc<Identity>,
    pub(super) admission: Arc<Admission>,
    pub(super) links: TaskTracker,
    /// Requested when links should end.
    pub(super) shutdown: Shutdown,
    /// Requested when links have had their time to end.
    cut: Shutdown,
    /// Names the service in the log.
    pub(super) span: Span,
}

impl Admission {
    /// No connection is counted yet.
    #[must_use]
    pub(crate) fn new(limits: &Limits) -> Arc<Self> {
        Arc::new(Self {
            conn_limit: ConnLimit::new(limits),
            throttles: Throttles::new::<1>(),
            handshakes: FairQueue::new(limits.handshakes_at_once),
            login_timeout: Mutex::new(limits.login_timeout),
        })
    }

    /// Replaces the limits. Open links stay.
    pub(crate) fn set_limits(&self, limits: &Limits) {
        self.conn_limit.set_limits(limits);
        self.handshakes.set_bound(limits.handshakes_at_once);
        *self.login_timeout.lock().unwrap_or_else(PoisonError::into_inner) = limits.login_timeout;
    }

    /// Counts a connection, or logs why it is refused.
    pub(super) fn admit(&self, address: SocketAddr) -> Option<Peer> {
        let admitted = self.conn_limit.admit(address);
        admitted.map_err(|full| self.refuse(address, full)).ok()
    }

    fn refuse(&self, address: SocketAddr, full: Full) {
        ACCEPTOR.rejected.one(full.reject_kind());
        warn_limited!(self.throttles.of(full.reject_kind()), %address, "link refused: {full}");
    }

    /// When a connection must be logged in.
    pub(super) fn deadline(&self, peer: &Peer) -> Instant {
        peer.accepted_at() + *self.login_timeout.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does the TLS handshake, when a handshake slot is free for the peer's network.
    async fn shake_hands(
        &self,
        greeted: Greeted,
        tls: Arc<ServerConfig>,
        peer: &mut Peer,
    ) -> Result<TlsStream, NotGreeted> {
        let (served, network) = (peer.served(), peer.network());
        let handshake = async {
            // In a rush connections wait here, and take no processor time from open links.
            let slot = self.handshakes.wait(network).await;
            greeted.shake_hands(tls, (slot, served)).await
        };
        self.holding_slot(peer, handshake).await
    }

    /// Does `work`, unless the login slot of `peer` is taken back.
    pub(super) async fn holding_slot<T>(
        &self,
        peer: &mut Peer,
        work: impl Future<Output = io::Result<T>>,
    ) -> Result<T, NotGreeted> {
        let deadline = self.deadline(peer);
        tokio::select! {
            done = timeout_at(deadline, work) => Ok(done.map_err(io::Error::from)??),
            () = poll_fn(|context| peer.poll_taken_back(context)) => Err(NotGreeted::GaveWay),
        }
    }
}

/// Why a connection did not become a link.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotGreeted {
    /// Its slot was taken back for others.
    #[error("its slot was taken back for others")]
    GaveWay,
    /// It timed out or broke.
    #[error(transparent)]
    Broken(#[from] io::Error),
}

impl Acceptor {
    /// An acceptor for `service`, with the certificate of `identity`.
    pub(crate) fn new(service: Arc<Service>, identity: Arc<Identity>, span: Span) -> Arc<Self> {
        let admission = Admission::new(&service.limits());
        let (shutdown, cut) = (Shutdown::new(), Shutdown::new());
        let links = TaskTracker::new();
        Arc::new(Self { service, identity, admission, links, shutdown, cut, span })
    }

    pub(super) fn admission(&self) -> &Arc<Admission> {
        &self.admission
    }

    /// Replaces the limits for new connections.
    pub(crate) fn set_limits(&self, limits: &Limits) {
        self.admission.set_limits(limits);
    }

    /// Links and handshakes under way.
    #[must_use]
    pub(crate) fn links(&self) -> usize {
        self.links.len()
    }

    /// Ends all links: each finishes its pending commits and sends Quit. Those not closed after
    /// [`CLOSE_TIMEOUT`] are aborted.
    pub(crate) async fn close(&self) {
        self.shutdown.request();
        self.links.close();
        if timeout(CLOSE_TIMEOUT, self.links.wait()).await.is_err() {
            tracing::warn!(open = self.links.len(), "links did not close in time and are aborted");
            self.cut.request();
            self.links.wait().await;
        }
    }

    /// A link, from the ClientHello to its end.
    pub(super) async fn serve(&self, greeted: Greeted, peer: Peer) {
        if let Some(tls) = self.identity.challenge(&greeted.client_hello()) {
            return self.answer_challenge(greeted, tls, peer).await;
        }
        tokio::select! {
            () = self.cut.requested() => {}
            () = self.open_link(greeted, peer) => {}
        }
    }

    async fn open_link(&self, greeted: Greeted, mut peer: Peer) {
        // Another may take its place before the handshake is over.
        let certificate = self.identity.certificate();
        let shaken = tokio::select! {
            // A link before its handshake has nothing to finish.
            () = self.shutdown.requested() => return,
            shaken = self.admission.shake_hands(greeted, certificate.tls(), &mut peer) => shaken,
        };
        match shaken {
            Ok(stream) => {
                let carrier = Carrier { stream, peer, certificate: certificate.hash() };
                // A link lasts for days, and holds no chain of certificates.
                drop(certificate);
                link::run(carrier, Arc::clone(&self.service), self.shutdown.clone()).await;
            }
            Err(why) => not_greeted(peer.address(), &why),
        }
    }

    /// An ACME validation gets its answer in the handshake and nothing after it.
    async fn answer_challenge(&self, greeted: Greeted, tls: Arc<ServerConfig>, mut peer: Peer) {
        match self.admission.shake_hands(greeted, tls, &mut peer).await {
            Ok(mut stream) => {
                // The authority need not see the close.
                let _ = timeout_at(self.admission.deadline(&peer), stream.shutdown()).await;
                tracing::debug!("an ACME challenge was answered");
            }
            Err(why) => tracing::debug!(%why, "an ACME challenge could not be answered"),
        }
    }
}

pub(super) fn not_greeted(address: SocketAddr, why: &NotGreeted) {
    ACCEPTOR.rejected.one(match why {
        NotGreeted::GaveWay => RejectKind::GaveWay,
        NotGreeted::Broken(_) => RejectKind::Handshake,
    });
    tracing::debug!(%address, %why, "no TLS handshake");
}
