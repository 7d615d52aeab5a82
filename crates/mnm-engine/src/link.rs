//! Link to a service: logging in, then carrying messages both ways until it ends.
//!
//! ```text
//! connect ──> enter ──┬─> reader: bytes ─> session ─> inbox (commit) ─┐ acks, answers
//!                     └─> writer: acks, pulses, asks, outbox ─> bytes <┘ through `Outgoing`
//! ```
//!
//! Reader and writer run concurrently, so that a long upload does not delay incoming messages. They
//! share [`outgoing::Outgoing`], which never blocks the reader: otherwise both sides could wait for
//! each other to read, a deadlock.

pub(crate) mod connect;
pub(crate) mod outgoing;
pub(crate) mod reader;
pub(crate) mod writer;

use std::io;
use std::time::Duration;

use tmtp::event::Event;
use tmtp::id::{NodeSecret, Uid};
use tmtp::quit::Quit;
use tmtp::request::Request;
use tmtp::revision::Revision;
use tmtp::session::Millis;
use tmtp::session::app::{AppSession, Greeting, LinkError, Output};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use crate::error::Error;
use crate::reason::in_words;
use crate::time::{self, Instant, timeout};
use connect::ConnectError;

/// Bytes read at a time.
const READ_BYTES: usize = 64 * 1024;
/// How long a service may take to answer the login.
const ENTER_TIME: Duration = Duration::from_secs(15);
/// Characters of an identity provider's name that are shown.
const LABEL_MAX_CHARS: usize = 100;
/// How long the peer may accept no byte.
const WRITE_TIME: Duration = Duration::from_secs(30);
/// How long a service may take to close after our logout.
pub(crate) const FAREWELL_TIME: Duration = Duration::from_secs(1);

/// Why a link ended.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Ended {
    /// We were told to stop.
    #[error("ended by the app")]
    Stopped,
    /// It could not be connected.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The service said why, in the protocol's words.
    #[error("the service ended the link: {0}")]
    Quit(String),
    /// The service closed it without a reason.
    #[error("the service closed the link")]
    Closed,
    /// The system reported an error.
    #[error("the link broke: {0}")]
    Io(#[from] io::Error),
    /// It admits members by an identity provider only, named here in the service's words.
    #[error("the service asks for a login at {0}")]
    ThirdParty(String),
    /// It accepted the connection and then sent nothing.
    #[error("the service said nothing for {} seconds", ENTER_TIME.as_secs())]
    Mute,
    /// Nothing moved for too long.
    #[error("the service does not answer")]
    Silent,
    /// The service breaks the protocol.
    #[error(transparent)]
    Protocol(#[from] LinkError),
    /// There is room again for messages that wait at the service.
    #[error("there is room again for what waits")]
    Room,
    /// Our own store failed.
    #[error(transparent)]
    Store(#[from] Error),
}

/// The session's clock: milliseconds since the link began.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock(Instant);

impl Clock {
    pub(crate) fn start() -> Self {
        Self(time::now())
    }

    pub(crate) fn now(self) -> Millis {
        Millis(u64::try_from((time::now() - self.0).as_millis()).unwrap_or(u64::MAX))
    }

    /// How long until `moment`.
    pub(crate) fn until(self, moment: Millis) -> Duration {
        Duration::from_millis(moment.0.saturating_sub(self.now().0))
    }
}

/// The result of a registration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Registered {
    /// The new member.
    pub(crate) uid: Uid,
    /// The device's secret.
    pub(crate) nodeid: NodeSecret,
    /// Why the alias was refused, if it was.
    pub(crate) alias_error: Option<String>,
}

/// A link that is logged in.
pub(crate) struct Entered<S> {
    pub(crate) stream: S,
    pub(crate) session: AppSession,
    pub(crate) clock: Clock,
    /// Bytes that came after the login's answer.
    pub(crate) early: Vec<u8>,
    /// The service's name.
    pub(crate) service: Option<String>,
    /// Whether each delivery says to which groups it was posted.
    pub(crate) vouches: bool,
    /// The identity provider, in the service's words.
    third_party: Option<String>,
    /// The result of a Register.
    pub(crate) registered: Option<Registered>,
    /// Members online who share their presence.
    pub(crate) online: Vec<Uid>,
}

/// Sends the greeting and `entry`, a Register or Login, within [`ENTER_TIME`].
pub(crate) async fn enter<S>(stream: S, entry: &Request) -> Result<Entered<S>, Ended>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let clock = Clock::start();
    let session = AppSession::new(clock.now());
    let entered = Entered {
        stream,
        session,
        clock,
        early: Vec::new(),
        service: None,
        vouches: false,
        third_party: None,
        registered: None,
        online: Vec::new(),
    };
    match timeout(ENTER_TIME, entered.exchange(entry)).await {
        Ok(entered) => entered,
        Err(_) => Err(Ended::Mute),
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Entered<S> {
    async fn exchange(mut self, entry: &Request) -> Result<Self, Ended> {
        let mut buffer = vec![0; READ_BYTES];
        loop {
            let output = self.session.take_output();
            if !output.is_empty() {
                self.stream.write_all(&output).await?;
                self.stream.flush().await?;
            }
            let count = self.stream.read(&mut buffer).await?;
            if count == 0 {
                return Err(Ended::Closed);
            }
            let mut input = buffer.get(..count).unwrap_or_default();
            while let Some(output) = self.session.handle_input(&mut input)? {
                if self.note(output, entry)? {
                    self.early = input.to_vec();
                    return Ok(self);
                }
            }
        }
    }

    /// Handles an output of the session; true when logged in.
    fn note(&mut self, output: Output<'_>, entry: &Request) -> Result<bool, Ended> {
        match output {
            Output::Greeted(Greeting { revision: Revision::One, name, authby, groups }) => {
                self.service = name;
                self.vouches = groups;
                self.third_party = authby.as_ref().map(third_party);
                let entering = self.session.enter(entry);
                entering.map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
            }
            Output::Event(Event::Registered { uid, nodeid, error }, _) => {
                self.registered = Some(Registered { uid, nodeid, alias_error: error });
            }
            Output::Event(Event::LoginOk { ohi }, _) => {
                self.online = ohi;
                return Ok(true);
            }
            Output::Event(Event::Quit { error }, _) => {
                let wanted = Quit::from_reason(&error) == Some(Quit::AuthenticationRequired);
                let third_party = self.third_party.take().filter(|_| wanted);
                return Err(third_party.map_or(Ended::Quit(error), Ended::ThirdParty));
            }
            // Nothing else is due before the login's answer.
            Output::Event(
                Event::TmtpRev { .. }
                | Event::Ack { .. }
                | Event::Ohi { .. }
                | Event::Message(_)
                | Event::Unknown { .. },
                _,
            )
            | Output::Begin(_)
            | Output::Data { .. } => {}
        }
        Ok(false)
    }

    /// Logs out and waits a moment for the service to close, so that this device's next login is
    /// not refused because of this link.
    pub(crate) async fn leave(mut self) {
        let farewell = async {
            self.stream.write_all(&Request::Quit.pack().unwrap_or_default()).await?;
            self.stream.flush().await?;
            let mut buffer = vec![0; READ_BYTES];
            while self.stream.read(&mut buffer).await? > 0 {}
            io::Result::Ok(())
        };
        // The link is of no use any more, however this ends.
        let _ = timeout(FAREWELL_TIME, farewell).await;
    }
}

/// The first identity provider that a service names: label and address.
fn third_party(authby: &serde_json::Value) -> String {
    let first = authby.get(0).unwrap_or(authby);
    let label = first.get("label").and_then(|label| label.as_str()).unwrap_or("a third party");
    let at = first.pointer("/login/0").and_then(|at| at.as_str()).unwrap_or_default();
    let short = |text: &str| in_words(text).chars().take(LABEL_MAX_CHARS).collect::<String>();
    match at.is_empty() {
        true => short(label),
        false => format!("{} ({})", short(label), short(at)),
    }
}

/// Writes all of `bytes`; each write must progress within [`WRITE_TIME`].
pub(crate) async fn write_all<W: AsyncWrite + Unpin>(
    stream: &mut W,
    mut bytes: &[u8],
) -> Result<(), Ended> {
    while !bytes.is_empty() {
        let step = timeout(WRITE_TIME, stream.write(bytes)).await;
        let count = step.map_err(|_| Ended::Silent)??;
        if count == 0 {
            return Err(io::Error::from(io::ErrorKind::WriteZero).into());
        }
        bytes = bytes.get(count..).unwrap_or_default();
    }
    Ok(())
}

/// Flushes the stream.
pub(crate) async fn flush<W: AsyncWrite + Unpin>(stream: &mut W) -> Result<(), Ended> {
    timeout(WRITE_TIME, stream.flush()).await.map_err(|_| Ended::Silent)??;
    Ok(())
}
