//! Pair of sessions: both sides of a link in memory, with a simulated clock.
//!
//! [`Pair::pump`] moves what was sent in fragments of a chosen size until both sides have read all.
//! Nothing is answered by itself: a test looks at [`Pair::asked`], then plays the service with
//! [`Pair::answer`] and [`Pair::deliver`].

use anyhow::{Result, ensure};
use tmtp::event::{Event, Message, MessageKind};
use tmtp::request::{Data, Request};
use tmtp::session::Millis;
use tmtp::session::app::{AppSession, Greeting, LinkError, Output};
use tmtp::session::service::{Input, ServiceSession, Timing, Violation};

/// What the service was asked, its data joined.
#[derive(Debug, Clone, PartialEq)]
pub enum Asked {
    /// A request; the text of a Ping or GroupInvite, or the data of a Post or PostNotify.
    Request(Request, Vec<u8>),
    /// The app broke the protocol.
    Violation(Violation),
}

/// What the app received, its data joined.
#[derive(Debug, Clone, PartialEq)]
pub enum Received {
    /// An answer, or a message without data.
    Event(Event),
    /// The service greeted.
    Greeted(Greeting),
    /// A message with data.
    Message(Message, Vec<u8>),
}

/// One link.
#[derive(Debug)]
pub struct Pair {
    /// The app's side.
    pub app: AppSession,
    /// The service's side.
    pub service: ServiceSession,
    /// All that the service was asked, in order.
    pub asked: Vec<Asked>,
    /// All that the app received, in order.
    pub received: Vec<Received>,
    entry: Request,
    now: Millis,
    fragment_bytes: usize,
    to_service: Vec<u8>,
    to_app: Vec<u8>,
}

impl Pair {
    /// A link that starts now, at the clock's zero, and delivers so many bytes with each read.
    pub fn new(entry: &Request, fragment_bytes: usize) -> Result<Self> {
        ensure!(fragment_bytes > 0, "a fragment has at least one byte");
        let now = Millis::default();
        Ok(Self {
            app: AppSession::new(now),
            service: ServiceSession::new(now, Timing::default()),
            asked: Vec::new(),
            received: Vec::new(),
            entry: entry.clone(),
            now,
            fragment_bytes,
            to_service: Vec::new(),
            to_app: Vec::new(),
        })
    }

    /// A link of a member who is logged in; what was said until then is forgotten.
    pub fn logged_in(fragment_bytes: usize) -> Result<Self> {
        let mut pair = Self::new(&login(), fragment_bytes)?;
        pair.pump()?;
        pair.answer(&Event::TmtpRev {
            revision: "1".into(),
            name: None,
            authby: None,
            groups: false,
        })?;
        pair.pump()?;
        pair.service.authenticated();
        pair.answer(&Event::LoginOk { ohi: Vec::new() })?;
        pair.pump()?;
        ensure!(pair.app.is_on() && pair.service.is_on(), "not logged in: {pair:?}");
        pair.asked.clear();
        pair.received.clear();
        Ok(pair)
    }

    /// What the clock says.
    pub fn now(&self) -> Millis {
        self.now
    }

    /// Lets time pass and the app do what is due by then.
    pub fn advance_ms(&mut self, ms: u64) -> Result<(), LinkError> {
        self.now = self.now.plus_ms(ms);
        self.app.handle_timeout(self.now)
    }

    /// Whether the service would close the link now, without a word.
    pub fn is_overdue(&self) -> bool {
        self.service.deadline() <= self.now
    }

    /// The app sends a request with data.
    pub fn send(&mut self, request: &Request, data: &[u8]) -> Result<()> {
        let head = request.pack()?;
        self.to_service.extend(self.app.take_output());
        self.to_service.extend(head);
        self.to_service.extend_from_slice(data);
        self.app.handle_sent(self.now);
        Ok(())
    }

    /// The app's side sends these bytes, whatever they are.
    pub fn send_raw(&mut self, bytes: &[u8]) {
        self.to_service.extend_from_slice(bytes);
    }

    /// The service sends an answer.
    pub fn answer(&mut self, event: &Event) -> Result<()> {
        self.to_app.extend(event.pack()?);
        Ok(())
    }

    /// The service sends a message with data.
    pub fn deliver(&mut self, message: &Message, data: &[u8]) -> Result<()> {
        self.to_app.extend(message.pack()?);
        self.to_app.extend_from_slice(data);
        Ok(())
    }

    /// Moves bytes both ways until there are none. What one side cannot read ends its reading.
    pub fn pump(&mut self) -> Result<(), LinkError> {
        loop {
            self.to_service.extend(self.app.take_output());
            if self.to_service.is_empty() && self.to_app.is_empty() {
                return Ok(());
            }
            let bytes = std::mem::take(&mut self.to_service);
            for fragment in bytes.chunks(self.fragment_bytes) {
                self.service.handle_read(self.now);
                ask(&mut self.service, fragment, &mut self.asked);
            }
            let bytes = std::mem::take(&mut self.to_app);
            for fragment in bytes.chunks(self.fragment_bytes) {
                receive(&mut self.app, &self.entry, fragment, &mut self.received)?;
            }
        }
    }
}

/// Lets a service read; appends what it was asked. A request that is not complete yet is the last
/// of these, with the data so far.
///
/// # Panics
/// When the session hands out data that belongs to nothing, or misses its end.
pub fn ask(service: &mut ServiceSession, mut bytes: &[u8], asked: &mut Vec<Asked>) {
    while let Some(input) = service.handle_input(&mut bytes) {
        match input {
            Input::Request { request, data } => {
                asked.push(Asked::Request(request, data.into_text().into_bytes()));
            }
            Input::Begin(request) => asked.push(Asked::Request(request, Vec::new())),
            Input::Data { bytes, last } => {
                let Some(Asked::Request(request, data)) = asked.last_mut() else {
                    panic!("data of no request")
                };
                append(data, bytes, last, request.data_len());
            }
            Input::Violation(violation) => asked.push(Asked::Violation(violation)),
        }
    }
}

/// Lets an app read, and log in by `entry` once it is greeted; appends what it received. A message
/// that is not complete yet is the last of these, with the data so far.
///
/// # Errors
/// What the app cannot use.
///
/// # Panics
/// As [`ask`].
pub fn receive(
    app: &mut AppSession,
    entry: &Request,
    mut bytes: &[u8],
    received: &mut Vec<Received>,
) -> Result<(), LinkError> {
    while let Some(output) = app.handle_input(&mut bytes)? {
        match output {
            Output::Greeted(greeting) => {
                assert_eq!(app.enter(entry), Ok(()), "a link that was greeted can be entered");
                received.push(Received::Greeted(greeting));
            }
            Output::Event(Event::Message(message), data) if !data.is_empty() => {
                received.push(Received::Message(*message, data));
            }
            Output::Event(event, data) => {
                assert!(data.is_empty(), "data of no message");
                received.push(Received::Event(event));
            }
            Output::Begin(message) => received.push(Received::Message(*message, Vec::new())),
            Output::Data { bytes, last } => {
                let Some(Received::Message(message, data)) = received.last_mut() else {
                    panic!("data of no message")
                };
                append(data, bytes, last, message.data.len);
            }
        }
    }
    Ok(())
}

/// Adds some data; it must not be empty nor too much, and `last` exactly where it is complete.
#[track_caller]
fn append(data: &mut Vec<u8>, bytes: &[u8], last: bool, announced: u64) {
    data.extend_from_slice(bytes);
    let so_far = data.len() as u64;
    assert!(!bytes.is_empty() && so_far <= announced, "{so_far} bytes of {announced}");
    assert_eq!(last, so_far == announced, "{so_far} bytes of {announced}");
}

/// A login, for tests to whom it does not matter whose.
pub fn login() -> Request {
    Request::Login { uid: "U".into(), node: "LB27ML46".into() }
}

/// A delivery of that much data, for tests to whom the rest does not matter.
pub fn delivery(id: u64, data_len: usize) -> Message {
    Message::new(
        tmtp::id::MessageId(id),
        tmtp::id::Uid::service(),
        1_136_214_245_000,
        Data::of_len(data_len as u64),
        MessageKind::Delivery { notify: None, groups: Vec::new() },
    )
}
