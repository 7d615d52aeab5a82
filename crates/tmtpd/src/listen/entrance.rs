//! The way into one service: from an accepted connection to a link.
//!
//! 1. The connection has passed a door, which counts it; now it waits for its turn.
//! 2. It sends its ClientHello, which says the service it wants.
//! 3. On a shared address it passes that service's own door, and the lobby forgets it.
//! 4. It shakes hands with that service's certificate, and the link begins.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustls::ServerConfig;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::task::TaskTracker;
use tracing::{Instrument, Span};

use super::gate::{Full, Gate, Peer};
use super::route::Route;
use crate::certificate::identity::Identity;
use crate::config::Limits;
use crate::link;
use crate::log::story;
use crate::log::throttle::Throttles;
use crate::metrics::{DOOR, Turned};
use crate::service::Service;
use crate::shutdown::{CLOSE_TIMEOUT, Shutdown};
use crate::tls::{Greeted, TlsStream, greet};

/// Counts who comes in, within limits, and tells of those who may not.
#[derive(Debug)]
pub struct Door {
    gate: Arc<Gate>,
    /// For telling of those who were refused.
    throttles: Throttles<Turned, { Turned::COUNT }>,
    bounds: Mutex<Bounds>,
}

/// What holds for those who come from now on.
#[derive(Debug, Clone)]
struct Bounds {
    login_timeout: Duration,
    /// A permit for each handshake whose keys may be computed now.
    handshakes: Arc<Semaphore>,
}

impl Bounds {
    fn of(limits: &Limits) -> Self {
        let handshakes = Arc::new(Semaphore::new(limits.handshakes_at_once));
        Self { login_timeout: limits.login_timeout, handshakes }
    }
}

/// One service, for who wants to come in.
#[derive(Debug)]
pub struct Entrance {
    service: Arc<Service>,
    tls: Arc<ServerConfig>,
    identity: Arc<Identity>,
    door: Arc<Door>,
    links: TaskTracker,
    /// Requested when links should end.
    shutdown: Shutdown,
    /// Requested when links had their time to.
    cut: Shutdown,
    /// Says in the log which service it is.
    span: Span,
}

impl Door {
    /// A door that nobody has passed.
    #[must_use]
    pub fn new(limits: &Limits) -> Arc<Self> {
        Arc::new(Self {
            gate: Gate::new(limits),
            throttles: Throttles::new::<1>(),
            bounds: Mutex::new(Bounds::of(limits)),
        })
    }

    /// From now on `limits` hold. Who is in stays.
    pub fn set_limits(&self, limits: &Limits) {
        self.gate.set_limits(limits);
        *self.bounds.lock().unwrap_or_else(PoisonError::into_inner) = Bounds::of(limits);
    }

    fn bounds(&self) -> Bounds {
        self.bounds.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Counts a connection in, or tells why not.
    pub(super) fn admit(&self, address: SocketAddr) -> Option<Peer> {
        let admitted = self.gate.admit(address);
        admitted.map_err(|full| self.refuse(address, full)).ok()
    }

    fn refuse(&self, address: SocketAddr, full: Full) {
        DOOR.turned_away.one(full.turned());
        story!(warn, self.throttles.of(full.turned()), %address, "link refused: {full}");
    }

    /// When a connection whose turn began with `peer` must be done.
    fn deadline(&self, peer: &Peer) -> Instant {
        peer.accepted_at() + self.bounds().login_timeout
    }
}

impl Entrance {
    /// The way into `service`, which proves itself by `identity`.
    ///
    /// # Errors
    /// TLS cannot be served.
    pub fn new(
        service: Arc<Service>,
        identity: Arc<Identity>,
        span: Span,
    ) -> Result<Arc<Self>, rustls::Error> {
        let tls = identity.tls()?;
        let door = Door::new(&service.limits());
        let (shutdown, cut) = (Shutdown::new(), Shutdown::new());
        let links = TaskTracker::new();
        Ok(Arc::new(Self { service, tls, identity, door, links, shutdown, cut, span }))
    }

    pub(super) fn door(&self) -> &Arc<Door> {
        &self.door
    }

    /// From now on `limits` hold for who comes.
    pub fn set_limits(&self, limits: &Limits) {
        self.door.set_limits(limits);
    }

    /// Links and handshakes under way.
    #[must_use]
    pub fn links(&self) -> usize {
        self.links.len()
    }

    /// Ends all links: each finishes what is being committed and says goodbye. What is not closed
    /// after [`CLOSE_TIMEOUT`] is cut.
    pub async fn close(&self) {
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
            return self.answer_challenge(greeted, tls, &peer).await;
        }
        tokio::select! {
            () = self.cut.requested() => {}
            () = self.open_link(greeted, peer) => {}
        }
    }

    async fn open_link(&self, greeted: Greeted, peer: Peer) {
        let address = peer.address();
        tokio::select! {
            // A link that has not even shaken hands has nothing to finish.
            () = self.shutdown.requested() => {}
            shaken = self.shake_hands(greeted, &peer) => match shaken {
                Ok(tls) => {
                    let service = Arc::clone(&self.service);
                    link::run(tls, peer, service, self.shutdown.clone()).await;
                }
                Err(error) => not_greeted(address, &error),
            },
        }
    }

    /// An authority that looks at the service gets its answer in the handshake and nothing after it.
    async fn answer_challenge(&self, greeted: Greeted, tls: Arc<ServerConfig>, peer: &Peer) {
        let answered = async {
            let turn = self.door.bounds().handshakes.acquire_owned().await;
            let mut stream = greeted.shake_hands(tls, turn.ok()).await?;
            stream.shutdown().await
        };
        match timeout_at(self.door.deadline(peer), answered).await {
            Ok(Ok(())) => tracing::debug!("an authority has looked at the service"),
            Ok(Err(error)) => tracing::debug!(%error, "an authority could not look at the service"),
            Err(_) => tracing::debug!("an authority took too long to look at the service"),
        }
    }

    async fn shake_hands(&self, greeted: Greeted, peer: &Peer) -> io::Result<TlsStream> {
        let handshake = async {
            // Many who come at once wait here, where they take no time from those who are in.
            let turn = self.door.bounds().handshakes.acquire_owned().await;
            greeted.shake_hands(Arc::clone(&self.tls), turn.ok()).await
        };
        timeout_at(self.door.deadline(peer), handshake).await?
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
        greeted = greeting(stream, &mut peer, route.door()) => greeted,
    };
    let greeted = match greeted {
        Ok(greeted) => greeted,
        Err(error) => return not_greeted(address, &error),
    };
    let Some(entrance) = route.entrance(greeted.client_hello().server_name()).cloned() else {
        DOOR.turned_away.one(Turned::UnknownName);
        tracing::debug!(%address, "no service here has the TLS server name that was asked for");
        return refuse_name(greeted, &peer, route.door()).await;
    };
    if route.is_shared() {
        let Some(inside) = entrance.door.admit(address) else { return };
        // Here the lobby forgets it.
        peer = inside;
        tokio::select! {
            () = entrance.shutdown.requested() => return,
            () = peer.turn() => {}
        }
    }
    let served = entrance.serve(greeted, peer).instrument(entrance.span.clone());
    entrance.links.track_future(served).await;
}

/// Waits for the turn of a connection, then for its ClientHello. Without a word to a peer that takes
/// longer than the login timeout.
async fn greeting(stream: TcpStream, peer: &mut Peer, door: &Door) -> io::Result<Greeted> {
    peer.turn().await;
    // Acks and instant messages are small and must not wait for more.
    stream.set_nodelay(true)?;
    timeout_at(door.deadline(peer), greet(stream)).await?
}

fn not_greeted(address: SocketAddr, error: &io::Error) {
    DOOR.turned_away.one(Turned::Handshake);
    tracing::debug!(%address, %error, "no TLS handshake");
}

async fn refuse_name(greeted: Greeted, peer: &Peer, door: &Door) {
    // A peer that is gone, or does not read, need not be told.
    let _ = timeout_at(door.deadline(peer), greeted.refuse_name()).await;
}
