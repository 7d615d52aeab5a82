//! Tracker: which of the engine's events are news.
//!
//! An event says that something has a new state, also where a member has merely read it. News is what
//! was not here before, and each step of what the member sends, once.

use std::collections::{BTreeMap, BTreeSet};

use mnm_engine::event::Event;
use mnm_engine::view::{
    Account, AccountId, Link, Message, MessageRowId, MessageState, Ping, PingId, PingState,
    Watermark,
};

/// Something that has happened.
#[derive(Debug)]
pub(in crate::cli) enum News {
    /// A letter arrived.
    Arrived(Message),
    /// A letter of the member waits in the outbox.
    Queued(Message),
    /// The service has a letter of the member, from whichever device.
    Sent(Message),
    /// The service has refused a letter of the member.
    Failed(Message, String),
    /// A ping or an invitation waits for an answer.
    Pinged(Ping),
    /// A ping or an invitation of the member was accepted.
    Accepted(Ping),
    /// The service has refused a ping or an invitation of the member.
    PingFailed(Ping, String),
    /// An account is connected, or not any more; without a link it was removed.
    Link(AccountId, Option<Link>),
    /// Some news was missed.
    Missed,
}

impl News {
    /// The account that it is about; none if about all.
    pub(in crate::cli) fn account(&self) -> Option<AccountId> {
        match self {
            Self::Arrived(message)
            | Self::Queued(message)
            | Self::Sent(message)
            | Self::Failed(message, _) => Some(message.account),
            Self::Pinged(ping) | Self::Accepted(ping) | Self::PingFailed(ping, _) => {
                Some(ping.account)
            }
            Self::Link(account, _) => Some(*account),
            Self::Missed => None,
        }
    }
}

/// How far a letter of the member has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Queued,
    Failed,
}

/// What is known so far.
#[derive(Debug)]
pub(super) struct Tracker {
    newest_message: MessageRowId,
    newest_ping: PingId,
    /// Letters of the member that no service has.
    outgoing: BTreeMap<MessageRowId, Step>,
    /// Pings of the member that no service has.
    outgoing_pings: BTreeSet<PingId>,
    accounts: BTreeMap<AccountId, Account>,
}

impl Tracker {
    pub(super) fn new(watermark: Watermark, accounts: Vec<Account>) -> Self {
        let queued = watermark.queued.into_iter().map(|message| (message, Step::Queued));
        Self {
            newest_message: watermark.message,
            newest_ping: watermark.ping,
            outgoing: queued.collect(),
            outgoing_pings: BTreeSet::new(),
            accounts: accounts.into_iter().map(|account| (account.id, account)).collect(),
        }
    }

    /// The links as they are known.
    pub(super) fn links(&self) -> Vec<News> {
        let accounts = self.accounts.values();
        accounts.map(|account| News::Link(account.id, Some(account.link.clone()))).collect()
    }

    /// Label of an account's service.
    pub(super) fn service(&self, account: AccountId) -> String {
        self.accounts.get(&account).map(|account| account.service.clone()).unwrap_or_default()
    }

    /// The news in an event, if it is any.
    pub(super) fn take(&mut self, event: Event) -> Option<News> {
        match event {
            Event::Message { message } => self.take_message(message),
            Event::Ping { ping } => self.take_ping(ping),
            Event::Account { account } => self.take_account(account),
            Event::AccountGone { account } => Some(News::Link(account, None)),
            Event::MessageGone { message, .. } => {
                self.outgoing.remove(&message);
                None
            }
            Event::Lagged => Some(News::Missed),
            Event::Thread { .. }
            | Event::ThreadGone { .. }
            | Event::Progress { .. }
            | Event::Contact { .. }
            | Event::ContactGone { .. }
            | Event::Group { .. }
            | Event::Draft { .. }
            | Event::DraftGone { .. } => None,
        }
    }

    fn take_message(&mut self, message: Message) -> Option<News> {
        let is_new = message.id > self.newest_message;
        self.newest_message = self.newest_message.max(message.id);
        match &message.state {
            MessageState::Received => is_new.then_some(News::Arrived(message)),
            MessageState::Queued | MessageState::Held { .. } | MessageState::Sending { .. } => {
                let before = self.outgoing.insert(message.id, Step::Queued);
                (before != Some(Step::Queued)).then_some(News::Queued(message))
            }
            MessageState::Sent => {
                let was_queued = self.outgoing.remove(&message.id).is_some();
                (was_queued || is_new).then_some(News::Sent(message))
            }
            MessageState::Failed { error } => {
                let error = error.clone();
                let before = self.outgoing.insert(message.id, Step::Failed);
                (before != Some(Step::Failed)).then_some(News::Failed(message, error))
            }
        }
    }

    fn take_ping(&mut self, ping: Ping) -> Option<News> {
        let is_new = ping.id > self.newest_ping;
        self.newest_ping = self.newest_ping.max(ping.id);
        match (&ping.state, ping.incoming) {
            (PingState::Waiting, true) => is_new.then_some(News::Pinged(ping)),
            (PingState::Queued, false) => {
                self.outgoing_pings.insert(ping.id);
                None
            }
            (PingState::Waiting, false) => {
                self.outgoing_pings.remove(&ping.id);
                None
            }
            // One that goes straight from the outbox to it is the member's own answer.
            (PingState::Accepted, false) => {
                let is_answer = self.outgoing_pings.remove(&ping.id);
                (!is_answer).then_some(News::Accepted(ping))
            }
            (PingState::Failed { error }, false) => {
                self.outgoing_pings.remove(&ping.id);
                let error = error.clone();
                Some(News::PingFailed(ping, error))
            }
            (
                PingState::Accepted
                | PingState::Ignored
                | PingState::Queued
                | PingState::Failed { .. },
                _,
            ) => None,
        }
    }

    fn take_account(&mut self, account: Account) -> Option<News> {
        let (id, link) = (account.id, account.link.clone());
        let before = self.accounts.insert(id, account);
        let same = before.is_some_and(|before| kind(&before.link) == kind(&link));
        (!same).then_some(News::Link(id, Some(link)))
    }
}

/// The state, without when and why.
fn kind(link: &Link) -> std::mem::Discriminant<Link> {
    std::mem::discriminant(link)
}
