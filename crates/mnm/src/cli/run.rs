//! Commands that the service answers: run, waited for, and told.

use std::time::Duration;

use mnm_engine::{
    command::Command as EngineCommand,
    event::Event,
    view::{Ping, PingState},
};
use serde_json::json;

use super::Wait;
use crate::{
    exit::{Exit, Failure},
    print::{Answer, inline},
    session::{Session, ask},
};

/// The note about something that is in the outbox but not acknowledged.
pub(super) const QUEUED: &str = "Queued: the service has not acknowledged it yet. It is safe here \
     and goes out as soon as the service can be reached and mnm is running.";

/// Runs a command that is done at once.
pub(super) async fn done(
    session: &Session,
    command: EngineCommand,
    text: String,
) -> Result<Answer, Failure> {
    session.done(command).await?;
    Ok(Answer::new(&json!({ "done": true }), text))
}

/// Runs a command that queues something, and waits until the service has answered or the timeout
/// has passed.
pub(super) async fn queue(
    session: &Session,
    command: EngineCommand,
    wait: Wait,
) -> Result<(Ping, bool), Failure> {
    let mut events = session.events().await?;
    let mut ping = ask!(session, command, Ping);
    let until = deadline(wait);
    while ping.state == PingState::Queued {
        let next = match tokio::time::timeout_at(until, events.next()).await {
            Err(_) | Ok(None) => return Ok((ping, false)),
            Ok(Some(event)) => event,
        };
        if let Event::Ping { ping: changed } = next {
            if changed.id == ping.id {
                ping = changed;
            }
        } else if next == Event::Lagged {
            ping = ask!(session, EngineCommand::OnePing { ping: ping.id }, Ping);
        }
    }
    Ok((ping, true))
}

pub(super) fn outcome(ping: &Ping, settled: bool, done: String) -> Answer {
    match &ping.state {
        PingState::Failed { error } => refused(ping, error),
        PingState::Waiting | PingState::Queued | PingState::Accepted | PingState::Ignored => {
            if settled {
                Answer::new(ping, done)
            } else {
                Answer::new(ping, QUEUED).with_exit(Exit::Queued)
            }
        }
    }
}

pub(super) fn refused(ping: &Ping, error: &str) -> Answer {
    Answer::new(ping, format!("Refused: {}", inline(error))).with_exit(Exit::Failed)
}

pub(super) fn deadline(wait: Wait) -> tokio::time::Instant {
    tokio::time::Instant::now() + Duration::from_secs(wait.seconds)
}
