//! Tests of a clock that is ahead for a while, on simulated time.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tmtp_store::{EmbeddedStore, Executor, StoreLimits};
use tmtp_testkit::disk::SimulatedDisk;
use tmtpd::config::{DaemonConfig, Overrides};
use tmtpd::expiry::Expiry;
use tmtpd::platform::Platform;
use tmtpd::service::Service;
// Not synchronisation: simulated time passes only so.
use tokio::time::sleep;

/// In the year 2100; ids are made of the time of day.
const AHEAD_MS: i64 = 4_102_444_800_000;

#[derive(Debug)]
struct AheadClock;

impl Platform for AheadClock {
    fn now_ms(&self) -> i64 {
        AHEAD_MS
    }

    fn random(&self, bytes: &mut [u8]) -> Result<(), getrandom::Error> {
        getrandom::fill(bytes)
    }
}

/// Otherwise everything that is posted after the clock was put right would be older than that day.
#[tokio::test(start_paused = true)]
async fn uptime_day_ends_with_the_last_committed_message() {
    let over = Overrides { data: Some("/data".into()), ..Overrides::default() };
    let config = DaemonConfig::resolve(over, None).unwrap();
    let driver = Executor::Task { commit_after: Duration::from_millis(1) };
    let disk = SimulatedDisk::new(0);
    let store =
        EmbeddedStore::open_on(disk.mount(), Path::new("/data"), StoreLimits::default(), driver);
    let store = Arc::new(store.unwrap());
    let service = Service::open(config.only().unwrap(), store, AheadClock).await.unwrap();
    let service = Arc::new(service);
    let expiry = Expiry::start(service.clone());
    sleep(Duration::from_secs(25 * 60 * 60)).await;
    expiry.stop().await;
    let first_day = service.store.get(b"x/d/\0\0\0\0").await.unwrap().unwrap();
    assert_eq!(first_day, 0_u64.to_be_bytes(), "nobody has posted anything");
}
