//! Metrics: counters of what the service does. `/metrics` ([`monitor`](crate::monitor)) shows them.
//!
//! Counting is an atomic addition and never waits. What is counted where it happens is here; what
//! the service holds at the moment (members, queues, room on the disk) is asked of its owner when
//! somebody looks, and so costs nothing meanwhile. Nothing here says who: figures are of a service
//! as a whole.
//!
//! - `kind`: counting by kind
//! - `labels`: the kinds that are counted

mod kind;
mod labels;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

pub(crate) use kind::{Kind, Tally};
pub(crate) use labels::{EndKind, Rule, Turned};

/// Something that is only ever counted up.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// A counter at zero.
    #[must_use]
    pub const fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// Counts so many more.
    pub fn add(&self, number: u64) {
        self.0.fetch_add(number, Ordering::Relaxed);
    }

    /// Counts one more.
    pub fn one(&self) {
        self.add(1);
    }

    /// How many there were.
    pub fn value(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Upper bounds of the steps of a [`Spans`], in microseconds.
pub(crate) const SPAN_BOUNDS_US: [u64; 12] =
    [100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 500_000, 2_500_000];

/// How long something took, each time: counted by steps.
#[derive(Debug, Default)]
pub struct Spans {
    /// One for each bound, and one for what is above the last.
    steps: [Counter; SPAN_BOUNDS_US.len() + 1],
    sum_us: Counter,
}

impl Spans {
    /// Counts one more.
    pub fn note(&self, span: Duration) {
        let us = u64::try_from(span.as_micros()).unwrap_or(u64::MAX);
        let step = SPAN_BOUNDS_US.partition_point(|bound| *bound < us);
        if let Some(step) = self.steps.get(step) {
            step.one();
        }
        self.sum_us.add(us);
    }

    /// Does `work` and counts how long it took.
    pub fn time<T>(&self, work: impl FnOnce() -> T) -> T {
        let started = Instant::now();
        let done = work();
        self.note(started.elapsed());
        done
    }

    /// How many took at most each bound, then how many there were at all.
    pub fn cumulated(&self) -> [u64; SPAN_BOUNDS_US.len() + 1] {
        let mut sum = 0;
        self.steps.each_ref().map(|step| {
            sum += step.value();
            sum
        })
    }

    /// How long all of them took together, in microseconds.
    pub fn sum_us(&self) -> u64 {
        self.sum_us.value()
    }
}

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

/// What the store of one service counts, from its opening.
#[derive(Debug, Default)]
pub struct StoreMetrics {
    /// How long commits to the journal took, their sync included.
    pub commits: Spans,
    /// How long it took to bring what was committed to rows and segments.
    pub checkpoints: Spans,
    /// Bodies that nobody is owed any more.
    pub dead: Counter,
    /// Those of them that are erased.
    pub erased: Counter,
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
