//! Batch of overdue messages that one commit gives up, with the notices about them.

use std::collections::BTreeMap;

use tmtp::event::{Event, Message, MessageKind, head_of};
use tmtp::id::MessageId;
use tmtp::letter::{LETTER_HEAD_MAX_BYTES, LetterHead};
use tmtp::revision::Revision;

use super::notice::{Posted, Return, Undelivered, name_of};
use super::overdue::Unfetched;
use super::verdict::{Holder, Verdict};
use crate::directory::{Directory, MemberNumber};
use crate::log::chain;
use crate::service::Service;
use tmtp_store::{DeviceNumber, MessageReader, Position, StoreError};

/// What one commit gives up: queue entries, with their notices and counts.
#[derive(Debug, Default)]
pub(super) struct GivenUp {
    pub(super) gives_up: Vec<(DeviceNumber, Position)>,
    /// Returns, which become notices to authors; equal ones are one.
    pub(super) returns: BTreeMap<(MemberNumber, Return), Posted>,
    /// Messages that each device will be missing.
    pub(super) missing: BTreeMap<DeviceNumber, u64>,
}

impl GivenUp {
    /// Decides about one message.
    pub(super) async fn add(
        &mut self,
        service: &Service,
        unfetched: &Unfetched,
    ) -> Result<(), StoreError> {
        let mut unreached = Vec::new();
        let mut devices = Vec::new();
        let members = by_member(&service.directory(), &unfetched.devices);
        for (member, waits_for) in members {
            let Some(member) = member else {
                devices.extend(waits_for); // of nobody: a device whose making failed
                continue;
            };
            let verdict = Verdict::of(&holders(service, member, &waits_for, unfetched).await?);
            devices.extend(verdict.give_up);
            unreached.extend(verdict.unreached.then_some(member));
        }
        let Some(device) = devices.first() else { return Ok(()) };
        let Unfetched { position, class, .. } = *unfetched;
        // One that is gone by now was acknowledged.
        let Some(queued) = service.store.queued_at(*device, class, position).await? else {
            return Ok(());
        };
        match service.store.read(&queued).await {
            Ok(reader) => {
                if let Some((message, head)) = read(reader).await {
                    self.count(&service.directory(), &message, &head, &devices, &unreached);
                }
            }
            Err(StoreError::Gone) => return Ok(()),
            Err(error @ StoreError::Corrupt { .. }) => {
                tracing::error!(error = %chain(&error), "a damaged message is given up, its author cannot be notified");
            }
            Err(error) => return Err(error),
        }
        self.gives_up.extend(devices.into_iter().map(|device| (device, position)));
        Ok(())
    }

    /// Records the notice about a message that is given up for `devices`.
    fn count(
        &mut self,
        directory: &Directory,
        message: &Message,
        head: &LetterHead,
        devices: &[DeviceNumber],
        unreached: &[MemberNumber],
    ) {
        if !is_passing(&message.kind) {
            devices.iter().for_each(|device| *self.missing.entry(*device).or_default() += 1);
        }
        let Some(author) = directory.by_uid(&message.from) else { return };
        let others = unreached.iter().copied().filter(|member| *member != author);
        if let Some((what, members)) = undelivered(directory, author, others, message, head) {
            let posted = || message.posted.clone();
            let returned = self.returns.entry((author, Return { what, members }));
            let returned =
                returned.or_insert_with(|| Posted { first: posted(), last: posted(), count: 0 });
            returned.last = posted();
            returned.count += 1;
        }
    }
}

/// A message, and the part of its data that says which thread it is of: an empty one if it has none, or
/// not one of the agreed form.
async fn read(reader: MessageReader) -> Option<(Message, LetterHead)> {
    let head = head_of(reader.head());
    let Ok(Event::Message(message)) = Event::read(head, Revision::HIGHEST) else { return None };
    let head = match message.kind {
        MessageKind::Delivery { .. } => letter_head(&message, reader).await.unwrap_or_default(),
        MessageKind::Ping { .. }
        | MessageKind::Invite { .. }
        | MessageKind::Login { .. }
        | MessageKind::NewNode { .. }
        | MessageKind::NewAlias { .. }
        | MessageKind::OhiEdit { .. }
        | MessageKind::Member { .. }
        | MessageKind::Notify { .. }
        | MessageKind::Other { .. } => LetterHead::default(),
    };
    Some((*message, head))
}

/// Devices in ascending order, grouped by member.
fn by_member(
    directory: &Directory,
    devices: &[DeviceNumber],
) -> BTreeMap<Option<MemberNumber>, Vec<DeviceNumber>> {
    let mut members: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for device in devices {
        members.entry(directory.owner(*device)).or_default().push(*device);
    }
    members
}

/// All devices of a member. For one that was added since the queues were looked at it may wait too.
async fn holders(
    service: &Service,
    member: MemberNumber,
    waits_for: &[DeviceNumber],
    Unfetched { position, class, .. }: &Unfetched,
) -> Result<Vec<Holder>, StoreError> {
    let devices: Vec<_> = service.directory().devices(member).collect();
    let mut holders = Vec::with_capacity(devices.len());
    for device in devices {
        let waits = waits_for.contains(&device)
            || service.store.queued_at(device, *class, *position).await?.is_some();
        holders.push(Holder { device, waits, online: service.roster.is_online(device) });
    }
    Ok(holders)
}

/// Whether the message can be dropped without being missed.
pub(crate) fn is_passing(kind: &MessageKind) -> bool {
    match kind {
        MessageKind::Login { .. } | MessageKind::OhiEdit { .. } | MessageKind::NewNode { .. } => {
            true
        }
        MessageKind::NewAlias { .. }
        | MessageKind::Invite { .. }
        | MessageKind::Member { .. }
        | MessageKind::Delivery { .. }
        | MessageKind::Notify { .. }
        | MessageKind::Ping { .. }
        | MessageKind::Other { .. } => false,
    }
}

/// The notice to the author, if any: the service's own messages about accounts, groups and returns
/// are not returned, nor are notifications of a forwarded thread, which accompany a message.
fn undelivered(
    directory: &Directory,
    author: MemberNumber,
    unreached: impl Iterator<Item = MemberNumber>,
    message: &Message,
    head: &LetterHead,
) -> Option<(Undelivered, Vec<String>)> {
    let unreached: Vec<_> = unreached.collect();
    if unreached.is_empty() {
        return None;
    }
    match &message.kind {
        MessageKind::Ping { to, .. } => {
            let to = to.as_str().to_owned();
            Some((Undelivered::Ping(to.clone()), vec![to]))
        }
        MessageKind::Invite { gid, to, .. } => {
            let (gid, to) = (gid.as_str().to_owned(), to.as_str().to_owned());
            Some((Undelivered::Invitation(gid, to.clone()), vec![to]))
        }
        MessageKind::Delivery { .. } => {
            let thread = MessageId::from_wire(&head.thread_id).unwrap_or(message.id);
            let names = unreached.iter().map(|member| name_of(directory, author, *member, head));
            Some((Undelivered::Post(thread), names.collect()))
        }
        MessageKind::Login { .. }
        | MessageKind::NewNode { .. }
        | MessageKind::NewAlias { .. }
        | MessageKind::OhiEdit { .. }
        | MessageKind::Member { .. }
        | MessageKind::Notify { .. }
        | MessageKind::Other { .. } => None,
    }
}

/// Reads the letter head of a message, and nothing after it.
async fn letter_head(message: &Message, mut reader: MessageReader) -> Option<LetterHead> {
    if message.data.head == 0 || message.data.head > LETTER_HEAD_MAX_BYTES {
        return None;
    }
    let len = usize::try_from(message.data.head).ok()?;
    let mut head = Vec::with_capacity(len);
    while head.len() < len {
        let bytes = reader.chunk(len.saturating_sub(head.len())).await.ok().flatten()?;
        head.extend_from_slice(&bytes);
    }
    LetterHead::read(&head).ok()
}
