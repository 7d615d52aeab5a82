//! Introductions that a post makes: who may write to whom after it, under either policy.
//!
//! A recipient may answer. Recipients of one post who know the sender may write to each other, as a
//! thread needs it, and a recipient beside a group may be written to by some of its members
//! ([`Directory::open`]). A sender whom nobody has let in introduces nobody.

use std::collections::BTreeSet;

use tmtp::request::Recipient;

use crate::decision::Facts;
use crate::directory::{Directory, DirectoryChange, Group, MemberNumber};

use crate::directory::Sender;

/// At most so many recipients of one post are introduced to each other, as their pairs grow with
/// the square. Also the limit for members of a group who may write to a recipient beside it.
const INTRODUCED_MAX: usize = 32;
/// At most so many groups are opened to the recipients beside them.
const GROUPS_MAX: usize = 8;

/// How a post of `sender` to these members and recipients changes who may write to whom.
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
