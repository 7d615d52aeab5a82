//! A batch of overdue messages: what one commit gives up, and the notices about it.

use std::collections::BTreeMap;

use tmtp::event::{Event, Message, MessageKind, head_of};
use tmtp::id::MessageId as WireId;
use tmtp::letter::{LETTER_HEAD_MAX_BYTES, LetterHead};

use super::notice::{Posted, Return, What};
use super::overdue::Unfetched;
use super::verdict::{Holder, Verdict};
use crate::directory::{Directory, MemberNumber};
use crate::log::chain;
use crate::service::Service;
use tmtp_store::{DeviceNumber, MessageId, MessageReader, StoreError};

/// What one commit gives up.
#[derive(Debug, Default)]
pub(super) struct ExpiryBatch {
    pub(super) queued: Vec<(DeviceNumber, MessageId)>,
    /// Notices to authors. Equal ones are merged.
    pub(super) returns: BTreeMap<(MemberNumber, Return), Posted>,
    /// Messages that each device will be missing.
    pub(super) missing: BTreeMap<DeviceNumber, u64>,
}

impl ExpiryBatch {
    /// Decides about one message.
    pub(super) fn add(
        &mut self,
        service: &Service,
        directory: &Directory,
        unfetched: &Unfetched,
    ) -> Result<(), StoreError> {
        let mut unreached = Vec::new();
        let mut devices = Vec::new();
        for (member, queued) in by_member(directory, &unfetched.devices) {
            let Some(member) = member else {
                devices.extend(queued); // of no member: a device that was never fully added
                continue;
            };
            let verdict = Verdict::of(&holders(service, directory, member, &queued, unfetched)?);
            devices.extend(verdict.give_up);
            unreached.extend(verdict.unreached.then_some(member));
        }
        let Some(device) = devices.first() else { return Ok(()) };
        // If it is gone by now, it was acknowledged.
        let Some(queued) = service.store.owed_with(*device, unfetched.class, unfetched.id)? else {
            return Ok(());
        };
        match service.store.read(&queued) {
            Ok(reader) => self.tell(directory, reader, &devices, &unreached),
            Err(StoreError::Gone) => return Ok(()),
            Err(error @ StoreError::Corrupt { .. }) => {
                tracing::error!(error = %chain(&error), "a damaged message is given up, nobody can be told");
            }
            Err(error) => return Err(error),
        }
        self.queued.extend(devices.into_iter().map(|device| (device, unfetched.id)));
        Ok(())
    }

    /// Records the notice about a message that is given up for `devices`.
    fn tell(
        &mut self,
        directory: &Directory,
        reader: MessageReader,
        devices: &[DeviceNumber],
        unreached: &[MemberNumber],
    ) {
        let Ok(Event::Message(message)) = Event::read(head_of(reader.head())) else { return };
        if !is_passing(&message.kind) {
            devices.iter().for_each(|device| *self.missing.entry(*device).or_default() += 1);
        }
        let Some(author) = directory.by_uid(&message.from) else { return };
        let others = unreached.iter().copied().filter(|member| *member != author);
        if let Some((what, members)) = returned(directory, author, others, &message, reader) {
            let posted = || message.posted.clone();
            let told = self.returns.entry((author, Return { what, members }));
            let told = told.or_insert_with(|| Posted { first: posted(), last: posted(), count: 0 });
            told.last = posted();
            told.count += 1;
        }
    }
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

/// All devices of a member. One that was added after the search may have it queued too.
fn holders(
    service: &Service,
    directory: &Directory,
    member: MemberNumber,
    queued: &[DeviceNumber],
    Unfetched { id, class, .. }: &Unfetched,
) -> Result<Vec<Holder>, StoreError> {
    let holder = |device| {
        let queued = queued.contains(&device)
            || service.store.next_queued(device, *class, id.checked_sub(1))? == Some(*id);
        Ok(Holder { device, queued, online: service.roster.is_online(device) })
    };
    directory.devices(member).map(holder).collect()
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
fn returned(
    directory: &Directory,
    author: MemberNumber,
    unreached: impl Iterator<Item = MemberNumber>,
    message: &Message,
    reader: MessageReader,
) -> Option<(What, Vec<String>)> {
    let unreached: Vec<_> = unreached.collect();
    if unreached.is_empty() {
        return None;
    }
    match &message.kind {
        MessageKind::Ping { to, .. } => {
            let to = to.as_str().to_owned();
            Some((What::Ping(to.clone()), vec![to]))
        }
        MessageKind::Invite { gid, to, .. } => {
            let (gid, to) = (gid.as_str().to_owned(), to.as_str().to_owned());
            Some((What::Invitation(gid, to.clone()), vec![to]))
        }
        MessageKind::Delivery { .. } => {
            let head = letter_head(message, reader).unwrap_or_default();
            let thread = WireId::from_wire(&head.thread_id).unwrap_or(message.id);
            let names = unreached.iter().map(|member| name_of(directory, author, *member, &head));
            Some((What::Post(thread), names.collect()))
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

/// The head of a letter in a post's data, which names its thread; none if the data is not a letter.
/// The rest is not read.
fn letter_head(message: &Message, mut reader: MessageReader) -> Option<LetterHead> {
    if message.data.head == 0 || message.data.head > LETTER_HEAD_MAX_BYTES {
        return None;
    }
    let len = usize::try_from(message.data.head).ok()?;
    let mut head = Vec::with_capacity(len);
    while head.len() < len {
        let bytes = reader.chunk(len.saturating_sub(head.len())).ok().flatten()?;
        head.extend_from_slice(&bytes);
    }
    LetterHead::read(&head).ok()
}

/// A name for `member` that the author may know: the alias used in the letter, the alias in a group
/// of both, their only alias; else their uid, which the author has written to.
pub(super) fn name_of(
    directory: &Directory,
    author: MemberNumber,
    member: MemberNumber,
    head: &LetterHead,
) -> String {
    let Some(record) = directory.member(member) else { return String::new() };
    let named = head.cc.iter().find(|named| named.who_uid == record.uid.as_str());
    let named = named.map(|named| named.who.as_str()).filter(|alias| record.has_alias(alias));
    let in_group = || {
        let mut groups = directory.groups_of_both(author, member);
        groups.find_map(|group| group.record(member)).map(|record| record.alias.as_str())
    };
    let only = || match record.aliases.as_slice() {
        [alias] => Some(&**alias),
        _ => None,
    };
    named.or_else(in_group).or_else(only).unwrap_or(record.uid.as_str()).to_owned()
}
