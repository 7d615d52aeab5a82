//! A bounded piece of what is overdue: what one commit gives up, and what is told of it.

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
pub(super) struct Piece {
    pub(super) owed: Vec<(DeviceNumber, MessageId)>,
    /// What authors are told. Alike ones are one.
    pub(super) returns: BTreeMap<(MemberNumber, Return), Posted>,
    /// What each device will be missing.
    pub(super) missing: BTreeMap<DeviceNumber, u64>,
}

impl Piece {
    /// Decides about one message.
    pub(super) fn add(
        &mut self,
        service: &Service,
        directory: &Directory,
        unfetched: &Unfetched,
    ) -> Result<(), StoreError> {
        let mut unreached = Vec::new();
        let mut devices = Vec::new();
        for (member, owed) in by_member(directory, &unfetched.devices) {
            let Some(member) = member else {
                devices.extend(owed); // of nobody: a device whose making failed
                continue;
            };
            let verdict = Verdict::of(&holders(service, directory, member, &owed, unfetched)?);
            devices.extend(verdict.give_up);
            unreached.extend(verdict.unreached.then_some(member));
        }
        let Some(device) = devices.first() else { return Ok(()) };
        // One that is gone by now was acknowledged.
        let Some(owed) = service.store.owed_with(*device, unfetched.class, unfetched.id)? else {
            return Ok(());
        };
        match service.store.read(&owed) {
            Ok(reader) => self.tell(directory, reader, &devices, &unreached),
            Err(StoreError::Gone) => return Ok(()),
            Err(error @ StoreError::Corrupt { .. }) => {
                tracing::error!(error = %chain(&error), "a damaged message is given up, nobody can be told");
            }
            Err(error) => return Err(error),
        }
        self.owed.extend(devices.into_iter().map(|device| (device, unfetched.id)));
        Ok(())
    }

    /// Notes who is to be told of a message that is given up for `devices`.
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

/// Devices in rising order, by whose they are.
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

/// All devices of a member. One that was added since the queues were looked at may be owed it too.
fn holders(
    service: &Service,
    directory: &Directory,
    member: MemberNumber,
    owed: &[DeviceNumber],
    Unfetched { id, class, .. }: &Unfetched,
) -> Result<Vec<Holder>, StoreError> {
    let holder = |device| {
        let owed = owed.contains(&device)
            || service.store.next_queued(device, *class, id.checked_sub(1))? == Some(*id);
        Ok(Holder { device, owed, online: service.roster.is_online(device) })
    };
    directory.devices(member).map(holder).collect()
}

/// Whether nobody misses it afterwards.
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

/// What the author is told, if anything: what the service itself has to say about accounts, groups
/// and returns is not returned, nor is the word of a forwarded thread, which comes beside a message.
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

/// The part of a post's data that says which thread it is of; none if it has none, or not one of the
/// agreed form. What comes after it is not read.
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

/// A name for `member` that the author may know: the alias under which the letter names them, the
/// one they go by in a group of both, their only one; else their uid, which the author has written to.
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
