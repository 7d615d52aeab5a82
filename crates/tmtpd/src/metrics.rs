//! Metrics: counters of what the service does. `/metrics` ([`monitor`](crate::monitor)) shows them.
//!
//! Counting is an atomic addition and never waits. What is counted where it happens is here; what
//! the service holds at the moment (members, queues, room on the disk) is asked of its owner when
//! somebody looks, and so costs nothing meanwhile. Nothing here says who: figures are of a service
//! as a whole.
//!
//! - `labels`: the kinds that are counted

mod labels;

pub(crate) use labels::{EndKind, Rule, Turned};
use tmtp_telemetry::{Counter, Tally};

/// What one service counts, from its start.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    /// Links that have shaken hands.
    pub links_opened: Counter,
    /// Links that have ended, by why.
    pub links_ended: Tally<EndKind, { EndKind::COUNT }>,
    /// Devices that have logged in, new ones included.
    pub logins: Counter,
    /// Accounts that were made.
    pub registrations: Counter,
    /// Messages that were accepted: letters, pings, changes of groups and accounts.
    pub posts: Counter,
    /// Messages that were sent to a device for the first time.
    pub deliveries: Counter,
    /// Messages that were sent to a device once more.
    pub resends: Counter,
    /// Messages that a device has acknowledged.
    pub acks: Counter,
    /// Bytes read from links, inside of TLS.
    pub bytes_in: Counter,
    /// Bytes written to links, inside of TLS.
    pub bytes_out: Counter,
    /// Requests that were refused, by which rule.
    pub refused: Tally<Rule, { Rule::COUNT }>,
}

/// What the process counts before it is known which service is meant.
#[derive(Debug, Default)]
pub(crate) struct AcceptorMetrics {
    /// Connections that were accepted.
    pub accepted: Counter,
    /// Connections that did not become links, by why.
    pub turned_away: Tally<Turned, { Turned::COUNT }>,
}

/// Those of this process.
pub(crate) static ACCEPTOR: AcceptorMetrics =
    AcceptorMetrics { accepted: Counter::new(), turned_away: Tally::new() };
