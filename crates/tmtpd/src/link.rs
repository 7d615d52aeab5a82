//! One task per link: bytes in, bytes out, until either side has enough.

use std::sync::Arc;

use tokio::io::AsyncReadExt;

use crate::listen::{Peer, TlsStream};
use crate::service::Service;
use crate::shutdown::Shutdown;

/// Serves one link until it ends or `shutdown` is requested.
pub async fn run(mut stream: TlsStream, peer: Peer, service: Arc<Service>, shutdown: Shutdown) {
    let mut byte = [0];
    let deadline = peer.accepted_at() + service.config().limits.login_timeout;
    tokio::select! {
        () = shutdown.requested() => {}
        _ = tokio::time::timeout_at(deadline, stream.read(&mut byte)) => {}
    }
}
