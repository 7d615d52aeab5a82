//! Rate limits: registrations, new devices, presence changes, group notices, requests of a link.
//!
//! All are token buckets (`bucket`), kept in memory only: after a restart they are full.

mod bucket;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::config::Limits;
use crate::conn_limit::Network;
use crate::directory::MemberNumber;
pub(crate) use bucket::{Bucket, Buckets, Rate};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);

/// Token buckets of the limits per time.
#[derive(Debug, Default)]
pub(crate) struct RateLimits {
    registrations: Mutex<Registrations>,
    presence: Mutex<Buckets<MemberNumber>>,
    group_notices: Mutex<Buckets<MemberNumber>>,
    devices: Mutex<Buckets<MemberNumber>>,
}

#[derive(Debug, Default)]
struct Registrations {
    in_all: Bucket,
    by_network: Buckets<Network>,
}

impl RateLimits {
    /// Counts a registration from `network`; false if there were too many.
    pub(crate) fn may_register(&self, limits: &Limits, network: Network) -> bool {
        let in_all = Rate { count: limits.registrations_per_hour, period: HOUR };
        let each = Rate { count: limits.registrations_per_hour_per_address, period: HOUR };
        let now = Instant::now();
        let mut spent = locked(&self.registrations);
        // The total first, which bounds how many networks are remembered. What a network asks for
        // beyond its own limit is given back, or it would use up the total.
        let before = spent.in_all;
        if !spent.in_all.try_spend(in_all, 1, now) {
            return false;
        }
        let allowed = spent.by_network.try_spend(network, each, 1, now);
        if !allowed {
            spent.in_all = before;
        }
        allowed
    }

    /// Counts changes of a member's presence sharing; false if there were too many.
    pub(crate) fn may_share_presence(
        &self,
        limits: &Limits,
        member: MemberNumber,
        changes: usize,
    ) -> bool {
        let rate = Rate { count: limits.presence_per_minute, period: MINUTE };
        locked(&self.presence).try_spend(member, rate, changes, Instant::now())
    }

    /// Counts devices notified of a member's act in a group; false if there were too many.
    pub(crate) fn may_change_group(
        &self,
        limits: &Limits,
        member: MemberNumber,
        devices: usize,
    ) -> bool {
        let rate = Rate { count: limits.group_notices_per_minute, period: MINUTE };
        locked(&self.group_notices).try_spend(member, rate, devices, Instant::now())
    }

    /// Counts a new device of `member`; false if there were too many.
    pub(crate) fn may_add_device(&self, limits: &Limits, member: MemberNumber) -> bool {
        let rate = Rate { count: limits.devices_per_hour, period: HOUR };
        locked(&self.devices).try_spend(member, rate, 1, Instant::now())
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
