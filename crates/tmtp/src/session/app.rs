//! Session of an app on one link.
//!
//! The session greets, tells what the service greeted with ([`Output::Greeted`]), enters with what the
//! caller makes of that ([`AppSession::enter`]), and keeps the link alive by itself: send what
//! [`AppSession::take_output`] gives after every call. Feed what was read to
//! [`AppSession::handle_input`] until it gives nothing back.

use crate::event::{BadEvent, Event, Message};
use crate::frame::{Decoder, Piece};
use crate::head::HeadTooLong;
use crate::request::{DataRule, Phase, Request};
use crate::revision::Revision;
use crate::session::Millis;

/// How often an app sends Pulse on a link that is on, in milliseconds.
pub const PULSE_MS: u64 = 115_000;
/// How long a service may take to let an app in, in milliseconds.
pub const LOGIN_MS: u64 = 30_000;

/// What a service says of itself before an app enters.
#[derive(Debug, Clone, PartialEq)]
pub struct Greeting {
    /// The revision that the link speaks from now on.
    pub revision: Revision,
    /// The service's name for itself.
    pub name: Option<String>,
    /// Who authenticates members here, as the service put it; none for open registration.
    pub authby: Option<serde_json::Value>,
    /// Whether its deliveries name the groups they were posted to; ours, not revision 1.
    pub groups: bool,
}

/// What an app learns from a link.
#[derive(Debug, PartialEq)]
pub enum Output<'a> {
    /// The service has greeted: [`AppSession::enter`] is due.
    Greeted(Greeting),
    /// An answer, or a message whose data is small and here: as much of it as its operation takes.
    Event(Event, Vec<u8>),
    /// A message with more data begins; [`Output::Data`] follows.
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
    #[error("the service speaks revision {0} of the protocol, this app speaks revision {known}", known = Revision::HIGHEST.as_str())]
    Revision(String),
    /// It took too long to let us in.
    #[error("the service did not let us in within {} seconds", LOGIN_MS / 1000)]
    LoginTimeout,
}

/// Why a link cannot be entered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EnterError {
    /// Names do not fit into a header.
    #[error(transparent)]
    TooLong(#[from] HeadTooLong),
    /// The service has not greeted yet, the link was entered before, or the request does not enter.
    #[error("a link is entered once, after the greeting, by Register or Login")]
    NotDue,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Greeting,
    Greeted,
    Entering,
    On,
}

/// How the data of an event is handled.
#[derive(Debug)]
enum Taking {
    /// It is handed out.
    HandOut,
    /// It is kept until it is whole, up to so many bytes.
    Collect { event: Event, data: Vec<u8>, max_bytes: u64 },
    /// It is discarded.
    PassOver,
}

/// One link, seen from an app.
#[derive(Debug)]
pub struct AppSession {
    decoder: Decoder,
    state: State,
    output: Vec<u8>,
    started: Millis,
    last_output: Millis,
    taking: Taking,
    /// The revision in the greeting of the service.
    revision: Revision,
}

impl AppSession {
    /// A link that started now.
    pub fn new(now: Millis) -> Self {
        let greeting = Request::TmtpRev { revision: Revision::HIGHEST.as_str().into() };
        Self {
            decoder: Decoder::new(),
            state: State::Greeting,
            // It has no variable part, so it always fits.
            output: greeting.pack().unwrap_or_default(),
            started: now,
            last_output: now,
            taking: Taking::HandOut,
            revision: Revision::default(),
        }
    }

    /// Enters by a Register or Login, once the service has greeted.
    ///
    /// # Errors
    /// [`EnterError`]; nothing is sent then.
    pub fn enter(&mut self, entry: &Request) -> Result<(), EnterError> {
        if self.state != State::Greeted || entry.op().phase() != Phase::Entering {
            return Err(EnterError::NotDue);
        }
        self.output.extend(entry.pack()?);
        self.state = State::Entering;
        Ok(())
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
            State::Greeting | State::Greeted | State::Entering => self.started.plus_ms(LOGIN_MS),
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
                    let event = match Event::read(head.as_bytes(), self.revision) {
                        // On a link that TLS vouches for it would come again just so, for ever.
                        Err(BadEvent::Headsum) => Event::read_unsummed(head.as_bytes())?,
                        read => read?,
                    };
                    if let Some(found) = self.handle_event(event)? {
                        return Ok(Some(found));
                    }
                }
                Some(Piece::Data { bytes, last }) => {
                    if let Some(found) = self.handle_data(bytes, last) {
                        return Ok(Some(found));
                    }
                }
            }
        }
    }

    fn handle_event<'a>(&mut self, event: Event) -> Result<Option<Output<'a>>, LinkError> {
        self.decoder.expect_data(event.data_len());
        match event {
            Event::TmtpRev { revision, name, authby, groups } => {
                let Some(revision) = Revision::from_wire(&revision) else {
                    return Err(LinkError::Revision(revision.chars().take(20).collect()));
                };
                if self.state != State::Greeting {
                    return Ok(None);
                }
                self.state = State::Greeted;
                self.revision = revision;
                Ok(Some(Output::Greeted(Greeting { revision, name, authby, groups })))
            }
            // An answer without a request.
            Event::Registered { .. } | Event::LoginOk { .. } if self.state != State::Entering => {
                Ok(None)
            }
            Event::LoginOk { .. } => {
                self.state = State::On;
                self.last_output = self.started;
                Ok(Some(Output::Event(event, Vec::new())))
            }
            Event::Registered { .. }
            | Event::Ack { .. }
            | Event::Ohi { .. }
            | Event::Quit { .. }
            | Event::Message(_)
            | Event::Unknown { .. } => Ok(self.begin(event)),
        }
    }

    /// What is handed out of an event before its data comes.
    fn begin<'a>(&mut self, event: Event) -> Option<Output<'a>> {
        let has_data = event.data_len() > 0;
        match (event.data_rule(), event) {
            (DataRule::Collected { max_bytes }, event) if has_data => {
                self.taking = Taking::Collect { event, data: Vec::new(), max_bytes };
                None
            }
            (DataRule::Streamed, Event::Message(message)) if has_data => {
                self.taking = Taking::HandOut;
                Some(Output::Begin(message))
            }
            (DataRule::None | DataRule::Collected { .. } | DataRule::Streamed, event) => {
                self.taking = Taking::PassOver;
                let is_known = !matches!(event, Event::Unknown { .. });
                is_known.then(|| Output::Event(event, Vec::new()))
            }
        }
    }

    fn handle_data<'a>(&mut self, bytes: &'a [u8], last: bool) -> Option<Output<'a>> {
        match &mut self.taking {
            Taking::HandOut => return Some(Output::Data { bytes, last }),
            Taking::PassOver => return None,
            Taking::Collect { data, max_bytes, .. } => {
                let room = max_bytes.saturating_sub(data.len() as u64);
                let kept = usize::try_from(room).map_or(bytes.len(), |room| room.min(bytes.len()));
                data.extend_from_slice(bytes.get(..kept).unwrap_or_default());
            }
        }
        if !last {
            return None;
        }
        match std::mem::replace(&mut self.taking, Taking::PassOver) {
            Taking::Collect { event, data, .. } => Some(Output::Event(event, data)),
            Taking::HandOut | Taking::PassOver => None,
        }
    }
}
