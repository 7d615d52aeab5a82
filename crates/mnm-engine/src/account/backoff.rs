//! Backoff between attempts to connect.

use std::time::Duration;

use crate::platform::Platform;

const FIRST_MS: u64 = 500;
const LONGEST_MS: u64 = 60_000;
/// The pause after a refusal, which usually needs a person.
const REFUSED_MS: u64 = 300_000;
/// A link of this length resets the backoff.
const GOOD_TIME: Duration = Duration::from_secs(60);
/// Short links in a row that lengthen the next pause: to 8 s at most.
const SHORT_MAX: u32 = 4;

/// Pauses double from half a second to a minute, each with jitter of up to a half, so that the apps
/// of all members do not reconnect at once. A successful login resets them. Links that end soon
/// after it lengthen them a little, so that a service which accepts the login and closes at once is
/// not asked twice a second for ever.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    failures: u32,
    /// Logins since a link last held for [`GOOD_TIME`].
    short: u32,
}

/// The pause after a refusal.
pub(crate) fn refused_pause(platform: &dyn Platform) -> Duration {
    shortened(REFUSED_MS, random(platform))
}

impl Backoff {
    /// A login succeeded.
    pub(crate) fn entered(&mut self) {
        self.failures = self.short;
        self.short = (self.short + 1).min(SHORT_MAX);
    }

    /// The link has ended after this time.
    pub(crate) fn held(&mut self, time: Duration) {
        if time >= GOOD_TIME {
            *self = Self::default();
        }
    }

    /// The pause after one more failure.
    pub(crate) fn next_pause(&mut self, platform: &dyn Platform) -> Duration {
        self.pause(random(platform))
    }

    /// The pause for a given random number; larger ones give a shorter pause.
    fn pause(&mut self, random: u16) -> Duration {
        let full = FIRST_MS.saturating_mul(1 << self.failures.min(16)).min(LONGEST_MS);
        self.failures = self.failures.saturating_add(1);
        shortened(full, random)
    }
}

fn random(platform: &dyn Platform) -> u16 {
    let mut random = [0; 2];
    // Without random numbers the full pause is used.
    let _ = platform.random(&mut random);
    u16::from_le_bytes(random)
}

fn shortened(full_ms: u64, random: u16) -> Duration {
    let off = full_ms * u64::from(random) / u64::from(u16::MAX) / 2;
    Duration::from_millis(full_ms - off)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

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
    fn a_granted_login_starts_anew_and_short_links_stay_bounded() {
        let mut backoff = Backoff::default();
        for _ in 0..9 {
            backoff.pause(0);
        }
        let after_short = |backoff: &mut Backoff| {
            backoff.entered();
            backoff.held(Duration::from_secs(3));
            backoff.pause(0).as_millis()
        };
        let pauses: Vec<u128> = (0..7).map(|_| after_short(&mut backoff)).collect();
        assert_eq!(pauses, [500, 1000, 2000, 4000, 8000, 8000, 8000]);
        backoff.entered();
        backoff.held(GOOD_TIME);
        assert_eq!(backoff.pause(0), Duration::from_millis(500));
    }

    #[test]
    fn jitter_takes_off_at_most_half() {
        assert_eq!(Backoff::default().pause(u16::MAX), Duration::from_millis(250));
        for random in 0..=u16::MAX {
            let pause = shortened(REFUSED_MS, random).as_millis();
            assert!((150_000..=300_000).contains(&pause), "{random}: {pause}");
        }
    }

    #[test]
    fn each_pause_is_another() {
        let platform = crate::testing::Plain;
        let first: HashSet<_> = (0..64).map(|_| Backoff::default().next_pause(&platform)).collect();
        let refused: HashSet<_> = (0..64).map(|_| refused_pause(&platform)).collect();
        assert!(first.len() > 8 && refused.len() > 8, "{first:?} {refused:?}");
        assert!(first.iter().all(|pause| (250..=500).contains(&pause.as_millis())), "{first:?}");
        let long = |pause: &Duration| (150_000..=300_000).contains(&pause.as_millis());
        assert!(refused.iter().all(long), "{refused:?}");
    }
}
