//! Commands about first contacts and the address book.

use mnm_engine::{
    command::Command as EngineCommand,
    event::Event,
    view::{Account, Group, NameMark, Ping, PingId, PingState, Standing},
};
use serde_json::json;
use tmtp::id::Uid;

use super::acquaintance::one_per_person;
use super::run::{QUEUED, deadline, done, outcome, queue, refused};
use super::word::{called, is_like_another};
use super::{Context, Shown, Wait};
use crate::{
    exit::{Exit, Failure},
    print::{Answer, Table, inline},
    session::{Session, ask},
};

pub(super) async fn ping(
    context: &Context,
    session: &Session,
    to: String,
    text: String,
    wait: Wait,
) -> Result<Answer, Failure> {
    let account = context.one(session).await?.id;
    let (ping, settled) = queue(session, EngineCommand::Ping { account, to, text }, wait).await?;
    let done =
        format!("Pinged {}. When the ping is accepted you can write letters.", inline(&ping.to));
    Ok(outcome(&ping, settled, done))
}

pub(super) async fn accept(
    _context: &Context,
    session: &Session,
    ping: PingId,
    text: Option<String>,
    wait: Wait,
) -> Result<Answer, Failure> {
    let mut events = session.events().await?;
    let ping = ask!(session, EngineCommand::Accept { ping, text }, Ping);
    let until = deadline(wait);
    let mut progress = progress(session, &ping).await?;
    while progress == Progress::Open {
        match tokio::time::timeout_at(until, events.next()).await {
            Err(_) | Ok(None) => break,
            Ok(Some(Event::Ping { .. } | Event::Group { .. } | Event::Lagged)) => {
                progress = self::progress(session, &ping).await?;
            }
            Ok(Some(_)) => {}
        }
    }
    Ok(match (progress, &ping.group) {
        (Progress::Open, _) => Answer::new(&ping, QUEUED).with_exit(Exit::Queued),
        (Progress::Refused(error), _) => refused(&ping, &error),
        (Progress::Done, Some(group)) => {
            Answer::new(&ping, format!("Joined {}.", inline(group.as_str())))
        }
        (Progress::Done, None) => {
            let from = inline(&ping.from);
            Answer::new(&ping, format!("Accepted. You and {from} can write letters now."))
        }
    })
}

/// Whether the service has what was accepted here at once.
#[derive(Debug, PartialEq, Eq)]
enum Progress {
    Open,
    Done,
    Refused(String),
}

/// An invitation is done when the group was joined, a ping when the answering ping was sent.
async fn progress(session: &Session, accepted: &Ping) -> Result<Progress, Failure> {
    let account = Some(accepted.account);
    let decisive = match &accepted.group {
        Some(_) => Some(ask!(session, EngineCommand::OnePing { ping: accepted.id }, Ping)),
        None => {
            // The answer is among the newest.
            let newest = EngineCommand::Pings { account, before: None, find: None, limit: None };
            let pings = ask!(session, newest, Pings).into_iter();
            pings.filter(|ping| answers(ping, accepted)).max_by_key(|ping| ping.id)
        }
    };
    match decisive.map(|ping| ping.state) {
        Some(PingState::Failed { error }) => return Ok(Progress::Refused(error)),
        Some(PingState::Queued) => return Ok(Progress::Open),
        Some(PingState::Waiting | PingState::Accepted | PingState::Ignored) | None => {}
    }
    let Some(gid) = &accepted.group else { return Ok(Progress::Done) };
    let groups = ask!(session, EngineCommand::Groups { account }, Groups);
    let joined = |group: &Group| group.gid == *gid && group.standing == Standing::Joined;
    Ok(if groups.iter().any(joined) { Progress::Done } else { Progress::Open })
}

fn answers(ping: &Ping, accepted: &Ping) -> bool {
    !ping.incoming && ping.group.is_none() && ping.to == accepted.from
}

pub(super) async fn ignore(
    _context: &Context,
    session: &Session,
    ping: PingId,
) -> Result<Answer, Failure> {
    let ping = ask!(session, EngineCommand::Ignore { ping }, Ping);
    Ok(Answer::new(&ping, format!("Put away. {} is not told.", inline(&ping.from))))
}

pub(super) async fn ignore_all(
    context: &Context,
    session: &Session,
    older_than_days: Option<u32>,
) -> Result<Answer, Failure> {
    let account = context.chosen(session).await?;
    let before_ms =
        older_than_days.map(|days| context.look.now_ms() - i64::from(days) * 24 * 3_600_000);
    let count = ask!(session, EngineCommand::IgnoreAll { account, before_ms }, Count);
    let text = format!("Put away: {count}. Nobody is told; each can still be accepted.");
    Ok(Answer::new(&json!({ "ignored": count }), text))
}

/// `mnm pings`: a row for each person, or group that one is invited to; as JSON every ping.
pub(super) async fn pings(
    context: &Context,
    session: &Session,
    find: Option<String>,
    before: Option<PingId>,
    limit: u32,
) -> Result<Answer, Failure> {
    let account = context.chosen(session).await?;
    let finding = find.is_some();
    let pings =
        ask!(session, EngineCommand::Pings { account, before, find, limit: Some(limit) }, Pings);
    let groups = ask!(session, EngineCommand::Groups { account }, Groups);
    let mut table = Table::new(&context.look, ["N", "SERVICE", "WHO", "STATE", "WHEN", "TEXT"]);
    let contacts = ask!(session, EngineCommand::Contacts { account }, Contacts);
    for ping in one_per_person(&pings, &contacts) {
        let who = if ping.incoming {
            // A service may give no alias.
            let from = if ping.from.is_empty() { ping.from_uid.as_str() } else { &ping.from };
            format!("from {}", marked(from, ping.mark))
        } else {
            format!("to {}", marked(&ping.to, ping.mark))
        };
        let mut text = match &ping.group {
            Some(gid) => {
                let alike = is_like_another(&groups, ping.account, gid.as_str());
                format!("[group {}] {}", called(gid.as_str(), alike), inline(&ping.text))
            }
            None => inline(&ping.text),
        };
        if let PingState::Failed { error } = &ping.state {
            text = format!("{text} ({})", inline(error));
        }
        table.row([
            ping.id.to_string(),
            inline(&ping.service),
            who,
            standing_of(context, ping),
            context.look.time(ping.at_ms),
            text,
        ]);
    }
    let mut text = table.text(if finding { "No ping like that." } else { "No pings." });
    if let Some(last) = pings.last().filter(|_| pings.len() == limit as usize) {
        text.push_str(&format!("There may be more: mnm pings --before {}\n", last.id));
    }
    Ok(Answer::new(&pings, text))
}

/// A name, followed by a warning if needed.
fn marked(name: &str, mark: Option<NameMark>) -> String {
    let name = inline(name);
    match mark {
        None => name,
        Some(NameMark::Odd) => format!("{name} (an odd name: look closely)"),
        Some(NameMark::Alike) => format!("{name} (another contact is called so)"),
        Some(NameMark::Claimed) => format!("{name} (nobody vouches for this name)"),
    }
}

fn standing_of(context: &Context, ping: &Ping) -> String {
    match &ping.state {
        PingState::Waiting if ping.incoming => context.look.bold("waits for you"),
        PingState::Waiting => "sent".to_owned(),
        PingState::Queued => "queued".to_owned(),
        PingState::Accepted => "accepted".to_owned(),
        PingState::Ignored => "ignored".to_owned(),
        PingState::Failed { .. } => "refused".to_owned(),
    }
}

pub(super) async fn contacts(context: &Context, session: &Session) -> Result<Answer, Failure> {
    let account = context.chosen(session).await?;
    let contacts = ask!(session, EngineCommand::Contacts { account }, Contacts);
    let mut table = Table::new(&context.look, ["ACCOUNT", "ALIAS", "PRESENCE", "SINCE"]);
    for contact in &contacts {
        table.row([
            contact.account.to_string(),
            marked(&contact.alias, contact.mark),
            if contact.online { context.look.bold("online") } else { "-".to_owned() },
            context.look.time(contact.since_ms),
        ]);
    }
    let none = "Nobody yet. Ask a member to exchange letters: mnm ping ALIAS \"text\"";
    Ok(Answer::new(&contacts, table.text(none)))
}

pub(super) async fn remove_contact(
    context: &Context,
    session: &Session,
    alias: String,
) -> Result<Answer, Failure> {
    let account = context.one(session).await?;
    let contact = uid_of(session, &account, &alias).await?;
    let text = format!(
        "Removed {0} from the address book. What {0} wrote stays; what comes from now on is marked as a \
         stranger's.",
        inline(&alias)
    );
    done(session, EngineCommand::RemoveContact { account: account.id, contact }, text).await
}

/// `mnm presence`: who sees that the member is online.
pub(super) async fn presence(
    context: &Context,
    session: &Session,
    shown: Option<Shown>,
    contact: Option<String>,
) -> Result<Answer, Failure> {
    let account = context.one(session).await?;
    if let Some(shown) = shown {
        let contact = match contact {
            Some(alias) => Some(uid_of(session, &account, &alias).await?),
            None => None,
        };
        let shown = match shown {
            Shown::On => Some(true),
            Shown::Off => Some(false),
            Shown::Default => None,
        };
        let command = EngineCommand::SetPresence { account: account.id, contact, shown };
        session.done(command).await?;
    }
    let account = context.one(session).await?;
    let people = ask!(session, EngineCommand::Contacts { account: Some(account.id) }, Contacts);
    let word = |shown: bool| if shown { "on" } else { "off" };
    let all = match account.presence {
        Some(true) if !account.presence_chosen => {
            "on, as before version 0.2.0, until you choose: mnm presence on, or off"
        }
        Some(shown) => word(shown),
        None => "off, until you choose: mnm presence on, or off",
    };
    let mut text = format!(
        "People of your address book on {} see that you are online: {all}\n",
        inline(&account.service)
    );
    for person in &people {
        if let Some(shown) = person.presence {
            text.push_str(&format!("  {}: {}\n", inline(&person.alias), word(shown)));
        }
    }
    let chosen: Vec<_> = people.iter().filter(|person| person.presence.is_some()).collect();
    let document = json!({ "account": account.id, "presence": account.presence, "people": chosen });
    Ok(Answer::new(&document, text.trim_end().to_owned()))
}

/// The uid of the only contact with that alias.
async fn uid_of(session: &Session, account: &Account, alias: &str) -> Result<Uid, Failure> {
    let people = ask!(session, EngineCommand::Contacts { account: Some(account.id) }, Contacts);
    let mut called = people.into_iter().filter(|person| person.alias == alias);
    match (called.next(), called.next()) {
        (Some(person), None) => Ok(person.uid.clone()),
        (None, _) => Err(Failure::new(
            Exit::NotFound,
            "not_found",
            format!("Nobody in your address book there is called {}.", inline(alias)),
        )),
        (Some(_), Some(_)) => Err(Failure::new(
            Exit::NotFound,
            "ambiguous",
            format!(
                "Several people are called {}. Write the one you mean as `mnm contacts` lists it.",
                inline(alias)
            ),
        )),
    }
}
