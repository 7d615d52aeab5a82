//! Host: the loopback server in the process of a command that goes on, in place of the app.

use mnm_engine::Engine;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::{exit::Failure, home::Home, serve::Server};

/// The server, and what stops it.
#[derive(Debug)]
pub(super) struct Host {
    /// A note for people about its port.
    pub(super) notice: Option<String>,
    stop: CancellationToken,
    serving: JoinHandle<()>,
}

impl Host {
    /// Serves the home until it is told to stop; then the engine is closed.
    pub(super) async fn start(engine: Engine, home: &Home) -> Result<Self, Failure> {
        let mut server = Server::bind(engine, home, 0).await?;
        let notice = server.notice.take();
        let stop = server.stop();
        let ended = stop.clone();
        let serving = tokio::spawn(async move {
            if let Err(failure) = server.run_beside().await {
                tracing::error!(%failure, "the server of a command ended");
            }
            ended.cancel();
        });
        Ok(Self { notice, stop, serving })
    }

    pub(super) fn stop(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Stops the server and waits until the engine is closed.
    pub(super) async fn end(self) {
        self.stop.cancel();
        // It has ended if it panicked.
        let _ = self.serving.await;
    }
}
