//! Release of the store's page cache when no command has come for a while.
//!
//! The database keeps pages in its cache for the next query. An app that runs all day without being
//! used does not need them.

use std::sync::Arc;
use std::time::Duration;

use crate::engine::Engine;
use crate::{task, time};

/// For so long, and for up to twice as long, nobody has asked.
const REST_TIME: Duration = Duration::from_secs(30);

impl Engine {
    /// Watches while the engine exists.
    pub(super) fn watch_rest(&self) {
        let shared = Arc::downgrade(&self.shared);
        task::spawn(async move {
            // Questions at the last look, and whether the memory was given back since.
            let (mut before, mut rested) = (0, true);
            loop {
                time::sleep(REST_TIME).await;
                let Some(shared) = shared.upgrade() else { return };
                let store = Self { shared }.store().clone();
                let asked = store.asked();
                if asked != before {
                    (before, rested) = (asked, false);
                } else if !rested {
                    // An app that is ending has no memory to give back.
                    let _ = store.run(|vault| vault.rest()).await;
                    (before, rested) = (store.asked(), true);
                }
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::Command;
    use crate::engine::Options;
    use crate::testing::Plain;

    #[tokio::test(start_paused = true)]
    async fn store_that_nobody_asks_rests_once() {
        let dir = tempfile::tempdir().unwrap();
        let options = Options { home: dir.path().join("home"), connect: true };
        let engine = Engine::open(options, Arc::new(Plain)).await.unwrap();
        engine.command(Command::State).await.unwrap();
        let asked = engine.store().asked();
        time::sleep(REST_TIME * 4).await;
        assert_eq!(engine.store().asked(), asked + 1);
        time::sleep(REST_TIME * 60).await;
        assert_eq!(engine.store().asked(), asked + 1, "it rests already");
        engine.command(Command::State).await.unwrap();
        let asked = engine.store().asked();
        time::sleep(REST_TIME * 4).await;
        assert_eq!(engine.store().asked(), asked + 1, "it has been asked since");
    }
}
