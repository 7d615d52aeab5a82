//! Acceptor of one service: from an accepted connection to a link.
//!
//! 1. The connection was counted by an [`Admission`]; now it waits for its turn. Until it is logged in
//!    the turn can be taken back, and the connection ends.
//! 2. It sends its ClientHello, which names the service it wants.
//! 3. On a shared address it is counted by that service's own admission, and no longer by that of the
//!    address.
//! 4. It shakes hands with that service's certificate, and the link begins.

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
use crate::metrics::{ACCEPTOR, Turned};
use crate::service::Service;
use crate::shutdown::{CLOSE_TIMEOUT, Shutdown};
use crate::tls::{Greeted, TlsStream, greet};

/// Admits connections within limits, and logs and counts those that are refused.
#[derive(Debug)]
pub(crate) struct Admission {
    conn_limit: Arc<ConnLimit>,
    /// For telling of those who were refused.
    throttles: Throttles<Turned, { Turned::COUNT }>,
    /// For computing the keys of a handshake.
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
    /// Requested when links had their time to.
    cut: Shutdown,
    /// Says in the log which service it is.
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

    /// From now on `limits` hold. Who is in stays.
    pub(crate) fn set_limits(&self, limits: &Limits) {
        self.conn_limit.set_limits(limits);
        self.handshakes.set_bound(limits.handshakes_at_once);
        *self.login_timeout.lock().unwrap_or_else(PoisonError::into_inner) = limits.login_timeout;
    }

    /// Counts a connection in, or tells why not.
    pub(super) fn admit(&self, address: SocketAddr) -> Option<Peer> {
        let admitted = self.conn_limit.admit(address);
        admitted.map_err(|full| self.refuse(address, full)).ok()
    }

    fn refuse(&self, address: SocketAddr, full: Full) {
        ACCEPTOR.turned_away.one(full.turned());
        warn_limited!(self.throttles.of(full.turned()), %address, "link refused: {full}");
    }

    /// When a connection whose turn began with `peer` must be done.
    fn deadline(&self, peer: &Peer) -> Instant {
        peer.accepted_at() + *self.login_timeout.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Shakes hands when it is the turn of the peer's network to have keys computed.
    async fn shake_hands(
        &self,
        greeted: Greeted,
        tls: Arc<ServerConfig>,
        peer: &mut Peer,
    ) -> Result<TlsStream, NotGreeted> {
        let (served, network) = (peer.served(), peer.network());
        let handshake = async {
            // Many who come at once wait here, where they take no time from those who are in.
            let turn = self.handshakes.wait(network).await;
            greeted.shake_hands(tls, (turn, served)).await
        };
        self.within_turn(peer, handshake).await
    }

    /// Does `work`, as long as the turn of `peer` lasts.
    async fn within_turn<T>(
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
    /// It did not log in, and others waited.
    #[error("it gave way to others")]
    GaveWay,
    /// It did not manage to in time, or broke.
    #[error(transparent)]
    Broken(#[from] io::Error),
}

impl Acceptor {
    /// The way into `service`, which proves itself by `identity`.
    pub(crate) fn new(service: Arc<Service>, identity: Arc<Identity>, span: Span) -> Arc<Self> {
        let admission = Admission::new(&service.limits());
        let (shutdown, cut) = (Shutdown::new(), Shutdown::new());
        let links = TaskTracker::new();
        Arc::new(Self { service, identity, admission, links, shutdown, cut, span })
    }

    pub(super) fn admission(&self) -> &Arc<Admission> {
        &self.admission
    }

    /// From now on `limits` hold for who comes.
    pub(crate) fn set_limits(&self, limits: &Limits) {
        self.admission.set_limits(limits);
    }

    /// Links and handshakes under way.
    #[must_use]
    pub(crate) fn links(&self) -> usize {
        self.links.len()
    }

    /// Ends all links: each finishes what is being committed and says goodbye. What is not closed
    /// after [`CLOSE_TIMEOUT`] is cut.
    pub(crate) async fn close(&self) {
        self.shutdown.request();
        self.links.close();
        if timeout(CLOSE_TIMEOUT, self.links.wait()).await.is_err() {
            tracing::warn!(open = self.links.len(), "links did not close in time and are cut");
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
            // A link that has not even shaken hands has nothing to finish.
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

    /// An authority that looks at the service gets its answer in the handshake and nothing after it.
    async fn answer_challenge(&self, greeted: Greeted, tls: Arc<ServerConfig>, mut peer: Peer) {
        match self.admission.shake_hands(greeted, tls, &mut peer).await {
            Ok(mut stream) => {
                // It has what it came for, and need not hear the end.
                let _ = timeout_at(self.admission.deadline(&peer), stream.shutdown()).await;
                tracing::debug!("an authority has looked at the service");
            }
            Err(why) => tracing::debug!(%why, "an authority could not look at the service"),
        }
    }
}

/// Leads a connection that `peer` counts to a service, and serves it until it ends. Before its
/// service is known, `closing` ends it without a word.
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
        ACCEPTOR.turned_away.one(Turned::UnknownName);
        tracing::debug!(%address, "no service here has the TLS server name that was asked for");
        return refuse_name(greeted, &peer, route.admission()).await;
    };
    if route.is_shared() {
        let Some(inside) = acceptor.admission.admit(address) else { return };
        // Counted by the service from here on, and no longer by the address.
        peer = inside;
        let has_turn = tokio::select! {
            () = acceptor.shutdown.requested() => return,
            has_turn = peer.turn() => has_turn,
        };
        if !has_turn {
            return not_greeted(address, &NotGreeted::GaveWay);
        }
    }
    let served = acceptor.serve(greeted, peer).instrument(acceptor.span.clone());
    acceptor.links.track_future(served).await;
}

/// Waits for the turn of a connection, then for its ClientHello. Without a word to a peer that takes
/// longer than the login timeout.
async fn greeting(
    stream: TcpStream,
    peer: &mut Peer,
    admission: &Admission,
) -> Result<Greeted, NotGreeted> {
    if !peer.turn().await {
        return Err(NotGreeted::GaveWay);
    }
    // Acks and instant messages are small and must not wait for more.
    stream.set_nodelay(true)?;
    admission.within_turn(peer, greet(stream)).await
}

fn not_greeted(address: SocketAddr, why: &NotGreeted) {
    ACCEPTOR.turned_away.one(match why {
        NotGreeted::GaveWay => Turned::GaveWay,
        NotGreeted::Broken(_) => Turned::Handshake,
    });
    tracing::debug!(%address, %why, "no TLS handshake");
}

async fn refuse_name(greeted: Greeted, peer: &Peer, admission: &Admission) {
    // A peer that is gone, or does not read, need not be told.
    let _ = timeout_at(admission.deadline(peer), greeted.refuse_name()).await;
}
