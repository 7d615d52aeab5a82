//! Validity period of a certificate, read out of its DER.
//!
//! Parses only the path to the two times (RFC 5280, 4.1); everything else is validated where the
//! certificate was made and where it is used.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use tmtp::id::posted_text;

/// Milliseconds of a day.
const DAY_MS: i64 = 86_400_000;
const SEQUENCE: u8 = 0x30;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
/// `[0]`, the context tag of the version.
const VERSION: u8 = 0xa0;

/// Validity period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    /// The first moment, in seconds of Unix time.
    pub from_s: i64,
    /// The last moment, in seconds of Unix time.
    pub until_s: i64,
}

impl Validity {
    /// Parses it; none if this is no certificate.
    #[must_use]
    pub fn of(der: &[u8]) -> Option<Self> {
        let (certificate, _) = element(der, SEQUENCE)?;
        let (content, _) = element(certificate, SEQUENCE)?;
        let content = match content.first() {
            Some(&VERSION) => any(content)?.2,
            _ => content,
        };
        // Serial number, algorithm, issuer.
        let content = any(any(any(content)?.2)?.2)?.2;
        let (validity, _) = element(content, SEQUENCE)?;
        let (tag, from, rest) = any(validity)?;
        let from_s = time(tag, from)?;
        let (tag, until, _) = any(rest)?;
        Some(Self { from_s, until_s: time(tag, until)? })
    }

    /// The time at which two thirds of it have passed, in seconds of Unix time.
    #[must_use]
    pub fn renew_at_s(&self) -> i64 {
        let length_s = self.until_s.saturating_sub(self.from_s).max(0);
        self.from_s.saturating_add(length_s / 3 * 2)
    }
}

/// Warn this many days before the end: three weeks are enough to make another certificate by hand,
/// and a renewal every 90 days is done 30 days before the end.
pub(crate) const SOON_DAYS: i64 = 21;

/// How long a certificate is valid from `now_ms` on, for people to read.
#[must_use]
pub(crate) fn remaining(until_ms: i64, now_ms: i64) -> String {
    let until = posted_text(until_ms);
    let day = until.get(..10).unwrap_or(&until);
    let days = until_ms.saturating_sub(now_ms) / DAY_MS;
    match days {
        _ if until_ms < now_ms => {
            format!("expired on {day}: apps that do not pin it refuse this service; renew it")
        }
        0 => format!("ends within a day, on {day}"),
        ..=SOON_DAYS => format!("ends in {days} days, on {day}: renew it"),
        _ => format!("is valid until {day}"),
    }
}

/// The content of the first element, which must have this tag, and the rest.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (found, content, rest) = any(der)?;
    (found == tag).then_some((content, rest))
}

/// Tag and content of the first element, and the rest.
fn any(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&[tag, short], mut rest) = der.split_first_chunk::<2>()?;
    let mut length = usize::from(short);
    if short & 0x80 != 0 {
        let (digits, after) = rest.split_at_checked(usize::from(short & 0x7f))?;
        // More than 4 GiB is no certificate.
        length = match digits.len() {
            1..=4 => digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)),
            _ => return None,
        };
        rest = after;
    }
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

/// `YYMMDDHHMMSSZ` or `YYYYMMDDHHMMSSZ` (RFC 5280).
fn time(tag: u8, text: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(text).ok()?.strip_suffix('Z')?;
    let text = match tag {
        UTC_TIME if text.get(..2)? < "50" => format!("20{text}"),
        UTC_TIME => format!("19{text}"),
        GENERALIZED_TIME => text.to_owned(),
        _ => return None,
    };
    let time = DateTime::strptime("%Y%m%d%H%M%S", text).ok()?;
    let time: Timestamp = time.to_zoned(TimeZone::UTC).ok()?.timestamp();
    Some(time.as_second())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remaining_asks_for_renewal_three_weeks_before_expiry() {
        let day = |days: i64| 1_700_000_000_000 + days * DAY_MS;
        for (left, told) in [
            (22, "is valid until 2023-12-06"),
            (21, "ends in 21 days, on 2023-12-05: renew it"),
            (1, "ends in 1 days"),
            (0, "ends within a day, on 2023-11-14"),
            (-1, "expired on 2023-11-13"),
        ] {
            let words = remaining(day(left), day(0));
            assert!(words.starts_with(told), "{left}: {words}");
        }
    }
}
