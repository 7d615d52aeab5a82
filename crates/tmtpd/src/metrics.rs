//! Metrics: counters of what the service does, shown by `/metrics` ([`monitor`](crate::monitor)).
//!
//! Counting is an atomic addition and never waits. Events are counted here; present values
//! (members, queues, room on the disk) are read from their owners when the page is made, and cost
//! nothing in between. Figures are of a service as a whole and identify nobody.
//!
//! - `labels`: the kinds that are counted

mod labels;

pub(crate) use labels::{EndKind, RejectKind, Rule};
use tmtp_telemetry::{Counter, CounterVec};

/// The counters of one service, since its start.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    /// Links whose TLS handshake is done.
    pub links_opened: Counter,
    /// Links that have ended, by reason.
    pub links_ended: CounterVec<EndKind, { EndKind::COUNT }>,
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
    /// Refused requests, by rule.
    pub refused: CounterVec<Rule, { Rule::COUNT }>,
}

/// Counters of the process, before the service of a connection is known.
#[derive(Debug, Default)]
pub(crate) struct AcceptorMetrics {
    /// Connections that were accepted.
    pub accepted: Counter,
    /// Connections that did not become links, by reason.
    pub rejected: CounterVec<RejectKind, { RejectKind::COUNT }>,
}

pub(crate) static ACCEPTOR: AcceptorMetrics =
    AcceptorMetrics { accepted: Counter::new(), rejected: CounterVec::new() };
