//! Introductions that a post makes: who may write to whom after it, under either policy.
//!
//! A recipient may answer. Recipients of one post who know the sender may write to each other, as a
//! thread needs it, and a recipient beside a group may be written to by some of its members
//! ([`Directory::open`]). A sender whom nobody has accepted introduces nobody.

use std::collections::BTreeSet;

use tmtp::request::{Recipient, Request};

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
        changes.extend(openings(facts, *member, &groups));
    }
    let mut pairs: Vec<_> = named.iter().map(|member| (*member, from)).collect();
    pairs.extend(together.iter().flat_map(|one| together.iter().map(|other| (*one, *other))));
    pairs.retain(|(from, to)| from != to && !directory.has_accepted(*to, *from));
    for to in named.iter().filter(|to| !directory.acquainted(from, **to)) {
        if let Some(entered) = directory.enter(from, *to, kept) {
            changes.push(entered);
            pairs.push((from, *to));
        }
    }
    changes.extend(pairs.into_iter().map(|(from, to)| DirectoryChange::Acquaintance { from, to }));
    changes
}

/// Whether a request changes openings. Such a one must be durable before the next of its kind is decided:
/// several of them could find the same place free.
pub(super) fn changes_openings(facts: &Facts<'_>, sender: &Sender, request: &Request) -> bool {
    let recipients: &[&[Recipient]] = match request {
        Request::Post { to, .. } => &[to],
        Request::PostNotify { to, note_to, .. } => &[to, note_to],
        Request::UserEdit { .. }
        | Request::OhiEdit { .. }
        | Request::Ping { .. }
        | Request::GroupInvite { .. }
        | Request::GroupEdit { .. }
        | Request::TmtpRev { .. }
        | Request::Register { .. }
        | Request::Login { .. }
        | Request::Quit
        | Request::Pulse
        | Request::Ack { .. } => return false,
    };
    let (directory, from) = (facts.directory, sender.member);
    let groups: Vec<_> = groups_of(directory, sender, recipients).collect();
    let mut named = recipients.iter().flat_map(|list| list.iter()).filter_map(|to| match to {
        Recipient::Member(uid) => directory.by_uid(uid),
        Recipient::GroupWithSender(_) | Recipient::Group(_) => None,
    });
    named.any(|to| {
        if directory.acquainted(from, to) {
            !openings(facts, to, &groups).is_empty()
        } else {
            directory.is_open(from, to, facts.kept())
        }
    })
}

/// The changes that open `member` to those of these groups that they have not joined.
fn openings(facts: &Facts<'_>, member: MemberNumber, groups: &[&Group]) -> Vec<DirectoryChange> {
    let outside = groups.iter().filter(|group| !group.has_joined(member));
    let gids = outside.map(|group| group.name());
    facts.directory.open(member, gids, INTRODUCED_MAX, facts.kept().today)
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
