//! From what a service holds to the rows that a command is shown, a page at a time.

use super::desk::Desk;
use super::protocol::{Link, Status};
use crate::directory::{Directory, MemberNumber};
use crate::links::{LinkFacts, LinkNumber};
use crate::log::ShortId;
use crate::metrics::machine::{disk_free_bytes, memory_bytes};
use crate::service::Service;

/// Rows made at once, while the directory is held.
const PAGE: usize = 256;

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
        devices_online: service.roster.len() as u64,
        links: service.links.len() as u64,
        messages: stats.messages,
        owed: stats.owed,
        body_bytes: stats.body_bytes,
        disk_free_bytes: disk_free_bytes(&data),
        memory_bytes: memory_bytes(),
    }
}

/// The next links behind `after`, which moves on.
pub fn links(service: &Service, after: &mut LinkNumber) -> Vec<Link> {
    let page = service.links.page(*after, PAGE);
    if let Some((last, _)) = page.last() {
        *after = *last;
    }
    let directory = service.directory();
    page.iter().map(|(number, facts)| link(&directory, *number, facts)).collect()
}

fn link(directory: &Directory, number: LinkNumber, facts: &LinkFacts) -> Link {
    let owner = facts.owner();
    let (in_flight, in_flight_bytes) = facts.in_flight();
    Link {
        number,
        address: facts.address.to_string(),
        member: owner.and_then(|(member, _)| short(directory, member)),
        device: owner.map(|(_, device)| device),
        since_ms: facts.since_ms,
        in_flight,
        in_flight_bytes,
        bytes_in: facts.bytes_in(),
        bytes_out: facts.bytes_out(),
    }
}

fn short(directory: &Directory, member: MemberNumber) -> Option<String> {
    directory.member(member).map(|member| ShortId::new(member.uid.as_str()).to_string())
}
