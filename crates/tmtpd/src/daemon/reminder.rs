//! Daily log reminder that a service's certificate has expired or expires soon.

use std::sync::Arc;
use std::time::Duration;

use crate::certificate::identity::Identity;
use crate::certificate::{SOON_DAYS, remaining};
use crate::config::Tls;
use crate::platform::{Machine, Platform};
use crate::shutdown::Shutdown;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const DAY_MS: i64 = 86_400_000;

/// Logs until the service has `ended`. `certificate` gives its certificate and where that comes
/// from, as they are now; none once the service is gone.
pub(super) async fn run(certificate: impl Fn() -> Option<(Arc<Identity>, Tls)>, ended: Shutdown) {
    loop {
        match certificate() {
            Some((identity, tls)) => log(&identity, &tls),
            None => return,
        }
        tokio::select! {
            biased;
            () = ended.requested() => return,
            () = tokio::time::sleep(DAY) => {}
        }
    }
}

fn log(identity: &Identity, tls: &Tls) {
    // A placeholder is logged when it is made.
    let Some(validity) = identity.certificate().validity().filter(|_| !identity.is_stand_in())
    else {
        return;
    };
    let days = match tls {
        Tls::SelfSigned | Tls::Files { .. } => SOON_DAYS,
        // Renewed by itself, with a log line when that fails.
        Tls::Acme(_) => 0,
    };
    let (until_ms, now_ms) = (validity.until_s.saturating_mul(1_000), Machine.now_ms());
    if until_ms.saturating_sub(now_ms) <= days.saturating_mul(DAY_MS) {
        tracing::warn!("the certificate {}", remaining(until_ms, now_ms));
    }
}
