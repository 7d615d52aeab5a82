//! Introductions that a post makes: who may write to whom once it is sent, under either policy.
//!
//! Whoever is written to may answer. Those who know the sender and are written to together may go on
//! together, as a thread needs, and who is written to beside a group is open to some of its members
//! ([`Directory::open`]). A sender whom nobody has let in introduces nobody.

use std::collections::BTreeSet;

use tmtp::request::Recipient;

use crate::decision::Facts;
use crate::directory::{Directory, DirectoryChange, Group, MemberNumber};

use crate::directory::Sender;

/// Members who are introduced to each other by being written to together, at most; their pairs
/// grow with the square. Also the members of a group who may write to somebody named beside it.
const INTRODUCED_MAX: usize = 32;
/// Groups to which those named beside them are open, at most.
const GROUPS_MAX: usize = 8;

/// What a post of `sender` changes about who may write to whom, that names these members and these
/// recipients.
pub(super) fn introductions(
    facts: &Facts<'_>,
    sender: &Sender,
    named: &BTreeSet<MemberNumber>,
    recipients: &[&[Recipient]],
) -> Vec<DirectoryChange> {
    let (directory, kept, from) = (facts.directory, facts.kept(), sender.member);
    let together: Vec<_> = named
        .iter()
        .copied()
        .filter(|member| directory.acquainted(from, *member))
        .take(INTRODUCED_MAX)
        .collect();
    let mut changes = Vec::new();
    let groups: Vec<_> = groups_of(directory, sender, recipients).collect();
    for member in &together {
        let outside = groups.iter().filter(|group| !group.has_joined(*member));
        let gids = outside.map(|group| group.name());
        changes.extend(directory.open(*member, gids, INTRODUCED_MAX, kept.today));
    }
    let mut pairs: Vec<_> = named.iter().map(|member| (*member, from)).collect();
    pairs.extend(together.iter().flat_map(|one| together.iter().map(|other| (*one, *other))));
    pairs.retain(|(from, to)| from != to && !directory.has_let_in(*to, *from));
    for to in named.iter().filter(|to| !directory.acquainted(from, **to)) {
        if let Some(entered) = directory.enter(from, *to, kept) {
            changes.push(entered);
            pairs.push((from, *to));
        }
    }
    changes.extend(pairs.into_iter().map(|(from, to)| DirectoryChange::Acquaintance { from, to }));
    changes
}

/// The groups among the recipients that the sender has joined.
fn groups_of<'a>(
    directory: &'a Directory,
    sender: &Sender,
    recipients: &'a [&[Recipient]],
) -> impl Iterator<Item = &'a Group> {
    let member = sender.member;
    let gids = recipients.iter().flat_map(|list| list.iter()).filter_map(|to| match to {
        Recipient::GroupWithSender(gid) | Recipient::Group(gid) => Some(gid),
        Recipient::Member(_) => None,
    });
    let groups = gids.filter_map(|gid| directory.group(gid.as_str()));
    groups.filter(move |group| group.has_joined(member)).take(GROUPS_MAX)
}
