//! Staleness notes: the age of an answer, if its service was not reached.

use mnm_engine::{
    command::Command as EngineCommand,
    view::{Account, Link, ThreadId},
};

use super::{Context, account::held};
use crate::{
    exit::{Exit, Failure},
    print::{Answer, Look, inline, warn},
    session::{LINK_PATIENCE, Need, Session, ask},
};

/// What an answer shows of the services.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shows {
    /// Something of the chosen account, or of all.
    Accounts,
    /// Something of one thread.
    Thread(ThreadId),
    /// Something that waits for its service, if it does.
    Sent,
    /// Nothing that a service could have changed, or the answer says it itself.
    Nothing,
}

/// Prints the age of an answer to standard error, if it may be stale.
pub(super) async fn tell(
    context: &Context,
    session: &Session,
    (shows, need): (Shows, Need),
    answer: &Answer,
) {
    let is_asked_for = matches!(session, Session::Local(_)) && context.offline;
    let is_sent = shows == Shows::Sent && answer.exit() != Exit::Queued;
    if is_asked_for || is_sent || shows == Shows::Nothing {
        return;
    }
    // A note beside the answer; a failure does not matter.
    let Ok(accounts) = concerned(context, session, shows).await else { return };
    for account in &accounts {
        if let Some(line) = line(&context.look, session, (shows, need), account) {
            warn(&line);
        }
        // What is readable of them is incomplete too.
        if let Some(held) = held(account) {
            warn(held.trim_end());
        }
    }
}

async fn concerned(
    context: &Context,
    session: &Session,
    shows: Shows,
) -> Result<Vec<Account>, Failure> {
    let mut accounts = context.accounts(session).await?;
    let only = match shows {
        Shows::Thread(thread) => Some(
            ask!(session, EngineCommand::Thread { thread, at: None, limit: Some(1) }, Thread)
                .row
                .account,
        ),
        Shows::Accounts | Shows::Sent | Shows::Nothing => context.chosen(session).await?,
    };
    accounts.retain(|account| only.is_none_or(|only| account.id == only));
    Ok(accounts)
}

fn line(
    look: &Look,
    session: &Session,
    (shows, need): (Shows, Need),
    account: &Account,
) -> Option<String> {
    let service = inline(&account.service);
    let as_of = match account.linked_ms {
        Some(at_ms) => format!(" as of {}", look.time(at_ms)),
        None => String::new(),
    };
    if matches!(session, Session::Local(_)) && need == Need::Disk {
        return Some(format!(
            "This is what is stored here{as_of}. The app is not running, so newer letters may wait at \
             {service}: `mnm inbox` fetches them."
        ));
    }
    let why = match &account.link {
        Link::Online { .. } if need == Need::News && session.is_cut_short() => {
            return Some(format!(
                "This may not be all: {service} was not done sending after {} seconds. `mnm` starts the app, \
                 which takes the rest however long it is.",
                LINK_PATIENCE.as_secs()
            ));
        }
        Link::Online { .. } => return None,
        Link::Connecting => "It has not answered so far.".to_owned(),
        Link::Offline { error, .. } | Link::Refused { error, .. } => inline(error),
    };
    Some(match shows {
        Shows::Sent => format!("Not connected to {service}. {why}"),
        Shows::Accounts | Shows::Thread(_) | Shows::Nothing => {
            format!("Not connected to {service}: this is what is stored here{as_of}. {why}")
        }
    })
}
