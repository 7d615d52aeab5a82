//! Tests of the token bucket, with a simulated clock.

use std::time::Duration;

use tokio::time::Instant;

use super::{Bucket, Buckets, Rate};

const RATE: Rate = Rate { count: 10, period: Duration::from_secs(60) };

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn bucket_allows_a_burst_and_refills_evenly() {
    let (mut bucket, start) = (Bucket::default(), Instant::now());
    assert!((0..10).all(|_| bucket.try_spend(RATE, 1, start)));
    assert!(!bucket.try_spend(RATE, 1, start));
    assert!(!bucket.try_spend(RATE, 1, start + seconds(5)));
    assert!(bucket.try_spend(RATE, 1, start + seconds(6)));
    assert!(!bucket.try_spend(RATE, 1, start + seconds(6)));
    assert!(bucket.try_spend(RATE, 10, start + seconds(66)));
    assert!(!bucket.try_spend(RATE, 1, start + seconds(66)));
}

#[test]
fn refused_spending_costs_nothing() {
    let (mut bucket, start) = (Bucket::default(), Instant::now());
    assert!(bucket.try_spend(RATE, 7, start));
    assert!(!bucket.try_spend(RATE, 4, start));
    assert!(bucket.try_spend(RATE, 3, start));
}

#[test]
fn amount_above_the_size_needs_a_full_bucket() {
    let (mut bucket, start) = (Bucket::default(), Instant::now());
    assert!(bucket.try_spend(RATE, usize::MAX, start));
    assert!(!bucket.try_spend(RATE, 1, start));
    assert!(bucket.try_spend(RATE, usize::MAX, start + seconds(60)));
}

#[test]
fn debt_tells_when_a_token_is_available() {
    let (mut bucket, start) = (Bucket::default(), Instant::now());
    bucket.spend(RATE, 10, start);
    assert_eq!(bucket.wait_until(RATE, start), None);
    bucket.spend(RATE, 2, start);
    assert_eq!(bucket.wait_until(RATE, start), Some(start + seconds(12)));
    assert_eq!(bucket.wait_until(RATE, start + seconds(12)), None);
}

#[test]
fn buckets_are_per_key_and_full_ones_are_dropped() {
    let (mut buckets, start) = (Buckets::default(), Instant::now());
    for key in 0..10_000 {
        assert!(buckets.try_spend(key, RATE, 10, start + seconds(key)));
        assert!(!buckets.try_spend(key, RATE, 1, start + seconds(key)));
        assert!(buckets.spent.len() <= 130, "{}", buckets.spent.len());
    }
}

#[test]
fn debt_is_refilled_at_the_even_rate() {
    let rate = Rate { count: 10, period: seconds(1) };
    let (mut bucket, start) = (Bucket::default(), Instant::now());
    for _ in 0..10 {
        assert_eq!(bucket.wait_until(rate, start), None);
        bucket.spend(rate, 1, start);
    }
    bucket.spend(rate, 1, start);
    let tenth = start + Duration::from_millis(100);
    assert_eq!(bucket.wait_until(rate, start), Some(tenth));
    assert_eq!(bucket.wait_until(rate, tenth), None);
    bucket.spend(rate, 1, tenth);
    assert_eq!(bucket.wait_until(rate, tenth), Some(tenth + Duration::from_millis(100)));
    bucket.give_back(rate, 1);
    assert_eq!(bucket.wait_until(rate, tenth), None);
}

#[test]
fn unused_time_is_not_saved_beyond_the_burst() {
    let rate = Rate { count: 10, period: seconds(1) };
    let (mut bucket, start) = (Bucket::default(), Instant::now());
    bucket.spend(rate, 1, start);
    let later = start + seconds(3_600);
    bucket.spend(rate, 11, later);
    assert_eq!(bucket.wait_until(rate, later), Some(later + Duration::from_millis(100)));
}
