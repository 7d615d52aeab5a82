//! Reasons why a link ended, and how each is logged.

use std::net::SocketAddr;

use tmtp::quit::Quit;
use tracing::field::display;

use crate::links::LinkFacts;
use crate::log::Throttles;
use crate::log::info_limited;
use crate::metrics::EndKind;

/// Why a link ended.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum End {
    #[error("closed by the peer")]
    Closed,
    #[error("quit: {}", .0.reason())]
    Quit(Quit),
    #[error("not logged in in time")]
    LoginTimeout,
    #[error("not logged in while others waited")]
    GaveWay,
    #[error("silent for too long")]
    Silence,
    #[error("sent too slowly")]
    SlowSender,
    #[error("read too slowly")]
    SlowReader,
    #[error("the service is stopping")]
    Stopping,
    #[error("the store failed")]
    Store,
    #[error("broken: {0}")]
    Broken(String),
}

/// Log lines per minute for each kind of end.
static THROTTLES: Throttles<EndKind, { EndKind::COUNT }> = Throttles::new::<10>();

impl End {
    pub(super) fn kind(&self) -> EndKind {
        match self {
            Self::Closed => EndKind::Closed,
            Self::Quit(Quit::Logout) => EndKind::Logout,
            Self::Quit(Quit::LoginFailed) => EndKind::LoginFailed,
            Self::Quit(Quit::NodeConnected) => EndKind::NodeConnected,
            Self::Quit(Quit::RegisterFailure) => EndKind::RegisterFailure,
            Self::Quit(_) => EndKind::Violation,
            Self::LoginTimeout => EndKind::LoginTimeout,
            Self::GaveWay => EndKind::GaveWay,
            Self::Silence => EndKind::Silence,
            Self::SlowSender => EndKind::SlowSender,
            Self::SlowReader => EndKind::SlowReader,
            Self::Stopping => EndKind::Stopping,
            Self::Store => EndKind::Store,
            Self::Broken(_) => EndKind::Broken,
        }
    }

    /// Logs who, why, how long and how much. The address only at level `debug`.
    pub(super) fn log(
        &self,
        member: Option<String>,
        address: SocketAddr,
        facts: &LinkFacts,
        now_ms: i64,
    ) {
        let address = tracing::enabled!(tracing::Level::DEBUG).then(|| display(address));
        let seconds = (now_ms - facts.since_ms).max(0) / 1_000;
        let (bytes_in, bytes_out) = (facts.bytes_in(), facts.bytes_out());
        let throttle = THROTTLES.of(self.kind());
        info_limited!(throttle, member, why = %self, seconds, bytes_in, bytes_out, address, "link ended");
    }
}
