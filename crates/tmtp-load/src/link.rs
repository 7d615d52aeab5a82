//! Link of the load generator: a socket, its TLS, and the app's side of the protocol.
//!
//! Bytes that come are read into a buffer which all links share ([`Scratch`]); a link keeps only
//! what is incomplete. Every message is acknowledged at once, by a header made beforehand. What is
//! to be sent gathers until [`Link::flush`], so that acks and posts of one turn share a record.

mod event;
mod identity;

use std::io::{ErrorKind, Read as _, Write as _};
use std::sync::Arc;

use mio::net::TcpStream;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tmtp::event::{Event, MessageKind, Outcome};
use tmtp::id::MessageId;
use tmtp::request::Request;
use tmtp::session::Millis;
use tmtp::session::app::{AppSession, Output};

use crate::stamp::{STAMP_BYTES, Stamp};
use crate::tls::Tls;
pub use event::{LinkEvent, LinkNumber};
pub use identity::Identity;

/// Bytes read at once.
const READ_BYTES: usize = 256 * 1024;

/// What all links of a process share.
#[derive(Debug)]
pub struct Scratch {
    input: Vec<u8>,
    plain: Vec<u8>,
    ack: Template,
}

/// A packed request with a place for an id of sixteen hex digits.
#[derive(Debug, Clone)]
pub struct Template {
    bytes: Vec<u8>,
    id_at: usize,
}

/// Why a link ended.
pub type EndReason = String;

/// One link.
#[derive(Debug)]
pub struct Link {
    socket: TcpStream,
    tls: Tls,
    session: AppSession,
    /// Sent once the service has greeted.
    entry: Option<Box<Request>>,
    ready: bool,
    /// Received, and less than a TLS record.
    partial: Vec<u8>,
    /// To be sent.
    output: Vec<u8>,
    /// To be sent, encrypted.
    outgoing: Vec<u8>,
    /// Made by Register, given out with [`LinkEvent::LoggedIn`].
    registered: Option<Box<Identity>>,
    arriving: Option<Arriving>,
}

/// A message whose data is arriving.
#[derive(Debug)]
struct Arriving {
    id: MessageId,
    is_post: bool,
    stamp: [u8; STAMP_BYTES],
    filled: usize,
}

impl Template {
    /// Sixteen digits that no service gives and nothing else in a request has.
    const PLACEHOLDER: MessageId = MessageId(u64::MAX);

    /// Packs what `request` makes of the placeholder for its id.
    ///
    /// # Errors
    /// When it does not fit into a header.
    pub fn new(request: impl FnOnce(MessageId) -> Request) -> anyhow::Result<Self> {
        let bytes = request(Self::PLACEHOLDER).pack()?;
        let place = Self::PLACEHOLDER.to_string().into_bytes();
        let id_at = bytes.windows(place.len()).rposition(|window| window == place);
        let id_at = id_at.ok_or_else(|| anyhow::anyhow!("the request has no id"))?;
        Ok(Self { bytes, id_at })
    }

    /// Appends the request with this id.
    pub fn write(&self, out: &mut Vec<u8>, id: u64) {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let start = out.len() + self.id_at;
        out.extend_from_slice(&self.bytes);
        if let Some(place) = out.get_mut(start..start + 16) {
            for (index, digit) in place.iter_mut().enumerate() {
                let nibble = (id >> (60 - 4 * index)) & 0xf;
                *digit = DIGITS[usize::try_from(nibble).unwrap_or(0)];
            }
        }
    }
}

impl Scratch {
    /// Room for one read.
    ///
    /// # Errors
    /// Never with the protocol as it is.
    pub fn new() -> anyhow::Result<Self> {
        let ack = Template::new(|id| Request::Ack { id: Some(id), kind: "delivery".into() })?;
        Ok(Self { input: vec![0; READ_BYTES], plain: Vec::with_capacity(READ_BYTES), ack })
    }
}

impl Link {
    /// A link over a socket that is connecting, which is to enter by `entry`.
    ///
    /// # Errors
    /// When TLS cannot begin.
    pub fn new(
        socket: TcpStream,
        config: &Arc<ClientConfig>,
        name: ServerName<'static>,
        entry: Request,
        now: Millis,
    ) -> anyhow::Result<Self> {
        let mut tls = Tls::new(config, name)?;
        let mut outgoing = Vec::new();
        tls.receive(&mut [], &mut Vec::new(), &mut outgoing)?;
        Ok(Self {
            socket,
            tls,
            session: AppSession::new(now),
            entry: Some(Box::new(entry)),
            ready: false,
            partial: Vec::new(),
            output: Vec::new(),
            outgoing,
            registered: None,
            arriving: None,
        })
    }

    /// The socket, to be registered with a poll.
    pub fn socket(&mut self) -> &mut TcpStream {
        &mut self.socket
    }

    /// Whether the service has let us in.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.session.is_on()
    }

    /// Where to append requests; [`Self::flush`] sends them.
    pub fn output(&mut self, now: Millis) -> &mut Vec<u8> {
        self.session.handle_sent(now);
        &mut self.output
    }

    /// Bytes that the service has not taken yet.
    #[must_use]
    pub fn unsent(&self) -> usize {
        self.output.len() + self.outgoing.len()
    }

    /// Does what is due: a Pulse, or giving up the login.
    ///
    /// # Errors
    /// [`EndReason`] when the service did not let us in in time.
    pub fn tick(&mut self, now: Millis) -> Result<(), EndReason> {
        self.session.handle_timeout(now).map_err(|error| error.to_string())
    }

    /// Reads what has come. `more` says that the end of the stream may lie behind a short read.
    ///
    /// # Errors
    /// [`EndReason`].
    pub fn read(
        &mut self,
        number: LinkNumber,
        scratch: &mut Scratch,
        events: &mut Vec<LinkEvent>,
        more: bool,
    ) -> Result<(), EndReason> {
        loop {
            let kept = self.partial.len();
            let Some(room) = scratch.input.get_mut(..kept) else {
                return Err("a TLS record of impossible length".into());
            };
            room.copy_from_slice(&self.partial);
            let room = scratch.input.get_mut(kept..).unwrap_or_default();
            let room_bytes = room.len();
            let count = match self.socket.read(room) {
                Ok(0) => return Err("closed by the service".into()),
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(format!("broken: {error}")),
            };
            self.take(number, kept + count, scratch, events)?;
            if count < room_bytes && !more {
                // Edge-triggered: a short read has emptied the socket, more makes a new event.
                return Ok(());
            }
        }
    }

    fn take(
        &mut self,
        number: LinkNumber,
        filled: usize,
        scratch: &mut Scratch,
        events: &mut Vec<LinkEvent>,
    ) -> Result<(), EndReason> {
        let Scratch { input, plain, ack } = scratch;
        let input = input.get_mut(..filled).unwrap_or_default();
        plain.clear();
        let received = self.tls.receive(input, plain, &mut self.outgoing);
        let received = received.map_err(|error| format!("TLS: {error}"))?;
        self.ready |= received.ready;
        let rest = input.get(received.taken..).unwrap_or_default();
        // Not `clear`: an idle link holds nothing.
        self.partial = rest.to_vec();
        let mut unread = plain.as_slice();
        while let Some(output) =
            self.session.handle_input(&mut unread).map_err(|error| error.to_string())?
        {
            match output {
                Output::Greeted(_) => {
                    if let Some(entry) = self.entry.take() {
                        self.session.enter(&entry).map_err(|error| error.to_string())?;
                    }
                }
                Output::Event(event, _) => {
                    Self::event(number, event, &mut self.registered, &mut self.output, ack)
                        .map(|event| events.extend(event))?;
                }
                Output::Begin(message) => {
                    self.arriving = Some(Arriving {
                        id: message.id,
                        is_post: matches!(message.kind, MessageKind::Delivery { .. }),
                        stamp: [0; STAMP_BYTES],
                        filled: 0,
                    });
                }
                Output::Data { bytes, last } => {
                    self.data(number, bytes, last, ack, events);
                }
            }
        }
        if received.closed { Err("closed by the service".into()) } else { Ok(()) }
    }

    /// What an event that has no data means.
    fn event(
        number: LinkNumber,
        event: Event,
        registered: &mut Option<Box<Identity>>,
        output: &mut Vec<u8>,
        ack: &Template,
    ) -> Result<Option<LinkEvent>, EndReason> {
        Ok(match event {
            Event::Registered { uid, nodeid, error: _ } => {
                *registered = Some(Box::new(Identity {
                    uid: uid.as_str().into(),
                    node: nodeid.expose().into(),
                }));
                None
            }
            Event::LoginOk { .. } => {
                Some(LinkEvent::LoggedIn { link: number, registered: registered.take() })
            }
            Event::Ack { id, outcome } => {
                let id = u64::from_str_radix(id.as_str(), 16).unwrap_or(u64::MAX);
                let refused = match outcome {
                    Outcome::Refused { error, .. } => Some(error.into_boxed_str()),
                    Outcome::Done | Outcome::Posted { .. } => None,
                };
                Some(LinkEvent::Acked { link: number, id, refused })
            }
            Event::Message(message) => {
                ack.write(output, message.id.0);
                match message.kind {
                    MessageKind::NewNode { nodeid, .. } => {
                        Some(LinkEvent::NewNode { link: number, node: nodeid.expose().into() })
                    }
                    MessageKind::Login { .. }
                    | MessageKind::NewAlias { .. }
                    | MessageKind::OhiEdit { .. }
                    | MessageKind::Invite { .. }
                    | MessageKind::Member { .. }
                    | MessageKind::Delivery { .. }
                    | MessageKind::Notify { .. }
                    | MessageKind::Ping { .. }
                    | MessageKind::Other { .. } => Some(LinkEvent::Notice { link: number }),
                }
            }
            Event::Quit { error } => return Err(format!("quit: {error}")),
            Event::TmtpRev { .. } | Event::Ohi { .. } | Event::Unknown { .. } => None,
        })
    }

    fn data(
        &mut self,
        number: LinkNumber,
        bytes: &[u8],
        last: bool,
        ack: &Template,
        events: &mut Vec<LinkEvent>,
    ) {
        let Some(arriving) = &mut self.arriving else { return };
        let room = arriving.stamp.get_mut(arriving.filled..).unwrap_or_default();
        let count = room.len().min(bytes.len());
        room.iter_mut().zip(bytes).for_each(|(place, byte)| *place = *byte);
        arriving.filled += count;
        if !last {
            return;
        }
        ack.write(&mut self.output, arriving.id.0);
        events.push(if arriving.is_post {
            let stamp = Stamp::from_bytes(&arriving.stamp);
            LinkEvent::Delivered { link: number, message: arriving.id.0, stamp }
        } else {
            LinkEvent::Notice { link: number }
        });
        self.arriving = None;
    }

    /// Sends what the socket takes of what has gathered.
    ///
    /// # Errors
    /// [`EndReason`].
    pub fn flush(&mut self) -> Result<(), EndReason> {
        self.output.append(&mut self.session.take_output());
        if self.ready && !self.output.is_empty() {
            let sent = self.tls.send(&self.output, &mut self.outgoing);
            sent.map_err(|error| format!("TLS: {error}"))?;
            self.output = Vec::new();
        }
        let mut written = 0;
        while let Some(rest) = self.outgoing.get(written..).filter(|rest| !rest.is_empty()) {
            match self.socket.write(rest) {
                Ok(count) => written += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error)
                    if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::NotConnected) =>
                {
                    break;
                }
                Err(error) => return Err(format!("broken: {error}")),
            }
        }
        if written == self.outgoing.len() {
            self.outgoing = Vec::new();
        } else {
            self.outgoing.drain(..written);
        }
        Ok(())
    }
}
