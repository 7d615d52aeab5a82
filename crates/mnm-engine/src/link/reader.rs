//! Reading half of a link: bytes to the session, messages to the inbox, acks and answers to the
//! writer.

use std::sync::Arc;
use std::time::Duration;

use tmtp::event::Event;
use tmtp::session::app::{AppSession, Output};
use tokio::io::{AsyncRead, AsyncReadExt as _};

use crate::inbox::Inbox;
use crate::link::outgoing::Outgoing;
use crate::link::{Clock, Ended, READ_BYTES};
use crate::store::Store;
use crate::store::arriving::ArrivingGuard;
use crate::time;
use crate::view::AccountId;

/// How often free disk space is checked while a message waits for it.
const ROOM_TIME: Duration = Duration::from_secs(3);

/// The reader of one link.
pub(crate) struct LinkReader<R> {
    pub(crate) stream: R,
    pub(crate) session: AppSession,
    pub(crate) clock: Clock,
    pub(crate) store: Store,
    pub(crate) account: AccountId,
    pub(crate) inbox: Inbox,
    pub(crate) outgoing: Arc<Outgoing>,
    /// The message being received.
    pub(crate) arrival: Option<ArrivingGuard>,
}

impl<R: AsyncRead + Unpin> LinkReader<R> {
    /// Reads until the link ends. `early` came with the login's answer.
    pub(crate) async fn run(mut self, early: Vec<u8>) -> Ended {
        match self.read_on(early).await {
            Ok(()) => Ended::Closed,
            Err(ended) => ended,
        }
    }

    async fn read_on(&mut self, early: Vec<u8>) -> Result<(), Ended> {
        self.take(&early).await?;
        let mut buffer = vec![0; READ_BYTES];
        let mut look_at = time::now();
        loop {
            let pulse = self.clock.until(self.session.deadline());
            tokio::select! {
                biased;
                // Timers first, so that they fire even while a long message arrives without a
                // pause.
                // The next link delivers what waits.
                () = time::sleep_until(look_at), if self.inbox.holds() => {
                    if self.inbox.has_room_again().await? {
                        return Err(Ended::Room);
                    }
                    look_at = time::now() + ROOM_TIME;
                }
                () = time::sleep(pulse) => {
                    self.session.handle_timeout(self.clock.now())?;
                    self.outgoing.session(&self.session.take_output());
                }
                read = self.stream.read(&mut buffer) => match read? {
                    0 => return Ok(()),
                    count => self.take(buffer.get(..count).unwrap_or_default()).await?,
                },
            }
        }
    }

    async fn take(&mut self, mut input: &[u8]) -> Result<(), Ended> {
        while let Some(output) = self.session.handle_input(&mut input)? {
            match output {
                Output::Event(Event::Message(message), data) => {
                    let id = message.id;
                    if self.inbox.message(*message, data).await? {
                        self.outgoing.ack(id);
                    }
                }
                Output::Event(event, _) => self.event(event).await?,
                // Only while logging in.
                Output::Greeted(_) => {}
                Output::Begin(message) => {
                    self.arrival = Some(self.store.arriving().begin());
                    self.inbox.begin(*message).await?;
                }
                Output::Data { bytes, last } => {
                    if let Some(message) = self.inbox.data(bytes, last).await? {
                        self.outgoing.ack(message.id);
                    }
                    if last {
                        self.arrival = None;
                    }
                }
            }
        }
        Ok(())
    }

    async fn event(&mut self, event: Event) -> Result<(), Ended> {
        match event {
            Event::Ack { id, outcome } => self.outgoing.answer(&id, outcome),
            Event::Ohi { from, online } => {
                let account = self.account;
                self.store
                    .note(move |vault| {
                        Ok(vault.set_online(account, &from, online)?.into_iter().collect())
                    })
                    .await?;
            }
            Event::Quit { error } => return Err(Ended::Quit(error)),
            // Handled by the caller.
            Event::Message(_)
            // Answers to what is only sent while logging in.
            | Event::TmtpRev { .. }
            | Event::Registered { .. }
            | Event::LoginOk { .. }
            // Unknown in revision 1.
            | Event::Unknown { .. } => {}
        }
        Ok(())
    }
}
