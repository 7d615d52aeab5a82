//! What a service does when asked: one file per operation, each "may it, then do it".
//!
//! | file | operations |
//! |---|---|
//! | [`register`] | Register |
//! | [`login`] | Login |
//! | [`user`] | UserEdit |
//! | [`ohi`] | OhiEdit |
//! | [`group`] | GroupInvite, GroupEdit |
//! | [`post`] | Post, PostNotify |
//! | [`ping`] | Ping |
//!
//! [`repeat`] recognises a request whose answer was lost; the rule, and why, is
//! `docs/decisions/0005-repeated-requests.md`.
//!
//! Every answer is an [`Outcome`] for the ack, or a [`Refusal`] whose words go into the ack's
//! `error`. Faults of the machine are logged here and told to the peer without detail.

mod full;
pub(crate) mod group;
mod introduce;
pub(crate) mod login;
pub(crate) mod ohi;
pub(crate) mod ping;
pub(crate) mod post;
pub(crate) mod register;
pub(crate) mod repeat;
pub(crate) mod user;

use std::sync::Arc;

use tmtp::event::Outcome;
use tmtp::id::{Alias, MessageId, RequestId, Uid};
use tmtp::request::Request;

use crate::directory::{Directory, MemberNumber, Sender};
use crate::log::throttle::{Throttle, Throttles};
use crate::log::{ShortId, chain, error_limited, info_limited};
use crate::metrics::{Kind, Rule};
use crate::post_office::{Letter, PostError};
use crate::service::Service;
use crate::store::engine::Batch;
use crate::store::{DeviceNumber, NewData, StoreError};

use repeat::Mark;

/// Longest id of a request, in bytes, whose refusal also names recipients: both are in one header.
const ID_BESIDE_LIST_MAX: usize = 1024;

/// Why a request was not granted. The words are the peer's to read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{words}")]
pub(crate) struct Refusal {
    /// By which rule.
    pub rule: Rule,
    /// What the peer is told.
    pub words: String,
    /// Uids of the recipients because of whom; empty where nobody else could have been reached.
    pub of: Vec<Uid>,
}

impl Refusal {
    pub(crate) fn new(rule: Rule, words: impl Into<String>) -> Self {
        Self { rule, words: words.into(), of: Vec::new() }
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Full => {
                static FULL: Throttle = Throttle::new(1);
                error_limited!(FULL, "the disk is full, requests are refused");
                Self::new(
                    Rule::DiskFull,
                    "the service's disk is full, nothing was stored; try again later",
                )
            }
            StoreError::Busy => {
                Self::new(Rule::Busy, "the service is busy, nothing was stored; try again")
            }
            // After a failure the peer comes back with what it was not told about, and is not told
            // now either: the next start knows.
            StoreError::Uncertain | StoreError::Closed => {
                Self::new(Rule::Uncertain, "it is not known whether it was stored")
            }
            error => {
                static FAILED: Throttle = Throttle::new(10);
                error_limited!(FAILED, error = %chain(&error), "the store failed");
                Self::new(Rule::Failed, "the service could not store it; try again later")
            }
        }
    }
}

impl From<PostError> for Refusal {
    fn from(error: PostError) -> Self {
        match error {
            PostError::TooLong(_) => {
                Self::new(Rule::HeaderRoom, "names and lists are too long for a header")
            }
            PostError::Store(error) => error.into(),
        }
    }
}

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

/// What becomes of a request.
#[derive(Debug)]
pub(crate) enum Answer {
    /// The request of this id is answered so.
    Ack(RequestId, Outcome),
    /// It is not acknowledged.
    None,
    /// Nobody knows yet whether it was done. The link must end without a word about it: then the
    /// peer asks again on the next, and is told.
    Uncertain,
}

/// Grants or refuses a request of a link that is on. `may_repeat` says that the link has not given us
/// a message yet, so that its request may be one of the link before: if `mark` says that it is, it is
/// answered as it was then, before anything is asked that could refuse it now.
pub(crate) async fn answer(
    service: &Arc<Service>,
    sender: &Sender,
    may_repeat: bool,
    request: Request,
    mark: Option<Mark>,
    payload: impl Future<Output = Result<Payload, Refusal>>,
) -> Answer {
    let name = request.name();
    let Some(id) = request.id().cloned() else { return Answer::None };
    let granted_name = granted_name(service, &request);
    let answered = match mark.filter(|_| may_repeat) {
        Some(mark) => mark.answered(&service.store, sender.device),
        None => Ok(None),
    };
    let answer = match answered {
        Ok(Some(outcome)) => Ok(outcome),
        Ok(None) => match payload.await {
            Ok(payload) => {
                let Some(granted) = grant(service, sender, mark, request, payload).await else {
                    return Answer::None;
                };
                granted.inspect(|outcome| note_posted(service, outcome))
            }
            Err(refusal) => Err(refusal),
        },
        Err(error) => Err(error.into()),
    };
    match answer {
        Ok(Outcome::Posted { msgid, posted, .. }) => {
            Answer::Ack(id, Outcome::Posted { msgid, posted, to: granted_name })
        }
        Ok(outcome) => Answer::Ack(id, outcome),
        Err(mut refusal) => {
            let is_uncertain = refusal.rule == Rule::Uncertain;
            if id.as_str().len() > ID_BESIDE_LIST_MAX {
                refusal.of.clear();
            }
            let outcome = refused(service, sender, name, refusal);
            if is_uncertain { Answer::Uncertain } else { Answer::Ack(id, outcome) }
        }
    }
}

/// The name that somebody who is pinged or invited was granted, where the request spells it otherwise:
/// they answer under it.
fn granted_name(service: &Service, request: &Request) -> Option<Alias> {
    let (Request::Ping { to, .. } | Request::GroupInvite { to, .. }) = request else {
        return None;
    };
    let directory = service.directory();
    let alias = directory.by_alias(to.as_str())?.alias;
    (alias != to.as_str()).then(|| alias.into())
}

fn note_posted(service: &Service, outcome: &Outcome) {
    if let Outcome::Posted { .. } = outcome {
        service.metrics.posts.one();
    }
}

/// Refuses a request `op`: told to the peer, to the log by which rule, and counted.
fn refused(service: &Service, sender: &Sender, op: &str, refusal: Refusal) -> Outcome {
    static THROTTLES: Throttles<Rule, { Rule::COUNT }> = Throttles::new::<10>();
    let Refusal { rule, words, of } = refusal;
    let (member, throttle) = (ShortId::new(sender.uid.as_str()), THROTTLES.of(rule));
    info_limited!(throttle, %member, op, rule = rule.name(), why = words, "request refused");
    service.metrics.refused.one(rule);
    Outcome::Refused { error: words, of }
}

/// Does what is asked; none for what is not acknowledged. A message is remembered by its `mark`.
async fn grant(
    service: &Arc<Service>,
    sender: &Sender,
    mark: Option<Mark>,
    request: Request,
    payload: Payload,
) -> Option<Result<Outcome, Refusal>> {
    Some(match (request, payload) {
        (Request::UserEdit { edit, .. }, _) => user::edit(service, sender, edit).await,
        (Request::OhiEdit { kind, members, .. }, _) => {
            ohi::edit(service, sender, kind, members).await
        }
        (Request::GroupInvite { gid, from, to, data, .. }, Payload::Text(text)) => {
            let invitation = group::Invitation { gid, from, to, data, text };
            group::invite(service, sender, mark, invitation).await
        }
        (Request::GroupEdit { gid, act, .. }, _) => group::edit(service, sender, &gid, act).await,
        (Request::Post { to, not_alone, data, .. }, Payload::Message(body)) => {
            post::post(service, sender, mark, (&to, not_alone), data, body).await
        }
        (
            Request::PostNotify { to, note_to, not_self, not_alone, note, data, .. },
            Payload::NoteAndMessage(note_body, body),
        ) => {
            let split =
                post::Split { to, note_to, not_self, not_alone, note, note_body, data, body };
            post::post_notify(service, sender, mark, split).await
        }
        (Request::Ping { from, to, data, .. }, Payload::Text(text)) => {
            ping::ping(service, sender, mark, from, to, data, text).await
        }
        _ => return None,
    })
}

/// Devices of `members`, and the sender's other devices; the sender's own device only where it is
/// asked for.
fn devices_of(
    directory: &Directory,
    sender: &Sender,
    members: impl IntoIterator<Item = MemberNumber>,
    own_device_too: bool,
) -> Vec<DeviceNumber> {
    let mut devices: Vec<_> =
        members.into_iter().flat_map(|member| directory.devices(member)).collect();
    devices.extend(directory.devices(sender.member));
    if !own_device_too {
        devices.retain(|device| *device != sender.device);
    }
    devices
}

impl Service {
    /// Submits letters with rows while the directory that named the devices is still held, and
    /// waits until they are durable.
    async fn post(
        &self,
        sender: &Sender,
        write: impl FnOnce(&Directory) -> Result<(Vec<Letter>, Batch), Refusal>,
    ) -> Result<Outcome, Refusal> {
        self.post_marked(sender, None, write).await
    }

    /// As [`Self::post`], and the answer can be given again to a request with the same mark.
    async fn post_marked(
        &self,
        sender: &Sender,
        mark: Option<Mark>,
        write: impl FnOnce(&Directory) -> Result<(Vec<Letter>, Batch), Refusal>,
    ) -> Result<Outcome, Refusal> {
        let missing;
        let submitted = {
            let directory = self.directory();
            let (mut letters, mut rows) = write(&directory)?;
            missing = full::pass_over(self, &directory, sender, &mut letters, &mut rows);
            let now_ms = self.now_ms();
            let rows = |first_id: Option<MessageId>| {
                if let (Some(mark), Some(id)) = (mark, first_id) {
                    mark.remember(&mut rows, sender.device, id, now_ms);
                }
                rows
            };
            self.post_office.submit(&self.store, &sender.uid, now_ms, letters, rows)
        };
        let accepted = match submitted {
            Ok(submitted) => submitted.accepted(&self.roster).await.map_err(PostError::from),
            Err(error) => Err(error),
        };
        Ok(accepted.inspect_err(|_| self.gap_notices.take_back(&missing))?)
    }
}
