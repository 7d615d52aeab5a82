//! Carrier: the transport of a link, and what it knows of the peer.
//!
//! Each transport (TLS over TCP, memory in a simulation) makes carriers. Proofs in the protocol are
//! checked against what the carrier reports, never against the service's present certificate.

use tmtp::certificate::CertificateHash;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::conn_limit::Peer;

/// Bytes both ways. Writes count as sent only after a flush.
pub trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// A new connection, on which nothing was sent yet.
#[derive(Debug)]
pub struct Carrier<S> {
    /// The byte stream.
    pub stream: S,
    /// The peer.
    pub peer: Peer,
    /// The certificate that the peer got in the handshake. The service may have replaced it since.
    pub certificate: CertificateHash,
}
