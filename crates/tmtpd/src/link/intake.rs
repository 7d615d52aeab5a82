//! Intake of the data of a Post or PostNotify: small bodies into memory, large ones to disk.

use std::task::{Context, Poll, ready};

use tmtp::request::Request;
use tokio::sync::OwnedSemaphorePermit;

use crate::directory::Sender;
use crate::idempotency::{Content, RequestDigest};
use crate::metrics::Rule;
use crate::request::{Payload, Refusal, post};
use crate::service::Service;
use tmtp_store::{BodyWriter, MAX_SMALL_BYTES, NewData, StoreError};

/// A request whose data is being received.
#[derive(Debug)]
pub(super) struct Intake {
    request: Request,
    note: Option<Sink>,
    message: Sink,
    /// Why the request will be refused; its data is still read.
    refused: Option<Refusal>,
    /// Data that the store does not take yet.
    unwritten: Option<Unwritten>,
}

#[derive(Debug)]
struct Unwritten {
    bytes: Vec<u8>,
    is_last: bool,
}

/// Whether the data is complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    Piece,
    All,
}

/// The destination of the data.
#[derive(Debug)]
struct Sink {
    destination: Destination,
    left: u64,
    /// Checksum of all data, stored or not: a repetition is recognised even when it cannot be stored now.
    crc32c: u32,
}

#[derive(Debug)]
enum Destination {
    /// With a permit for it, out of `limits.receiving_bytes`.
    Memory(Vec<u8>, OwnedSemaphorePermit),
    Disk(Box<dyn BodyWriter>),
    Nowhere,
}

/// A request with all of its data.
#[derive(Debug)]
pub(super) struct Complete {
    pub(super) request: Request,
    /// Identifies the request when it is repeated.
    pub(super) digest: Option<RequestDigest>,
    pub(super) body: Result<(Option<Body>, Body), Refusal>,
}

/// A body; a large one may not be synced to disk yet.
#[derive(Debug)]
pub(super) enum Body {
    Small(Vec<u8>, OwnedSemaphorePermit),
    Large(Box<dyn BodyWriter>),
}

impl Intake {
    /// Starts a Post or PostNotify. Data that is going to be refused anyway is not stored.
    pub(super) fn begin(service: &Service, sender: &Sender, request: Request) -> Self {
        let check = |to: &[_]| service.ask(|facts| post::check(facts, sender, to));
        let (note_len, len, checked) = match &request {
            Request::PostNotify { to, note_to, note, data, .. } => {
                let checked = check(to).and_then(|()| check(note_to));
                (Some(note.len), data.len, checked)
            }
            Request::Post { to, data, .. } => (None, data.len, check(to)),
            Request::UserEdit { .. }
            | Request::OhiEdit { .. }
            | Request::Ping { .. }
            | Request::GroupInvite { .. }
            | Request::GroupEdit { .. }
            | Request::TmtpRev { .. }
            | Request::Register { .. }
            | Request::Login { .. }
            | Request::Quit
            | Request::Pulse
            | Request::Ack { .. } => (None, 0, Ok(())),
        };
        let refused = checked.err();
        let sink = |len| match &refused {
            None => Sink::new(service, len),
            Some(_) => Sink { destination: Destination::Nowhere, left: len, crc32c: 0 },
        };
        let note = note_len.map(sink);
        let message = sink(len);
        Self { request, note, message, refused, unwritten: None }
    }

    /// Takes the next piece of the data. Pending: the store does not take it yet, and no other piece may come
    /// until [`Self::poll_unwritten`] is ready.
    pub(super) fn poll_take(
        &mut self,
        bytes: &[u8],
        is_last: bool,
        context: &mut Context<'_>,
    ) -> Poll<Taken> {
        let mut rest = bytes;
        if self.poll_write(&mut rest, context).is_pending() {
            self.unwritten = Some(Unwritten { bytes: rest.to_vec(), is_last });
            return Poll::Pending;
        }
        Poll::Ready(if is_last { Taken::All } else { Taken::Piece })
    }

    /// Whether the store does not take the last piece yet.
    pub(super) fn is_unwritten(&self) -> bool {
        self.unwritten.is_some()
    }

    /// Goes on with what the store did not take.
    pub(super) fn poll_unwritten(&mut self, context: &mut Context<'_>) -> Poll<Taken> {
        let Some(Unwritten { mut bytes, is_last }) = self.unwritten.take() else {
            return Poll::Pending;
        };
        let mut rest = bytes.as_slice();
        if self.poll_write(&mut rest, context).is_pending() {
            let written = bytes.len() - rest.len();
            bytes.drain(..written);
            self.unwritten = Some(Unwritten { bytes, is_last });
            return Poll::Pending;
        }
        Poll::Ready(if is_last { Taken::All } else { Taken::Piece })
    }

    /// Writes `bytes` and takes away from them what is written.
    fn poll_write(&mut self, bytes: &mut &[u8], context: &mut Context<'_>) -> Poll<()> {
        while !bytes.is_empty() {
            let note = self.note.as_mut().filter(|note| note.left > 0);
            let (sink, len) = match note {
                Some(note) => {
                    let left = usize::try_from(note.left).unwrap_or(usize::MAX);
                    (note, bytes.len().min(left))
                }
                None => (&mut self.message, bytes.len()),
            };
            let (piece, rest) = bytes.split_at(len);
            let written = ready!(sink.poll_write(piece, context));
            *bytes = rest;
            if let Err(error) = written {
                self.message.destination = Destination::Nowhere;
                self.note.iter_mut().for_each(|note| note.destination = Destination::Nowhere);
                self.refused = Some(error.into());
            }
        }
        Poll::Ready(())
    }

    /// Ends the data.
    pub(super) fn complete(self) -> Complete {
        let sums: Vec<u32> =
            self.note.iter().chain([&self.message]).map(|sink| sink.crc32c).collect();
        let digest = RequestDigest::of(&self.request, Content::Data(&sums));
        let body = match (self.refused, self.note.map(Sink::body), self.message.body()) {
            (Some(refusal), _, _) => Err(refusal),
            (None, None, Some(body)) => Ok((None, body)),
            (None, Some(Some(note)), Some(body)) => Ok((Some(note), body)),
            (None, Some(None), _) | (None, None | Some(Some(_)), None) => {
                Err(Refusal::new(Rule::Failed, "the service could not store it; try again later"))
            }
        };
        Complete { request: self.request, digest, body }
    }
}

impl Sink {
    /// A small body goes to disk too when bodies being received use all the memory allowed: nobody
    /// waits for a peer that announced data and does not send it.
    fn new(service: &Service, len: u64) -> Self {
        let small = usize::try_from(len).ok().filter(|len| *len <= MAX_SMALL_BYTES);
        let destination = match small.and_then(|len| service.may_receive(len)) {
            Some(leave) => Destination::Memory(Vec::new(), leave),
            None => Destination::Disk(service.store.large_body()),
        };
        Self { destination, left: len, crc32c: 0 }
    }

    fn poll_write(
        &mut self,
        bytes: &[u8],
        context: &mut Context<'_>,
    ) -> Poll<Result<(), StoreError>> {
        let written = match &mut self.destination {
            Destination::Memory(memory, _) => {
                if memory.is_empty() {
                    memory.reserve_exact(usize::try_from(self.left).unwrap_or(0).max(bytes.len()));
                }
                memory.extend_from_slice(bytes);
                Ok(())
            }
            Destination::Disk(body) => ready!(body.poll_write(bytes, context)),
            Destination::Nowhere => Ok(()),
        };
        self.left = self.left.saturating_sub(bytes.len() as u64);
        self.crc32c = crc32c::crc32c_append(self.crc32c, bytes);
        Poll::Ready(written)
    }

    fn body(self) -> Option<Body> {
        match self.destination {
            Destination::Memory(bytes, leave) => Some(Body::Small(bytes, leave)),
            Destination::Disk(body) => Some(Body::Large(body)),
            Destination::Nowhere => None,
        }
    }
}

impl Complete {
    /// Bytes that stay in memory until they are durable.
    pub(super) fn memory_bytes(&self) -> usize {
        let Ok((note, message)) = &self.body else { return 0 };
        note.iter().chain([message]).map(Body::memory_bytes).sum()
    }
}

impl Body {
    fn memory_bytes(&self) -> usize {
        match self {
            Self::Small(bytes, _) => bytes.len(),
            Self::Large(_) => 0,
        }
    }

    /// The body; a large one is synced first.
    async fn durable(self) -> Result<NewData, Refusal> {
        match self {
            Self::Small(bytes, leave) => {
                // Received; from here on the store's own bound applies.
                drop(leave);
                Ok(NewData::Inline(bytes.into()))
            }
            Self::Large(body) => Ok(NewData::Large(body.finish().await?)),
        }
    }
}

/// The payload that the request is decided from.
pub(super) async fn payload(
    body: Result<(Option<Body>, Body), Refusal>,
) -> Result<Payload, Refusal> {
    let (note, message) = body?;
    Ok(match note {
        Some(note) => Payload::NoteAndMessage(note.durable().await?, message.durable().await?),
        None => Payload::Message(message.durable().await?),
    })
}
