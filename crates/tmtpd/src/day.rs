//! Days since 1970, as stored in rows.

/// Milliseconds of a day.
pub(crate) const DAY_MS: i64 = 86_400_000;

/// Days since 1970.
pub(crate) type Day = u32;

/// The day of a moment in Unix milliseconds.
pub(crate) fn day_of(now_ms: i64) -> Day {
    Day::try_from(now_ms / DAY_MS).unwrap_or(0)
}
