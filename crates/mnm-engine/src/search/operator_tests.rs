//! Tests of dates in queries.

use super::*;

#[test]
fn a_date_is_a_day_a_month_or_a_year() {
    for (text, expected) in [
        ("1970-01-01", Some((0, 0))),
        ("1970", Some((0, 364))),
        ("2000-02", Some((10_988, 11_016))),
        ("2000-02-29", Some((11_016, 11_016))),
        ("2026-11-29", Some((20_786, 20_786))),
        ("1900-02-29", None),
        ("2026-02-29", None),
        ("2026-13", None),
        ("2026-1-1-1", None),
        ("soon", None),
        ("", None),
        ("9223372036854775807", None),
    ] {
        assert_eq!(day(text), expected, "{text}");
    }
}
