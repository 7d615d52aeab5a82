//! Uptime clock: the age of messages, in days on which the service ran.
//!
//! Calendar days are not used: a clock that jumps would give up everything at once, and after a
//! month of downtime no device has had a chance to fetch anything. So running time is added up, and
//! the last message id is stored at the end of each such day. Ids ascend, so the age of a message
//! is that of the first stored id that is not below its own.
//!
//! | key | value |
//! |---|---|
//! | `x/now` | the present day, counted from 0 (4 bytes, big-endian), milliseconds into it (4) |
//! | `x/d/` day (4 bytes) | the last message id committed on that day (8 bytes) |

use std::time::Duration;

use tmtp_store::{Batch, Position, Store, StoreError};

const NOW: &[u8] = b"x/now";
const DAYS: &[u8] = b"x/d/";
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// Days whose last id is kept: more than any limit needs.
const DAYS_KEPT: u32 = 4_000;

/// The present day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct UptimeClock {
    day: u32,
    into_day: Duration,
}

impl UptimeClock {
    /// As stored last; the first day if never.
    pub(super) async fn read(store: &dyn Store) -> Result<Self, StoreError> {
        let Some(row) = store.get(NOW).await? else { return Ok(Self::default()) };
        let read = || {
            let (day, ms) = row.split_first_chunk()?;
            let ms = u32::from_be_bytes(ms.try_into().ok()?);
            let into_day = Duration::from_millis(ms.into());
            (into_day < DAY).then_some(Self { day: u32::from_be_bytes(*day), into_day })
        };
        read().ok_or_else(corrupt)
    }

    /// The service has run for `time` more, and `last` is the last message committed so
    /// far; says so in `rows`. A position that was only given does not count: it may be of a clock that
    /// was ahead, and whatever is posted after a restart would be below it.
    pub(super) fn advance(&mut self, time: Duration, last: Position, rows: &mut Batch) {
        self.into_day += time;
        while let Some(rest) = self.into_day.checked_sub(DAY) {
            rows.put(day_key(self.day), last.to_be_bytes());
            if let Some(old) = self.day.checked_sub(DAYS_KEPT) {
                rows.delete(day_key(old));
            }
            self.into_day = rest;
            self.day = self.day.saturating_add(1);
        }
        let ms = u32::try_from(self.into_day.as_millis()).unwrap_or(0);
        rows.put(NOW, [self.day.to_be_bytes(), ms.to_be_bytes()].concat());
    }

    /// The newest message that is `days` old or older. None while the service has not run for so
    /// long. A message is found at most a day after it reached that age.
    pub(super) async fn cutoff(
        self,
        store: &dyn Store,
        days: usize,
    ) -> Result<Option<Position>, StoreError> {
        let days = u32::try_from(days).unwrap_or(u32::MAX);
        let Some(day) = self.day.checked_sub(days).and_then(|day| day.checked_sub(1)) else {
            return Ok(None);
        };
        let Some(row) = store.get(&day_key(day)).await? else { return Ok(None) };
        row.try_into().map(|row| Some(Position::from_be_bytes(row))).map_err(|_| corrupt())
    }
}

fn day_key(day: u32) -> Vec<u8> {
    [DAYS, &day.to_be_bytes()].concat()
}

fn corrupt() -> StoreError {
    StoreError::Corrupt { what: "a row of the uptime clock".into() }
}
