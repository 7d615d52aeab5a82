//! OhiEdit: changes who learns whether the sender is online.

use tmtp::event::{MessageKind, OhiAct};
use tmtp::request::{OhiKind, OhiMember};

use crate::decision::{Decision, Facts, Sharing, Tally};
use crate::directory::MemberNumber;
use crate::outgoing::Outgoing;

use super::Refusal;
use super::recipient::devices_of;

use crate::directory::Sender;
use crate::metrics::Rule;

/// Members in one echo to the sender's devices: an echo is longer than the request, and has to fit
/// into a header too.
const ECHO_MEMBERS_MAX: usize = 500;

/// An OhiEdit: changes the set of members who learn it.
///
/// # Errors
/// [`Refusal`] when one of them is unknown, or there were too many changes; nothing is changed then.
pub(super) fn edit(
    facts: &Facts<'_>,
    sender: &Sender,
    kind: OhiKind,
    members: &[OhiMember],
) -> Result<Decision, Refusal> {
    let unknown = || Refusal::new(Rule::Unknown, "a member named in for is unknown");
    let known = members.iter().map(|member| facts.directory.by_uid(&member.uid));
    let with = known.collect::<Option<Vec<MemberNumber>>>().ok_or_else(unknown)?;
    let messages = match kind {
        OhiKind::Init => Vec::new(),
        OhiKind::Add | OhiKind::Drop => echo(facts, sender, kind, members),
    };
    Ok(Decision {
        messages,
        tallies: vec![Tally::Presence(sender.member, with.len())],
        sharing: Some(Sharing { member: sender.member, with, is_shared: kind != OhiKind::Drop }),
        ..Decision::default()
    })
}

/// The notice of the change, for all devices of the sender.
fn echo(facts: &Facts<'_>, sender: &Sender, kind: OhiKind, members: &[OhiMember]) -> Vec<Outgoing> {
    let messages = members.chunks(ECHO_MEMBERS_MAX).map(|members| {
        let act = OhiAct::Kind(kind);
        let kind = MessageKind::OhiEdit { act, members: members.to_vec() };
        Outgoing::notice(kind, devices_of(facts.directory, sender, [], true))
    });
    messages.collect()
}
