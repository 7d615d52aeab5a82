//! Counters and latency histograms. Counting is an atomic addition and never waits.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

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

/// Upper bounds of the buckets of a [`Histogram`], in microseconds.
pub const BUCKET_BOUNDS_US: [u64; 12] =
    [100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 500_000, 2_500_000];

/// How long something took, each time, counted in buckets.
#[derive(Debug, Default)]
pub struct Histogram {
    /// One for each bound, and one for what is above the last.
    buckets: [Counter; BUCKET_BOUNDS_US.len() + 1],
    sum_us: Counter,
}

impl Histogram {
    /// Counts one more.
    pub fn note(&self, span: Duration) {
        let us = u64::try_from(span.as_micros()).unwrap_or(u64::MAX);
        let bucket = BUCKET_BOUNDS_US.partition_point(|bound| *bound < us);
        if let Some(bucket) = self.buckets.get(bucket) {
            bucket.one();
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
    pub fn cumulated(&self) -> [u64; BUCKET_BOUNDS_US.len() + 1] {
        let mut sum = 0;
        self.buckets.each_ref().map(|bucket| {
            sum += bucket.value();
            sum
        })
    }

    /// How long all of them took together, in microseconds.
    pub fn sum_us(&self) -> u64 {
        self.sum_us.value()
    }
}
