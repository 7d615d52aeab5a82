//! `mnm chat`: a thread with one person, live: what they write is shown, each line typed is a letter.
//!
//! Flow: [`partner`] finds the person and the thread; then lines from [`input`] are sent, and news of the
//! [`Feed`] is shown by a [`Screen`], until either ends. What was typed last is waited for.

mod input;
mod partner;
mod screen;

use std::collections::BTreeSet;

use mnm_engine::command::Command as EngineCommand;
use mnm_engine::view::{Link, Message, MessageRowId, MessageState, Thread, ThreadId};
use tokio::time::timeout_at;

use super::feed::{self, End, Feed, Letter, News, Next, Report, What};
use super::letter::{message_text, not_reached};
use super::run::{QUEUED, deadline};
use super::{Context, Wait};
use crate::exit::{Exit, Failure};
use crate::print::{Answer, Look, inline, warn};
use crate::session::{Session, ask};
use input::Line;
use partner::Partner;
use screen::Screen;

/// Messages of a thread per request, the most that are allowed.
const PAGE_ROWS: u32 = 200;

pub(super) async fn chat(
    context: &Context,
    session: &Session,
    person: &str,
    last: u32,
    wait: Wait,
) -> Result<Answer, Failure> {
    if !context.offline {
        session.settle().await?;
    }
    let partner = partner::find(context, session, person).await?;
    let mut feed = Feed::open(context, session).await?;
    let thread = partner::thread_with(session, &partner).await?;
    let (screen, mut lines) = screen::open(context.json)?;
    let mut chat = Chat {
        session,
        json: context.json,
        partner,
        thread,
        screen,
        subject: String::new(),
        shown: 0,
        outgoing: BTreeSet::new(),
        failed: false,
        online: true,
    };
    chat.begin(&feed, last).await?;
    let end = loop {
        tokio::select! {
            next = feed.next() => match next {
                Next::News(news) => chat.take(&feed, *news).await?,
                Next::End(end) => break end,
            },
            line = lines.recv() => match line {
                Some(Line::Text(text)) => chat.send(text).await?,
                Some(Line::Unusable(why)) => chat.note(&format!("Not sent: {why}"))?,
                Some(Line::Failed(failure)) => return Err(failure),
                None => break End::Quit,
            },
        }
    };
    if end == End::Quit {
        chat.finish(&mut feed, wait).await?;
    }
    let Chat { screen, outgoing, failed, .. } = chat;
    drop(screen);
    let answer = feed::ended(context, end);
    Ok(match (failed, outgoing.is_empty()) {
        _ if end == End::AppEnded => answer,
        (true, _) => answer.with_exit(Exit::Failed),
        (false, true) => answer,
        (false, false) => {
            if !context.json {
                warn(QUEUED);
            }
            answer.with_exit(Exit::Queued)
        }
    })
}

struct Chat<'a> {
    session: &'a Session,
    json: bool,
    partner: Partner,
    /// None until the first letter.
    thread: Option<ThreadId>,
    subject: String,
    screen: Screen,
    /// The newest message that is shown.
    shown: MessageRowId,
    /// Lines that the service does not have yet.
    outgoing: BTreeSet<MessageRowId>,
    /// Whether a line was refused.
    failed: bool,
    online: bool,
}

impl Chat<'_> {
    /// Shows whom the member writes to, and the last messages.
    async fn begin(&mut self, feed: &Feed, last: u32) -> Result<(), Failure> {
        let page = match self.thread {
            Some(thread) => Some(self.page(thread, last.max(1)).await?),
            None => None,
        };
        if self.json {
            let (with, with_uid) = (self.partner.alias.clone(), self.partner.uid.clone());
            let what = What::Chat { thread: self.thread, with, with_uid };
            let report =
                Report::now(what).of(self.partner.account, feed.service(self.partner.account));
            self.screen.show(&report.document())?;
        } else {
            let place = match (&page, self.thread) {
                (Some(page), Some(thread)) if page.row.subject.is_empty() => {
                    format!("thread {thread}")
                }
                (Some(page), Some(thread)) => {
                    format!("thread {thread}: {}", inline(&page.row.subject))
                }
                (None, _) | (_, None) => "your first line begins a thread".to_owned(),
            };
            let (with, service) = (inline(&self.partner.alias), feed.service(self.partner.account));
            let head = format!("{with} on {}, {place}. Ctrl-D or /quit ends.", inline(&service));
            let look = Look::here();
            self.screen.show(&look.dim(look.line(0, &head)))?;
        }
        if let Some(page) = page {
            self.subject = page.row.subject;
            self.shown = page.messages.last().map_or(0, |message| message.id);
            let skipped = page.messages.len().saturating_sub(last as usize);
            self.show_all(feed, &page.messages[skipped..]).await?;
        }
        for news in feed.links() {
            self.take(feed, news).await?;
        }
        Ok(())
    }

    async fn page(&self, thread: ThreadId, limit: u32) -> Result<Thread, Failure> {
        let page = EngineCommand::Thread { thread, at: None, limit: Some(limit) };
        let session = self.session;
        Ok(ask!(session, page, Thread))
    }

    /// Handles a piece of news.
    async fn take(&mut self, feed: &Feed, news: News) -> Result<(), Failure> {
        match news {
            News::Arrived(message) if message.account == self.partner.account => {
                self.arrived(feed, message).await
            }
            News::Sent(message) if Some(message.thread) == self.thread => {
                let is_typed_here = self.outgoing.remove(&message.id);
                self.shown = self.shown.max(message.id);
                // On a terminal it stands where it was typed.
                if !is_typed_here || self.json || self.screen.is_plain() {
                    return self.show(feed, &message);
                }
                match not_reached(&message).as_slice() {
                    [] => Ok(()),
                    missed => self.note(&missed.join("; ")),
                }
            }
            News::Failed(message, error) if Some(message.thread) == self.thread => {
                self.failed |= self.outgoing.remove(&message.id);
                match self.json {
                    true => self.show(feed, &message),
                    false => self.note(&format!("Not sent: {}", inline(&error))),
                }
            }
            News::Queued(message) if Some(message.thread) == self.thread && self.json => {
                self.show(feed, &message)
            }
            News::Link(account, link) if account == self.partner.account => self.linked(feed, link),
            News::Missed => self.catch_up(feed).await,
            News::Arrived(_)
            | News::Sent(_)
            | News::Failed(..)
            | News::Queued(_)
            | News::Link(..)
            | News::Pinged(_)
            | News::Accepted(_)
            | News::PingFailed(..) => Ok(()),
        }
    }

    async fn arrived(&mut self, feed: &Feed, message: Message) -> Result<(), Failure> {
        if self.thread.is_none() && message.from.uid == self.partner.uid {
            // They may have begun it.
            self.thread = partner::thread_with(self.session, &self.partner).await?;
        }
        if Some(message.thread) == self.thread {
            return match message.id > self.shown {
                true => self.show_all(feed, std::slice::from_ref(&message)).await,
                false => Ok(()),
            };
        }
        if message.from.uid != self.partner.uid || self.json {
            return Ok(());
        }
        let subject = feed::subject(self.session, &message).await;
        let named =
            if subject.is_empty() { String::new() } else { format!(": {}", inline(&subject)) };
        self.note(&format!(
            "{} wrote in another thread, {}{named}",
            inline(&self.partner.alias),
            message.thread
        ))
    }

    fn linked(&mut self, feed: &Feed, link: Option<Link>) -> Result<(), Failure> {
        let was_online = self.online;
        let why = match &link {
            Some(Link::Online { .. }) => None,
            // It tells how it ends.
            Some(Link::Connecting) => return Ok(()),
            Some(Link::Offline { error, .. } | Link::Refused { error, .. }) => Some(inline(error)),
            None => Some("The account was removed.".to_owned()),
        };
        self.online = why.is_none();
        if self.json {
            let news = News::Link(self.partner.account, link);
            let service = feed.service(self.partner.account);
            let report = Report::new(&news, service, String::new(), false);
            return self.screen.show(&report.document());
        }
        match why {
            Some(why) if was_online => {
                self.note(&format!("Not connected: what you write is queued. {why}"))
            }
            None if !was_online => self.note("Connected again."),
            Some(_) | None => Ok(()),
        }
    }

    /// Shows what came while events were missed.
    async fn catch_up(&mut self, feed: &Feed) -> Result<(), Failure> {
        let Some(thread) = self.thread else { return Ok(()) };
        let page = self.page(thread, PAGE_ROWS).await?;
        for message in &page.messages {
            if !matches!(message.state, MessageState::Queued | MessageState::Sending { .. }) {
                self.outgoing.remove(&message.id);
            }
        }
        let shown = self.shown;
        let unseen: Vec<_> =
            page.messages.into_iter().filter(|message| message.id > shown).collect();
        self.show_all(feed, &unseen).await
    }

    /// Shows messages and marks them as read.
    async fn show_all(&mut self, feed: &Feed, messages: &[Message]) -> Result<(), Failure> {
        for message in messages {
            self.shown = self.shown.max(message.id);
            self.show(feed, message)?;
        }
        let unread = messages.iter().filter(|message| message.unread).map(|message| message.id);
        let unread: Vec<_> = unread.collect();
        if let (Some(thread), false) = (self.thread, unread.is_empty()) {
            // What can't be marked stays unread, and was shown all the same.
            let mark = EngineCommand::MarkRead { thread, messages: Some(unread) };
            let _ = self.session.done(mark).await;
        }
        Ok(())
    }

    fn show(&mut self, feed: &Feed, message: &Message) -> Result<(), Failure> {
        if !self.json {
            let text = message_text(&Look::here(), message, &self.subject);
            return self.screen.show(&text);
        }
        let subject =
            if message.subject.is_empty() { self.subject.clone() } else { message.subject.clone() };
        let letter = Letter::new(message, subject, true);
        let what = match &message.state {
            MessageState::Received => letter.arrived(),
            MessageState::Sent => letter.sent(),
            MessageState::Failed { error } => What::Failed { letter, error: error.clone() },
            MessageState::Queued | MessageState::Held { .. } | MessageState::Sending { .. } => {
                What::Queued(letter)
            }
        };
        let service = feed.service(message.account);
        self.screen.show(&Report::letter(message, service, what).document())
    }

    /// Shows a line of ours.
    fn note(&mut self, text: &str) -> Result<(), Failure> {
        match self.json {
            true => {
                self.screen.show(&Report::now(What::Note { message: text.to_owned() }).document())
            }
            false => {
                let look = Look::here();
                self.screen.show(&look.dim(look.line(0, &format!("! {text}"))))
            }
        }
    }

    /// Leaves the thread if somebody else reads it by now: what is typed is for this person alone.
    async fn leave_if_shared(&mut self) -> Result<(), Failure> {
        let Some(thread) = self.thread else { return Ok(()) };
        let row = self.page(thread, 1).await?.row;
        if partner::is_with(&row, &self.partner) {
            return Ok(());
        }
        self.thread = None;
        self.note(&format!(
            "Others read thread {thread} by now, or it can't be answered. This line begins a thread with {} alone. \
             To write to all: mnm reply {thread} TEXT",
            inline(&self.partner.alias)
        ))
    }

    /// Sends a line as a letter.
    async fn send(&mut self, text: String) -> Result<(), Failure> {
        if let Err(failure) = self.leave_if_shared().await {
            self.failed = true;
            return self.note(&format!("Not sent: {}", inline(&failure.message)));
        }
        match self.queue(text).await {
            Ok(message) => {
                self.thread = Some(message.thread);
                self.shown = self.shown.max(message.id);
                self.outgoing.insert(message.id);
                Ok(())
            }
            Err(failure) if failure.code == "outdated" => {
                let thread = self.thread.unwrap_or_default();
                self.failed = true;
                self.note(&format!(
                    "Not sent: this thread has an unsent reply, which would be lost. Send it from the \
                     pages, or discard it: mnm reply {thread} --discard-draft TEXT"
                ))
            }
            Err(failure) => {
                self.failed = true;
                self.note(&format!("Not sent: {}", inline(&failure.message)))
            }
        }
    }

    async fn queue(&self, text: String) -> Result<Message, Failure> {
        let session = self.session;
        let save = EngineCommand::SaveDraft {
            draft: None,
            account: self.partner.account,
            thread: self.thread,
            to: if self.thread.is_some() { Vec::new() } else { vec![self.partner.alias.clone()] },
            subject: String::new(),
            text,
            // A reply that somebody else has begun stays.
            version: self.thread.map(|_| 0),
            leaving: false,
        };
        let draft = ask!(session, save, Draft);
        let version = Some(draft.version);
        let send = EngineCommand::Send { draft: draft.id, version, hold_ms: None };
        let sent = async { Ok(ask!(session, send, Message)) };
        let sent: Result<Message, Failure> = sent.await;
        if sent.is_err() {
            // The first failure is the one to report.
            let _ = session.done(EngineCommand::DropDraft { draft: draft.id, version }).await;
        }
        sent
    }

    /// Waits until the service has what was typed.
    async fn finish(&mut self, feed: &mut Feed, wait: Wait) -> Result<(), Failure> {
        let until = deadline(wait);
        while !self.outgoing.is_empty() {
            match timeout_at(until, feed.next()).await {
                Ok(Next::News(news)) => self.take(feed, *news).await?,
                Ok(Next::End(_)) | Err(_) => break,
            }
        }
        Ok(())
    }
}
