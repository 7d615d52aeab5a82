//! How long to wait before trying again.

use std::time::Duration;

use crate::edge::Edge;

const FIRST_MS: u64 = 500;
const LONGEST_MS: u64 = 60_000;

/// Pauses that double from half a second to a minute, each shortened at random by up to a half, so
/// that the apps of all members do not come back at the same moment.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// The pause after one more failure.
    pub(crate) fn next_pause(&mut self, edge: &dyn Edge) -> Duration {
        let mut random = [0; 2];
        // Without random numbers the full pause will do.
        let _ = edge.random(&mut random);
        self.pause(u16::from_le_bytes(random))
    }

    /// The pause for a given random number: the larger, the shorter.
    fn pause(&mut self, random: u16) -> Duration {
        let full = FIRST_MS.saturating_mul(1 << self.failures.min(16)).min(LONGEST_MS);
        self.failures = self.failures.saturating_add(1);
        let off = full * u64::from(random) / u64::from(u16::MAX) / 2;
        Duration::from_millis(full - off)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_minute() {
        let mut backoff = Backoff::default();
        let pauses: Vec<u128> = (0..9).map(|_| backoff.pause(0).as_millis()).collect();
        assert_eq!(pauses, [500, 1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
        for _ in 0..100 {
            assert_eq!(backoff.pause(0), Duration::from_secs(60));
        }
    }

    #[test]
    fn jitter_takes_off_at_most_half() {
        assert_eq!(Backoff::default().pause(u16::MAX), Duration::from_millis(250));
        let pause = Backoff::default().next_pause(&crate::edge::Machine).as_millis();
        assert!((250..=500).contains(&pause), "{pause}");
    }
}
