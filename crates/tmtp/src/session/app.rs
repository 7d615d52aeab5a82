//! What an app does with one link.
//!
//! The session greets, registers or logs in, and keeps the link alive by itself: send what
//! [`AppSession::take_output`] gives after every call. Feed what was read to
//! [`AppSession::handle_input`] until it gives nothing back.

use crate::event::{BadEvent, Event, Message};
use crate::frame::{Decoder, Piece};
use crate::head::HeadTooLong;
use crate::request::Request;
use crate::session::Millis;

/// How often an app sends Pulse on a link that is on, in milliseconds.
pub const PULSE_MS: u64 = 115_000;
/// How long a service may take to let an app in, in milliseconds.
pub const LOGIN_MS: u64 = 30_000;
/// The revision this app speaks.
pub const REVISION: &str = "1";

/// What an app learns from a link.
#[derive(Debug, PartialEq)]
pub enum Output<'a> {
    /// Anything but a message with data.
    Event(Event),
    /// A message with data begins; [`Output::Data`] follows.
    Begin(Box<Message>),
    /// Some of the data of the message that began, in order.
    Data {
        /// At least one byte.
        bytes: &'a [u8],
        /// Whether the message is complete with them.
        last: bool,
    },
}

/// Why the link is of no use any more.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// The four digits before a header are wrong.
    #[error("the service sent a header of invalid length")]
    HeaderLength,
    /// A header is wrong.
    #[error(transparent)]
    Header(#[from] BadEvent),
    /// The service speaks no revision that this app knows.
    #[error("the service speaks revision {0} of the protocol, this app speaks revision 1")]
    Revision(String),
    /// It took too long to let us in.
    #[error("the service did not let us in within {} seconds", LOGIN_MS / 1000)]
    LoginTimeout,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Greeting,
    Entering,
    On,
}

/// One link, seen from an app.
#[derive(Debug)]
pub struct AppSession {
    decoder: Decoder,
    state: State,
    /// Register or Login, to be sent after the greeting.
    entry: Vec<u8>,
    output: Vec<u8>,
    started: Millis,
    last_output: Millis,
    /// The message being received is of a kind that nobody wants.
    skipping: bool,
}

impl AppSession {
    /// A link that started now and is to enter by `entry`, a Register or Login.
    ///
    /// # Errors
    /// When `entry` does not fit into a header.
    pub fn new(now: Millis, entry: &Request) -> Result<Self, HeadTooLong> {
        Ok(Self {
            decoder: Decoder::new(),
            state: State::Greeting,
            entry: entry.pack()?,
            output: Request::TmtpRev { revision: REVISION.into() }.pack()?,
            started: now,
            last_output: now,
            skipping: false,
        })
    }

    /// Bytes to be sent now.
    pub fn take_output(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.output)
    }

    /// Whether the service has let us in.
    pub fn is_on(&self) -> bool {
        self.state == State::On
    }

    /// Notes that the caller sent something of its own, which saves a Pulse.
    pub fn handle_sent(&mut self, now: Millis) {
        self.last_output = now;
    }

    /// When [`Self::handle_timeout`] wants to be called.
    pub fn deadline(&self) -> Millis {
        match self.state {
            State::Greeting | State::Entering => self.started.plus_ms(LOGIN_MS),
            State::On => self.last_output.plus_ms(PULSE_MS),
        }
    }

    /// Does what is due at this time.
    ///
    /// # Errors
    /// [`LinkError::LoginTimeout`].
    pub fn handle_timeout(&mut self, now: Millis) -> Result<(), LinkError> {
        if now < self.deadline() {
            return Ok(());
        }
        if self.state != State::On {
            return Err(LinkError::LoginTimeout);
        }
        // A Pulse has no variable part, so it always fits.
        self.output.extend_from_slice(&Request::Pulse.pack().unwrap_or_default());
        self.last_output = now;
        Ok(())
    }

    /// Takes what it can from the front of `input`. None: all is taken, read more.
    ///
    /// # Errors
    /// [`LinkError`]; the link is to be closed.
    pub fn handle_input<'a>(
        &mut self,
        input: &mut &'a [u8],
    ) -> Result<Option<Output<'a>>, LinkError> {
        loop {
            match self.decoder.next_piece(input).map_err(|_| LinkError::HeaderLength)? {
                None => return Ok(None),
                Some(Piece::Head(head)) => {
                    let event = match Event::read(head.as_bytes()) {
                        // On a link that TLS vouches for it would come again just so, for ever.
                        Err(BadEvent::Headsum) => Event::read_unsummed(head.as_bytes())?,
                        read => read?,
                    };
                    if let Some(found) = self.handle_event(event)? {
                        return Ok(Some(found));
                    }
                }
                Some(Piece::Data { last, .. }) if self.skipping => self.skipping = !last,
                Some(Piece::Data { bytes, last }) => return Ok(Some(Output::Data { bytes, last })),
            }
        }
    }

    fn handle_event<'a>(&mut self, event: Event) -> Result<Option<Output<'a>>, LinkError> {
        self.decoder.expect_data(event.data_len());
        match &event {
            Event::TmtpRev { revision, .. } if revision != REVISION => {
                return Err(LinkError::Revision(revision.chars().take(20).collect()));
            }
            Event::TmtpRev { .. } if self.state == State::Greeting => {
                self.state = State::Entering;
                self.output.append(&mut self.entry);
            }
            Event::LoginOk { .. } if self.state == State::Entering => {
                self.state = State::On;
                self.last_output = self.started;
            }
            _ => {}
        }
        Ok(match event {
            Event::Unknown { datalen, .. } => {
                self.skipping = datalen > 0;
                None
            }
            Event::Message(message) if message.data.len > 0 => Some(Output::Begin(message)),
            event => Some(Output::Event(event)),
        })
    }
}
