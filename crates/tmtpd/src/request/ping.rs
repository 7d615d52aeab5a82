//! Ping: a first contact.

use tmtp::event::{MessageKind, Outcome};
use tmtp::id::Alias;
use tmtp::request::Data;

use crate::contacts::{Ping, TooMany};
use crate::directory::{Aliased, Directory, Member, MemberNumber, rows};
use crate::post_office::Letter;
use crate::service::Service;
use crate::store::engine::Batch;

use super::repeat::Mark;
use super::{Refusal, devices_of, full};
use crate::directory::Sender;
use crate::metrics::Rule;

/// Delivers a ping to the member with the alias `to`, and a copy to the sender's other devices.
///
/// # Errors
/// [`Refusal`].
pub(crate) async fn ping(
    service: &Service,
    sender: &Sender,
    mark: Option<Mark>,
    from: Alias,
    to: Alias,
    data: Data,
    text: String,
) -> Result<Outcome, Refusal> {
    let (mut pinged, mut let_in) = (None, false);
    let posted = service.post_marked(sender, mark, |directory| {
        let Addressed { from, to } =
            addressed(service, directory, sender, from.as_str(), to.as_str())?;
        let member = to.member;
        let mut batch = Batch::new();
        count(service, directory, sender, member, &mut batch)?;
        pinged = Some(member);
        let devices = devices_of(directory, sender, [member], member == sender.member);
        // Whoever pings lets the other in.
        if member != sender.member && !directory.has_let_in(sender.member, member) {
            rows::write_acquaintance(&mut batch, member, sender.member);
            let_in = true;
        }
        let kind = MessageKind::Ping { alias: from.into(), to: to.alias.into() };
        Ok((vec![Letter::text(kind, data, text, devices)], batch))
    });
    let outcome = posted.await.inspect_err(|_| take_back(service, sender, pinged))?;
    if let Some(member) = pinged.filter(|_| let_in) {
        service.directory_mut().put_acquaintance(member, sender.member);
    }
    Ok(outcome)
}

/// Both ends of a ping, by their aliases as they were granted.
pub(super) struct Addressed<'a> {
    pub(super) from: &'a str,
    pub(super) to: Aliased<'a>,
}

/// The member to be pinged, if the sender may ping under that name.
///
/// A name that nobody has counts as a ping of the day, so that names cannot be found out by trying.
pub(super) fn addressed<'a>(
    service: &Service,
    directory: &'a Directory,
    sender: &Sender,
    from: &str,
    to: &str,
) -> Result<Addressed<'a>, Refusal> {
    let from = own_alias(directory, sender, from)
        .ok_or_else(|| Refusal::new(Rule::NotOwnAlias, "from must identify sender"))?;
    match directory.by_alias(to) {
        Some(to) => Ok(Addressed { from, to }),
        None => {
            count_name(service, sender)?;
            Err(Refusal::new(Rule::Unknown, "to is not a known alias"))
        }
    }
}

/// An alias of the sender, byte by byte as it was granted: the app has it from the service.
pub(super) fn own_alias<'a>(
    directory: &'a Directory,
    sender: &Sender,
    alias: &str,
) -> Option<&'a str> {
    let own = directory.by_alias(alias)?;
    (own.member == sender.member && own.alias == alias).then_some(own.alias)
}

/// Counts a name that was tried in vain.
///
/// # Errors
/// [`Refusal`] when the day's pings are used up.
pub(super) fn count_name(service: &Service, sender: &Sender) -> Result<(), Refusal> {
    let now_ms = service.now_ms();
    let counted = service.contacts.tried(&service.store, &service.limits(), sender.member, now_ms);
    counted.map_err(refusal)
}

fn refusal(error: TooMany) -> Refusal {
    match error {
        TooMany::Store(error) => error.into(),
        TooMany::Today => Refusal::new(Rule::PingsPerDay, error.to_string()),
        TooMany::Received => Refusal::new(Rule::PingsReceived, error.to_string()),
        TooMany::Unanswered { .. } => Refusal::new(Rule::UnansweredPings, error.to_string()),
    }
}

/// Counts a ping or an invitation, if the sender may still send one to `member`.
pub(super) fn count(
    service: &Service,
    directory: &Directory,
    sender: &Sender,
    member: MemberNumber,
    rows: &mut Batch,
) -> Result<(), Refusal> {
    full::check(service, directory, sender, member)?;
    let acquainted = directory.acquainted(sender.member, member);
    let now_ms = service.now_ms();
    let since_ms = directory.member(sender.member).and_then(Member::since_ms).unwrap_or(now_ms);
    let ping = Ping { who: sender.member, whom: member, now_ms, acquainted, since_ms };
    service.contacts.count(&service.store, &service.limits(), ping, rows).map_err(refusal)
}

/// The ping that was counted was not stored.
pub(super) fn take_back(service: &Service, sender: &Sender, pinged: Option<MemberNumber>) {
    pinged.into_iter().for_each(|member| service.contacts.take_back(sender.member, member));
}
