//! Detection of a restored network and of sleep: after either, every account without a connection
//! connects at once, with its backoff reset.

use std::sync::Arc;
use std::time::Duration;

use crate::engine::Engine;
use crate::{task, time};

/// How often the network and the clock are checked.
const LOOK_TIME: Duration = Duration::from_secs(5);
/// Difference between the time of day and the monotonic clock that counts as sleep.
const SLEPT: Duration = Duration::from_secs(30);

impl Engine {
    /// Watches while the engine exists, if its platform can tell.
    pub(super) fn watch_network(&self) {
        let Some(mut before) = self.store().platform().network() else { return };
        let shared = Arc::downgrade(&self.shared);
        let (mut awake, mut day_ms) = (time::now(), self.store().now_ms());
        task::spawn(async move {
            loop {
                time::sleep(LOOK_TIME).await;
                let Some(shared) = shared.upgrade() else { return };
                let engine = Self { shared };
                let network = engine.store().platform().network().unwrap_or_default();
                let (now, now_ms) = (time::now(), engine.store().now_ms());
                let gone_ms = u64::try_from(now_ms.saturating_sub(day_ms)).unwrap_or(0);
                let slept = Duration::from_millis(gone_ms) > now - awake + SLEPT;
                if slept || network != before && !network.is_empty() {
                    tracing::info!("the network or the machine is back");
                    engine.links().values().for_each(|(handle, _)| handle.reconnect());
                }
                (before, awake, day_ms) = (network, now, now_ms);
            }
        });
    }
}
