//! `mnm notify`: of what the member is told, when, and how.

use clap::{Args, ValueEnum};
use mnm_engine::{
    command::Command as EngineCommand,
    view::{ChosenLevel, NoticeChange, NoticeLevel, NoticeSettings, QuietHours, ThreadId},
};

use super::Context;
use crate::{
    exit::Failure,
    print::{Answer, inline},
    session::{Session, ask},
};

/// What `mnm notify` is asked to change.
#[derive(Debug, Args)]
pub(super) struct Notify {
    /// Of which letters: for the account named by --account or for all, or for one thread
    #[arg(value_enum)]
    level: Option<Level>,
    /// For this thread only
    #[arg(long, value_name = "THREAD", requires = "level")]
    thread: Option<ThreadId>,
    /// Tell nothing between these times of day, such as 22:00-07:00; `off` ends that
    #[arg(long, value_name = "FROM-UNTIL", value_parser = quiet)]
    quiet: Option<Quiet>,
    /// Show subject and text, also where others can see the screen
    #[arg(long, value_enum)]
    content: Option<Switch>,
    /// Make a sound
    #[arg(long, value_enum)]
    sound: Option<Switch>,
}

/// Of which letters the member is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Level {
    /// Of all, and of pings
    All,
    /// Of those that have your alias in their text, and of pings
    Mentions,
    /// Of none
    None,
    /// As the account's other threads
    Default,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Switch {
    /// Yes
    On,
    /// No
    Off,
}

/// Quiet hours, or their end.
#[derive(Debug, Clone, Copy)]
struct Quiet(Option<QuietHours>);

/// `mnm notify`.
pub(super) async fn notify(
    context: &Context,
    session: &Session,
    asked: Notify,
) -> Result<Answer, Failure> {
    for change in changes(context, session, &asked).await? {
        ask!(session, EngineCommand::SetNotices { change }, Notices);
    }
    let settings = ask!(session, EngineCommand::Notices, Notices);
    let text = text(context, session, &settings).await?;
    Ok(Answer::new(&settings, text))
}

async fn changes(
    context: &Context,
    session: &Session,
    asked: &Notify,
) -> Result<Vec<NoticeChange>, Failure> {
    let mut changes = Vec::new();
    if let Some(level) = asked.level {
        let level = match level {
            Level::All => Some(NoticeLevel::All),
            Level::Mentions => Some(NoticeLevel::Mentions),
            Level::None => Some(NoticeLevel::None),
            Level::Default => None,
        };
        match asked.thread {
            Some(thread) => changes.push(NoticeChange::Thread { thread, level }),
            None => {
                let level = level.unwrap_or(NoticeLevel::All);
                let chosen = context.chosen(session).await?;
                let accounts = context.accounts(session).await?.into_iter().map(|a| a.id);
                let accounts = accounts.filter(|id| chosen.is_none_or(|chosen| chosen == *id));
                changes.extend(accounts.map(|account| NoticeChange::Account { account, level }));
            }
        }
    }
    changes.extend(asked.quiet.map(|Quiet(hours)| NoticeChange::Quiet { hours }));
    let is_on = |switch| switch == Switch::On;
    changes.extend(asked.content.map(|content| NoticeChange::Content { shown: is_on(content) }));
    changes.extend(asked.sound.map(|sound| NoticeChange::Sound { on: is_on(sound) }));
    Ok(changes)
}

async fn text(
    context: &Context,
    session: &Session,
    settings: &NoticeSettings,
) -> Result<String, Failure> {
    let word = |level| match level {
        NoticeLevel::All => "all letters and pings",
        NoticeLevel::Mentions => "letters that have your alias in them, and pings",
        NoticeLevel::None => "nothing",
    };
    let switch = |on| if on { "on" } else { "off" };
    let mut text = String::new();
    for account in context.accounts(session).await? {
        let of = |chosen: &&ChosenLevel| chosen.account == account.id;
        let own = settings.levels.iter().filter(of).find(|chosen| chosen.thread.is_none());
        let level = own.map_or(NoticeLevel::All, |chosen| chosen.level);
        text.push_str(&format!("{}: {}\n", inline(&account.service), word(level)));
        for chosen in settings.levels.iter().filter(of) {
            if let Some(thread) = chosen.thread {
                text.push_str(&format!("  thread {thread}: {}\n", word(chosen.level)));
            }
        }
    }
    let quiet = settings.quiet.map_or_else(
        || "off".to_owned(),
        |hours| format!("{}-{}", clock(hours.from_minute), clock(hours.until_minute)),
    );
    text.push_str(&format!(
        "Quiet hours: {quiet}\nSubject and text: {}\nSound: {}\n",
        switch(settings.content),
        switch(settings.sound)
    ));
    Ok(text)
}

fn clock(minute: u16) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

fn quiet(text: &str) -> Result<Quiet, &'static str> {
    if text == "off" {
        return Ok(Quiet(None));
    }
    let minute = |text: &str| {
        let (hours, minutes) = text.split_once(':')?;
        let (hours, minutes): (u16, u16) = (hours.parse().ok()?, minutes.parse().ok()?);
        (hours < 24 && minutes < 60).then_some(hours * 60 + minutes)
    };
    let hours = text.split_once('-').and_then(|(from, until)| {
        Some(QuietHours { from_minute: minute(from)?, until_minute: minute(until)? })
    });
    hours
        .map(|hours| Quiet(Some(hours)))
        .ok_or("two times of day are expected, such as 22:00-07:00")
}
