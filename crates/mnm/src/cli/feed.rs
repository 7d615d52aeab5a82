//! Feed: what comes and goes while a command goes on, until it is told to end.
//!
//! Flow: the engine's events go through the [`Tracker`], which lets through what is news; the commands
//! `watch` and `chat` make a [`Report`] of it, which is one line.

mod report;
mod tracker;

use std::future::Future;
use std::pin::Pin;

use mnm_engine::command::Command as EngineCommand;
use mnm_engine::view::{AccountId, Message};
use tokio_util::sync::CancellationToken;

use super::Context;
pub(super) use report::{End, Letter, Report, What};
pub(super) use tracker::News;
use tracker::Tracker;

use crate::exit::{Exit, Failure};
use crate::print::{Answer, output_closed, warn};
use crate::session::{Events, Session, ask};

/// The running feed.
pub(super) struct Feed {
    tracker: Tracker,
    events: Events,
    stop: CancellationToken,
    unread: Pin<Box<dyn Future<Output = ()>>>,
    /// Only of this account.
    only: Option<AccountId>,
}

/// What comes next.
#[derive(Debug)]
pub(super) enum Next {
    News(Box<News>),
    End(End),
}

impl Feed {
    /// From here on nothing is missed, and signals end the feed instead of the process.
    pub(super) async fn open(context: &Context, session: &Session) -> Result<Self, Failure> {
        let stop = session.stop()?;
        if let Some(notice) = session.notice() {
            warn(notice);
        }
        let events = session.events().await?;
        let watermark = ask!(session, EngineCommand::Watermark, Watermark);
        let accounts = context.accounts(session).await?;
        let only = context.chosen(session).await?;
        let tracker = Tracker::new(watermark, accounts);
        Ok(Self { tracker, events, stop, unread: Box::pin(output_closed()), only })
    }

    /// The state of the links at the beginning.
    pub(super) fn links(&self) -> Vec<News> {
        self.tracker.links().into_iter().filter(|news| self.is_wanted(news)).collect()
    }

    /// Label of an account's service.
    pub(super) fn service(&self, account: AccountId) -> String {
        self.tracker.service(account)
    }

    /// The next piece of news, or the end. May be dropped and asked again.
    pub(super) async fn next(&mut self) -> Next {
        loop {
            let event = tokio::select! {
                biased;
                () = self.stop.cancelled() => return Next::End(End::Stopped),
                () = &mut self.unread => return Next::End(End::Unread),
                event = self.events.next() => event,
            };
            let Some(event) = event else { return Next::End(End::AppEnded) };
            if let Some(news) = self.tracker.take(event)
                && self.is_wanted(&news)
            {
                return Next::News(Box::new(news));
            }
        }
    }

    fn is_wanted(&self, news: &News) -> bool {
        self.only.is_none() || news.account().is_none_or(|account| Some(account) == self.only)
    }
}

/// The subject of a letter: its own, or else that of its thread.
pub(super) async fn subject(session: &Session, message: &Message) -> String {
    if !message.subject.is_empty() {
        return message.subject.clone();
    }
    let thread = message.thread;
    let look = async {
        let look = EngineCommand::Thread { thread, at: None, limit: Some(1) };
        Ok::<_, Failure>(ask!(session, look, Thread).row.subject)
    };
    // It may be gone meanwhile; if the app is, that is told next.
    look.await.unwrap_or_default()
}

/// What a command that went on answers in the end.
pub(super) fn ended(context: &Context, end: End) -> Answer {
    let (exit, told) = match end {
        End::Stopped | End::Unread | End::Quit => (Exit::Ok, None),
        End::AppEnded => (Exit::AppEnded, Some(APP_ENDED)),
    };
    if let Some(told) = told.filter(|_| !context.json) {
        warn(told);
    }
    let what = What::End { reason: end, message: told.map(str::to_owned) };
    Answer::new(&Report::now(what), String::new()).with_exit(exit)
}

const APP_ENDED: &str = "The running app has ended, and so did the connection to it. Nothing is lost: what \
     comes meanwhile is in the inbox. Start the app, or run this command again.";
