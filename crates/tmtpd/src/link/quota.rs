//! How many requests a device may make: a bucket that fills evenly and holds a second's worth.
//!
//! Who asks for more is not listened to for a while. Nothing is lost by it, and nobody is told: what
//! was sent waits on the peer's side of the line.
//!
//! Pure: times in, times out.

use std::time::Duration;

use tokio::time::Instant;

/// How much may be asked ahead of the even rate.
const BURST: Duration = Duration::from_secs(1);

/// The requests of one link.
#[derive(Debug)]
pub(super) struct Quota {
    /// What a request uses up of the time.
    each: Duration,
    /// When all that was asked would have been asked at the even rate.
    used_until: Instant,
}

impl Quota {
    pub(super) fn new(requests_per_second: usize, now: Instant) -> Self {
        let each =
            Duration::from_secs(1) / u32::try_from(requests_per_second.max(1)).unwrap_or(u32::MAX);
        Self { each, used_until: now }
    }

    /// Something was asked.
    pub(super) fn spend(&mut self, requests: usize, now: Instant) {
        let used = self.each.saturating_mul(u32::try_from(requests).unwrap_or(u32::MAX));
        self.used_until = self.used_until.max(now) + used;
    }

    /// So many of them were none after all.
    pub(super) fn give_back(&mut self, requests: usize) {
        let used = self.each.saturating_mul(u32::try_from(requests).unwrap_or(u32::MAX));
        self.used_until = self.used_until.checked_sub(used).unwrap_or(self.used_until);
    }

    /// Until when nothing more is listened to; none if it may go on.
    pub(super) fn pause_until(&self, now: Instant) -> Option<Instant> {
        let until = self.used_until.checked_sub(BURST)?;
        (until > now).then_some(until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_and_then_the_even_rate() {
        let start = Instant::now();
        let mut quota = Quota::new(10, start);
        for _ in 0..10 {
            assert_eq!(quota.pause_until(start), None);
            quota.spend(1, start);
        }
        quota.spend(1, start);
        let tenth = start + Duration::from_millis(100);
        assert_eq!(quota.pause_until(start), Some(tenth));
        assert_eq!(quota.pause_until(tenth), None);
        quota.spend(1, tenth);
        assert_eq!(quota.pause_until(tenth), Some(tenth + Duration::from_millis(100)));
        quota.give_back(1);
        assert_eq!(quota.pause_until(tenth), None);
    }

    #[test]
    fn what_was_not_asked_is_not_saved_up_beyond_the_burst() {
        let start = Instant::now();
        let mut quota = Quota::new(10, start);
        let later = start + Duration::from_secs(3_600);
        quota.spend(11, later);
        assert_eq!(quota.pause_until(later), Some(later + Duration::from_millis(100)));
    }
}
