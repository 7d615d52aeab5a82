//! Writing half of a link: acks and pulses first, then one request at a time.
//!
//! One request is in flight until its answer arrives, which keeps the order of the outbox. Acks and
//! pulses go between requests, never inside a body, whose bytes keep the link alive by themselves.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tmtp::event::Outcome;
use tmtp::id::{RequestId, Uid};
use tmtp::quit::Quit;
use tmtp::request::Request;
use tokio::io::AsyncWrite;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::error::{Error, ErrorCode};
use crate::link::outgoing::Outgoing;
use crate::link::{Ended, FAREWELL_TIME, flush, write_all};
use crate::outbox::{OutgoingFrame, Settled, frame, settle};
use crate::platform::Platform;
use crate::presence::Announced;
use crate::store::Store;
use crate::time::{self, Instant};
use crate::vault::{Change, OutboxAction, OutboxItem};
use crate::view::{AccountId, Attachment};

/// Bytes of a file read from the store at a time.
const CHUNK_BYTES: usize = 256 * 1024;
/// How long a service may take to answer a request. It starts when the system has taken all of it,
/// some of which a slow line has yet to carry.
const ANSWER_TIME: Duration = Duration::from_secs(300);
/// Least time between two progress events.
const PROGRESS_TIME: Duration = Duration::from_millis(100);

/// A command's request whose answer is awaited.
#[derive(Debug)]
pub(crate) struct Ask {
    /// The request; it carries no data.
    pub(crate) request: Request,
    /// Channel for the answer.
    pub(crate) give: oneshot::Sender<Outcome>,
    /// Set before it is sent: from then on the service may have executed it.
    pub(crate) sent: Arc<AtomicBool>,
}

/// Signals and requests for an account's link, connected or not.
#[derive(Debug)]
pub(crate) struct Orders {
    /// Something was queued.
    pub(crate) wake: Arc<Notify>,
    /// Requests of commands.
    pub(crate) asks: mpsc::Receiver<Ask>,
    /// End the link.
    pub(crate) stop: CancellationToken,
    /// Requests taken from `asks` before there was a link.
    pub(crate) early: VecDeque<Ask>,
}

/// The request in flight.
enum InFlight {
    Item(Box<OutboxItem>),
    Ask(oneshot::Sender<Outcome>),
    /// No caller waits for it.
    Quiet,
}

/// The writer of one link.
pub(crate) struct LinkWriter<'a, W> {
    pub(crate) stream: W,
    pub(crate) store: Store,
    pub(crate) account: AccountId,
    /// The member's own id.
    pub(crate) uid: Uid,
    pub(crate) outgoing: Arc<Outgoing>,
    pub(crate) orders: &'a mut Orders,
    pub(crate) announced: Announced,
    in_flight: Option<InFlight>,
    /// The vault was asked for the next item, which counts as in flight from then on.
    taking: bool,
    /// Deadline for the answer to the request in flight.
    due: Instant,
}

impl<'a, W: AsyncWrite + Unpin> LinkWriter<'a, W> {
    pub(crate) fn new(
        stream: W,
        store: Store,
        account: AccountId,
        uid: Uid,
        outgoing: Arc<Outgoing>,
        orders: &'a mut Orders,
    ) -> Self {
        Self {
            stream,
            store,
            account,
            uid,
            outgoing,
            orders,
            announced: Announced::default(),
            in_flight: None,
            taking: false,
            due: time::now(),
        }
    }

    /// Writes until the link ends.
    pub(crate) async fn run(&mut self) -> Ended {
        match self.write_on().await {
            Ok(()) => Ended::Stopped,
            Err(ended) => ended,
        }
    }

    /// The link is gone: what was in flight is queued again, unless the service ended the link
    /// because of it. Then it would end every later link too, and block everything behind it.
    pub(crate) async fn interrupted(self, ended: &Ended) {
        let (account, taking) = (self.account, self.taking);
        if let (Some(InFlight::Item(item)), Ended::Quit(reason)) = (&self.in_flight, ended)
            && blames_the_request(reason)
        {
            let refused = Outcome::Refused { error: reason.clone(), of: Vec::new() };
            let noted =
                self.settled(item, settle(&item.action, &refused, self.store.now_ms())).await;
            if let Err(error) = noted {
                tracing::warn!(account, %error, "a refusal was not noted");
            }
            return;
        }
        let item = match self.in_flight {
            Some(InFlight::Item(item)) => Some(item.id),
            Some(InFlight::Ask(_) | InFlight::Quiet) | None => None,
        };
        let now_ms = self.store.now_ms();
        let noted = self.store.write(move |vault| {
            let next = if taking { vault.next_outbox(account, now_ms)? } else { None };
            let taken = next.map(|item| item.id);
            match item.or(taken) {
                Some(id) => vault.outbox_interrupted(id),
                None => Ok(Change { value: (), events: Vec::new() }),
            }
        });
        match noted.await {
            // It was completed at the same moment.
            Err(error) if error.code == ErrorCode::NotFound => {}
            Err(error) => tracing::warn!(account, %error, "an interruption was not noted"),
            Ok(()) => {}
        }
    }

    async fn write_on(&mut self) -> Result<(), Ended> {
        loop {
            self.send_small().await?;
            self.announce().await?;
            if let Some(outcome) = self.outgoing.take_answer() {
                self.answered(outcome).await?;
            }
            if self.in_flight.is_none() && self.send_next().await? {
                continue;
            }
            tokio::select! {
                biased;
                () = self.orders.stop.cancelled() => return self.farewell().await,
                () = time::sleep_until(self.due), if self.in_flight.is_some() => {
                    return Err(Ended::Silent);
                }
                Some(ask) = self.orders.asks.recv() => self.orders.early.push_back(ask),
                () = self.orders.wake.notified() => {}
                () = self.outgoing.rung() => {}
            }
        }
    }

    /// Sends the service the changes of whom presence is shown to.
    async fn announce(&mut self) -> Result<(), Ended> {
        let account = self.account;
        let (version, count) =
            self.store.read(move |vault| vault.presence_version(account)).await?;
        if self.announced.knows(version, count) {
            return Ok(());
        }
        let chosen = self.store.read(move |vault| vault.presence_shown_to(account)).await?;
        let id = || request_id(self.store.platform());
        for request in self.announced.requests(version, chosen, id) {
            self.outgoing.request(request);
        }
        Ok(())
    }

    async fn send_small(&mut self) -> Result<(), Ended> {
        let (acks, mut bytes) = self.outgoing.take_small();
        for id in acks {
            let ack = Request::Ack { id: Some(id), kind: "stored".into() };
            bytes.extend(ack.pack().unwrap_or_default());
        }
        if bytes.is_empty() {
            return Ok(());
        }
        write_all(&mut self.stream, &bytes).await?;
        flush(&mut self.stream).await
    }

    /// Sends the next request, if there is one: those of commands, then the link's own, then the
    /// outbox.
    async fn send_next(&mut self) -> Result<bool, Ended> {
        // Skip a request whose caller has timed out: the member was told that it may not have been
        // done.
        while let Some(ask) = self.orders.early.pop_front() {
            // Set first: a caller that times out now knows that it may have been done.
            ask.sent.store(true, Ordering::SeqCst);
            if ask.give.is_closed() {
                continue;
            }
            self.send(&ask.request, InFlight::Ask(ask.give)).await?;
            return Ok(true);
        }
        if let Some(request) = self.outgoing.take_request() {
            self.send(&request, InFlight::Quiet).await?;
            return Ok(true);
        }
        let (account, now_ms) = (self.account, self.store.now_ms());
        self.taking = true;
        match self.store.read(move |vault| vault.next_outbox(account, now_ms)).await? {
            Some(item) => self.send_item(item).await.map(|()| true),
            None => {
                self.taking = false;
                Ok(false)
            }
        }
    }

    async fn send(&mut self, request: &Request, waiting: InFlight) -> Result<(), Ended> {
        let Ok(head) = request.pack() else {
            tracing::warn!(request = request.name(), "a request does not fit a header");
            return Ok(());
        };
        self.outgoing.expect(request.id());
        self.in_flight = Some(waiting);
        write_all(&mut self.stream, &head).await?;
        flush(&mut self.stream).await?;
        self.due = time::now() + ANSWER_TIME;
        Ok(())
    }

    async fn send_item(&mut self, item: OutboxItem) -> Result<(), Ended> {
        if let OutboxAction::Post(post) = &item.action
            && let Some(why) = &post.unreachable
        {
            self.settled(&item, Settled::Failed(why.clone())).await?;
            self.taking = false;
            return Ok(());
        }
        let frame = frame(&item, &self.uid);
        if let Some(why) = frame.why_not_readable() {
            self.settled(&item, Settled::Failed(why.into())).await?;
            self.taking = false;
            return Ok(());
        }
        let Ok(mut bytes) = frame.request.pack() else {
            let why = "The letter names more recipients than the service can take at once. Send it to fewer, or to a group.";
            self.settled(&item, Settled::Failed(why.into())).await?;
            self.taking = false;
            return Ok(());
        };
        self.outgoing.expect(frame.request.id());
        self.in_flight = Some(InFlight::Item(Box::new(item)));
        self.taking = false;
        bytes.extend_from_slice(&frame.front);
        write_all(&mut self.stream, &bytes).await?;
        self.send_copy(&frame).await?;
        self.send_files(&frame).await?;
        flush(&mut self.stream).await?;
        self.due = time::now() + ANSWER_TIME;
        Ok(())
    }

    async fn send_copy(&mut self, frame: &OutgoingFrame) -> Result<(), Ended> {
        let Some((row, size)) = frame.copy else { return Ok(()) };
        let mut offset = 0;
        while offset < size {
            if self.orders.stop.is_cancelled() {
                return Err(Ended::Stopped);
            }
            let max =
                usize::try_from(size - offset).map_or(CHUNK_BYTES, |left| left.min(CHUNK_BYTES));
            let bytes = self.store.read(move |vault| vault.read_copy(row, offset, max)).await?;
            if bytes.is_empty() {
                return Err(damaged_file().into());
            }
            write_all(&mut self.stream, &bytes).await?;
            offset += bytes.len() as u64;
        }
        Ok(())
    }

    async fn send_files(&mut self, frame: &OutgoingFrame) -> Result<(), Ended> {
        let mut sent = (frame.front.len() as u64).saturating_sub(frame.head_bytes);
        let mut reported = time::now();
        for file in &frame.files {
            let mut offset = 0;
            while offset < file.size {
                if self.orders.stop.is_cancelled() {
                    return Err(Ended::Stopped);
                }
                let bytes = self.read_file(file, offset).await?;
                write_all(&mut self.stream, &bytes).await?;
                offset += bytes.len() as u64;
                sent += bytes.len() as u64;
                if time::now() - reported >= PROGRESS_TIME {
                    reported = time::now();
                    self.report_progress(frame, sent).await?;
                }
            }
        }
        Ok(())
    }

    async fn read_file(&self, file: &Attachment, offset: u64) -> Result<Vec<u8>, Ended> {
        let left = usize::try_from(file.size - offset).unwrap_or(usize::MAX);
        let (id, max) = (file.id, left.min(CHUNK_BYTES));
        let bytes = self.store.read(move |vault| vault.read_blob(id, offset, max)).await?;
        if bytes.is_empty() {
            // Fewer bytes than announced would shift everything that follows.
            return Err(damaged_file().into());
        }
        Ok(bytes)
    }

    async fn report_progress(&self, frame: &OutgoingFrame, sent: u64) -> Result<(), Ended> {
        let Some(message) = frame.message else { return Ok(()) };
        let note = self
            .store
            .note(move |vault| Ok(vault.set_progress(message, sent)?.into_iter().collect()));
        Ok(note.await?)
    }

    async fn answered(&mut self, outcome: Outcome) -> Result<(), Ended> {
        if let Some(InFlight::Item(item)) = &self.in_flight {
            // In flight until this is stored: see `interrupted`.
            self.settled(item, settle(&item.action, &outcome, self.store.now_ms())).await?;
        }
        match (self.in_flight.take(), outcome) {
            (Some(InFlight::Ask(give)), outcome) => {
                // The caller may have timed out.
                let _ = give.send(outcome);
            }
            (Some(InFlight::Quiet), Outcome::Refused { .. }) => {
                tracing::debug!(account = self.account, "the service refused a quiet request");
            }
            (Some(InFlight::Quiet), Outcome::Done | Outcome::Posted { .. })
            | (Some(InFlight::Item(_)) | None, _) => {}
        }
        Ok(())
    }

    async fn settled(&self, item: &OutboxItem, settled: Settled) -> Result<(), Ended> {
        let (id, now_ms) = (item.id, self.store.now_ms());
        self.store
            .write(move |vault| match &settled {
                Settled::Sent(acked) => vault.outbox_sent(id, acked.as_ref()),
                Settled::Failed(error) => vault.outbox_failed(id, error),
                Settled::Alone { groups, error } => vault.outbox_alone(id, groups, error),
                Settled::LeftOut { uids, reason, error } => {
                    vault.outbox_left_out(id, uids, reason, error, now_ms)
                }
            })
            .await?;
        Ok(())
    }

    /// Logs out. The reader gets the service's reason, which ends the link. While an item is in
    /// flight nothing is sent: Quit would tell the service that the answer was read.
    async fn farewell(&mut self) -> Result<(), Ended> {
        if matches!(self.in_flight, Some(InFlight::Item(_))) {
            return Ok(());
        }
        self.send_small().await?;
        write_all(&mut self.stream, &Request::Quit.pack().unwrap_or_default()).await?;
        flush(&mut self.stream).await?;
        time::sleep(FAREWELL_TIME).await;
        Ok(())
    }
}

/// Whether a service ends a link for this reason whenever it gets the same request.
fn blames_the_request(reason: &str) -> bool {
    match Quit::from_reason(reason) {
        Some(
            Quit::InvalidHeader
            | Quit::DataTooLong
            | Quit::DataTooShort
            | Quit::DataNotUtf8
            | Quit::ForEmpty,
        ) => true,
        Some(
            Quit::InvalidHeaderLength
            | Quit::CorruptBase32
            | Quit::Repetition
            | Quit::Unauthenticated
            | Quit::AlreadyConnected
            | Quit::TmtpRevOmitted
            | Quit::AuthenticationRequired
            | Quit::RegisterFailure
            | Quit::LoginFailed
            | Quit::NodeConnected
            | Quit::Logout,
        )
        | None => false,
    }
}

/// A fresh id for a request that is not stored. It is not secret.
pub(crate) fn request_id(platform: &dyn Platform) -> RequestId {
    let mut bytes = [0; 8];
    // Without random numbers ids repeat, and only one is in flight at a time anyway.
    let _ = platform.random(&mut bytes);
    data_encoding::HEXLOWER.encode(&bytes).into()
}

fn damaged_file() -> Error {
    Error::new(
        ErrorCode::Store,
        "An attachment in the outbox is shorter than it should be, so the store may be damaged. Take the letter out of the outbox and attach the file again.",
    )
}
