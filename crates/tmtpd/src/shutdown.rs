//! Graceful shutdown.
//!
//! The first SIGTERM or SIGINT makes [`Shutdown::requested`] ready everywhere: the listeners stop
//! accepting, each link finishes its pending commits and closes, then the store is flushed and the
//! process exits with 0. A second signal exits at once; nothing acknowledged is lost by that, for
//! an ack is only sent once its message is on stable storage.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// How long links may take to close after the first signal.
pub const CLOSE_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(10);

/// A signal to all parts of the service to stop. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Shutdown {
    token: CancellationToken,
}

impl Shutdown {
    /// Not requested yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Requests the stop, which cannot be undone.
    pub fn request(&self) {
        self.token.cancel();
    }

    /// Whether the stop was requested.
    #[must_use]
    pub fn is_requested(&self) -> bool {
        self.token.is_cancelled()
    }

    /// Ready once the stop is requested. Cancel-safe, as in `select!`.
    pub async fn requested(&self) {
        self.token.cancelled().await;
    }

    /// From now on the first SIGTERM or SIGINT calls [`request`](Self::request) and the second
    /// exits the process with `forced_exit_code`.
    ///
    /// # Errors
    /// The system refuses to hand over the signals.
    pub fn on_signals(&self, forced_exit_code: u8) -> io::Result<()> {
        let terminate = signal(SignalKind::terminate())?;
        let interrupt = signal(SignalKind::interrupt())?;
        tokio::spawn(heed(self.clone(), terminate, interrupt, forced_exit_code));
        Ok(())
    }
}

async fn heed(
    shutdown: Shutdown,
    mut terminate: Signal,
    mut interrupt: Signal,
    forced_exit_code: u8,
) {
    next(&mut terminate, &mut interrupt).await;
    tracing::info!("stopping: links are being closed; a second signal stops at once");
    shutdown.request();
    next(&mut terminate, &mut interrupt).await;
    tracing::warn!("stopped at once by a second signal");
    std::process::exit(forced_exit_code.into());
}

async fn next(terminate: &mut Signal, interrupt: &mut Signal) {
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}
