//! Notices of what comes: gathers arrivals for a moment, and has [`crate::notice`] decide.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc;

use crate::engine::Engine;
use crate::error::Error;
use crate::event::Event;
use crate::notice::decide;
use crate::task;
use crate::time::{self, Instant, timeout_at};
use crate::view::{MessageRowId, MessageState, Notice, NoticeChange, NoticeSettings, PingId};

/// How long further arrivals are awaited. An open page marks what it shows as seen meanwhile.
const GATHER_TIME: Duration = Duration::from_secs(1);
/// Arrivals that are looked at; of a flood the first ones.
const GATHERED_MAX: usize = 500;
/// Notices that may wait for whoever shows them.
const WAITING_MAX: usize = 16;

/// Messages and pings that no notice was made for yet.
struct Gathered {
    /// The newest message and ping that were gathered, or there at the start.
    newest: (MessageRowId, PingId),
    messages: BTreeSet<MessageRowId>,
    pings: BTreeSet<PingId>,
    due: Option<Instant>,
}

impl Gathered {
    /// Takes in an event. Each message and ping is taken once, however often it changes.
    fn take(&mut self, event: &Event) {
        let full = self.messages.len() + self.pings.len() >= GATHERED_MAX;
        match event {
            Event::Message { message }
                if message.id > self.newest.0 && message.state == MessageState::Received =>
            {
                self.newest.0 = message.id;
                if !full {
                    self.messages.insert(message.id);
                }
            }
            Event::Ping { ping } if ping.id > self.newest.1 && ping.incoming => {
                self.newest.1 = ping.id;
                if !full {
                    self.pings.insert(ping.id);
                }
            }
            Event::Message { .. }
            | Event::Ping { .. }
            | Event::Account { .. }
            | Event::AccountGone { .. }
            | Event::Thread { .. }
            | Event::MessageGone { .. }
            | Event::ThreadGone { .. }
            | Event::Progress { .. }
            | Event::Contact { .. }
            | Event::ContactGone { .. }
            | Event::Group { .. }
            | Event::Draft { .. }
            | Event::DraftGone { .. }
            | Event::Lagged => return,
        }
        self.due.get_or_insert_with(|| time::now() + GATHER_TIME);
    }
}

impl Engine {
    /// Notices of what comes from now on, for whoever shows them. They end with the engine.
    ///
    /// # Errors
    /// The store fails.
    pub async fn notices(&self) -> Result<mpsc::Receiver<Notice>, Error> {
        let mut events = self.events();
        let newest = self.store().read(|vault| vault.newest()).await?;
        let (sender, notices) = mpsc::channel(WAITING_MAX);
        let shared = Arc::downgrade(&self.shared);
        let mut gathered =
            Gathered { newest, messages: BTreeSet::new(), pings: BTreeSet::new(), due: None };
        task::spawn(async move {
            loop {
                let event = match gathered.due {
                    None => events.recv().await,
                    Some(due) => match timeout_at(due, events.recv()).await {
                        Ok(event) => event,
                        Err(_) => {
                            let Some(shared) = shared.upgrade() else { return };
                            Self { shared }.notify(&mut gathered, &sender).await;
                            continue;
                        }
                    },
                };
                match event {
                    Ok(event) => gathered.take(&event),
                    // Those that were missed are shown as unread all the same.
                    Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return,
                }
                if sender.is_closed() {
                    return;
                }
            }
        });
        Ok(notices)
    }

    /// What the member has chosen for notices, after a change of it if there is one.
    pub(super) async fn notice_settings(
        &self,
        change: Option<NoticeChange>,
    ) -> Result<NoticeSettings, Error> {
        let settings = self.store().read(move |vault| match change {
            None => vault.notice_settings(),
            Some(change) => vault.set_notices(&change),
        });
        settings.await
    }

    async fn notify(&self, gathered: &mut Gathered, sender: &mpsc::Sender<Notice>) {
        gathered.due = None;
        let messages: Vec<_> = std::mem::take(&mut gathered.messages).into_iter().collect();
        let pings: Vec<_> = std::mem::take(&mut gathered.pings).into_iter().collect();
        let read = self
            .store()
            .read(move |vault| Ok((vault.arrivals(&messages, &pings)?, vault.notice_settings()?)));
        match read.await {
            Ok((arrivals, settings)) => {
                let minute = self.store().platform().minute_of_day();
                for notice in decide(&arrivals, &settings, minute) {
                    // The receiver is stuck, so the notice is dropped; its message is shown as unread anyway.
                    let _ = sender.try_send(notice);
                }
            }
            Err(error) => tracing::warn!(%error, "notices of new messages can't be made"),
        }
    }
}
