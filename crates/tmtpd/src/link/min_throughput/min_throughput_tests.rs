//! Tests of the minimum throughput, with a simulated clock.

use std::time::Duration;

use tokio::time::Instant;

use super::MinThroughput;

const WINDOW_S: u64 = 60;

fn throughput() -> MinThroughput {
    MinThroughput::new(256, Duration::from_secs(WINDOW_S))
}

/// The second in which a peer that moves `bytes_in(second)` is found too slow; none if it passes an
/// hour.
fn cut_at_s(mut throughput: MinThroughput, bytes_in: impl Fn(u64) -> usize) -> Option<u64> {
    let start = Instant::now();
    throughput.set_due(true, start);
    (1..=3_600).find(|second| {
        throughput.moved(bytes_in(*second));
        throughput.is_too_slow(start + Duration::from_secs(*second))
    })
}

#[test]
fn trickled_bytes_are_too_slow() {
    assert_eq!(cut_at_s(throughput(), |_| 0), Some(WINDOW_S));
    assert_eq!(cut_at_s(throughput(), |second| usize::from(second % 10 == 0)), Some(WINDOW_S));
    assert_eq!(cut_at_s(throughput(), |_| 255), Some(WINDOW_S));
}

#[test]
fn slow_line_with_stalls_passes() {
    assert_eq!(cut_at_s(throughput(), |_| 256), None);
    assert_eq!(cut_at_s(throughput(), |second| if second % 60 < 40 { 0 } else { 1_024 }), None);
}

#[test]
fn initial_burst_does_not_excuse_the_next_window() {
    assert_eq!(
        cut_at_s(throughput(), |second| if second < 5 { 10_000 } else { 0 }),
        Some(2 * WINDOW_S)
    );
}

#[test]
fn idle_time_does_not_count() {
    let (mut throughput, start) = (throughput(), Instant::now());
    let at = |second| start + Duration::from_secs(second);
    assert_eq!(throughput.deadline(), None);
    throughput.set_due(true, at(0));
    throughput.set_due(true, at(30));
    assert_eq!(throughput.deadline(), Some(at(WINDOW_S)));
    throughput.set_due(false, at(59));
    assert!(!throughput.is_too_slow(at(1_000)));
    throughput.set_due(true, at(1_000));
    assert!(!throughput.is_too_slow(at(1_059)));
    assert!(throughput.is_too_slow(at(1_060)));
}

#[test]
fn zero_rate_disables_the_check() {
    assert_eq!(cut_at_s(MinThroughput::new(0, Duration::from_secs(WINDOW_S)), |_| 0), None);
}
