//! Fuzz target of a whole service in memory, with links of several members.
//!
//! What they send is the fuzzer's; what they are sent is checked by the testkit's own reading of the
//! protocol. In the end the links are closed, and a member who did nothing wrong is served.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use arbitrary::{Arbitrary, Unstructured};
use tmtp_testkit::store::ModelStore;
use tmtpd::config::{DaemonConfig, Overrides};
use tmtpd::conn_limit::ConnLimit;
use tmtpd::platform::Machine;
use tmtpd::service::Service;
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;

use crate::ask::{Ask, Cast};
use crate::peer::Link;

/// Links at once.
const LINKS: usize = 3;
/// Far more than anything takes.
const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Debug, Arbitrary)]
struct Case {
    /// Which link, and what it sends.
    asks: Vec<(u8, Ask)>,
    /// Bytes sent at once; 0: all of a request.
    piece: u8,
}

/// Plays it.
pub fn run(input: &[u8]) {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    let Ok(case) = Case::arbitrary_take_rest(Unstructured::new(input)) else { return };
    let runtime =
        RUNTIME.get_or_init(|| Builder::new_current_thread().enable_all().build().unwrap());
    runtime.block_on(async { timeout(PATIENCE, play(case)).await.expect("it hangs") });
}

async fn play(case: Case) {
    let over = Overrides { data: Some(PathBuf::from("unused")), ..Overrides::default() };
    let daemon = DaemonConfig::resolve(over, None).unwrap();
    let config = daemon.only().unwrap();
    let service = Arc::new(Service::open(config, ModelStore::new(), Machine).await.unwrap());
    let conn_limit = ConnLimit::new(&config.limits);
    let cast = Arc::new(Mutex::new(Cast::default()));
    let open = || Link::open(&service, &conn_limit, &cast);

    let mut links: Vec<_> = (0..LINKS).map(|_| open()).collect();
    for (number, link) in links.iter_mut().enumerate() {
        link.enter(&cast, u8::try_from(number).unwrap()).await;
    }
    for (which, ask) in case.asks.into_iter().take(64) {
        let link = &mut links[usize::from(which) % LINKS];
        link.send(&ask, &cast, case.piece).await;
        if ask.is_last() || link.is_over() {
            std::mem::replace(link, open()).close().await;
        }
    }
    for link in links {
        link.close().await;
    }

    let mut bystander = open();
    let before = cast.lock().unwrap().members.len();
    bystander.enter(&cast, u8::MAX).await;
    bystander.send(&Ask::Quit, &cast, 0).await;
    bystander.close().await;
    assert_eq!(cast.lock().unwrap().members.len(), before + 1, "a new member is not served");
    service.close().await.unwrap();
}
