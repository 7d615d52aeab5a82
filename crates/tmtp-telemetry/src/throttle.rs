//! Rate limits for log lines; suppressed lines are counted.
//!
//! What can happen as often as anybody likes (a refused request, a link that ends, a full disk) is
//! logged through a [`Throttle`] of its own, so that the log of a service under attack stays readable
//! and its disk free. At level `debug` every line is written all the same. Suppressed lines are counted
//! by the next line of their kind, or by the last of the process ([`suppressed`]), and in the metrics.

use std::marker::PhantomData;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::kind::Kind;

/// Counts lines of one kind. Lives in a `static`, or in what the lines are about.
#[derive(Debug)]
pub struct Throttle {
    per_minute: u32,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    minute: Option<Instant>,
    written: u32,
    suppressed: u64,
}

const MINUTE: Duration = Duration::from_secs(60);

/// Suppressed lines of every kind that no line has counted yet.
static SUPPRESSED: AtomicU64 = AtomicU64::new(0);

/// How many lines were suppressed that no line has counted yet: for the last line of the process.
#[must_use]
pub fn suppressed() -> u64 {
    SUPPRESSED.load(Ordering::Relaxed)
}

impl Throttle {
    /// Lets `per_minute` lines pass in a minute, which begins with the first of them.
    #[must_use]
    pub const fn new(per_minute: u32) -> Self {
        Self { per_minute, state: Mutex::new(State { minute: None, written: 0, suppressed: 0 }) }
    }

    /// Whether a line may be written now; if so, how many of its kind were suppressed since the last
    /// one that was.
    pub fn admit(&self) -> Option<u64> {
        self.admit_at(Instant::now())
    }

    fn admit_at(&self, now: Instant) -> Option<u64> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.minute.is_none_or(|minute| now.saturating_duration_since(minute) >= MINUTE) {
            state.minute = Some(now);
            state.written = 0;
        }
        if state.written >= self.per_minute {
            state.suppressed += 1;
            SUPPRESSED.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        state.written += 1;
        SUPPRESSED.fetch_sub(state.suppressed, Ordering::Relaxed);
        Some(std::mem::take(&mut state.suppressed))
    }
}

/// One [`Throttle`] for each of `N` kinds, so that many of one do not hide those of another.
#[derive(Debug)]
pub struct Throttles<K, const N: usize> {
    throttles: [Throttle; N],
    /// For a kind that has none; there is no such kind.
    rest: Throttle,
    kind: PhantomData<fn(K)>,
}

impl<K: Kind, const N: usize> Throttles<K, N> {
    /// Lets `PER_MINUTE` lines of each kind pass in a minute.
    #[must_use]
    pub const fn new<const PER_MINUTE: u32>() -> Self {
        Self {
            throttles: [const { Throttle::new(PER_MINUTE) }; N],
            rest: Throttle::new(PER_MINUTE),
            kind: PhantomData,
        }
    }

    /// That of one kind.
    pub fn of(&self, kind: K) -> &Throttle {
        self.throttles.get(kind.index()).unwrap_or(&self.rest)
    }
}

/// A rate-limited log line: `limited!(LEVEL, THROTTLE, fields…, "words")`. Where level `debug` is
/// written, all lines are; otherwise those that the throttle admits, which say how many before them
/// were suppressed, as `suppressed`.
#[macro_export]
macro_rules! limited {
    ($level:ident, $throttle:expr, $($line:tt)+) => {
        if $crate::tracing::enabled!($crate::tracing::Level::DEBUG) {
            $crate::tracing::$level!($($line)+);
        } else if let Some(suppressed) = $throttle.admit() {
            let suppressed = (suppressed > 0).then_some(suppressed);
            $crate::tracing::$level!(suppressed, $($line)+);
        }
    };
}

/// A rate-limited line at level `error`: `error_limited!(THROTTLE, fields…, "words")`.
#[macro_export]
macro_rules! error_limited {
    ($($line:tt)+) => { $crate::limited!(error, $($line)+) };
}

/// A rate-limited line at level `warn`: `warn_limited!(THROTTLE, fields…, "words")`.
#[macro_export]
macro_rules! warn_limited {
    ($($line:tt)+) => { $crate::limited!(warn, $($line)+) };
}

/// A rate-limited line at level `info`: `info_limited!(THROTTLE, fields…, "words")`.
#[macro_export]
macro_rules! info_limited {
    ($($line:tt)+) => { $crate::limited!(info, $($line)+) };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suppressed_lines_are_counted_in_the_next_one() {
        let throttle = Throttle::new(2);
        let start = Instant::now();
        let at = |seconds| throttle.admit_at(start + Duration::from_secs(seconds));
        assert_eq!([at(0), at(1), at(2), at(59)], [Some(0), Some(0), None, None]);
        assert_eq!([at(60), at(61), at(62)], [Some(2), Some(0), None]);
        assert_eq!(at(10_000), Some(1));
    }
}
