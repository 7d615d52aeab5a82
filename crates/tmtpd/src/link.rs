//! Link: one task per connection, from the TLS stream to its end.
//!
//! The task feeds what it reads to the session and decides one request at a time, in order. While
//! posts wait for the disk the next are decided, up to a bound; answers keep the order of the
//! requests. It writes whatever is ready: answers, presence, and queued messages. It stops reading
//! from a peer that does not read, so a link's memory is bounded.
//!
//! - `carrier`: the transport
//! - `input`: input from the peer, split into requests
//! - `login`: login and registration
//! - `intake`: data of a post, to memory or disk
//! - `commits`: requests that wait for the disk
//! - `delivery`: queued messages, sent ahead of their acks
//! - `end`: reasons for the end of a link
//! - `window`: messages in flight
//! - `min_throughput`: minimum rates of the peer
//! - `parked`: input held back
//! - `ready`: what the event loop gets
//! - `poll`: the event loop's sources

mod carrier;
mod commits;
mod delivery;
mod end;
mod input;
mod intake;
mod login;
mod min_throughput;
mod parked;
mod poll;
mod ready;
mod window;

use std::future::{Future, poll_fn};
use std::io::ErrorKind;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tmtp::event::{Event, Outcome};
use tmtp::id::Uid;
use tmtp::quit::Quit;
use tmtp::session::Millis;
use tmtp::session::service::{ServiceSession, Timing};
use tokio::io::AsyncWriteExt;
use tokio::time::{Instant, sleep_until};

use crate::config::Limits;
use crate::conn_limit::Peer;
use crate::directory::Sender;
use crate::links::Entry;
use crate::log::Throttle;
use crate::log::{ShortId, chain, error_limited, warn_limited};
use crate::rate_limit::{Bucket, Rate};
use crate::request::Answer;
use crate::roster::{Mail, Notice, RosterEntry};
use crate::service::Service;
use crate::shutdown::Shutdown;
pub use carrier::{Carrier, Stream};
use commits::Commits;
use delivery::Delivery;
use end::End;
use intake::Intake;
use min_throughput::MinThroughput;
use parked::Parked;
use ready::{Done, Ready, Waits};

/// Output at which requests are no longer read until the peer takes some.
const OUTPUT_MAX_BYTES: usize = 256 * 1_024;
/// How long a peer may take to receive the output that is left when the link ends.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(5);

/// Serves one link until it ends or `shutdown` is requested.
pub async fn run<S: Stream>(carrier: Carrier<S>, service: Arc<Service>, shutdown: Shutdown) {
    let mut link = Link::new(carrier, service);
    let end = link.drive(&shutdown).await;
    // The roster entry is freed before the peer can see the end of the link, so that an immediate
    // login is not refused because the device is still connected.
    let member = link.logged_in.take().map(|on| ShortId::new(on.sender.uid.as_str()).to_string());
    // A peer that is gone does not need the end of the TLS stream.
    let _ = tokio::time::timeout(DRAIN_TIMEOUT, link.stream.shutdown()).await;
    link.service.metrics.links_ended.one(end.kind());
    let now_ms = link.service.now_ms();
    end.log(member, link.peer.address(), &link.entry, now_ms);
    link.entry.ended(now_ms);
}

/// A request being decided.
type Pending = Pin<Box<dyn Future<Output = Done> + Send>>;

/// What a link has once it is logged in.
struct LoggedIn {
    sender: Sender,
    roster_entry: RosterEntry,
    delivery: Delivery,
    /// Whether the device has posted on this link.
    has_posted: bool,
}

struct Link<S> {
    stream: S,
    peer: Peer,
    /// Its entry in the table of links, with its counters.
    entry: Entry,
    service: Arc<Service>,
    session: ServiceSession,
    /// The origin of [`Millis`].
    epoch: Instant,
    /// Read, and from `input_at` on not yet parsed by the session.
    input: Vec<u8>,
    input_at: usize,
    output: Vec<u8>,
    unflushed: bool,
    /// Answers held back until the message being sent is complete.
    answers: Vec<u8>,
    pending: Option<Pending>,
    commits: Commits,
    /// Whether the delivery waits for the store, which wakes this task when it answers.
    is_store_asked: bool,
    /// Held back until the pending commits are answered.
    parked: Option<Parked>,
    intake: Option<Intake>,
    logged_in: Option<LoggedIn>,
    /// How the peer sends, and how it takes.
    sending: MinThroughput,
    taking: MinThroughput,
    /// Rate limit of requests: above it the link is not read, so input waits in the peer's socket.
    /// Nothing is lost and no error is sent.
    requests: Bucket,
    request_rate: Rate,
    /// Not read until then, because of the rate limit.
    paused_until: Option<Instant>,
    /// Set while the link only waits for its last output to be read.
    ending: Option<(End, Instant)>,
}

impl<S: Stream> Link<S> {
    fn new(carrier: Carrier<S>, service: Arc<Service>) -> Self {
        let Carrier { stream, peer, certificate } = carrier;
        let epoch = peer.accepted_at();
        let limits = service.limits();
        let session = ServiceSession::new(Millis(0), timing(&limits));
        let throughput = || MinThroughput::new(limits.rate_min_bytes_per_s, limits.rate_window);
        let (sending, taking) = (throughput(), throughput());
        let request_rate =
            Rate { count: limits.requests_per_second, period: Duration::from_secs(1) };
        let entry = service.links.enter(peer.address(), service.now_ms(), certificate);
        service.metrics.links_opened.one();
        Self {
            stream,
            peer,
            entry,
            service,
            session,
            epoch,
            input: Vec::new(),
            input_at: 0,
            output: Vec::new(),
            unflushed: false,
            answers: Vec::new(),
            pending: None,
            commits: Commits::default(),
            is_store_asked: false,
            parked: None,
            intake: None,
            logged_in: None,
            sending,
            taking,
            requests: Bucket::default(),
            request_rate,
            paused_until: None,
            ending: None,
        }
    }

    async fn drive(&mut self, shutdown: &Shutdown) -> End {
        let login_by = self.epoch + self.service.limits().login_timeout;
        let mut waits =
            Waits { alarm: pin!(sleep_until(login_by)), stop: pin!(shutdown.requested()) };
        let end = loop {
            let filled = poll_fn(|context| {
                self.take_input(context);
                Poll::Ready(self.poll_fill(context))
            });
            let filled = filled.await;
            if let Poll::Ready(Err(end)) = filled {
                break end;
            }
            let is_idle = self.is_idle();
            if let Some((end, _)) =
                self.ending.take_if(|_| self.output.is_empty() && !self.unflushed && is_idle)
            {
                break end;
            }
            self.watch_throughput();
            match poll_fn(|context| self.poll_turn(&mut waits, context)).await {
                // What was asked before is still answered, if the peer reads on.
                Ready::Read(Ok(0)) => self.end(End::Closed),
                Ready::Read(Ok(_)) | Ready::Sent(Ok(())) => {}
                Ready::Read(Err(error)) if error.kind() == ErrorKind::UnexpectedEof => {
                    self.end(End::Broken(error.to_string()));
                }
                Ready::Read(Err(error)) | Ready::Sent(Err(error)) => {
                    break End::Broken(error.to_string());
                }
                Ready::Done(done) => {
                    self.pending = None;
                    // The silence timeout starts again when reading resumes.
                    self.session.handle_read(self.now());
                    self.handle_done(done);
                }
                Ready::Answer(answer) => {
                    self.session.handle_read(self.now());
                    self.handle_answer(answer);
                    self.take_parked();
                }
                Ready::Taken(taken) => {
                    self.session.handle_read(self.now());
                    self.handle_taken(taken);
                }
                Ready::Filled(Err(end)) => break end,
                Ready::Filled(Ok(())) => {}
                Ready::Mail(mail) => self.handle_mail(mail),
                Ready::Time => {
                    if let Some(end) = self.handle_time() {
                        break end;
                    }
                }
                Ready::Stop => self.end(End::Stopping),
                Ready::GiveWay => break End::GaveWay,
            }
        };
        // A pending request is finished before the roster entry is freed: recipients are woken,
        // and the device's next link finds the answer if it asks again. It may wait for room that
        // those before it hold.
        self.commits.finish().await;
        if let Some(request) = self.pending.take()
            && let Done::Progress(progress) = request.await
        {
            self.commits.push(progress);
        }
        self.commits.finish().await;
        end
    }

    /// Whether the next request may be read.
    fn is_listening(&self) -> bool {
        self.pending.is_none()
            && !self.is_writing()
            && self.parked.is_none()
            && self.ending.is_none()
            && self.paused_until.is_none()
            && (self.commits.is_empty() || self.may_go_on())
    }

    /// Whether another post may be decided while others wait for the disk. The first on a link may
    /// repeat the last of the previous link, so the next waits until it is answered.
    fn may_go_on(&self) -> bool {
        !self.commits.are_full() && self.logged_in.as_ref().is_some_and(|on| on.has_posted)
    }

    /// Whether every request is answered, and no data waits for the store.
    fn is_idle(&self) -> bool {
        self.pending.is_none() && !self.is_writing() && self.commits.is_empty()
    }

    /// Whether the store does not take the data of a request yet.
    fn is_writing(&self) -> bool {
        self.intake.as_ref().is_some_and(Intake::is_unwritten)
    }

    fn may_read(&self) -> bool {
        self.is_listening() && self.has_room_for_answers()
    }

    /// Answers and presence are held back from a peer that does not read.
    fn has_room_for_answers(&self) -> bool {
        self.output.len() + self.answers.len() < OUTPUT_MAX_BYTES
    }

    /// Starts and stops the throughput clocks of both directions.
    fn watch_throughput(&mut self) {
        let now = Instant::now();
        let sends = self.may_read() && self.session.inside_message();
        self.sending.set_due(sends, now);
        self.taking.set_due(self.unflushed || !self.output.is_empty(), now);
    }

    fn now(&self) -> Millis {
        Millis(u64::try_from(self.epoch.elapsed().as_millis()).unwrap_or(u64::MAX))
    }

    /// When [`Self::handle_time`] is due.
    fn deadline(&self) -> Option<Instant> {
        if let Some((_, until)) = &self.ending {
            return Some(*until);
        }
        // While a request is pending the link is not read, so the peer cannot be silent.
        let silence = self.epoch + Duration::from_millis(self.session.deadline().0);
        let silence = self.is_idle().then_some(silence);
        let resend = self.logged_in.as_ref().and_then(|on| on.delivery.resend_at());
        let resend = resend.filter(|_| self.output.is_empty());
        let paces = [self.sending.deadline(), self.taking.deadline(), self.paused_until];
        paces.into_iter().chain([silence, resend]).flatten().min()
    }

    fn handle_time(&mut self) -> Option<End> {
        if let Some((end, _)) = self.ending.take() {
            return Some(end);
        }
        if self.now() >= self.session.deadline() && self.is_idle() {
            return Some(if self.session.is_on() { End::Silence } else { End::LoginTimeout });
        }
        let now = Instant::now();
        if self.sending.is_too_slow(now) {
            return Some(End::SlowSender);
        }
        if self.taking.is_too_slow(now) {
            return Some(End::SlowReader);
        }
        if let Some(on) = &mut self.logged_in
            && on.delivery.resend_at().is_some_and(|at| at <= now)
        {
            on.delivery.resend();
        }
        None
    }

    fn handle_read(&mut self, bytes: &[u8]) {
        self.entry.read(bytes.len());
        self.service.metrics.bytes_in.add(bytes.len() as u64);
        self.session.handle_read(self.now());
        self.sending.moved(bytes.len());
        if self.input_at == self.input.len() {
            self.input.clear();
            self.input_at = 0;
        }
        self.input.extend_from_slice(bytes);
    }

    fn handle_sent(&mut self, bytes: usize) {
        self.entry.written(bytes);
        self.service.metrics.bytes_out.add(bytes as u64);
        self.output.drain(..bytes.min(self.output.len()));
        self.taking.moved(bytes);
        self.unflushed = true;
        if self.output.is_empty() {
            // Idle links hold no buffers.
            self.output = Vec::new();
        }
        self.logged_in.iter_mut().for_each(|on| on.delivery.progress());
    }

    fn handle_answer(&mut self, answer: Answer) {
        if matches!(self.ending, Some((End::Store, _))) {
            return;
        }
        match answer {
            Answer::Ack(id, outcome) => {
                if let (Some(on), Outcome::Posted { .. }) = (&mut self.logged_in, &outcome) {
                    on.has_posted = true;
                }
                self.push_event(&Event::Ack { id, outcome });
            }
            Answer::None => {}
            // Later requests are not answered either.
            Answer::Uncertain => self.end(End::Store),
        }
    }

    fn handle_done(&mut self, done: Done) {
        match done {
            Done::Progress(progress) => {
                // Answers keep the order of the requests.
                if let Some(answer) = self.commits.push(progress) {
                    self.handle_answer(answer);
                }
            }
            Done::Registered(made) => self.handle_registered(made),
            Done::Known(sender) => self.handle_known(sender),
        }
    }

    fn uids_of(&self, members: &[crate::directory::MemberNumber]) -> Vec<Uid> {
        let directory = self.service.directory();
        let members = members.iter().filter_map(|member| directory.member(*member));
        members.map(|member| member.uid.clone()).collect()
    }

    fn handle_mail(&mut self, mail: Mail) {
        if let Some(on) = self.logged_in.as_mut().filter(|_| mail.wake) {
            on.delivery.wake();
        }
        mail.notices.into_iter().for_each(|notice| self.push_presence(notice));
    }

    fn push_presence(&mut self, notice: Notice) {
        for from in self.uids_of(&[notice.from]) {
            self.push_event(&Event::Ohi { from, online: notice.online });
        }
    }

    fn quit(&mut self, quit: Quit) {
        self.push_answer(&quit.message());
        self.end(End::Quit(quit));
    }

    /// Stops reading; pending output is still sent, if the peer reads it soon.
    fn end(&mut self, end: End) {
        if self.ending.is_none() {
            self.ending = Some((end, Instant::now() + DRAIN_TIMEOUT));
        }
    }

    fn push_event(&mut self, event: &Event) {
        match event.pack() {
            Ok(bytes) => self.push_answer(&bytes),
            Err(error) => {
                static TOO_LONG: Throttle = Throttle::new(10);
                warn_limited!(TOO_LONG, %error, "an answer does not fit into a header");
            }
        }
    }

    /// Answers go between messages, never into the middle of one.
    fn push_answer(&mut self, bytes: &[u8]) {
        let between = self.logged_in.as_ref().is_none_or(|on| on.delivery.is_between_messages());
        if between && self.answers.is_empty() {
            self.output.extend_from_slice(bytes);
        } else {
            self.answers.extend_from_slice(bytes);
        }
    }

    /// Puts answers that waited, then messages of the device's queue, into the output. Pending while the
    /// store is asked.
    fn poll_fill(&mut self, context: &mut Context<'_>) -> Poll<Result<(), End>> {
        self.is_store_asked = false;
        let Some(on) = &mut self.logged_in else { return Poll::Ready(Ok(())) };
        if !self.answers.is_empty() && on.delivery.is_between_messages() {
            self.output.append(&mut self.answers);
        }
        if self.ending.is_some() && on.delivery.is_between_messages() {
            return Poll::Ready(Ok(()));
        }
        let filled = on.delivery.poll_fill(&mut self.output, context);
        let (messages, bytes) = on.delivery.in_flight();
        self.entry.set_in_flight(messages, bytes);
        self.is_store_asked = filled.is_pending();
        filled.map_err(|error| {
            static FAILED: Throttle = Throttle::new(10);
            error_limited!(FAILED, error = %chain(&error), "a queue cannot be read");
            End::Store
        })
    }
}

fn timing(limits: &Limits) -> Timing {
    let ms = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    Timing { login_ms: ms(limits.login_timeout), silence_ms: ms(limits.silence_timeout) }
}
