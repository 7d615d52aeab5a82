//! Connection from its accept to the acceptor of its service.
//!
//! 1. It was counted by an [`Admission`]; now it waits for a login slot. Until it is logged in the
//!    slot can be taken back, and the connection ends.
//! 2. It sends its ClientHello, which names the service it wants.
//! 3. On a shared address it is counted by that service's own admission, and no longer by that of the
//!    address.
//! 4. The acceptor does the handshake with that service's certificate, and the link begins.

use std::sync::Arc;

use tokio::net::TcpStream;
use tokio::time::timeout_at;
use tracing::Instrument;

use super::acceptor::{Admission, NotGreeted, not_greeted};
use super::route::Route;
use crate::conn_limit::Peer;
use crate::metrics::{ACCEPTOR, RejectKind};
use crate::shutdown::Shutdown;
use crate::tls::{Greeted, greet};

/// Routes a connection counted by `peer` to a service, and serves it until it ends. Before its
/// service is known, `closing` ends it silently.
pub(super) async fn serve(route: Arc<Route>, stream: TcpStream, mut peer: Peer, closing: Shutdown) {
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

async fn refuse_name(greeted: Greeted, peer: &Peer, admission: &Admission) {
    // The farewell is not needed by a peer that is gone or does not read.
    let _ = timeout_at(admission.deadline(peer), greeted.refuse_name()).await;
}
