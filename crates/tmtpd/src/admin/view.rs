//! Views of a service's state for the administrator's commands, a page at a time.
//!
//! A page function advances its cursor and returns none at the end. A page before that may be
//! empty.

use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};
use tmtp::id::posted_ms;

use super::protocol::{
    DeviceView, GroupView, LinkView, MemberView, QueueView, ServiceView, State, Status,
};
use crate::daemon::Instance;
use crate::directory::{Device, Directory, Group, Member, MemberNumber};
use crate::links::{LinkFacts, LinkNumber};
use crate::log::ShortId;
use crate::monitor::machine::{disk_free_bytes, memory_bytes};
use crate::service::Service;
use tmtp_store::{Cursor, DeviceNumber, Queued, Store, StoreError};

/// Rows per page; the directory is locked meanwhile.
const PAGE_ROWS: usize = 256;

/// The service as a whole.
pub(super) fn status(instance: &Instance, state: State, started_ms: i64) -> Status {
    let (service, data) = (instance.service(), instance.data());
    let stats = service.store.stats();
    let terms = service.terms();
    let validity = instance.identity().certificate().validity();
    Status {
        version: env!("BUILD_VERSION").to_owned(),
        pid: std::process::id(),
        name: terms.name.clone(),
        data: data.clone(),
        state,
        started_ms,
        addresses: instance.addresses(),
        post_policy: terms.policy_text.to_owned(),
        certificate_until_ms: validity.map(|validity| validity.until_s.saturating_mul(1_000)),
        members: service.directory().member_count() as u64,
        groups: service.directory().group_count_total() as u64,
        devices_online: service.roster.len() as u64,
        links: service.links.len() as u64,
        messages: stats.messages,
        queued: stats.queued,
        body_bytes: stats.body_bytes,
        disk_free_bytes: disk_free_bytes(&data),
        memory_bytes: memory_bytes(),
    }
}

/// A service of the daemon.
pub(super) fn service(instance: &Instance) -> ServiceView {
    let service = instance.service();
    ServiceView {
        name: instance.name(),
        data: instance.data(),
        state: instance.state().to_string(),
        addresses: instance.addresses(),
        certificate_sha256: instance.identity().certificate().hash().to_string(),
        members: service.directory().member_count() as u64,
        links: service.links.len() as u64,
        queued: service.store.stats().queued,
    }
}

/// The next links after `after`.
pub(super) fn links(service: &Service, after: &mut LinkNumber) -> Option<Vec<LinkView>> {
    let page = service.links.page(*after, PAGE_ROWS);
    *after = page.last()?.0;
    let directory = service.directory();
    Some(page.iter().map(|(number, facts)| link(&directory, *number, facts)).collect())
}

fn link(directory: &Directory, number: LinkNumber, facts: &LinkFacts) -> LinkView {
    let owner = facts.owner();
    let (in_flight, in_flight_bytes) = facts.in_flight();
    LinkView {
        number,
        address: facts.address.to_string(),
        member: owner.and_then(|(member, _)| Some(short(directory.member(member)?))),
        device: owner.map(|(_, device)| device),
        since_ms: facts.since_ms,
        certificate_sha256: Some(facts.certificate.to_string()),
        in_flight,
        in_flight_bytes,
        bytes_in: facts.bytes_in(),
        bytes_out: facts.bytes_out(),
    }
}

/// The next members, starting at `next`.
pub(super) fn members(service: &Service, next: &mut u32, names: bool) -> Option<Vec<MemberView>> {
    let directory = service.directory();
    let page = member_page(&directory, next)?;
    Some(
        page.map(|(number, member)| member_row(service, &directory, number, member, names))
            .collect(),
    )
}

fn member_row(
    service: &Service,
    directory: &Directory,
    number: MemberNumber,
    member: &Member,
    names: bool,
) -> MemberView {
    let device = |device: &Device| DeviceView {
        device: device.number,
        added_ms: device.added_ms,
        online: service.roster.is_online(device.number),
        seen_ms: service.links.seen_ms(device.number),
        missing: service.gap_notices.missing(device.number),
        label: names.then(|| device.label.clone()),
    };
    let aliases = || member.aliases.iter().map(|alias| alias.to_string()).collect();
    MemberView {
        member: short(member),
        since_ms: member.since_ms(),
        groups: directory.group_count(number) as u64,
        devices: member.devices.iter().map(device).collect(),
        aliases: names.then(aliases),
    }
}

/// The next groups, starting at `next`.
pub(super) fn groups(service: &Service, next: &mut usize, names: bool) -> Option<Vec<GroupView>> {
    let directory = service.directory();
    let page: Vec<_> = directory.groups(*next).take(PAGE_ROWS).collect();
    *next += page.len();
    let row = |group: &&Group| {
        let joined = group.joined().count();
        GroupView {
            group: short_hash(group.name()),
            joined: joined as u64,
            invited: group.size().saturating_sub(joined) as u64,
            name: names.then(|| group.name().to_owned()),
        }
    };
    (!page.is_empty()).then(|| page.iter().map(row).collect())
}

/// The queue of each of `devices`; those that have none any more are left out. Reads the head of one
/// message each.
///
/// # Errors
/// [`StoreError`].
pub(super) async fn queues(
    service: &Service,
    devices: &[DeviceNumber],
) -> Result<Vec<QueueView>, StoreError> {
    let mut queues = Vec::new();
    for device in devices {
        queues.extend(queue(service, *device).await?);
    }
    Ok(queues)
}

/// The devices that have queues, in their order, by pages.
pub(super) fn devices_with_queues(service: &Service) -> Vec<Vec<DeviceNumber>> {
    let mut devices: Vec<_> =
        service.store.queues().into_iter().map(|(device, _)| device).collect();
    devices.sort_unstable();
    devices.chunks(PAGE_ROWS).map(<[_]>::to_vec).collect()
}

async fn queue(service: &Service, device: DeviceNumber) -> Result<Option<QueueView>, StoreError> {
    let length = service.store.queue(device);
    let (mut first, _) = service.store.next(device, Cursor::start(), 1).await?;
    let Some(first) = first.pop() else { return Ok(None) };
    let oldest_ms = when_posted(&*service.store, &first).await;
    let member = {
        let directory = service.directory();
        directory.owner(device).and_then(|member| Some(short(directory.member(member)?)))
    };
    Ok(Some(QueueView {
        member,
        device,
        online: service.roster.is_online(device),
        messages: length.messages,
        bytes: length.bytes,
        oldest_ms,
    }))
}

/// When a message was posted, according to its head; none if it is gone or damaged.
async fn when_posted(store: &dyn Store, queued: &Queued) -> Option<i64> {
    #[derive(serde::Deserialize)]
    struct Head {
        posted: String,
    }
    let reader = store.read(queued).await.ok()?;
    // Four digits precede the JSON object.
    let head: Head = serde_json::from_slice(reader.head().get(4..)?).ok()?;
    posted_ms(&head.posted)
}

/// The next members, starting at `next`; none at the end.
fn member_page<'d>(
    directory: &'d Directory,
    next: &mut u32,
) -> Option<impl Iterator<Item = (MemberNumber, &'d Member)> + use<'d>> {
    let from = *next;
    directory.member(MemberNumber(from))?;
    *next = from.saturating_add(PAGE_ROWS as u32);
    let numbers = (from..*next).map(MemberNumber);
    Some(numbers.map_while(|number| Some((number, directory.member(number)?))))
}

/// Tells groups apart without revealing their names.
fn short_hash(name: &str) -> String {
    HEXLOWER.encode(&Sha256::digest(name)).chars().take(8).collect()
}

fn short(member: &Member) -> String {
    ShortId::new(member.uid.as_str()).to_string()
}
