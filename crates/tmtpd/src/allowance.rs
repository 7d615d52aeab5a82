//! How often something may be done: so many times in a period, at once or spread over it.
//!
//! An [`Allowance`] starts full, is spent, and fills again evenly. It is one moment, however large
//! the limit: the one at which it will be full again. Pure: who spends says what time it is.
//! [`Allowances`] has one for each of many, and forgets those that are full.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;

use tokio::time::Instant;

/// How much may be spent in how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// So much; at least 1.
    pub count: usize,
    /// In any such period.
    pub period: Duration,
}

impl Rate {
    /// Time that refills what was spent.
    fn refill(self, spent: usize) -> Duration {
        let nanos = self.period.as_nanos() * spent as u128 / self.count.max(1) as u128;
        u64::try_from(nanos).map_or(Duration::MAX, Duration::from_nanos)
    }
}

/// What is left of a [`Rate`].
#[derive(Debug, Clone, Copy, Default)]
pub struct Allowance {
    /// When it is full again; none: it has been full ever since.
    full_at: Option<Instant>,
}

impl Allowance {
    /// Spends `spent`, even if there is not so much left. What is owed must be refilled first.
    fn spend(&mut self, rate: Rate, spent: usize, now: Instant) {
        let full_at = self.full_at.map_or(now, |full_at| full_at.max(now));
        self.full_at = full_at.checked_add(rate.refill(spent)).or(self.full_at);
    }

    /// When something will be left; none: now.
    fn wait_until(&self, rate: Rate, now: Instant) -> Option<Instant> {
        let empty_until = self.full_at?.checked_sub(rate.period)?;
        (empty_until > now).then_some(empty_until)
    }

    /// Spends `spent` if there is so much left; of a larger amount than there ever is, all.
    pub fn try_spend(&mut self, rate: Rate, spent: usize, now: Instant) -> bool {
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

/// An [`Allowance`] for each of many.
#[derive(Debug)]
pub struct Allowances<K> {
    spent: HashMap<K, Allowance>,
    /// How many are let stand until those that are full again are looked for.
    tidy_at: usize,
}

impl<K> Default for Allowances<K> {
    fn default() -> Self {
        Self { spent: HashMap::new(), tidy_at: 64 }
    }
}

impl<K: Eq + Hash> Allowances<K> {
    /// As [`Allowance::try_spend`], for `key`.
    pub fn try_spend(&mut self, key: K, rate: Rate, spent: usize, now: Instant) -> bool {
        if self.spent.len() >= self.tidy_at {
            self.spent.retain(|_, allowance| !allowance.is_full(now));
            self.tidy_at = (self.spent.len() * 2).max(64);
        }
        self.spent.entry(key).or_default().try_spend(rate, spent, now)
    }
}

#[cfg(test)]
#[path = "allowance/allowance_tests.rs"]
mod tests;
