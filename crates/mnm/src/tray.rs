//! Tray icon: what is unread, and a menu, where the desktop has a place for such icons.

#[cfg(target_os = "linux")]
mod icon;
#[cfg(target_os = "linux")]
mod item;
mod request;

use mnm_engine::Engine;
use tokio_util::sync::CancellationToken;

pub(crate) use request::Request;

/// Starts to show the icon, until `stop`. Without a session bus there is none; a desktop whose tray comes
/// later shows it then.
pub(crate) fn start(
    engine: &Engine,
    stop: &CancellationToken,
    ask: impl Fn(Request) + Send + Sync + 'static,
) {
    #[cfg(target_os = "linux")]
    tokio::spawn(item::run(engine.clone(), stop.clone(), ask));
    #[cfg(not(target_os = "linux"))]
    let _ = (engine, stop, ask, Request::Open, Request::Quit);
}
