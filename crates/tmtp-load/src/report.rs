//! Figures, for people and as JSON.

use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};

use hdrhistogram::Histogram;
use serde::Serialize;

use crate::process::Usage;

/// A distribution of times, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Times {
    /// How many were measured.
    pub count: u64,
    /// Half are not longer.
    pub p50_ms: f64,
    /// All but one in a hundred are not longer.
    pub p99_ms: f64,
    /// All but one in a thousand are not longer.
    pub p999_ms: f64,
    /// The longest.
    pub max_ms: f64,
}

/// Gathers times; three digits are kept, from a microsecond to an hour.
#[derive(Debug)]
pub struct Stopwatch(Histogram<u64>);

impl Stopwatch {
    /// Nothing measured yet.
    ///
    /// # Errors
    /// Never with the bounds as they are.
    pub fn new() -> anyhow::Result<Self> {
        Ok(Self(Histogram::new_with_bounds(1_000, 3_600_000_000_000, 3)?))
    }

    /// Adds one time.
    pub fn add_ns(&mut self, ns: u64) {
        self.0.saturating_record(ns);
    }

    /// Percentiles of the recorded times.
    #[must_use]
    pub fn times(&self) -> Times {
        let ms = |ns: u64| ns as f64 / 1e6;
        let at = |quantile: f64| ms(self.0.value_at_quantile(quantile));
        Times {
            count: self.0.len(),
            p50_ms: at(0.5),
            p99_ms: at(0.99),
            p999_ms: at(0.999),
            max_ms: ms(self.0.max()),
        }
    }
}

/// Resources that a process used for a number of operations.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Cost {
    /// Processor seconds.
    pub cpu_s: f64,
    /// Processor microseconds for one operation.
    pub cpu_us_each: f64,
    /// Processor seconds for a thousand.
    pub cpu_s_per_1000: f64,
    /// Share of one core while it lasted.
    pub cores: f64,
    /// Highest memory, KiB.
    pub peak_kib: u64,
    /// Bytes written to disk.
    pub written_bytes: u64,
}

impl Cost {
    /// The cost of `things` operations in `seconds`, from `usage`.
    #[must_use]
    pub fn of(usage: Usage, things: u64, seconds: f64) -> Self {
        let each = if things == 0 { 0.0 } else { usage.cpu_s / things as f64 };
        Self {
            cpu_s: usage.cpu_s,
            cpu_us_each: each * 1e6,
            cpu_s_per_1000: each * 1e3,
            cores: usage.cpu_s / seconds.max(f64::MIN_POSITIVE),
            peak_kib: usage.peak_kib,
            written_bytes: usage.written_bytes,
        }
    }
}

/// Report of a load of posts.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct PostReport {
    /// Acknowledged posts after the warm-up.
    pub posts: u64,
    /// Deliveries after the warm-up, repetitions not counted.
    pub deliveries: u64,
    /// From the end of the warm-up to the last ack.
    pub posting_s: f64,
    /// From the end of the warm-up to the last delivery.
    pub delivering_s: f64,
    /// Posts in each second.
    pub posts_per_s: f64,
    /// Deliveries in each second.
    pub deliveries_per_s: f64,
    /// Latency from the scheduled time of a post to its ack.
    pub post_to_ack: Times,
    /// Latency from the scheduled time of a post to each delivery of it.
    pub post_to_delivery: Times,
    /// What the service used, each delivery; none if its process is unknown.
    pub service: Option<Cost>,
    /// What this program used, each delivery.
    pub generator: Cost,
    /// What the acks of refused posts said, and how often.
    pub refused: BTreeMap<String, u64>,
    /// Posts, warm-up included, that have been acknowledged, and deliveries expected and got for them.
    pub whole: Whole,
}

/// Sums over the whole run, warm-up included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Whole {
    /// Acknowledged posts.
    pub posts: u64,
    /// Posts without an answer.
    pub unanswered: u64,
    /// Deliveries expected for the acknowledged posts.
    pub expected: u64,
    /// Deliveries got, repetitions not counted.
    pub got: u64,
    /// Deliveries expected and not got.
    pub lost: u64,
    /// Deliveries got and not expected.
    pub surplus: u64,
    /// Devices that got the right number of wrong posts.
    pub mixed_up: u64,
    /// Deliveries that came again, as they may where an ack is lost.
    pub repeated: u64,
    /// Deliveries left by an earlier run.
    pub foreign: u64,
}

impl Whole {
    /// Whether every acknowledged post came exactly once to everyone who expected it.
    #[must_use]
    pub fn is_even(&self) -> bool {
        self.unanswered + self.lost + self.surplus + self.mixed_up + self.repeated == 0
    }

    fn write(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { posts, unanswered, expected, got, lost, surplus, mixed_up, repeated, foreign } =
            self;
        writeln!(f, "whole run          {posts} posts, {expected} deliveries expected, {got} got")?;
        if self.is_even() && *foreign == 0 {
            return Ok(());
        }
        writeln!(
            f,
            "NOT EVEN           {unanswered} posts unanswered, {lost} deliveries lost, {surplus} in \
             surplus, {repeated} repeated, {foreign} foreign, {mixed_up} devices mixed up"
        )
    }
}

/// Report of a drain of queues.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct TakeReport {
    /// Devices that logged in.
    pub devices: usize,
    /// From the first link opened to the last delivery.
    pub seconds: f64,
    /// Until the last of them was let in.
    pub entering_s: f64,
    /// Deliveries in each second.
    pub deliveries_per_s: f64,
    /// What the service used, each delivery; none if its process is unknown.
    pub service: Option<Cost>,
    /// What this program used, each delivery.
    pub generator: Cost,
    /// What was expected and what came.
    pub whole: Whole,
}

/// Report of filling queues.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct FillReport {
    /// Acknowledged posts to devices that are not there.
    pub posts: u64,
    /// How long it took.
    pub seconds: f64,
    /// Posts in each second.
    pub posts_per_s: f64,
    /// What the service used, each post; none if its process is unknown.
    pub service: Option<Cost>,
    /// What this program used, each post.
    pub generator: Cost,
    /// What the acks of refused posts said, and how often.
    pub refused: BTreeMap<String, u64>,
}

/// Report of many logins at once.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct LoginReport {
    /// Links that were let in.
    pub logins: usize,
    /// How long all of them took.
    pub seconds: f64,
    /// Logins in each second.
    pub logins_per_s: f64,
    /// Latency from the call to connect to the login.
    pub connect_to_on: Times,
    /// What the service used, each login; none if its process is unknown.
    pub service: Option<Cost>,
    /// What this program used, each login.
    pub generator: Cost,
}

/// Report of idle links.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct IdleReport {
    /// Links held.
    pub links: usize,
    /// Memory of the service before, KiB.
    pub before_kib: u64,
    /// While the links were held.
    pub holding_kib: u64,
    /// After they were closed.
    pub after_kib: u64,
    /// KiB that each link takes.
    pub kib_each: f64,
    /// KiB of each link that did not come back.
    pub kept_kib_each: f64,
    /// Processor seconds of the service while nothing events on the links.
    pub idle_cpu_s: f64,
    /// How long that was.
    pub idle_s: f64,
    /// KiB of this program's own for each link.
    pub generator_kib_each: f64,
}

/// Report of making members.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct MembersReport {
    /// Members made.
    pub members: usize,
    /// Groups made.
    pub groups: usize,
    /// How long it took.
    pub seconds: f64,
    /// What the service used, each member; none if its process is unknown.
    pub service: Option<Cost>,
}

impl Display for TakeReport {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { devices, seconds, entering_s, deliveries_per_s, .. } = self;
        writeln!(
            f,
            "deliveries/s       {deliveries_per_s:.0}  ({} in {seconds:.2} s, {devices} devices)",
            self.whole.got
        )?;
        writeln!(f, "all logged in      after {:.1} ms", entering_s * 1e3)?;
        write_costs(f, self.service.as_ref(), &self.generator)?;
        self.whole.write(f)
    }
}

impl Display for FillReport {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { posts, seconds, posts_per_s, .. } = self;
        writeln!(f, "posts/s            {posts_per_s:.0}  ({posts} in {seconds:.2} s)")?;
        write_costs(f, self.service.as_ref(), &self.generator)?;
        write_refused(f, &self.refused)
    }
}

impl Display for LoginReport {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { logins, seconds, logins_per_s, connect_to_on, .. } = self;
        writeln!(f, "logins/s           {logins_per_s:.0}  ({logins} in {seconds:.2} s)")?;
        writeln!(f, "connect to on      {connect_to_on}")?;
        write_costs(f, self.service.as_ref(), &self.generator)
    }
}

impl Display for IdleReport {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mib = |kib: u64| kib as f64 / 1024.0;
        writeln!(
            f,
            "memory             {:.1} MiB before, {:.1} MiB with {} idle links, {:.1} MiB after",
            mib(self.before_kib),
            mib(self.holding_kib),
            self.links,
            mib(self.after_kib)
        )?;
        writeln!(
            f,
            "each link          {:.2} KiB, of which {:.2} KiB did not come back",
            self.kib_each, self.kept_kib_each
        )?;
        writeln!(f, "service while idle {:.2} CPU s in {:.1} s", self.idle_cpu_s, self.idle_s)?;
        writeln!(f, "generator          {:.2} KiB each link", self.generator_kib_each)
    }
}

impl Display for MembersReport {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { members, groups, seconds, service } = self;
        writeln!(f, "made               {members} members and {groups} groups in {seconds:.1} s")?;
        service.iter().try_for_each(|cost| writeln!(f, "service            {cost}"))
    }
}

fn write_costs(f: &mut Formatter<'_>, service: Option<&Cost>, own: &Cost) -> fmt::Result {
    match service {
        Some(cost) => writeln!(f, "service            {cost}")?,
        None => writeln!(f, "service            unknown: name its process with --pid")?,
    }
    writeln!(f, "generator          {own}")
}

fn write_refused(f: &mut Formatter<'_>, refused: &BTreeMap<String, u64>) -> fmt::Result {
    refused
        .iter()
        .try_for_each(|(why, count)| writeln!(f, "refused            {count} times: {why}"))
}

impl Display for Times {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { p50_ms, p99_ms, p999_ms, max_ms, .. } = self;
        write!(f, "p50 {p50_ms:.2}  p99 {p99_ms:.2}  p99.9 {p999_ms:.2}  max {max_ms:.2} ms")
    }
}

impl Display for Cost {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { cpu_s, cpu_us_each, cpu_s_per_1000, cores, peak_kib, written_bytes } = self;
        write!(
            f,
            "{cpu_us_each:.1} µs each ({cpu_s_per_1000:.4} CPU s per 1,000), {cpu_s:.2} CPU s = \
             {cores:.2} cores, peak memory {:.1} MiB, written {:.1} MiB",
            *peak_kib as f64 / 1024.0,
            *written_bytes as f64 / f64::from(1 << 20),
        )
    }
}

impl Display for PostReport {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "posts/s            {:.0}  ({} in {:.2} s)",
            self.posts_per_s, self.posts, self.posting_s
        )?;
        writeln!(
            f,
            "deliveries/s       {:.0}  ({} in {:.2} s)",
            self.deliveries_per_s, self.deliveries, self.delivering_s
        )?;
        writeln!(f, "post to ack        {}", self.post_to_ack)?;
        writeln!(f, "post to delivery   {}", self.post_to_delivery)?;
        write_costs(f, self.service.as_ref(), &self.generator)?;
        write_refused(f, &self.refused)?;
        self.whole.write(f)
    }
}
