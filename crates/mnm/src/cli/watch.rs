//! `mnm watch`: what comes and goes, a line each, until Ctrl-C.

use super::Context;
use super::feed::{self, Feed, News, Next, Report, What};
use crate::{
    exit::Failure,
    print::{Answer, Look, print},
    session::Session,
};

pub(super) async fn watch(
    context: &Context,
    session: &Session,
    with_text: bool,
) -> Result<Answer, Failure> {
    let mut feed = Feed::open(context, session).await?;
    tell(context, &Report::now(What::Watching))?;
    for news in feed.links() {
        tell(context, &report(session, &feed, &news, with_text).await)?;
    }
    loop {
        match feed.next().await {
            Next::News(news) => {
                tell(context, &report(session, &feed, &news, with_text).await)?;
            }
            Next::End(end) => return Ok(feed::ended(context, end)),
        }
    }
}

/// Prints a line. If nobody reads it, the feed ends by itself.
fn tell(context: &Context, report: &Report) -> Result<(), Failure> {
    let line = if context.json { report.document() } else { report.line(&Look::here()) };
    print(&line).map(drop)
}

async fn report(session: &Session, feed: &Feed, news: &News, with_text: bool) -> Report {
    let subject = match news {
        News::Arrived(message)
        | News::Queued(message)
        | News::Sent(message)
        | News::Failed(message, _) => feed::subject(session, message).await,
        News::Pinged(_)
        | News::Accepted(_)
        | News::PingFailed(..)
        | News::Link(..)
        | News::Missed => String::new(),
    };
    let service = news.account().map(|account| feed.service(account)).unwrap_or_default();
    Report::new(news, service, subject, with_text)
}
