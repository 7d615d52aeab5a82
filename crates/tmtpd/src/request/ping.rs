//! Ping: a first contact.

use tmtp::event::MessageKind;
use tmtp::id::Alias;
use tmtp::request::Data;

use crate::contacts::Ping;
use crate::decision::{Decision, Facts, Tally};
use crate::directory::{Aliased, Directory, DirectoryChange, Member, MemberNumber};
use crate::outgoing::Outgoing;

use super::recipient::devices_of;
use super::{Refusal, full};
use crate::directory::Sender;
use crate::metrics::Rule;

/// A ping that is requested.
#[derive(Debug)]
pub(super) struct NewPing {
    /// An alias of the sender.
    pub(super) from: Alias,
    /// Alias of the member who is pinged.
    pub(super) to: Alias,
    /// The text as announced.
    pub(super) data: Data,
    /// The text.
    pub(super) text: String,
}

/// A Ping: to the member with the alias `to`, and a copy to the sender's other devices.
///
/// # Errors
/// [`Refusal`].
pub(super) fn ping(facts: &Facts<'_>, sender: &Sender, ping: NewPing) -> Result<Decision, Refusal> {
    let NewPing { from, to, data, text } = ping;
    let directory = facts.directory;
    let Addressed { from, to } = addressed(directory, sender, from.as_str(), to.as_str())?;
    let (from_member, member) = (sender.member, to.member);
    let devices = devices_of(directory, sender, [member], member == from_member);
    let kind = MessageKind::Ping { alias: from.into(), to: to.alias.into() };
    // A member who pings lets the other in.
    let is_new = member != from_member && !directory.has_accepted(from_member, member);
    let lets_in = DirectoryChange::Acquaintance { from: member, to: from_member };
    Ok(Decision {
        messages: vec![Outgoing::text(kind, data, text, devices)],
        is_message: true,
        changes: is_new.then_some(lets_in).into_iter().collect(),
        tallies: vec![tally(facts, sender, member)?],
        ..Decision::default()
    })
}

/// Sender and receiver of a ping, with their aliases as granted.
pub(super) struct Addressed<'a> {
    pub(super) from: &'a str,
    pub(super) to: Aliased<'a>,
}

/// The member to be pinged, if the sender may ping under that name.
pub(super) fn addressed<'a>(
    directory: &'a Directory,
    sender: &Sender,
    from: &str,
    to: &str,
) -> Result<Addressed<'a>, Refusal> {
    let from = own_alias(directory, sender, from)
        .ok_or_else(|| Refusal::new(Rule::NotOwnAlias, "from must identify sender"))?;
    let unknown = || Refusal::new(Rule::Unknown, "to is not a known alias").of_guess();
    Ok(Addressed { from, to: directory.by_alias(to).ok_or_else(unknown)? })
}

/// An alias of the sender, exactly as it was granted: the app has it from the service.
pub(super) fn own_alias<'a>(
    directory: &'a Directory,
    sender: &Sender,
    alias: &str,
) -> Option<&'a str> {
    let own = directory.by_alias(alias)?;
    (own.member == sender.member && own.alias == alias).then_some(own.alias)
}

/// The limit that a ping or an invitation counts towards, if one could be stored for `member`.
pub(super) fn tally(
    facts: &Facts<'_>,
    sender: &Sender,
    member: MemberNumber,
) -> Result<Tally, Refusal> {
    full::check(facts, sender, member)?;
    let (directory, now_ms) = (facts.directory, facts.now_ms);
    let acquainted = directory.acquainted(sender.member, member);
    let since_ms = directory.member(sender.member).and_then(Member::since_ms).unwrap_or(now_ms);
    Ok(Tally::Ping(Ping { who: sender.member, whom: member, now_ms, acquainted, since_ms }))
}
