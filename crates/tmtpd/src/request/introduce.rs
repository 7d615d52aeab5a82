//! Introductions that a post makes: who may write to whom once it is sent, under either policy.
//!
//! Whoever is written to may answer. Those who know the sender and are written to together may go on
//! together, as a thread needs, and who is written to beside a group is open to some of its members
//! ([`Openings`](crate::openings::Openings)). A sender whom nobody has let in introduces nobody.

use std::collections::BTreeSet;

use tmtp::request::Recipient;

use crate::directory::{Directory, Group, MemberNumber, rows};
use crate::service::Service;
use crate::store::engine::Batch;

use crate::directory::Sender;

/// Members who are introduced to each other by being written to together, at most; their pairs
/// grow with the square. Also the members of a group who may write to somebody named beside it.
const INTRODUCED_MAX: usize = 32;
/// Groups to which those named beside them are open, at most.
const GROUPS_MAX: usize = 8;

/// What a post changes about who may write to whom.
#[derive(Debug, Default)]
pub(super) struct Introduced {
    /// (from, to): the second lets the first in.
    pairs: Vec<(MemberNumber, MemberNumber)>,
}

impl Introduced {
    /// What a post of `sender` changes that names these members and these recipients. Adds to `batch` what
    /// must be committed with it.
    pub(super) fn by(
        service: &Service,
        directory: &Directory,
        sender: &Sender,
        named: &BTreeSet<MemberNumber>,
        recipients: &[&[Recipient]],
        batch: &mut Batch,
    ) -> Self {
        let (limits, now_ms) = (service.limits(), service.now_ms());
        let from = sender.member;
        let together: Vec<_> = named
            .iter()
            .copied()
            .filter(|member| directory.acquainted(from, *member))
            .take(INTRODUCED_MAX)
            .collect();
        for group in groups_of(directory, sender, recipients) {
            let outside = |member: &&MemberNumber| !group.has_joined(**member);
            for member in together.iter().filter(outside) {
                service.openings.open(*member, group.name(), INTRODUCED_MAX, now_ms, batch);
            }
        }
        let mut pairs: Vec<_> = named.iter().map(|member| (*member, from)).collect();
        pairs.extend(together.iter().flat_map(|one| together.iter().map(|other| (*one, *other))));
        pairs.retain(|(from, to)| from != to && !directory.has_let_in(*to, *from));
        for to in named.iter().filter(|to| !directory.acquainted(from, **to)) {
            if service.openings.enter(directory, &limits, from, *to, now_ms, batch) {
                pairs.push((from, *to));
            }
        }
        for (from, to) in &pairs {
            rows::write_acquaintance(batch, *from, *to);
        }
        Self { pairs }
    }

    /// Once that is durable.
    pub(super) fn apply(self, service: &Service) {
        if self.pairs.is_empty() {
            return;
        }
        let mut directory = service.directory_mut();
        for (from, to) in self.pairs {
            directory.put_acquaintance(from, to);
        }
    }
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
