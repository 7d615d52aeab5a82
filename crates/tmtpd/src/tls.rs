//! TLS over a TCP connection, without buffers while idle.
//!
//! [`greet`] reads the ClientHello and [`Greeted::shake_hands`] does the handshake; the result
//! reads and writes like any stream. Ciphertext passes through buffers shared by a thread's links:
//! a link uses one only while the system has bytes for it or takes some, and keeps only leftovers:
//! part of a record, or records that the peer does not read yet. The protocol itself is in
//! `session`, without I/O.

mod session;
#[cfg(test)]
mod tls_tests;

use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use rustls::ServerConfig;
use rustls::server::{Accepted, Acceptor, ClientHello};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;

use session::Session;

/// Ciphertext read from the system at once.
const READ_BYTES: usize = 64 * 1_024;
/// Plaintext encrypted at once: what a peer that does not read can make a link hold, beside its own
/// output.
const WRITE_BYTES: usize = 32 * 1_024;
/// What TLS adds to [`WRITE_BYTES`], generously.
const OVERHEAD_BYTES: usize = 4 * 1_024;
/// Longest ClientHello that is accepted.
const HELLO_BYTES_MAX: usize = 32 * 1_024;

/// TLS: a fatal alert `unrecognized_name` (RFC 6066), in the clear because no keys are agreed on
/// yet.
const UNRECOGNIZED_NAME: [u8; 7] = [21, 3, 3, 0, 2, 2, 112];

/// Buffers shared by all connections of a thread. They hold nothing between two calls.
struct Scratch {
    received: Box<[u8]>,
    to_send: Box<[u8]>,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::new(Scratch {
        received: vec![0; READ_BYTES].into(),
        to_send: vec![0; WRITE_BYTES + OVERHEAD_BYTES].into(),
    });
}

/// A connection after its TLS handshake.
#[derive(Debug)]
pub(crate) struct TlsStream {
    socket: TcpStream,
    session: Box<Session>,
    /// Decrypted and not read yet.
    plaintext: Vec<u8>,
    /// Encrypted and not written yet.
    ciphertext: Vec<u8>,
}

/// A connection whose ClientHello was read: server name and protocols.
pub(crate) struct Greeted {
    socket: TcpStream,
    /// The ClientHello, and what came with it.
    hello: Vec<u8>,
    accepted: Box<Accepted>,
}

/// Waits for the ClientHello.
///
/// # Errors
/// It is no ClientHello, or the client closed. An alert was sent if possible.
pub(crate) async fn greet(mut socket: TcpStream) -> io::Result<Greeted> {
    let mut hello = Vec::new();
    // Boxed, as it is larger than the link made from it.
    let mut acceptor = Box::<Acceptor>::default();
    while hello.len() <= HELLO_BYTES_MAX {
        let known = hello.len();
        if socket.read_buf(&mut hello).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let mut new = hello.get(known..).unwrap_or_default();
        while !new.is_empty() {
            acceptor.read_tls(&mut new)?;
            match acceptor.accept() {
                Ok(Some(accepted)) => {
                    let accepted = Box::new(accepted);
                    return Ok(Greeted { socket, hello, accepted });
                }
                Ok(None) => {}
                Err((error, mut alert)) => {
                    let mut farewell = Vec::new();
                    alert.write_all(&mut farewell)?;
                    let _ = socket.write_all(&farewell).await;
                    return Err(invalid(error));
                }
            }
        }
    }
    Err(invalid(rustls::Error::General("the client's first message is too long".into())))
}

impl Greeted {
    /// The ClientHello.
    pub(crate) fn client_hello(&self) -> ClientHello<'_> {
        self.accepted.client_hello()
    }

    /// Does the handshake with `config`. `slot` is dropped once the keys are computed, which is
    /// nearly all of the cost: the rest waits for the client.
    ///
    /// # Errors
    /// The client breaks TLS, has no version or cipher in common, or closed. An alert was sent if
    /// possible.
    pub(crate) async fn shake_hands<T>(
        self,
        config: Arc<ServerConfig>,
        slot: T,
    ) -> io::Result<TlsStream> {
        let Self { socket, mut hello, accepted } = self;
        drop(accepted);
        let session = Box::new(Session::new(config).map_err(invalid)?);
        let mut stream =
            TlsStream { socket, session, plaintext: Vec::new(), ciphertext: Vec::new() };
        let TlsStream { session, plaintext, ciphertext, .. } = &mut stream;
        let mut keep = |bytes: &[u8]| plaintext.extend_from_slice(bytes);
        let mut answered = session.handle_ciphertext(&mut hello, &mut keep, ciphertext);
        drop((hello, slot));
        loop {
            let sent = poll_fn(|context| stream.poll_drain(context)).await;
            // On an error this was the alert.
            answered.map_err(invalid)?;
            sent?;
            if !stream.session.is_handshaking() {
                return Ok(stream);
            }
            let TlsStream { socket, session, plaintext, ciphertext } = &mut stream;
            let mut keep = |bytes: &[u8]| plaintext.extend_from_slice(bytes);
            answered = poll_fn(|context| {
                poll_received(socket, context, |bytes| {
                    session.handle_ciphertext(bytes, &mut keep, ciphertext)
                })
            })
            .await?;
        }
    }

    /// Sends the alert `unrecognized_name` and closes.
    ///
    /// # Errors
    /// The client is gone.
    pub(crate) async fn refuse_name(mut self) -> io::Result<()> {
        self.socket.write_all(&UNRECOGNIZED_NAME).await?;
        self.socket.shutdown().await
    }
}

impl std::fmt::Debug for Greeted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Greeted").field("socket", &self.socket).finish_non_exhaustive()
    }
}

/// Passes received bytes to `handle`, in a borrowed buffer.
///
/// # Errors
/// The connection broke or ended.
fn poll_received<T>(
    socket: &mut TcpStream,
    context: &mut Context<'_>,
    handle: impl FnOnce(&mut [u8]) -> T,
) -> Poll<io::Result<T>> {
    SCRATCH.with_borrow_mut(|scratch| {
        let mut buffer = ReadBuf::new(&mut scratch.received);
        ready!(Pin::new(socket).poll_read(context, &mut buffer))?;
        match buffer.filled_mut() {
            [] => Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into())),
            bytes => Poll::Ready(Ok(handle(bytes))),
        }
    })
}

fn poll_drain(
    socket: &mut TcpStream,
    ciphertext: &mut Vec<u8>,
    context: &mut Context<'_>,
) -> Poll<io::Result<()>> {
    while !ciphertext.is_empty() {
        let sent = ready!(Pin::new(&mut *socket).poll_write(context, ciphertext))?;
        if sent == 0 {
            return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
        }
        ciphertext.drain(..sent);
    }
    *ciphertext = Vec::new();
    Poll::Ready(Ok(()))
}

impl TlsStream {
    /// Until all leftover ciphertext is written.
    fn poll_drain(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        poll_drain(&mut self.socket, &mut self.ciphertext, context)
    }

    /// Encrypts into a borrowed buffer and writes what the system takes. The rest is kept: once
    /// encrypted, it must be sent.
    fn send(
        &mut self,
        context: &mut Context<'_>,
        encrypt: impl FnOnce(&mut Session, &mut [u8]) -> Result<usize, rustls::Error>,
    ) -> io::Result<()> {
        SCRATCH.with_borrow_mut(|scratch| {
            let len = encrypt(&mut self.session, &mut scratch.to_send).map_err(invalid)?;
            let ciphertext = scratch.to_send.get(..len).unwrap_or_default();
            let sent = match Pin::new(&mut self.socket).poll_write(context, ciphertext) {
                Poll::Ready(sent) => sent?,
                Poll::Pending => 0,
            };
            self.ciphertext.extend_from_slice(ciphertext.get(sent..).unwrap_or_default());
            Ok(())
        })
    }
}

impl AsyncRead for TlsStream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let Self { socket, session, plaintext, ciphertext } = self.get_mut();
        let before = buffer.filled().len();
        let take = plaintext.len().min(buffer.remaining());
        buffer.put_slice(plaintext.get(..take).unwrap_or_default());
        plaintext.drain(..take);
        if plaintext.is_empty() {
            *plaintext = Vec::new();
        }
        while buffer.filled().len() == before && buffer.remaining() > 0 && !session.has_ended() {
            let mut show = |bytes: &[u8]| {
                let (now, later) = bytes.split_at(bytes.len().min(buffer.remaining()));
                buffer.put_slice(now);
                plaintext.extend_from_slice(later);
            };
            let received = poll_received(socket, context, |bytes| {
                session.handle_ciphertext(bytes, &mut show, ciphertext)
            });
            let handled = ready!(received)?;
            // A reply of TLS itself, if there is one; nobody waits for it.
            let _ = poll_drain(socket, ciphertext, context)?;
            handled.map_err(invalid)?;
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for TlsStream {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let me = self.get_mut();
        ready!(me.poll_drain(context))?;
        let bytes = bytes.get(..WRITE_BYTES).unwrap_or(bytes);
        me.send(context, |session, to_send| session.encrypt(bytes, to_send))?;
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().poll_drain(context)
    }

    /// Sends `close_notify`. The peer may still send.
    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let me = self.get_mut();
        ready!(me.poll_drain(context))?;
        if me.session.may_close() {
            me.send(context, Session::close)?;
            ready!(me.poll_drain(context))?;
        }
        Pin::new(&mut me.socket).poll_shutdown(context)
    }
}

fn invalid(error: rustls::Error) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}
