//! Answers of a running service, formatted for people.

use std::fmt::Display;
use std::io::{self, BufWriter, StdoutLock, Write};

use super::super::table::Heading::{self, Left, Right};
use super::super::table::{Table, count, size, span, things};
use super::error::CommandError;
use crate::admin::client::Rows;
use crate::admin::protocol::{
    Backup, GroupView, LinkView, MemberView, QueueView, Reload, ServiceView, State, Status,
};
use crate::certificate::remaining;
use crate::platform::{Machine, Platform};

pub(super) fn status(rows: Rows<Status>) -> Result<(), CommandError> {
    for row in rows {
        one_status(&row?)?;
    }
    Ok(())
}

fn one_status(status: &Status) -> io::Result<()> {
    let state = match status.state {
        State::Serving => "serving",
        State::Stopping => "stopping",
    };
    let known = |bytes: Option<u64>| bytes.map_or_else(|| "not known".to_owned(), size);
    let since = span(Machine.now_ms() - status.started_ms);
    let (version, pid) = (&status.version, status.pid);
    let (messages, bytes) = (things(status.messages, "message"), size(status.body_bytes));
    let mut out = io::stdout().lock();
    let mut line = |name: &str, value: &dyn Display| writeln!(out, "{name:<16}{value}");
    line("service", &status.name)?;
    line("state", &format_args!("{state} for {since}, tmtpd {version}, process {pid}"))?;
    line("data", &status.data.display())?;
    for address in &status.addresses {
        line("members join by", address)?;
    }
    if let Some(until_ms) = status.certificate_until_ms {
        line("certificate", &remaining(until_ms, Machine.now_ms()))?;
    }
    line("post policy", &status.post_policy)?;
    line("members", &count(status.members))?;
    line("groups", &count(status.groups))?;
    line("devices online", &count(status.devices_online))?;
    line("links", &count(status.links))?;
    line("on the disk", &format_args!("{messages}, {bytes}"))?;
    let deliveries = if status.queued == 1 { "delivery" } else { "deliveries" };
    line("undelivered", &format_args!("{} {deliveries}", count(status.queued)))?;
    line("disk free", &known(status.disk_free_bytes))?;
    line("memory", &known(status.memory_bytes))
}

pub(super) fn links(rows: Rows<LinkView>) -> Result<(), CommandError> {
    let headings = [
        Right("LINK"),
        Left("ADDRESS"),
        Left("MEMBER"),
        Right("DEVICE"),
        Right("SINCE"),
        Right("IN FLIGHT"),
        Right("IN"),
        Right("OUT"),
    ];
    let now_ms = Machine.now_ms();
    tabled(rows, headings, |link| {
        [
            link.number.to_string(),
            link.address,
            or_dash(link.member),
            or_dash(link.device),
            span(now_ms - link.since_ms),
            match link.in_flight {
                0 => "0".to_owned(),
                messages => format!("{messages} ({})", size(link.in_flight_bytes)),
            },
            size(link.bytes_in),
            size(link.bytes_out),
        ]
    })
}

pub(super) fn members(rows: Rows<MemberView>) -> Result<(), CommandError> {
    let headings = [
        Left("MEMBER"),
        Right("SINCE"),
        Right("GROUPS"),
        Right("DEVICES"),
        Right("ONLINE"),
        Right("LAST SEEN"),
        Right("NEED HISTORY"),
        Left("ALIASES"),
    ];
    let now_ms = Machine.now_ms();
    tabled(rows, headings, |member| {
        let online = member.devices.iter().filter(|device| device.online).count();
        let seen_ms = member.devices.iter().filter_map(|device| device.seen_ms).max();
        [
            member.member,
            or_dash(member.since_ms.map(|since_ms| span(now_ms - since_ms))),
            member.groups.to_string(),
            member.devices.len().to_string(),
            online.to_string(),
            match (online, seen_ms) {
                (0, Some(seen_ms)) => format!("{} ago", span(now_ms - seen_ms)),
                (0, None) => "-".to_owned(),
                _ => "now".to_owned(),
            },
            member.devices.iter().filter(|device| device.missing > 0).count().to_string(),
            member.aliases.unwrap_or_default().join(", "),
        ]
    })
}

pub(super) fn groups(rows: Rows<GroupView>) -> Result<(), CommandError> {
    let headings = [Left("GROUP"), Right("JOINED"), Right("INVITED"), Left("NAME")];
    tabled(rows, headings, |group| {
        [group.group, count(group.joined), count(group.invited), group.name.unwrap_or_default()]
    })
}

pub(super) fn queues(rows: Rows<QueueView>) -> Result<(), CommandError> {
    let headings = [
        Left("MEMBER"),
        Right("DEVICE"),
        Left("ONLINE"),
        Right("MESSAGES"),
        Right("SIZE"),
        Right("OLDEST"),
    ];
    let now_ms = Machine.now_ms();
    tabled(rows, headings, |queue| {
        [
            or_dash(queue.member),
            queue.device.to_string(),
            if queue.online { "yes" } else { "no" }.to_owned(),
            count(queue.messages),
            size(queue.bytes),
            or_dash(queue.oldest_ms.map(|oldest_ms| span(now_ms - oldest_ms))),
        ]
    })
}

pub(super) fn services(rows: Rows<ServiceView>) -> Result<(), CommandError> {
    let headings = [
        Left("SERVICE"),
        Left("STATE"),
        Right("MEMBERS"),
        Right("LINKS"),
        Right("UNDELIVERED"),
        Left("DATA"),
        Left("MEMBERS JOIN BY"),
    ];
    tabled(rows, headings, |service| {
        [
            service.name,
            service.state,
            count(service.members),
            count(service.links),
            count(service.queued),
            service.data.display().to_string(),
            service.addresses.join(" "),
        ]
    })
}

pub(super) fn backup(backup: &Backup) -> io::Result<()> {
    writeln!(
        io::stdout(),
        "{} holds members, groups, keys and {} ({}) queued for somebody",
        backup.to.display(),
        things(backup.messages, "message"),
        size(backup.body_bytes),
    )
}

pub(super) fn reload(reload: &Reload) -> io::Result<()> {
    let mut out = io::stdout().lock();
    if reload.done.is_empty() && reload.left.is_empty() {
        writeln!(out, "nothing has changed")?;
    }
    reload.done.iter().try_for_each(|line| writeln!(out, "{line}"))?;
    reload.left.iter().try_for_each(|line| writeln!(out, "not done: {line}"))
}

pub(super) fn stopped(status: &Status) -> io::Result<()> {
    let since = span(Machine.now_ms() - status.started_ms);
    writeln!(io::stdout(), "{} has stopped after {since}", status.name)
}

fn tabled<R, const N: usize>(
    rows: Rows<R>,
    headings: [Heading; N],
    cells: impl Fn(R) -> [String; N],
) -> Result<(), CommandError>
where
    R: serde::de::DeserializeOwned,
{
    let mut table: Table<BufWriter<StdoutLock<'_>>, N> =
        Table::new(BufWriter::new(io::stdout().lock()), headings);
    for row in rows {
        table.row(cells(row?))?;
    }
    Ok(table.finish()?)
}

fn or_dash(value: Option<impl ToString>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}
