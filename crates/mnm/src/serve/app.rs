//! State that all handlers of the loopback server share.

use std::time::Instant;

use mnm_engine::Engine;
use tokio_util::sync::CancellationToken;

use super::{auth::Auth, notice_pages::Pages};

/// Shared by all handlers.
pub(crate) struct App {
    pub(super) engine: Engine,
    pub(super) auth: Auth,
    pub(super) port: u16,
    /// Accepted values of `Host`.
    pub(super) hosts: [String; 2],
    /// Cancelled when the app stops.
    pub(super) stop: CancellationToken,
    /// Pages that show notices.
    pub(super) pages: Pages,
}

impl App {
    /// A fresh address that opens the pages, once.
    pub(super) fn opening_url(&self, now: Instant) -> Result<String, getrandom::Error> {
        Ok(format!("http://{}/?token={}", self.hosts[0], self.auth.opening(now)?))
    }
}
