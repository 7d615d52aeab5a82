//! A reminder in the log, at start and each day, that a service's certificate is over or ends soon.

use std::sync::Weak;
use std::time::Duration;

use super::Instance;
use crate::certificate::{SOON_DAYS, remaining};
use crate::config::Tls;
use crate::platform::{Machine, Platform};
use crate::shutdown::Shutdown;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const DAY_MS: i64 = 86_400_000;

/// Reminds until the service has `ended`.
pub(super) async fn run(instance: Weak<Instance>, ended: Shutdown) {
    loop {
        match instance.upgrade() {
            Some(instance) => tell(&instance),
            None => return,
        }
        tokio::select! {
            biased;
            () = ended.requested() => return,
            () = tokio::time::sleep(DAY) => {}
        }
    }
}

fn tell(instance: &Instance) {
    let identity = instance.identity();
    // What stands in for one that was not issued yet is told of when it is made.
    let Some(validity) = identity.certificate().validity().filter(|_| !identity.is_stand_in())
    else {
        return;
    };
    let days = match instance.config().tls {
        Tls::SelfSigned | Tls::Files { .. } => SOON_DAYS,
        // It is renewed in time, and tells itself when that fails.
        Tls::Acme(_) => 0,
    };
    let (until_ms, now_ms) = (validity.until_s.saturating_mul(1_000), Machine.now_ms());
    if until_ms.saturating_sub(now_ms) <= days.saturating_mul(DAY_MS) {
        tracing::warn!("the certificate {}", remaining(until_ms, now_ms));
    }
}
