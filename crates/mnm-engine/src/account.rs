//! Task of one account: connect, run the link, evaluate its end, wait, and repeat.
//!
//! Decisions are pure functions of how a link ended ([`verdict`], [`Backoff`]); this file carries
//! them out.

pub(crate) mod backoff;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tmtp::certificate::CorruptHash;
use tmtp::id::Uid;
use tmtp::quit::Quit;
use tmtp::request::Request;
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;

use crate::address::{Address, BadAddress, Proof};
use crate::error::{Error, ErrorCode};
use crate::inbox::Inbox;
use crate::inbox::waiters::Waiters;
use crate::link::connect::{ConnectError, connect};
use crate::link::outgoing::Outgoing;
use crate::link::reader::LinkReader;
use crate::link::writer::{Ask, LinkWriter, Orders};
use crate::link::{Ended, FAREWELL_TIME, enter};
use crate::reason::in_words;
use crate::store::Store;
use crate::task::{self, JoinHandle};
use crate::time::{self, Instant};
use crate::trust::Trust;
use crate::vault::Credentials;
use crate::view::{AccountId, Link};
use backoff::Backoff;

/// Least time between two attempts, however much is queued.
const ATTEMPT_PAUSE: Duration = Duration::from_secs(1);
/// Members whose presence is recorded in one transaction.
const ONLINE_SLICE: usize = 200;
/// Commands' requests that may wait for a link.
const ASKS: usize = 16;

/// The engine's handle to an account's task.
#[derive(Debug, Clone)]
pub(crate) struct Handle {
    wake: Arc<Notify>,
    reconnect: Arc<Notify>,
    asks: mpsc::Sender<Ask>,
    stop: CancellationToken,
}

impl Handle {
    /// Something was queued: send it, connecting first if needed.
    pub(crate) fn wake(&self) {
        self.wake.notify_one();
    }

    /// Connect now and reset the backoff, even if the service had refused us.
    pub(crate) fn reconnect(&self) {
        self.reconnect.notify_one();
    }

    /// Passes a command's request to the link; the answer comes when there is one.
    pub(crate) async fn ask(&self, ask: Ask) {
        // If the task has ended the request is dropped, which closes the answer's channel.
        let _ = self.asks.send(ask).await;
    }

    /// Ends the link and the task.
    pub(crate) fn stop(&self) {
        self.stop.cancel();
    }
}

/// Starts the task of an account.
pub(crate) fn start(
    store: Store,
    account: AccountId,
    waiters: Arc<Waiters>,
) -> (Handle, JoinHandle<()>) {
    let (asks, asked) = mpsc::channel(ASKS);
    let handle = Handle {
        wake: Arc::default(),
        reconnect: Arc::default(),
        asks,
        stop: CancellationToken::new(),
    };
    let orders = Orders {
        wake: Arc::clone(&handle.wake),
        asks: asked,
        stop: handle.stop.clone(),
        early: VecDeque::new(),
    };
    let reconnect = Arc::clone(&handle.reconnect);
    let (backoff, attempted) = (Backoff::default(), time::now());
    let task = Task { store, account, waiters, reconnect, orders, backoff, attempted };
    (handle, task::spawn(task.run()))
}

struct Task {
    store: Store,
    account: AccountId,
    waiters: Arc<Waiters>,
    reconnect: Arc<Notify>,
    orders: Orders,
    backoff: Backoff,
    /// When the last attempt began.
    attempted: Instant,
}

impl Task {
    async fn run(mut self) {
        self.sync_threads().await;
        loop {
            self.attempted = time::now();
            let stop = self.orders.stop.clone();
            let ended = tokio::select! {
                biased;
                ended = self.attempt() => ended,
                // An entered link ends by itself, with a logout; anything else is dropped.
                () = stopped_for_long(&stop) => Ended::Stopped,
            };
            tracing::info!(account = self.account, reason = %ended, "link ended");
            if self.orders.stop.is_cancelled() {
                return;
            }
            let next = match verdict(&ended) {
                Verdict::Retry(error) => {
                    let pause = self.backoff.next_pause(self.store.platform());
                    let retry_at_ms = self.at_ms(pause);
                    self.wait(Link::Offline { error, retry_at_ms }, pause).await
                }
                Verdict::Refused { error, seen } => {
                    let pause = backoff::refused_pause(self.store.platform());
                    let retry_at_ms = self.at_ms(pause);
                    self.wait(Link::Refused { error, seen, retry_at_ms }, pause).await
                }
            };
            match next {
                Next::Stop => return,
                Next::Attempt => {}
                Next::Afresh => self.backoff = Backoff::default(),
            }
        }
    }

    /// Queues a notice for the member's other devices: the readers of threads that they may not
    /// know.
    async fn sync_threads(&self) {
        let (account, now_ms) = (self.account, self.store.now_ms());
        let queued = self.store.write(move |vault| vault.queue_threads(account, now_ms));
        if let Err(error) = queued.await {
            tracing::warn!(account, code = ?error.code, "threads could not be synced to other devices");
        }
    }

    /// Connects and runs the link until it ends.
    async fn attempt(&mut self) -> Ended {
        match self.try_attempt().await {
            Ok(ended) | Err(ended) => ended,
        }
    }

    async fn try_attempt(&mut self) -> Result<Ended, Ended> {
        self.show(Link::Connecting).await?;
        let account = self.account;
        let credentials = self.store.read(move |vault| vault.credentials(account)).await?;
        let (address, trust) = address_and_trust(&credentials)?;
        let carrier = connect(self.store.platform(), &address, trust).await?;
        if let (Trust::FirstUse, Some(seen)) = (trust, carrier.peer.certificate()) {
            self.store.write(move |vault| vault.pin(account, &seen.to_string())).await?;
        }
        let login =
            Request::Login { uid: credentials.uid.as_str().into(), node: credentials.node.clone() };
        let entered = enter(carrier.stream, &login).await?;
        tracing::info!(account, "link on");
        self.backoff.entered();
        let entered_at = time::now();
        let name = entered.service.unwrap_or_default();
        let (online, vouches) = (entered.online, entered.vouches);
        self.store.write(move |vault| vault.set_greeting(account, &name, vouches)).await?;
        self.show_online(online).await?;
        self.store.note(move |vault| Ok(vec![vault.set_held(account, 0, 0)?])).await?;
        self.note_linked().await;
        self.show(Link::Online { since_ms: self.store.now_ms() }).await?;
        let outgoing = Arc::new(Outgoing::default());
        let (read_half, write_half) = tokio::io::split(entered.stream);
        let waiters = Arc::clone(&self.waiters);
        let reader = LinkReader {
            stream: read_half,
            session: entered.session,
            clock: entered.clock,
            store: self.store.clone(),
            account,
            inbox: Inbox::new(self.store.clone(), account, &credentials, waiters),
            outgoing: Arc::clone(&outgoing),
            arrival: None,
        };
        let mut writer = LinkWriter::new(
            write_half,
            self.store.clone(),
            account,
            credentials.uid,
            outgoing,
            &mut self.orders,
        );
        let mut reading = std::pin::pin!(reader.run(entered.early));
        let ended = tokio::select! {
            biased;
            ended = &mut reading => ended,
            ended = writer.run() => {
                // A service that refuses what we are sending says why, then closes.
                let broke = matches!(ended, Ended::Io(_));
                let said = if broke { last_word(reading).await } else { None };
                said.unwrap_or(ended)
            }
        };
        writer.interrupted(&ended).await;
        self.note_linked().await;
        self.backoff.held(time::now() - entered_at);
        self.show_online(Vec::new()).await?;
        Ok(ended)
    }

    /// Waits until the next attempt is due or requested. Requests of commands that waited for the
    /// last attempt are dropped, so that their callers get the state of the link; new ones wait for
    /// the next attempt, unless the service refuses us.
    async fn wait(&mut self, link: Link, pause: Duration) -> Next {
        let refused = matches!(link, Link::Refused { .. });
        let mut due = time::now() + pause;
        if self.show(link).await.is_err() {
            return Next::Stop;
        }
        self.orders.early.clear();
        loop {
            tokio::select! {
                biased;
                () = self.orders.stop.cancelled() => return Next::Stop,
                () = self.reconnect.notified() => return Next::Afresh,
                Some(ask) = self.orders.asks.recv() => {
                    if refused {
                        continue;
                    }
                    self.orders.early.push_back(ask);
                }
                () = self.orders.wake.notified() => {}
                () = time::sleep_until(due) => return Next::Attempt,
            }
            due = due.min(self.attempted + ATTEMPT_PAUSE);
        }
    }

    /// Records who is online in slices, so that other commands run in between.
    async fn show_online(&self, uids: Vec<Uid>) -> Result<(), Error> {
        let account = self.account;
        let changes = self.store.run(move |vault| vault.changes_of_online(account, &uids)).await?;
        for some in changes.chunks(ONLINE_SLICE) {
            let some = some.to_vec();
            self.store.note(move |vault| vault.set_some_online(account, &some)).await?;
        }
        Ok(())
    }

    /// Not worth losing the link over: the time is not stored on a full disk.
    async fn note_linked(&self) {
        let (account, now_ms) = (self.account, self.store.now_ms());
        let noted = self.store.write(move |vault| vault.set_linked(account, now_ms)).await;
        if let Err(error) = noted {
            tracing::debug!(account, code = ?error.code, "the time of a link was not noted");
        }
    }

    fn at_ms(&self, pause: Duration) -> i64 {
        self.store.now_ms().saturating_add(i64::try_from(pause.as_millis()).unwrap_or(i64::MAX))
    }

    async fn show(&self, link: Link) -> Result<(), Error> {
        let account = self.account;
        self.store.note(move |vault| Ok(vec![vault.set_link(account, link)?])).await
    }
}

enum Next {
    Attempt,
    /// Reset the backoff.
    Afresh,
    Stop,
}

/// The service's reason for ending a link on which our write failed, if it still arrives.
async fn last_word(reading: impl Future<Output = Ended>) -> Option<Ended> {
    let last = time::timeout(FAREWELL_TIME, reading).await.ok()?;
    matches!(last, Ended::Quit(_)).then_some(last)
}

/// Returns when a link that was told to stop has had time to end.
async fn stopped_for_long(stop: &CancellationToken) {
    stop.cancelled().await;
    time::sleep(FAREWELL_TIME).await;
}

/// The address of an account's service, and the certificate to expect.
pub(crate) fn address_and_trust(credentials: &Credentials) -> Result<(Address, Trust), Error> {
    let damaged = |error: BadAddress| Error::new(ErrorCode::Store, error.to_string());
    let address: Address = credentials.address.parse().map_err(damaged)?;
    let pin = credentials.fingerprint.as_deref().map(str::parse).transpose();
    let trust = match address.proof {
        Proof::Public => Trust::Public,
        proof @ Proof::Pinned => {
            Trust::new(proof, pin.map_err(|bad: CorruptHash| damaged(bad.into()))?)
        }
    };
    Ok((address, trust))
}

/// Ends of messages about a link that is down.
const KEPT: &str = " What you write is kept; the app tries again by itself.";
const AGAIN: &str = " The app tries again by itself.";

/// Why a link is down, for a caller whose request is not retried.
pub(crate) fn reason(error: &str) -> &str {
    error.strip_suffix(KEPT).or_else(|| error.strip_suffix(AGAIN)).unwrap_or(error)
}

/// What the end of a link means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Retry by itself; the text says why there is no link.
    Retry(String),
    /// Only the member, or time, can help. The text says how; `seen` is the fingerprint of a
    /// certificate to compare.
    Refused { error: String, seen: Option<String> },
}

/// Evaluates the end of a link.
pub(crate) fn verdict(ended: &Ended) -> Verdict {
    match ended {
        Ended::Connect(ConnectError::Distrust { why, seen }) => {
            Verdict::Refused { error: why.clone(), seen: seen.map(|seen| seen.to_string()) }
        }
        Ended::Connect(error) => Verdict::Retry(format!("{error}{KEPT}")),
        Ended::Quit(reason) => quit_verdict(reason),
        Ended::ThirdParty(at) => refused(&format!(
            "The service lets in members by a login at {at}, which this app cannot do yet."
        )),
        Ended::Mute => Verdict::Retry(format!(
            "The service took the connection and then said nothing, so it may be too busy.{KEPT}"
        )),
        Ended::Protocol(error) => Verdict::Retry(format!(
            "The service does not speak the protocol as this app knows it ({error}). If this lasts, tell whoever runs the service.{AGAIN}"
        )),
        Ended::Store(error) => Verdict::Retry(error.message.clone()),
        Ended::Room => Verdict::Retry(
            "There is room on the disk again; the app connects anew for what waits.".into(),
        ),
        Ended::Stopped => Verdict::Retry("The app has ended the link.".into()),
        Ended::Closed | Ended::Io(_) | Ended::Silent => {
            Verdict::Retry(format!("The connection to the service was lost.{KEPT}"))
        }
    }
}

fn quit_verdict(reason: &str) -> Verdict {
    match Quit::from_reason(reason) {
        Some(Quit::LoginFailed | Quit::CorruptBase32) => refused(
            "The service does not know this device: it was removed, or the service was put back from a backup made before the device joined. What is stored here stays readable. Add this device again from another device of yours, or join anew.",
        ),
        Some(Quit::NodeConnected) => Verdict::Retry(format!(
            "The service says that this device is connected already: another process of this device is connected, perhaps a copy of this home on another machine, or the last connection has not ended yet.{AGAIN}"
        )),
        Some(Quit::AuthenticationRequired) => refused(
            "The service wants members to prove themselves by a third party, which this app cannot do yet.",
        ),
        Some(
            Quit::InvalidHeaderLength
            | Quit::InvalidHeader
            | Quit::Repetition
            | Quit::Unauthenticated
            | Quit::AlreadyConnected
            | Quit::TmtpRevOmitted
            | Quit::RegisterFailure
            | Quit::Logout
            | Quit::DataTooLong
            | Quit::DataTooShort
            | Quit::DataNotUtf8
            | Quit::ForEmpty,
        )
        | None => Verdict::Retry(format!(
            "The service ended the connection ({}).{AGAIN}",
            in_words(reason)
        )),
    }
}

fn refused(error: &str) -> Verdict {
    Verdict::Refused { error: error.into(), seen: None }
}

#[cfg(test)]
#[path = "account/account_tests.rs"]
mod tests;
