//! Native notices: by the desktop's own notification service, where this user has one.

#[cfg(target_os = "linux")]
mod desktop;

use mnm_engine::view::Notice;
use tokio::sync::mpsc;

/// Notices that may wait for the desktop.
const WAITING_MAX: usize = 16;

/// Starts to show notices; each that is clicked is given to `open` as a place. Without a
/// notification service they are dropped: pages and command line show what is unread.
pub(crate) fn start(open: impl Fn(&str) + Send + Sync + 'static) -> mpsc::Sender<Notice> {
    let (show, shown) = mpsc::channel(WAITING_MAX);
    #[cfg(target_os = "linux")]
    tokio::spawn(desktop::run(shown, open));
    #[cfg(not(target_os = "linux"))]
    drop((shown, open));
    show
}
