//! Requests: what a service does when asked, one file for each operation.
//!
//! | file | operations |
//! |---|---|
//! | [`register`] | Register |
//! | [`login`] | Login |
//! | [`user`] | UserEdit |
//! | `ohi` | OhiEdit |
//! | `group` | GroupInvite, GroupEdit |
//! | [`post`] | Post, PostNotify |
//! | `ping` | Ping |
//!
//! Each is a function from [`Facts`] and the request to a [`Decision`] or a [`Refusal`];
//! [`commit`](crate::commit) carries it out. Not so Register and the addition of a device, which draw
//! secrets, count rates and wait for their commits themselves. Beside them: `recipient`, the devices of a
//! message; `full`, full queues; `introduce`, who may write to whom after a post; `submit`, the way to the
//! commit.
//!
//! A repeated request is recognised by [`idempotency`](crate::idempotency); the rule and its
//! reasons are in `docs/decisions/0005-repeated-requests.md`.

mod full;
mod group;
mod introduce;
pub(crate) mod login;
mod ohi;
mod ping;
pub(crate) mod post;
mod recipient;
pub(crate) mod register;
mod submit;
pub(crate) mod user;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use tmtp::event::Outcome;
use tmtp::id::{Alias, RequestId};
use tmtp::request::{Request, UserEdit};

use crate::commit::PendingCommit;
use crate::decision::{Decision, Facts};
use crate::directory::Sender;
use crate::idempotency::RequestDigest;
use crate::log::Throttles;
use crate::log::{ShortId, info_limited};
use crate::metrics::Rule;
use crate::service::Service;
use tmtp_store::{NewData, Room};
use tmtp_telemetry::Kind;

pub(crate) use crate::refusal::Refusal;
use submit::submit;

/// Longest id of a request, in bytes, whose refusal also lists recipients: both share one header.
const ID_BESIDE_LIST_MAX: usize = 1024;

/// The data that came with a request.
#[derive(Debug)]
pub(crate) enum Payload {
    /// The text of a Ping or GroupInvite; empty for requests without data.
    Text(String),
    /// The message of a Post.
    Message(NewData),
    /// The notification and the message of a PostNotify.
    NoteAndMessage(NewData, NewData),
}

impl Payload {
    fn text(self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text),
            Self::Message(_) | Self::NoteAndMessage(..) => None,
        }
    }

    fn message(self) -> Option<NewData> {
        match self {
            Self::Message(message) => Some(message),
            Self::Text(_) | Self::NoteAndMessage(..) => None,
        }
    }

    fn note_and_message(self) -> Option<(NewData, NewData)> {
        match self {
            Self::NoteAndMessage(note, message) => Some((note, message)),
            Self::Text(_) | Self::Message(_) => None,
        }
    }
}

/// The answer to a request.
#[derive(Debug)]
pub(crate) enum Answer {
    /// The ack for the request of this id.
    Ack(RequestId, Outcome),
    /// No answer.
    None,
    /// It is unknown whether it was stored. The link must end without an answer: then the peer
    /// repeats the request on its next link and gets one.
    Uncertain,
}

/// Progress of a request.
pub(crate) enum Progress {
    /// It is answered.
    Answered(Answer),
    /// It is decided and submitted; the next may be decided while this waits for the disk.
    Committing(Pin<Box<dyn Future<Output = Answer> + Send>>),
}

/// A request of a logged-in link.
#[derive(Debug)]
pub(crate) struct Asked {
    /// What is asked.
    pub request: Request,
    /// Identifies it when it is repeated; none for requests that do not become a message.
    pub digest: Option<RequestDigest>,
    /// Whether the link has not posted yet, so that this may repeat the previous link's last
    /// request: then it gets the same answer, before any check that could refuse it now.
    pub may_repeat: bool,
    /// Permit to hold its data in memory until that is durable.
    pub room: Option<Room>,
}

/// Decides a request. A commit is submitted when this is ready.
pub(crate) async fn answer(
    service: &Arc<Service>,
    sender: &Sender,
    asked: Asked,
    payload: impl Future<Output = Result<Payload, Refusal>>,
) -> Progress {
    let Asked { request, digest, may_repeat, room } = asked;
    let Some(id) = request.id().cloned() else {
        return Progress::Answered(Answer::None);
    };
    let responder = Responder {
        service: Arc::clone(service),
        sender: sender.clone(),
        id,
        op: request.name(),
        granted_name: granted_name(service, &request),
    };
    let earlier = match digest.filter(|_| may_repeat) {
        Some(digest) => digest.answered(&*service.store, sender.device).await,
        None => Ok(None),
    };
    let payload = match earlier {
        Ok(Some(outcome)) => return Progress::Answered(responder.to(Ok(outcome))),
        Ok(None) => payload.await,
        Err(error) => Err(error.into()),
    };
    let commit = match payload {
        Ok(payload) => grant(service, sender, digest, request, payload).await,
        Err(refusal) => Err(refusal),
    };
    match commit {
        Ok(Granted::Committing(commit)) => {
            // What a link keeps for its outstanding requests is little, so those with long ids are answered
            // one by one.
            let is_long = responder.id.as_str().len() > ID_BESIDE_LIST_MAX;
            let committing = Box::pin(async move {
                let outcome = commit.durable(&responder.service).await;
                drop(room);
                responder.granted(outcome.map_err(Refusal::from))
            });
            if is_long {
                Progress::Answered(committing.await)
            } else {
                Progress::Committing(committing)
            }
        }
        Ok(Granted::Done(outcome)) => Progress::Answered(responder.granted(Ok(outcome))),
        Err(refusal) => Progress::Answered(responder.granted(Err(refusal))),
    }
}

/// The sender of a request, and the id for its answer.
struct Responder {
    service: Arc<Service>,
    sender: Sender,
    id: RequestId,
    op: &'static str,
    granted_name: Option<Alias>,
}

impl Responder {
    /// The answer to the outcome of a request.
    fn granted(self, outcome: Result<Outcome, Refusal>) -> Answer {
        if let Ok(Outcome::Posted { .. }) = outcome {
            self.service.metrics.posts.one();
        }
        self.to(outcome)
    }

    fn to(self, outcome: Result<Outcome, Refusal>) -> Answer {
        match outcome {
            Ok(Outcome::Posted { msgid, posted, .. }) => {
                Answer::Ack(self.id, Outcome::Posted { msgid, posted, to: self.granted_name })
            }
            Ok(outcome @ (Outcome::Done | Outcome::Refused { .. })) => {
                Answer::Ack(self.id, outcome)
            }
            Err(mut refusal) => {
                let is_uncertain = refusal.rule == Rule::Uncertain;
                if self.id.as_str().len() > ID_BESIDE_LIST_MAX {
                    refusal.of.clear();
                }
                let outcome = refused(&self.service, &self.sender, self.op, refusal);
                if is_uncertain { Answer::Uncertain } else { Answer::Ack(self.id, outcome) }
            }
        }
    }
}

/// The alias as it was granted, where the request spells it otherwise: the member who is pinged or
/// invited answers under it.
fn granted_name(service: &Service, request: &Request) -> Option<Alias> {
    let (Request::Ping { to, .. } | Request::GroupInvite { to, .. }) = request else {
        return None;
    };
    let directory = service.directory();
    let alias = directory.by_alias(to.as_str())?.alias;
    (alias != to.as_str()).then(|| alias.into())
}

/// Refuses a request `op`: answered, logged by its rule, and counted.
fn refused(service: &Service, sender: &Sender, op: &str, refusal: Refusal) -> Outcome {
    static THROTTLES: Throttles<Rule, { Rule::COUNT }> = Throttles::new::<10>();
    let Refusal { rule, words, of, is_guess: _ } = refusal;
    let (member, throttle) = (ShortId::new(sender.uid.as_str()), THROTTLES.of(rule));
    info_limited!(throttle, %member, op, rule = rule.name(), why = words, "request refused");
    service.metrics.refused.one(rule);
    Outcome::Refused { error: words, of }
}

/// Result of a granted request.
enum Granted {
    /// Submitted, and later decisions do not depend on it.
    Committing(PendingCommit),
    /// Done.
    Done(Outcome),
}

/// Decides a request and submits its commit; waits for the commit where the next decision depends
/// on it.
async fn grant(
    service: &Service,
    sender: &Sender,
    digest: Option<RequestDigest>,
    request: Request,
    payload: Payload,
) -> Result<Granted, Refusal> {
    if let Request::UserEdit { edit: UserEdit::NewNode(label), .. } = request {
        return user::add_device(service, sender, label).await.map(Granted::Done);
    }
    let mut turn = if edits_directory(&request) { Some(service.edit().await) } else { None };
    let mut asked = Some((request, payload));
    let commit = loop {
        let has_turn = turn.is_some();
        let commit = submit(service, sender, |facts| {
            let is_ready = |(request, _): &mut (Request, Payload)| {
                has_turn || !introduce::changes_openings(facts, sender, request)
            };
            let Some((request, payload)) = asked.take_if(is_ready) else {
                // Nothing is submitted: it is decided once it has its turn.
                return Ok(Decision::default());
            };
            let digest = digest.map(|digest| (digest, sender.device));
            Ok(Decision { digest, ..decide(facts, sender, request, payload)? })
        })?;
        if asked.is_none() {
            break commit;
        }
        turn = Some(service.edit().await);
    };
    if commit.changes_nothing() {
        return Ok(Granted::Committing(commit));
    }
    Ok(Granted::Done(commit.durable(service).await?))
}

/// Whether a request must be committed before the next of its kind is decided: two of them could
/// both find a name or a place free. A post does so only if it
/// [changes openings](introduce::changes_openings).
fn edits_directory(request: &Request) -> bool {
    match request {
        Request::UserEdit { .. } | Request::GroupInvite { .. } | Request::GroupEdit { .. } => true,
        Request::OhiEdit { .. }
        | Request::Ping { .. }
        | Request::Post { .. }
        | Request::PostNotify { .. }
        | Request::TmtpRev { .. }
        | Request::Register { .. }
        | Request::Login { .. }
        | Request::Quit
        | Request::Pulse
        | Request::Ack { .. } => false,
    }
}

/// Decides a request.
fn decide(
    facts: &Facts<'_>,
    sender: &Sender,
    request: Request,
    payload: Payload,
) -> Result<Decision, Refusal> {
    match request {
        Request::UserEdit { edit, .. } => match edit {
            UserEdit::NewAlias(alias) => user::add_alias(facts, sender, alias),
            UserEdit::NewNode(_) => Err(misplaced()),
        },
        Request::OhiEdit { kind, members, .. } => ohi::edit(facts, sender, kind, &members),
        Request::GroupInvite { gid, from, to, data, .. } => {
            let text = payload.text().ok_or_else(misplaced)?;
            group::invite(facts, sender, group::Invitation { gid, from, to, data, text })
        }
        Request::GroupEdit { gid, act, .. } => group::edit(facts, sender, &gid, act),
        Request::Ping { from, to, data, .. } => {
            let text = payload.text().ok_or_else(misplaced)?;
            ping::ping(facts, sender, ping::NewPing { from, to, data, text })
        }
        Request::Post { to, not_alone, data, .. } => {
            let body = payload.message().ok_or_else(misplaced)?;
            post::post(facts, sender, (&to, not_alone), data, body)
        }
        Request::PostNotify { to, note_to, not_self, not_alone, note, data, .. } => {
            let (note_body, body) = payload.note_and_message().ok_or_else(misplaced)?;
            let split =
                post::Split { to, note_to, not_self, not_alone, note, note_body, data, body };
            post::post_notify(facts, sender, split)
        }
        Request::TmtpRev { .. }
        | Request::Register { .. }
        | Request::Login { .. }
        | Request::Quit
        | Request::Pulse
        | Request::Ack { .. } => Err(misplaced()),
    }
}

/// A request, or its data, of a kind that the link handles itself.
fn misplaced() -> Refusal {
    Refusal::new(Rule::Failed, "the service could not do it; try again later")
}

#[cfg(test)]
#[path = "request/request_tests.rs"]
mod tests;
