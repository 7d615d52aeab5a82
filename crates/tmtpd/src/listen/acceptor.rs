//! Acceptor of one service: from an accepted connection to a link.
//!
//! 1. The connection was counted by an [`Admission`]; now it waits for a login slot. Until it is
//!    logged in the slot can be taken back, and the connection ends.
//! 2. It sends its ClientHello, which names the service it wants.
//! 3. On a shared address it is counted by that service's own admission, and no longer by that of the
//!    address.
//! 4. It does the handshake with that service's certificate, and the link begins.

use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustls::ServerConfig;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::task::TaskTracker;
use tracing::{Instrument, Span};

use super::route::Route;
use crate::certificate::identity::Identity;
use crate::config::Limits;
use crate::conn_limit::{ConnLimit, FairQueue, Full, Peer};
use crate::link::{self, Carrier};
use crate::log::Throttles;
use crate::log::warn_limited;
use crate::metrics::{ACCEPTOR, RejectKind};
use crate::service::Service;
use crate::shutdown::{CLOSE_TIMEOUT, Shutdown};
use crate::tls::{Greeted, TlsStream, greet};

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
    admission: Arc<Admission>,
    links: TaskTracker,
    /// Requested when links should end.
    shutdown: Shutdown,
    /// Requested when links have had their time to end.
    cut: Shutdown,
    /// Names the service in the log.
    span: Span,
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
    fn deadline(&self, peer: &Peer) -> Instant {
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
    async fn holding_slot<T>(
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
enum NotGreeted {
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
    async fn serve(&self, greeted: Greeted, peer: Peer) {
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

/// Routes a connection counted by `peer` to a service, and serves it until it ends. Before its
/// service is known, `closing` ends it silently.
pub(super) async fn let_in(
    route: Arc<Route>,
    stream: TcpStream,
    mut peer: Peer,
    closing: Shutdown,
) {
    let address = peer.address();
    let greeted = tokio::select! {
        () = closing.requested() => return,
        greeted = greeting(stream, &mut peer, route.admission()) => greeted,
    };
    let greeted = match greeted {
        Ok(greeted) => greeted,
        Err(why) => return not_greeted(address, &why),
    };
    let Some(acceptor) = route.acceptor(greeted.client_hello().server_name()).cloned() else {
        ACCEPTOR.rejected.one(RejectKind::UnknownName);
        tracing::debug!(%address, "no service here has the requested TLS server name");
        return refuse_name(greeted, &peer, route.admission()).await;
    };
    if route.is_shared() {
        let Some(inside) = acceptor.admission.admit(address) else { return };
        // From here on counted by the service, and no longer by the address.
        peer = inside;
        let has_slot = tokio::select! {
            () = acceptor.shutdown.requested() => return,
            has_slot = peer.wait_for_slot() => has_slot,
        };
        if !has_slot {
            return not_greeted(address, &NotGreeted::GaveWay);
        }
    }
    let served = acceptor.serve(greeted, peer).instrument(acceptor.span.clone());
    acceptor.links.track_future(served).await;
}

/// Waits for a login slot, then for the ClientHello. Closes silently when the login timeout passes.
async fn greeting(
    stream: TcpStream,
    peer: &mut Peer,
    admission: &Admission,
) -> Result<Greeted, NotGreeted> {
    if !peer.wait_for_slot().await {
        return Err(NotGreeted::GaveWay);
    }
    // Acks and short messages must not be delayed by Nagle's algorithm.
    stream.set_nodelay(true)?;
    admission.holding_slot(peer, greet(stream)).await
}

fn not_greeted(address: SocketAddr, why: &NotGreeted) {
    ACCEPTOR.rejected.one(match why {
        NotGreeted::GaveWay => RejectKind::GaveWay,
        NotGreeted::Broken(_) => RejectKind::Handshake,
    });
    tracing::debug!(%address, %why, "no TLS handshake");
}

async fn refuse_name(greeted: Greeted, peer: &Peer, admission: &Admission) {
    // A peer that is gone, or does not read, need not be told.
    let _ = timeout_at(admission.deadline(peer), greeted.refuse_name()).await;
}
