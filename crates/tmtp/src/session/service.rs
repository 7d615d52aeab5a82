//! Session of a service on one link.
//!
//! States: new → (TmtpRev) → greeted → (Register or Login granted) → on → ended. Feed what was
//! read to [`ServiceSession::handle_input`] until it gives nothing back; act on each [`Input`]
//! before asking for the next. A login is granted by calling [`ServiceSession::authenticated`].

use crate::frame::{Decoder, Piece};
use crate::quit::Quit;
use crate::request::{Collected, DataRule, Op, Phase, Request};
use crate::revision::Revision;
use crate::session::Millis;

/// Times that end a link without a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// A link must be logged in so long after its start, whatever it sends; milliseconds.
    pub login_ms: u64,
    /// A link that is on must send something so often; milliseconds.
    pub silence_ms: u64,
}

impl Default for Timing {
    /// Revision 1: 5 s and 2 min.
    fn default() -> Self {
        Self { login_ms: 5_000, silence_ms: 120_000 }
    }
}

/// What a service must act on.
#[derive(Debug, PartialEq)]
pub enum Input<'a> {
    /// A request that is complete. Data that its operation collects comes with it.
    Request {
        /// What is asked.
        request: Request,
        /// Its data.
        data: Collected,
    },
    /// A Post or PostNotify begins; [`Input::Data`] follows until its announced length is there.
    Begin(Request),
    /// Some of the data of the request that began, in order.
    Data {
        /// At least one byte.
        bytes: &'a [u8],
        /// Whether the request is complete with them.
        last: bool,
    },
    /// The link must end. Send [`Violation::farewell`] and close; nothing more will come.
    Violation(Violation),
}

/// How a peer broke the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Violation {
    /// Which rule.
    pub quit: Quit,
    /// Whether a `quit` with the reason is sent: only after the first TmtpRev of the peer.
    pub is_reported: bool,
}

impl Violation {
    /// The bytes to send before closing; none if nothing is reported.
    pub fn farewell(&self) -> Vec<u8> {
        if self.is_reported { self.quit.message() } else { Vec::new() }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    New,
    Greeted,
    On,
    Ended,
}

/// One link, seen from the service.
#[derive(Debug)]
pub struct ServiceSession {
    decoder: Decoder,
    state: State,
    timing: Timing,
    started: Millis,
    last_input: Millis,
    /// What was chosen when the app greeted.
    revision: Revision,
    /// A request whose small data is being collected.
    collecting: Option<(Request, Vec<u8>)>,
}

impl ServiceSession {
    /// A link that started now.
    pub fn new(now: Millis, timing: Timing) -> Self {
        Self {
            decoder: Decoder::new(),
            state: State::New,
            timing,
            started: now,
            last_input: now,
            revision: Revision::default(),
            collecting: None,
        }
    }

    /// The login is granted. Ignored in any state but greeted.
    pub fn authenticated(&mut self) {
        if self.state == State::Greeted {
            self.state = State::On;
        }
    }

    /// The revision that the link speaks: what a TmtpRev is answered with.
    pub fn revision(&self) -> Revision {
        self.revision
    }

    /// Whether the link is logged in.
    pub fn is_on(&self) -> bool {
        self.state == State::On
    }

    /// Whether a message has begun and not ended, so that more is due from the peer.
    pub fn inside_message(&self) -> bool {
        self.decoder.inside_message()
    }

    /// When the link is to be closed without a word, unless input comes first.
    pub fn deadline(&self) -> Millis {
        match self.state {
            State::New | State::Greeted => self.started.plus_ms(self.timing.login_ms),
            State::On | State::Ended => self.last_input.plus_ms(self.timing.silence_ms),
        }
    }

    /// Notes that bytes arrived; call it once per read, before [`Self::handle_input`].
    pub fn handle_read(&mut self, now: Millis) {
        self.last_input = now;
    }

    /// Takes what it can from the front of `input`. None: all is taken, read more.
    pub fn handle_input<'a>(&mut self, input: &mut &'a [u8]) -> Option<Input<'a>> {
        loop {
            if self.state == State::Ended {
                *input = &[];
                return None;
            }
            let step = match self.decoder.next_piece(input) {
                Err(_) => Err(Quit::InvalidHeaderLength),
                Ok(None) => return None,
                Ok(Some(Piece::Head(head))) => self.handle_head(head.as_bytes()),
                Ok(Some(Piece::Data { bytes, last })) => self.handle_data(bytes, last),
            };
            match step {
                Ok(Some(found)) => return Some(found),
                Ok(None) => {}
                Err(quit) => return Some(Input::Violation(self.end(quit))),
            }
        }
    }

    fn end(&mut self, quit: Quit) -> Violation {
        let is_reported = self.state != State::New;
        self.state = State::Ended;
        Violation { quit, is_reported }
    }

    fn handle_head<'a>(&mut self, head: &[u8]) -> Result<Option<Input<'a>>, Quit> {
        let request = Request::read(head, self.revision)?;
        check_allowed(request.op(), self.revision, self.state)?;
        request.check_announced()?;
        if let Request::TmtpRev { revision } = &request {
            self.state = State::Greeted;
            self.revision = Revision::answering(revision);
        }
        let len = request.data_len();
        self.decoder.expect_data(len);
        match request.op().data_rule() {
            DataRule::Streamed => Ok(Some(Input::Begin(request))),
            DataRule::Collected { .. } if len > 0 => {
                let room = usize::try_from(len).unwrap_or_default();
                self.collecting = Some((request, Vec::with_capacity(room)));
                Ok(None)
            }
            DataRule::None | DataRule::Collected { .. } => {
                let data = request.read_data(Vec::new())?;
                Ok(Some(Input::Request { request, data }))
            }
        }
    }

    fn handle_data<'a>(&mut self, bytes: &'a [u8], last: bool) -> Result<Option<Input<'a>>, Quit> {
        let Some((_, collected)) = &mut self.collecting else {
            return Ok(Some(Input::Data { bytes, last }));
        };
        collected.extend_from_slice(bytes);
        if !last {
            return Ok(None);
        }
        let Some((request, collected)) = self.collecting.take() else { return Ok(None) };
        let data = request.read_data(collected)?;
        Ok(Some(Input::Request { request, data }))
    }
}

/// Whether a link in this state may be asked for this operation.
fn check_allowed(op: Op, revision: Revision, state: State) -> Result<(), Quit> {
    match (revision, op.phase(), state) {
        (Revision::One, Phase::Greeting, State::New)
        | (Revision::One, Phase::Entering, State::Greeted)
        | (Revision::One, Phase::On, State::On) => Ok(()),
        (Revision::One, Phase::Greeting, State::Greeted | State::On | State::Ended) => {
            Err(Quit::Repetition)
        }
        (Revision::One, Phase::Entering, State::New) => Err(Quit::TmtpRevOmitted),
        (Revision::One, Phase::Entering, State::On | State::Ended) => Err(Quit::AlreadyConnected),
        (Revision::One, Phase::On, State::New | State::Greeted | State::Ended) => {
            Err(Quit::Unauthenticated)
        }
    }
}
