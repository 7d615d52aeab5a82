//! Token bucket (GCRA): a number of tokens per period, as a burst or spread over it.
//!
//! A [`Bucket`] starts full, is spent, and refills evenly. Its only state is the time at which it
//! is full again, however large the limit. Pure: the caller passes the time. [`Buckets`] has one
//! for each of many keys, and drops those that are full.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;

use tokio::time::Instant;

/// Tokens per period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rate {
    /// At least 1.
    pub count: usize,
    pub period: Duration,
}

impl Rate {
    /// The time that refills `spent`.
    fn refill(self, spent: usize) -> Duration {
        let nanos = self.period.as_nanos() * spent as u128 / self.count.max(1) as u128;
        u64::try_from(nanos).map_or(Duration::MAX, Duration::from_nanos)
    }
}

/// State of a [`Rate`].
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Bucket {
    /// When it is full again; none: it is full.
    full_at: Option<Instant>,
}

impl Bucket {
    /// Spends `spent`, even if the bucket holds less. The debt must be refilled first.
    pub(crate) fn spend(&mut self, rate: Rate, spent: usize, now: Instant) {
        let full_at = self.full_at.map_or(now, |full_at| full_at.max(now));
        self.full_at = full_at.checked_add(rate.refill(spent)).or(self.full_at);
    }

    /// Gives back tokens that were not needed.
    pub(crate) fn give_back(&mut self, rate: Rate, unspent: usize) {
        let refill = rate.refill(unspent);
        self.full_at = self.full_at.map(|full_at| full_at.checked_sub(refill).unwrap_or(full_at));
    }

    /// When a token will be available; none: now.
    pub(crate) fn wait_until(&self, rate: Rate, now: Instant) -> Option<Instant> {
        let empty_until = self.full_at?.checked_sub(rate.period)?;
        (empty_until > now).then_some(empty_until)
    }

    /// Spends `spent` if the bucket holds that much; amounts above its size need it full.
    pub(crate) fn try_spend(&mut self, rate: Rate, spent: usize, now: Instant) -> bool {
        let mut after = *self;
        after.spend(rate, spent.min(rate.count), now);
        let allowed = after.wait_until(rate, now).is_none();
        if allowed {
            *self = after;
        }
        allowed
    }

    fn is_full(&self, now: Instant) -> bool {
        self.full_at.is_none_or(|full_at| full_at <= now)
    }
}

/// A [`Bucket`] per key.
#[derive(Debug)]
pub(crate) struct Buckets<K> {
    spent: HashMap<K, Bucket>,
    /// Number of buckets at which full ones are removed.
    tidy_at: usize,
}

impl<K> Default for Buckets<K> {
    fn default() -> Self {
        Self { spent: HashMap::new(), tidy_at: 64 }
    }
}

impl<K: Eq + Hash> Buckets<K> {
    /// As [`Bucket::try_spend`], for `key`.
    pub(crate) fn try_spend(&mut self, key: K, rate: Rate, spent: usize, now: Instant) -> bool {
        if self.spent.len() >= self.tidy_at {
            self.spent.retain(|_, bucket| !bucket.is_full(now));
            self.tidy_at = (self.spent.len() * 2).max(64);
        }
        self.spent.entry(key).or_default().try_spend(rate, spent, now)
    }
}

#[cfg(test)]
#[path = "bucket_tests.rs"]
mod tests;
