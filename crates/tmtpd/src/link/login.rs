//! Login of a link: by registration, or by a device's secret.

use std::sync::Arc;
use std::time::Duration;

use tmtp::event::Event;
use tmtp::id::{Alias, NodeSecret, Uid};
use tmtp::quit::Quit;
use tokio::time::timeout;

use super::delivery::Delivery;
use super::ready::Done;
use super::{Link, LoggedIn, Stream};
use crate::directory::Sender;
use crate::log::Throttle;
use crate::log::warn_limited;
use crate::request::{Answer, Progress, login, register};

/// Members in the first list of who is online; a header has room for some more.
const ONLINE_MAX: usize = 1_500;
/// How long a login waits for the device's previous link to end: after a quick reconnect the new
/// link may be read before the end of the old one is noticed.
const HANDOVER_TIMEOUT: Duration = Duration::from_secs(1);

impl<S: Stream> Link<S> {
    pub(super) fn register(&mut self, newnode: String, newalias: Option<Alias>) {
        let service = Arc::clone(&self.service);
        let (network, served) = (self.peer.network(), self.peer.served());
        self.pending = Some(Box::pin(async move {
            let _served = served;
            Done::Registered(register::register(&service, network, &newnode, newalias).await)
        }));
    }

    pub(super) fn handle_registered(&mut self, made: Result<(Sender, Event), Quit>) {
        let entered = made.and_then(|(sender, event)| {
            self.service.metrics.registrations.one();
            self.push_event(&event);
            self.enter(&sender)
        });
        if let Err(quit) = entered {
            self.quit(quit);
        }
    }

    pub(super) fn log_in(&mut self, uid: &Uid, node: &NodeSecret) {
        let sender = match login::login(&self.service, uid, node) {
            Ok(sender) => sender,
            Err(quit) => return self.quit(quit),
        };
        let (roster, served) = (Arc::clone(&self.service.roster), self.peer.served());
        self.pending = Some(Box::pin(async move {
            let _served = served;
            // If the old link is still there, `enter` refuses the login.
            let _ = timeout(HANDOVER_TIMEOUT, roster.vacated(sender.device)).await;
            Done::Known(sender)
        }));
    }

    pub(super) fn handle_known(&mut self, sender: Sender) {
        match self.enter(&sender) {
            Ok(()) => self.notify_devices(sender),
            Err(quit) => self.quit(quit),
        }
    }

    /// Marks the device online.
    fn enter(&mut self, sender: &Sender) -> Result<(), Quit> {
        let roster_entry =
            self.service.roster.enter(sender.member, sender.device).ok_or(Quit::NodeConnected)?;
        self.session.authenticated();
        self.peer.logged_in();
        self.entry.set_owner(sender.member, sender.device);
        self.service.metrics.logins.one();
        let uids = self.uids_of(&roster_entry.online_now);
        let (first, later) = uids.split_at(uids.len().min(ONLINE_MAX));
        self.push_event(&Event::LoginOk { ohi: first.to_vec() });
        for uid in later {
            self.push_event(&Event::Ohi { from: uid.clone(), online: true });
        }
        let store = self.service.store.clone();
        let metrics = Arc::clone(&self.service.metrics);
        let delivery = Delivery::new(store, sender.device, &self.service.limits(), metrics);
        self.logged_in =
            Some(LoggedIn { sender: sender.clone(), roster_entry, delivery, has_posted: false });
        Ok(())
    }

    fn notify_devices(&mut self, sender: Sender) {
        let service = Arc::clone(&self.service);
        self.pending = Some(Box::pin(async move {
            if let Err(refusal) = login::notify_devices(&service, &sender).await {
                static FAILED: Throttle = Throttle::new(10);
                warn_limited!(FAILED, why = %refusal, "a login could not be told to the member's devices");
            }
            Done::Progress(Progress::Answered(Answer::None))
        }));
    }
}
