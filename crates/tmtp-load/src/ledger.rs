//! Ledger of what each device must get and what it got, so that nothing is lost, doubled or misrouted unseen.
//!
//! For each device: how many posts, and a sum of hashes of their numbers. Two sets of the same size
//! and sum are the same set but for one chance in 2^64, and keeping that costs two additions.

use serde::{Deserialize, Serialize};

/// A device's number within a cast.
pub type DeviceIndex = usize;

/// The account of all devices.
#[derive(Debug, Default)]
pub struct Ledger {
    accounts: Vec<Account>,
    /// Deliveries that are expected, over all devices.
    pub expected: u64,
    /// Posts that have come, over all devices, repetitions not counted.
    pub got: u64,
    /// Posts that came again: a service that lost an ack may do so.
    pub repeated: u64,
    /// Posts of another run, which some earlier one left.
    pub foreign: u64,
}

#[derive(Debug, Default, Clone, Copy)]
struct Account {
    expected: Side,
    got: Side,
    /// Ids rise on a link, so what is not above the last has come before.
    last_message: u64,
}

/// A set of posts: how many, and the sum of the hashes of their numbers.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Side {
    count: u64,
    sum: u64,
}

/// Sums of a finished run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Balance {
    /// Posts that have not come to a device that expects them.
    pub lost: u64,
    /// Posts that came to a device more often than once, or were not meant for it.
    pub surplus: u64,
    /// Devices that got as many posts as they expect, but not the same.
    pub mixed_up: u64,
}

impl Side {
    /// Whether there is no post in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    fn add(&mut self, number: u64) {
        self.count += 1;
        // The finaliser of splitmix64: a bijection, so that sums of different sets differ.
        let mut hash = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
        hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        self.sum = self.sum.wrapping_add(hash ^ (hash >> 31));
    }
}

impl Ledger {
    /// For so many devices.
    #[must_use]
    pub fn new(devices: usize) -> Self {
        Self { accounts: vec![Account::default(); devices], ..Self::default() }
    }

    /// The messages that each device expects, to be continued by another process: [`Self::resume`].
    pub fn expected_each(&self) -> impl Iterator<Item = Side> {
        self.accounts.iter().map(|account| account.expected)
    }

    /// Takes over what each device expected when another process ended.
    pub fn resume(&mut self, expected: &[Side]) {
        for (account, expected) in self.accounts.iter_mut().zip(expected) {
            account.expected = *expected;
        }
        self.expected = self.accounts.iter().map(|account| account.expected.count).sum();
    }

    /// The post is expected by these devices.
    pub fn expect(&mut self, number: u64, devices: &[DeviceIndex]) {
        self.expected += devices.len() as u64;
        for device in devices {
            if let Some(account) = self.accounts.get_mut(*device) {
                account.expected.add(number);
            }
        }
    }

    /// The post came to this device as `message`; whether for the first time.
    pub fn take(&mut self, device: DeviceIndex, message: u64, number: u64) -> bool {
        let Some(account) = self.accounts.get_mut(device) else { return false };
        if message <= account.last_message {
            self.repeated += 1;
            return false;
        }
        account.last_message = message;
        account.got.add(number);
        self.got += 1;
        true
    }

    /// Whether as much has come as is expected.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.got >= self.expected
    }

    /// What is wrong, if anything.
    #[must_use]
    pub fn balance(&self) -> Balance {
        let mut balance = Balance::default();
        for Account { expected, got, .. } in &self.accounts {
            balance.lost += expected.count.saturating_sub(got.count);
            balance.surplus += got.count.saturating_sub(expected.count);
            balance.mixed_up += u64::from(expected.count == got.count && expected.sum != got.sum);
        }
        balance
    }
}

impl Balance {
    /// Whether everything came once to whom it was meant for.
    #[must_use]
    pub fn is_even(&self) -> bool {
        *self == Self::default()
    }
}

#[cfg(test)]
mod tests {
    use super::{Balance, Ledger};

    #[test]
    fn exactly_once_delivery_is_even() {
        let mut ledger = Ledger::new(2);
        ledger.expect(1, &[0, 1]);
        ledger.expect(2, &[0]);
        assert!(ledger.take(0, 10, 1));
        assert!(ledger.take(1, 10, 1));
        assert!(!ledger.is_settled());
        assert!(ledger.take(0, 11, 2));
        assert!(!ledger.take(0, 11, 2));
        assert!(ledger.is_settled() && ledger.balance().is_even());
        assert_eq!(ledger.repeated, 1);
    }

    #[test]
    fn lost_duplicate_and_swapped_posts_are_reported() {
        let mut ledger = Ledger::new(3);
        ledger.expect(1, &[0, 1]);
        ledger.expect(2, &[2]);
        ledger.take(1, 10, 1);
        ledger.take(1, 11, 1);
        ledger.take(2, 12, 3);
        assert_eq!(ledger.balance(), Balance { lost: 1, surplus: 1, mixed_up: 1 });
    }
}
