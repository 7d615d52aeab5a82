//! How much passes, on a clock of the test's own.

use std::time::Duration;

use tokio::time::Instant;

use super::{Allowance, Allowances, Rate};

const RATE: Rate = Rate { count: 10, period: Duration::from_secs(60) };

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn all_of_it_may_be_spent_at_once_and_comes_back_evenly() {
    let (mut allowance, start) = (Allowance::default(), Instant::now());
    assert!((0..10).all(|_| allowance.try_spend(RATE, 1, start)));
    assert!(!allowance.try_spend(RATE, 1, start));
    assert!(!allowance.try_spend(RATE, 1, start + seconds(5)));
    assert!(allowance.try_spend(RATE, 1, start + seconds(6)));
    assert!(!allowance.try_spend(RATE, 1, start + seconds(6)));
    assert!(allowance.try_spend(RATE, 10, start + seconds(66)));
    assert!(!allowance.try_spend(RATE, 1, start + seconds(66)));
}

#[test]
fn what_is_refused_is_not_spent() {
    let (mut allowance, start) = (Allowance::default(), Instant::now());
    assert!(allowance.try_spend(RATE, 7, start));
    assert!(!allowance.try_spend(RATE, 4, start));
    assert!(allowance.try_spend(RATE, 3, start));
}

#[test]
fn a_large_amount_needs_all_of_it() {
    let (mut allowance, start) = (Allowance::default(), Instant::now());
    assert!(allowance.try_spend(RATE, usize::MAX, start));
    assert!(!allowance.try_spend(RATE, 1, start));
    assert!(allowance.try_spend(RATE, usize::MAX, start + seconds(60)));
}

#[test]
fn a_debt_says_when_it_is_paid() {
    let (mut allowance, start) = (Allowance::default(), Instant::now());
    allowance.spend(RATE, 10, start);
    assert_eq!(allowance.wait_until(RATE, start), None);
    allowance.spend(RATE, 2, start);
    assert_eq!(allowance.wait_until(RATE, start), Some(start + seconds(12)));
    assert_eq!(allowance.wait_until(RATE, start + seconds(12)), None);
}

#[test]
fn each_has_their_own_and_full_ones_are_forgotten() {
    let (mut allowances, start) = (Allowances::default(), Instant::now());
    for key in 0..10_000 {
        assert!(allowances.try_spend(key, RATE, 10, start + seconds(key)));
        assert!(!allowances.try_spend(key, RATE, 1, start + seconds(key)));
        assert!(allowances.spent.len() <= 130, "{}", allowances.spent.len());
    }
}
