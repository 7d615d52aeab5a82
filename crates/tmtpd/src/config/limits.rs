//! `[limits]`: limits on what peers and members may use.
//!
//! Each default serves an organisation of a few thousand members on a small machine. Limits of the
//! protocol itself (a header of 8 to 65,535 bytes, a ping of 420 bytes and 140 UTF-16 units, an
//! alias of at least 8 bytes) are fixed and not configured.

use std::time::Duration;

use super::file::Section;
use super::size::{GIB, KIB, MIB, TIB};

/// Limits of one service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Links at once, in all.
    pub links_total: usize,
    /// Links at once from one IPv4 address or one IPv6 /64 network.
    pub links_per_address: usize,
    /// Links at once that have not logged in. Further ones queue, fairly by address or network.
    pub unauthenticated_links: usize,
    /// TLS handshakes computed at once; further ones wait.
    pub handshakes_at_once: usize,
    /// Accounts made in an hour, in all.
    pub registrations_per_hour: usize,
    /// Accounts made in an hour from one IPv4 address or one IPv6 /64 network.
    pub registrations_per_hour_per_address: usize,
    /// From the start of a link to its login, TLS included.
    pub login_timeout: Duration,
    /// How long a logged-in link may be silent.
    pub silence_timeout: Duration,
    /// Minimum rate at which a peer must send a message it has begun and read what is sent to it,
    /// in bytes per second over each window; 0 for none.
    pub rate_min_bytes_per_s: usize,
    /// The window over which that rate is measured.
    pub rate_window: Duration,
    /// Requests per second of one device, on average; as many may come as a burst. Input of a
    /// device over the limit is not read for a while. Acks of delivered messages do not count.
    pub requests_per_second: usize,
    /// Memory for bodies of up to 64 KiB being received; further ones go to disk.
    pub receiving_bytes: u64,
    /// Members whom one member starts or stops sharing presence with, per minute.
    pub presence_per_minute: usize,
    /// Devices notified that one member joined, left, removed somebody or changed their alias in a
    /// group, per minute; one change may exceed it.
    pub group_notices_per_minute: usize,
    /// Data of one message.
    pub message_bytes_max: u64,
    /// Elements of one request's `for`. The header size bounds them too.
    pub recipients_max: usize,
    /// Devices of one member.
    pub devices_per_member: usize,
    /// Devices that one member adds in an hour: each gets a copy of a queue.
    pub devices_per_hour: usize,
    /// Aliases of one member.
    pub aliases_per_member: usize,
    /// Groups that one member is in, and, counted separately, groups they are invited to.
    pub groups_per_member: usize,
    /// Groups that one member has invited another to, while the other has joined or left none of
    /// them.
    pub unanswered_invitations_max: usize,
    /// Members of one group, invited ones included.
    pub group_members_max: usize,
    /// Pings and invitations one member sends on a day, by UTC.
    pub pings_per_day: usize,
    /// Pings and invitations one member sends to another who has answered none of them.
    pub unanswered_pings_max: usize,
    /// Pings and invitations that one member gets in a day from strangers; a fifth of them from
    /// accounts younger than a day.
    pub pings_received_per_day: usize,
    /// Messages queued for one device, and half of the messages queued for all devices of a member.
    /// `request/full.rs` says what happens above that.
    pub owed_messages_max: usize,
    /// Bytes of messages queued for one device; one message may exceed it.
    pub owed_bytes_max: u64,
    /// Days that a message is kept for a device that does not fetch it.
    pub undelivered_days: usize,
    /// Messages sent to a device ahead of its acks.
    pub in_flight_messages: usize,
    /// Data sent to a device ahead of its acks; one message may exceed it.
    pub in_flight_bytes: u64,
    /// Time without an ack after which messages are sent again.
    pub resend_after: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            links_total: 10_000,
            links_per_address: 1_000,
            unauthenticated_links: 500,
            handshakes_at_once: 2,
            registrations_per_hour: 10_000,
            registrations_per_hour_per_address: 2_000,
            login_timeout: Duration::from_secs(5),
            silence_timeout: Duration::from_secs(120),
            rate_min_bytes_per_s: 256,
            rate_window: Duration::from_secs(60),
            requests_per_second: 5_000,
            receiving_bytes: 64 * MIB,
            presence_per_minute: 6_000,
            group_notices_per_minute: 100_000,
            message_bytes_max: 4 * GIB,
            recipients_max: 1_000,
            devices_per_member: 100,
            devices_per_hour: 20,
            aliases_per_member: 20,
            groups_per_member: 1_000,
            unanswered_invitations_max: 20,
            group_members_max: 10_000,
            pings_per_day: 1_000,
            unanswered_pings_max: 3,
            pings_received_per_day: 500,
            owed_messages_max: 2_000_000,
            owed_bytes_max: 64 * GIB,
            undelivered_days: 30,
            in_flight_messages: 256,
            in_flight_bytes: 4 * MIB,
            resend_after: Duration::from_secs(30),
        }
    }
}

impl Limits {
    pub(super) fn take(&mut self, section: &mut Section<'_, '_>) {
        // Destructured, so that a limit that is not read does not compile.
        let Self {
            links_total,
            links_per_address,
            unauthenticated_links,
            handshakes_at_once,
            registrations_per_hour,
            registrations_per_hour_per_address,
            login_timeout,
            silence_timeout,
            rate_min_bytes_per_s,
            rate_window,
            requests_per_second,
            receiving_bytes,
            presence_per_minute,
            group_notices_per_minute,
            message_bytes_max,
            recipients_max,
            devices_per_member,
            devices_per_hour,
            aliases_per_member,
            groups_per_member,
            unanswered_invitations_max,
            group_members_max,
            pings_per_day,
            unanswered_pings_max,
            pings_received_per_day,
            owed_messages_max,
            owed_bytes_max,
            undelivered_days,
            in_flight_messages,
            in_flight_bytes,
            resend_after,
        } = self;
        section.count("links_total", links_total, 1..=1_000_000);
        section.count("links_per_address", links_per_address, 1..=1_000_000);
        section.count("unauthenticated_links", unauthenticated_links, 1..=100_000);
        section.count("handshakes_at_once", handshakes_at_once, 1..=1_000);
        section.count("registrations_per_hour", registrations_per_hour, 1..=10_000_000);
        section.count(
            "registrations_per_hour_per_address",
            registrations_per_hour_per_address,
            1..=10_000_000,
        );
        section.seconds("login_timeout_s", login_timeout, 1..=60);
        section.seconds("silence_timeout_s", silence_timeout, 10..=3_600);
        section.count("rate_min_bytes_per_s", rate_min_bytes_per_s, 0..=65_536);
        section.seconds("rate_window_s", rate_window, 1..=600);
        section.count("requests_per_second", requests_per_second, 1..=1_000_000);
        section.size("receiving_bytes", receiving_bytes, 64 * KIB..=GIB);
        section.count("presence_per_minute", presence_per_minute, 1..=1_000_000);
        section.count("group_notices_per_minute", group_notices_per_minute, 1..=100_000_000);
        section.size("message_bytes_max", message_bytes_max, 64 * KIB..=TIB);
        section.count("recipients_max", recipients_max, 1..=2_000);
        section.count("devices_per_member", devices_per_member, 1..=100);
        section.count("devices_per_hour", devices_per_hour, 1..=1_000);
        section.count("aliases_per_member", aliases_per_member, 1..=1_000);
        section.count("groups_per_member", groups_per_member, 1..=100_000);
        section.count("unanswered_invitations_max", unanswered_invitations_max, 1..=100_000);
        section.count("group_members_max", group_members_max, 2..=1_000_000);
        section.count("pings_per_day", pings_per_day, 1..=1_000_000);
        section.count("unanswered_pings_max", unanswered_pings_max, 1..=1_000);
        section.count("pings_received_per_day", pings_received_per_day, 1..=1_000_000);
        section.count("owed_messages_max", owed_messages_max, 10..=100_000_000);
        section.size("owed_bytes_max", owed_bytes_max, 64 * KIB..=TIB);
        section.count("undelivered_days", undelivered_days, 1..=3_650);
        section.count("in_flight_messages", in_flight_messages, 1..=65_536);
        section.size("in_flight_bytes", in_flight_bytes, 64 * KIB..=GIB);
        section.seconds("resend_after_s", resend_after, 1..=3_600);
    }
}
