//! From what a service holds to the rows that a command is shown, a page at a time.
//!
//! A page function moves its cursor on and gives none at the end. A page may be empty before that.

use tmtp::id::posted_ms;

use super::desk::Desk;
use super::protocol::{Device, Group, Link, Member, Queue, Service as ServiceRow, Status};
use crate::daemon::Instance;
use crate::directory::{Directory, Member as Account, MemberNumber};
use crate::links::{LinkFacts, LinkNumber};
use crate::log::ShortId;
use crate::metrics::machine::{disk_free_bytes, memory_bytes};
use crate::service::Service;
use crate::store::{DeviceNumber, Owed, Position, Store, StoreError};

/// Rows made at once, while the directory is held.
const PAGE: usize = 256;
/// Owed rows looked at with one read of the store.
const OWED_ROWS: usize = 4_096;

/// The service as a whole.
pub fn status(desk: &Desk) -> Status {
    let (service, data) = (desk.service(), desk.instance.data());
    let stats = service.store.stats();
    Status {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        pid: std::process::id(),
        name: service.terms().name.clone(),
        data: data.clone(),
        state: desk.state(),
        started_ms: desk.started_ms,
        addresses: desk.instance.addresses(),
        members: service.directory().member_count() as u64,
        groups: service.directory().group_count_total() as u64,
        devices_online: service.roster.len() as u64,
        links: service.links.len() as u64,
        messages: stats.messages,
        owed: stats.owed,
        body_bytes: stats.body_bytes,
        disk_free_bytes: disk_free_bytes(&data),
        memory_bytes: memory_bytes(),
    }
}

/// A service of the daemon.
pub fn service(instance: &Instance) -> ServiceRow {
    let service = instance.service();
    ServiceRow {
        name: instance.name(),
        data: instance.data(),
        state: instance.state().to_string(),
        addresses: instance.addresses(),
        certificate_sha256: instance.identity().certificate().fingerprint().to_string(),
        members: service.directory().member_count() as u64,
        links: service.links.len() as u64,
        owed: service.store.stats().owed,
    }
}

/// The next links behind `after`.
pub fn links(service: &Service, after: &mut LinkNumber) -> Option<Vec<Link>> {
    let page = service.links.page(*after, PAGE);
    *after = page.last()?.0;
    let directory = service.directory();
    Some(page.iter().map(|(number, facts)| link(&directory, *number, facts)).collect())
}

fn link(directory: &Directory, number: LinkNumber, facts: &LinkFacts) -> Link {
    let owner = facts.owner();
    let (in_flight, in_flight_bytes) = facts.in_flight();
    Link {
        number,
        address: facts.address.to_string(),
        member: owner.and_then(|(member, _)| Some(short(directory.member(member)?))),
        device: owner.map(|(_, device)| device),
        since_ms: facts.since_ms,
        in_flight,
        in_flight_bytes,
        bytes_in: facts.bytes_in(),
        bytes_out: facts.bytes_out(),
    }
}

/// The next accounts from `next` on.
pub fn members(service: &Service, next: &mut u32, names: bool) -> Option<Vec<Member>> {
    let directory = service.directory();
    let page = accounts(&directory, next)?;
    Some(
        page.map(|(number, account)| member(service, &directory, number, account, names)).collect(),
    )
}

fn member(
    service: &Service,
    directory: &Directory,
    number: MemberNumber,
    account: &Account,
    names: bool,
) -> Member {
    let device = |device: &crate::directory::Device| Device {
        device: device.number,
        added_ms: device.added_ms,
        online: service.roster.is_online(device.number),
        seen_ms: service.links.seen_ms(device.number),
        label: names.then(|| device.label.clone()),
    };
    let aliases = || account.aliases.iter().map(|alias| alias.to_string()).collect();
    Member {
        member: short(account),
        since_ms: account.devices.first().map(|device| device.added_ms),
        groups: directory.group_count(number) as u64,
        devices: account.devices.iter().map(device).collect(),
        aliases: names.then(aliases),
    }
}

/// The next groups from `next` on.
pub fn groups(service: &Service, next: &mut usize, names: bool) -> Option<Vec<Group>> {
    let directory = service.directory();
    let page: Vec<_> = directory.groups(*next).take(PAGE).collect();
    *next += page.len();
    let row = |group: &&crate::directory::Group| {
        let joined = group.joined().count();
        Group {
            group: ShortId::new(group.name()).to_string(),
            joined: joined as u64,
            invited: group.size().saturating_sub(joined) as u64,
            name: names.then(|| group.name().to_owned()),
        }
    };
    (!page.is_empty()).then(|| page.iter().map(row).collect())
}

/// What the devices of the next members from `next` on are owed; those that are owed nothing are
/// left out. Reads the store, and each queue to its end.
///
/// # Errors
/// [`StoreError`].
pub fn queues(service: &Service, next: &mut u32) -> Option<Result<Vec<Queue>, StoreError>> {
    let devices: Vec<(String, DeviceNumber)> = {
        let directory = service.directory();
        let devices_of = |(_, account): (MemberNumber, &Account)| {
            let member = short(account);
            account
                .devices
                .iter()
                .map(move |device| (member.clone(), device.number))
                .collect::<Vec<_>>()
        };
        accounts(&directory, next)?.flat_map(devices_of).collect()
    };
    let rows = devices.into_iter().map(|(member, device)| queue(service, member, device));
    Some(rows.filter_map(Result::transpose).collect())
}

fn queue(
    service: &Service,
    member: String,
    device: DeviceNumber,
) -> Result<Option<Queue>, StoreError> {
    let (mut messages, mut bytes) = (0, 0);
    let mut oldest: Option<Owed> = None;
    let mut position = Position::start();
    loop {
        let limit = if messages == 0 { 1 } else { OWED_ROWS };
        let page = service.store.owed(device, position, limit)?;
        for owed in &page {
            position.advance(owed);
            messages += 1;
            bytes += owed.data_len();
            if oldest.is_none_or(|oldest| owed.id() < oldest.id()) {
                oldest = Some(*owed);
            }
        }
        if page.is_empty() {
            break;
        }
    }
    let Some(oldest) = oldest else { return Ok(None) };
    let online = service.roster.is_online(device);
    let oldest_ms = when_posted(&service.store, &oldest);
    Ok(Some(Queue { member, device, online, messages, bytes, oldest_ms }))
}

/// When a message was posted, as its head says; none if it is gone meanwhile or damaged.
fn when_posted(store: &Store, owed: &Owed) -> Option<i64> {
    #[derive(serde::Deserialize)]
    struct Head {
        posted: String,
    }
    let reader = store.read(owed).ok()?;
    // Four digits come before the object.
    let head: Head = serde_json::from_slice(reader.head().get(4..)?).ok()?;
    posted_ms(&head.posted)
}

/// The next accounts from `next` on; none at the end.
fn accounts<'d>(
    directory: &'d Directory,
    next: &mut u32,
) -> Option<impl Iterator<Item = (MemberNumber, &'d Account)> + use<'d>> {
    let from = *next;
    directory.member(MemberNumber(from))?;
    *next = from.saturating_add(PAGE as u32);
    let numbers = (from..*next).map(MemberNumber);
    Some(numbers.map_while(|number| Some((number, directory.member(number)?))))
}

fn short(account: &Account) -> String {
    ShortId::new(account.uid.as_str()).to_string()
}
