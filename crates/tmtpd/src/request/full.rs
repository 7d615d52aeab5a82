//! Full queues. A queue is full when it holds `owed_messages_max` messages or `owed_bytes_max` bytes, or
//! when the queues of its member's devices together hold twice that and it has its full share of it.
//!
//! The device of a full queue has not fetched anything for long. As long as another device of its
//! member takes a message, the full one is skipped and marked as missing messages, which it gets from
//! the other devices' history: a tablet in a drawer does not stop its owner's mail. A post to a
//! member by name is refused, before the data is taken in, when all the member's queues are full. A
//! post to a group goes to everybody else, and in the same commit the author is notified whom it does not
//! reach. Messages count from their submission on, so that those on their way to the disk are counted too.

use std::collections::{BTreeMap, BTreeSet};

use tmtp::event::MessageKind;

use crate::config::Limits;
use crate::decision::{Decision, Facts, Tally};
use crate::directory::{Directory, MemberNumber};
use crate::expiry;
use tmtp_store::{DeviceNumber, Queue};

use super::Refusal;
use crate::directory::Sender;
use crate::metrics::Rule;

/// Whether a message to `member` by name could be stored for any of their devices.
pub(super) fn check(
    facts: &Facts<'_>,
    sender: &Sender,
    member: MemberNumber,
) -> Result<(), Refusal> {
    let devices: Vec<_> = facts.directory.devices(member).collect();
    if member == sender.member || full(facts, &devices).len() < devices.len() {
        return Ok(());
    }
    Err(Refusal::new(
        Rule::QueueFull,
        "nothing was sent: the queue of a recipient is full, as they have fetched nothing for long",
    ))
}

/// Removes the devices whose queues are full from the messages, adds a notice to the author when a
/// member gets no copy of a post because of it, and counts how many messages each device misses.
pub(super) fn pass_over(facts: &Facts<'_>, sender: &Sender, decision: &mut Decision) {
    let mut missing = BTreeMap::<DeviceNumber, u64>::new();
    let mut unreached = BTreeSet::new();
    for message in &mut decision.messages {
        let mut full = full(facts, &message.devices);
        // Never the sender's own device: it is online and waits for its copy.
        full.retain(|device| *device != sender.device);
        if full.is_empty() {
            continue;
        }
        message.devices.retain(|device| full.binary_search(device).is_err());
        if expiry::is_passing(&message.kind) {
            continue;
        }
        full.iter().for_each(|device| *missing.entry(*device).or_default() += 1);
        if reports_unreached(&message.kind) {
            unreached.extend(without(facts.directory, sender, &full, &message.devices));
        }
    }
    if !unreached.is_empty() {
        let writer = expiry::NoticeWriter { name: &facts.terms.name, now_ms: facts.now_ms };
        decision.messages.extend(writer.not_stored(facts.directory, sender.member, &unreached));
    }
    if !missing.is_empty() {
        decision.tallies.push(Tally::Missing(missing));
    }
}

/// Whether the author is notified of members who get no copy of it.
fn reports_unreached(kind: &MessageKind) -> bool {
    match kind {
        MessageKind::Delivery { .. } => true,
        MessageKind::Login { .. }
        | MessageKind::NewNode { .. }
        | MessageKind::NewAlias { .. }
        | MessageKind::OhiEdit { .. }
        | MessageKind::Invite { .. }
        | MessageKind::Member { .. }
        | MessageKind::Notify { .. }
        | MessageKind::Ping { .. }
        | MessageKind::Other { .. } => false,
    }
}

/// Those of `devices` whose queues are full, in rising order.
fn full(facts: &Facts<'_>, devices: &[DeviceNumber]) -> Vec<DeviceNumber> {
    let limits = &facts.terms.limits;
    let alone = of_device(limits);
    // A shorter queue cannot have its full share. As a rule no queue is this long.
    let share = shared(together(limits), limits.devices_per_member);
    let mut full = facts.queues.queues_over(devices, share.messages, share.bytes);
    full.retain(|device| {
        let own = facts.queues.queue(*device);
        own.reaches(alone) || has_full_share(facts, *device, own)
    });
    full.sort_unstable();
    full.dedup();
    full
}

/// Whether the queues of the member's devices together are full, and `device` has its full share of it.
fn has_full_share(facts: &Facts<'_>, device: DeviceNumber, own: Queue) -> bool {
    let Some(member) = facts.directory.owner(device) else { return false };
    let devices: Vec<_> = facts.directory.devices(member).collect();
    let (sum, all) = (facts.queues.queues_together(&devices), together(&facts.terms.limits));
    let share = shared(all, devices.len());
    (sum.messages >= all.messages && own.messages >= share.messages)
        || (sum.bytes >= all.bytes && own.bytes >= share.bytes)
}

/// Whether `more` would exceed the limit for the `devices` of one member together.
pub(super) fn are_over(facts: &Facts<'_>, devices: &[DeviceNumber], more: Queue) -> bool {
    let (sum, all) = (facts.queues.queues_together(devices), together(&facts.terms.limits));
    sum.messages.saturating_add(more.messages) > all.messages
        || sum.bytes.saturating_add(more.bytes) > all.bytes
}

fn of_device(limits: &Limits) -> Queue {
    Queue { messages: limits.owed_messages_max as u64, bytes: limits.owed_bytes_max }
}

/// The limit for the queues of all devices of a member together.
fn together(limits: &Limits) -> Queue {
    let Queue { messages, bytes } = of_device(limits);
    Queue { messages: messages.saturating_mul(2), bytes: bytes.saturating_mul(2) }
}

fn shared(all: Queue, devices: usize) -> Queue {
    let devices = devices.max(1) as u64;
    Queue { messages: (all.messages / devices).max(1), bytes: (all.bytes / devices).max(1) }
}

/// Members whose devices are all in `full`, so that none is left.
fn without(
    directory: &Directory,
    sender: &Sender,
    full: &[DeviceNumber],
    left: &[DeviceNumber],
) -> Vec<MemberNumber> {
    let left: BTreeSet<_> = left.iter().filter_map(|device| directory.owner(*device)).collect();
    let owners = full.iter().filter_map(|device| directory.owner(*device));
    owners.filter(|owner| *owner != sender.member && !left.contains(owner)).collect()
}
