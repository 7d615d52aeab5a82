//! Post and PostNotify: messages to members and groups.

use std::collections::BTreeSet;

use tmtp::event::{MessageKind, NOBODY_ELSE};
use tmtp::head::HEAD_MAX_BYTES;
use tmtp::id::{Gid, MessageId, Uid, UidOrGid};
use tmtp::request::{Data, Recipient};
use tmtp::text::NAME_MAX_BYTES;

use crate::config::PostPolicy;
use crate::decision::{Decision, Facts, Tally};
use crate::directory::{Directory, Group, MemberNumber};
use crate::outgoing::Outgoing;
use tmtp_store::NewData;

use super::introduce::introductions;
use super::recipient::devices_of;
use super::{Refusal, full};
use crate::directory::Sender;
use crate::metrics::Rule;

/// How many recipients a refusal names, at 35 bytes each: it has to fit into a header with the
/// request's id.
const BLAMED_MAX: usize = 1000;
/// How many groups a delivery names. A name has 256 bytes, each of which may take six in a header.
const GROUPS_NAMED_MAX: usize = 20;
/// Bytes in a notification for the recipients of its message. Together with the groups it has to
/// fit into a header.
const COPIED_BYTES_MAX: usize = 30_000;
/// Bytes that one byte of a name takes in a header at most, and what stands around a name.
const ESCAPED_BYTES: usize = 6;
const QUOTES_BYTES: usize = 3;
/// Bytes of all else in the header of a notification, at most.
const HEAD_REST_BYTES: usize = 1_000;
const _: () = assert!(
    GROUPS_NAMED_MAX * (NAME_MAX_BYTES * ESCAPED_BYTES + QUOTES_BYTES)
        + COPIED_BYTES_MAX
        + HEAD_REST_BYTES
        <= HEAD_MAX_BYTES
);

/// A PostNotify.
#[derive(Debug)]
pub(super) struct Split {
    /// Recipients of the message and the notification.
    pub(super) to: Vec<Recipient>,
    /// Recipients of the notification only.
    pub(super) note_to: Vec<Recipient>,
    /// Whether the sender's other devices are left out of the message.
    pub(super) not_self: bool,
    /// Whether the message needs a recipient other than the sender.
    pub(super) not_alone: bool,
    /// The notification as announced.
    pub(super) note: Data,
    /// The notification.
    pub(super) note_body: NewData,
    /// The message as announced.
    pub(super) data: Data,
    /// The message.
    pub(super) body: NewData,
}

/// The recipients that a list names.
#[derive(Debug, Default)]
struct Audience {
    members: BTreeSet<MemberNumber>,
    /// Members named one by one.
    named: BTreeSet<MemberNumber>,
}

/// A Post: a message to all recipients, to each device once. The sender's own device gets it only
/// if it is named.
///
/// # Errors
/// [`Refusal`].
pub(super) fn post(
    facts: &Facts<'_>,
    sender: &Sender,
    (to, not_alone): (&[Recipient], bool),
    data: Data,
    body: NewData,
) -> Result<Decision, Refusal> {
    let Audience { members, named } = audience(facts, sender, to, not_alone)?;
    let own_device_too = members.contains(&sender.member);
    let devices = devices_of(facts.directory, sender, members, own_device_too);
    let groups = groups_of(facts.directory, sender, to);
    let kind = MessageKind::Delivery { notify: None, groups };
    let message = Outgoing { kind, data, body, devices, from_service: false };
    let changes = introductions(facts, sender, &named, &[to]);
    let tallies = vec![Tally::Answered { who: sender.member, members: named }];
    let messages = vec![message];
    Ok(Decision { messages, is_message: true, changes, tallies, ..Decision::default() })
}

/// A PostNotify: a message to some recipients, and a notification of it to more.
///
/// # Errors
/// As [`post`].
pub(super) fn post_notify(
    facts: &Facts<'_>,
    sender: &Sender,
    split: Split,
) -> Result<Decision, Refusal> {
    let Split { to, note_to, not_self, not_alone, note, note_body, data, body } = split;
    let directory = facts.directory;
    let got = audience(facts, sender, &to, not_alone)?;
    let mut notified = audience(facts, sender, &note_to, false)?;
    notified.members.extend(&got.members);
    let notify = to.len() + note_to.len() + usize::from(!not_self);
    let kind = MessageKind::Delivery {
        notify: Some(notify as u64),
        groups: groups_of(directory, sender, &to),
    };
    let own_device_too = got.members.contains(&sender.member);
    let mut devices = devices_of(directory, sender, got.members, own_device_too);
    if not_self && !own_device_too {
        let own: Vec<_> = directory.devices(sender.member).collect();
        devices.retain(|device| !own.contains(device));
    }
    let message = Outgoing { kind, data, body, devices, from_service: false };
    let own_device_too = notified.members.contains(&sender.member);
    let devices = devices_of(directory, sender, notified.members, own_device_too);
    let kind = MessageKind::Notify {
        postid: MessageId(0),
        groups: groups_of(directory, sender, to.iter().chain(&note_to)),
        copied: Some(copied_to(directory, sender, &to)),
    };
    let note = Outgoing { kind, data: note, body: note_body, devices, from_service: false };
    // Those who get a forwarded thread and those who get its note continue it together: replies
    // of the first go to the others, who confirm their own letters to them.
    let named = got.named.into_iter().chain(notified.named).collect();
    let changes = introductions(facts, sender, &named, &[&to, &note_to]);
    let tallies = vec![Tally::Answered { who: sender.member, members: named }];
    let messages = vec![message, note];
    Ok(Decision { messages, is_message: true, changes, tallies, ..Decision::default() })
}

/// Whether a Post to these could be sent now. Checked before its data is stored, and again after.
///
/// # Errors
/// [`Refusal`].
pub(crate) fn check(facts: &Facts<'_>, sender: &Sender, to: &[Recipient]) -> Result<(), Refusal> {
    // Whether the sender would be alone is only checked when the message is posted, so that no
    // notice of a member who has joined since can be read before the answer.
    audience(facts, sender, to, false).map(drop)
}

/// The members and groups that the recipients name; `not_alone` requires one other than the sender.
/// An app cannot know that all others have left a group: a member who comes back to it is not told
/// who is there.
fn audience(
    facts: &Facts<'_>,
    sender: &Sender,
    to: &[Recipient],
    not_alone: bool,
) -> Result<Audience, Refusal> {
    let directory = facts.directory;
    if to.len() > facts.terms.limits.recipients_max {
        return Err(Refusal::new(Rule::RecipientsMax, "for names too many recipients"));
    }
    let mut audience = Audience::default();
    let mut blamed = Blamed::default();
    for recipient in to {
        match recipient {
            // A reply in a thread with a notice of the service: the service reads no replies.
            Recipient::Member(uid) if uid.is_service() && to.len() > 1 => {}
            Recipient::Member(uid) if uid.is_service() => {
                return Err(Refusal::new(Rule::Unknown, "the service itself takes no messages"));
            }
            Recipient::Member(uid) => match named(facts, sender, uid) {
                Ok(member) => {
                    audience.members.insert(member);
                    audience.named.insert(member);
                }
                Err(refusal) => blamed.add(refusal, uid),
            },
            Recipient::GroupWithSender(gid) => {
                // The sender among them, once they have joined.
                audience.members.extend(group(directory, sender, gid)?);
            }
            Recipient::Group(gid) => {
                let others = group(directory, sender, gid)?;
                audience.members.extend(others.filter(|member| *member != sender.member));
            }
        }
    }
    blamed.end()?;
    if not_alone && audience.members.iter().all(|member| *member == sender.member) {
        return Err(Refusal::new(Rule::NobodyElse, NOBODY_ELSE));
    }
    Ok(audience)
}

/// A member who is named directly, if the sender may write to them now.
fn named(facts: &Facts<'_>, sender: &Sender, uid: &Uid) -> Result<MemberNumber, Refusal> {
    let unknown = || Refusal::new(Rule::Unknown, "a recipient named in for is unknown");
    let member = facts.directory.by_uid(uid).ok_or_else(unknown)?;
    if facts.terms.post_policy == PostPolicy::Acquainted && !may_write(facts, sender, member) {
        let words = "a recipient named in for must be pinged first";
        return Err(Refusal::new(Rule::NotAcquainted, words));
    }
    full::check(facts, sender, member)?;
    Ok(member)
}

/// Whether any member has let the sender in, directly or with a group.
fn may_write(facts: &Facts<'_>, sender: &Sender, to: MemberNumber) -> bool {
    let directory = facts.directory;
    directory.acquainted(sender.member, to) || directory.is_open(sender.member, to, facts.kept())
}

/// The first reason to refuse a list of recipients, and all recipients that it is true of, so that
/// the sender can write to the others.
#[derive(Debug, Default)]
struct Blamed {
    refusal: Option<Refusal>,
    uids: Vec<Uid>,
}

impl Blamed {
    fn add(&mut self, refusal: Refusal, uid: &Uid) {
        let first = self.refusal.get_or_insert(refusal.clone());
        let is_same = first.rule == refusal.rule;
        // An invalid uid may hold anything, and be of any length once it is escaped.
        if is_same && self.uids.len() < BLAMED_MAX && Uid::is_made(uid.as_str()) {
            self.uids.push(uid.clone());
        }
    }

    fn end(self) -> Result<(), Refusal> {
        match self.refusal {
            None => Ok(()),
            Some(refusal) => Err(Refusal { of: self.uids, ..refusal }),
        }
    }
}

/// The groups among the recipients that the sender has joined, with their names as granted, as many
/// as a header can name. A member who is only invited may post, but is not in the group.
fn groups_of<'a>(
    directory: &Directory,
    sender: &Sender,
    to: impl IntoIterator<Item = &'a Recipient>,
) -> Vec<Gid> {
    let gids = to.into_iter().filter_map(|recipient| match recipient {
        Recipient::GroupWithSender(gid) | Recipient::Group(gid) => Some(gid),
        Recipient::Member(_) => None,
    });
    let groups = gids.filter_map(|gid| directory.group(gid.as_str()));
    let joined: BTreeSet<&str> =
        groups.filter(|group| group.has_joined(sender.member)).map(Group::name).collect();
    joined.into_iter().take(GROUPS_NAMED_MAX).map(Gid::from).collect()
}

/// The recipients of a message as its notification names them: members by their ids, and groups as
/// in [`groups_of`]. What does not fit into a header is left out.
fn copied_to(directory: &Directory, sender: &Sender, to: &[Recipient]) -> Vec<UidOrGid> {
    let members = to.iter().filter_map(|recipient| match recipient {
        Recipient::Member(uid) if Uid::is_made(uid.as_str()) => Some(UidOrGid::from(uid.as_str())),
        Recipient::Member(_) | Recipient::GroupWithSender(_) | Recipient::Group(_) => None,
    });
    let mut left = COPIED_BYTES_MAX;
    let groups = groups_of(directory, sender, to);
    let mut copied: Vec<_> = groups.iter().map(|gid| UidOrGid::from(gid.as_str())).collect();
    copied.extend(members);
    copied.retain(|name| {
        let name = name.as_str();
        let escaped = if Uid::is_made(name) { 1 } else { ESCAPED_BYTES };
        let bytes = name.len() * escaped + QUOTES_BYTES;
        let fits = bytes <= left;
        left -= if fits { bytes } else { 0 };
        fits
    });
    copied
}

/// All members who have joined the group. An invited member may already post to it.
fn group<'a>(
    directory: &'a Directory,
    sender: &Sender,
    gid: &Gid,
) -> Result<impl Iterator<Item = MemberNumber> + 'a, Refusal> {
    // The same words whether the group exists or not: names of groups are not disclosed.
    let group = directory.group(gid.as_str()).filter(|group| group.counts(sender.member));
    let group = group.ok_or_else(|| {
        Refusal::new(Rule::NotInGroup, "sender is not a member of a group named in for")
    })?;
    Ok(group.joined())
}
