//! Phase of a schedule without faults, the quiet: everybody comes back, and everything arrives that is due.

use std::collections::BTreeMap;
use std::time::Duration;

use mnm_engine::view::Link;
use tmtp_testkit::ledger::DeviceIndex;
// Not synchronisation: simulated time, in which the service erases.
use tokio::time::sleep;

use crate::app::{account, refused_pings, shown, waiting_pings};
use crate::author::{accept_all, retry_refused};
use crate::network::CALM;
use crate::service::Crash;
use crate::world::{World, until};

/// What the service has to erase what was settled.
pub(crate) const ERASING: Duration = Duration::from_secs(5);

impl World {
    pub(crate) async fn quiet(&mut self) -> Result<(), String> {
        self.revive().await?;
        self.calm().await;
        // Of machines that are the same device, one after the other.
        let mut turns = self.homes_by_device();
        for later in turns.iter().flat_map(|homes| homes.iter().skip(1)) {
            self.apps[*later].close().await;
        }
        while turns.iter().any(|homes| homes.len() > 1) {
            self.until_all_is_sent().await?;
            for homes in turns.iter_mut().filter(|homes| homes.len() > 1) {
                self.close_for_good(homes.remove(0)).await?;
                self.apps[homes[0]].open(true).await;
            }
        }
        self.until_all_is_sent().await?;
        self.until_all_is_settled().await
    }

    /// Nothing fails any more, and the service runs.
    pub(crate) async fn revive(&mut self) -> Result<(), String> {
        self.service.disk.mend();
        if self.service.disk.is_off() {
            self.service.crash(Crash::Power, &self.network).await;
        }
        if !self.service.is_running() {
            self.service
                .start()
                .await
                .map_err(|error| format!("the store does not open: {error}"))?;
        }
        Ok(())
    }

    /// Nobody writes any more, and the network is as it should be.
    pub(crate) async fn calm(&mut self) {
        self.network.set_weather(CALM);
        for app in &mut self.apps {
            app.interrupt_author().await;
        }
    }

    fn homes_by_device(&self) -> Vec<Vec<usize>> {
        let mut homes: BTreeMap<DeviceIndex, Vec<usize>> = BTreeMap::new();
        for (at, app) in self.apps.iter().enumerate() {
            homes.entry(app.device).or_default().push(at);
        }
        homes.into_values().collect()
    }

    async fn close_for_good(&mut self, at: usize) -> Result<(), String> {
        let app = &mut self.apps[at];
        if let Some(engine) = &app.engine {
            let home = shown(app, engine).await;
            self.closed.push(home.map_err(|error| error.to_string())?);
        }
        app.close().await;
        Ok(())
    }

    /// Waits until every outbox is empty.
    pub(crate) async fn until_all_is_sent(&mut self) -> Result<(), String> {
        let apps = self.apps.iter();
        let engines = apps.filter_map(|app| Some((app.device, app.engine.clone()?)));
        let engines: Vec<_> = engines.collect();
        let (cast, host) = (self.cast.clone(), self.service.clone());
        until(&self.trace, "every outbox is empty", || async {
            let mut all = true;
            for (device, engine) in &engines {
                accept_all(engine, *device, &cast, &host).await?;
                let account = account(engine).await?;
                all &= account.queued == 0 && matches!(account.link, Link::Online { .. });
            }
            // Last, for it reads everything.
            for (_, engine) in if all { engines.as_slice() } else { &[] } {
                let refused = refused_pings(engine).await?;
                refused.iter().for_each(|marker| cast.refused(marker));
                all &= waiting_pings(engine).await?.is_empty();
                all &= !retry_refused(engine, &cast).await?;
            }
            Ok(all)
        })
        .await
    }

    /// Waits until the service has nothing for anybody who is there.
    pub(crate) async fn until_all_is_fetched(&self) -> Result<(), String> {
        until(&self.trace, "all is fetched", || async {
            let Some(service) = self.service.service() else { return Ok(false) };
            let queues = service.store.queues();
            Ok(!queues.iter().any(|(device, _)| service.is_online(*device)))
        })
        .await
    }

    /// Waits until the service has nothing for anybody any more.
    pub(crate) async fn until_all_is_settled(&mut self) -> Result<(), String> {
        let service = self.service.clone();
        let stats = || service.service().map(|service| service.store.stats());
        let quiet = || stats().is_some_and(|stats| stats.messages == 0 && stats.queued == 0);
        let settled = until(&self.trace, "all is settled", || async { Ok(quiet()) }).await;
        sleep(ERASING).await;
        settled.map_err(|why| format!("{why}: {:?}", stats()))
    }
}
