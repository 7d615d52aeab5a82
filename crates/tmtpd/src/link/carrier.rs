//! Carrier: what a link runs on, and what it knows of the peer before anything is said.
//!
//! Whatever makes links (TLS over TCP, memory in a simulation) makes carriers of them. What a peer proves in
//! the protocol is compared with what its carrier reports, never with what the service is or shows by now.

use tmtp::certificate::CertificateHash;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::conn_limit::Peer;

/// Bytes both ways. What was written must be flushed before it counts as sent.
pub trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// A connection that was made, nothing said on it yet.
#[derive(Debug)]
pub struct Carrier<S> {
    /// What is said on it.
    pub stream: S,
    /// Who is at its other end.
    pub peer: Peer,
    /// The certificate that the peer was shown when it was made. The service may show another since.
    pub certificate: CertificateHash,
}
