//! Work that waits for the disk, inside async tasks.

use tokio::runtime::{Handle, RuntimeFlavor};

/// Runs `work`, which may block on the disk, on this thread, while other threads take over the
/// other tasks. On a runtime of one thread the other tasks wait.
pub(crate) fn in_place<T>(work: impl FnOnce() -> T) -> T {
    if has_more_threads() { tokio::task::block_in_place(work) } else { work() }
}

/// Runs `work`, which may block on the disk for long, on a thread for blocking work, or on this one
/// if the runtime has only one. `None` when the runtime is shutting down.
pub(crate) async fn on_thread<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    if has_more_threads() { tokio::task::spawn_blocking(work).await.ok() } else { Some(work()) }
}

fn has_more_threads() -> bool {
    Handle::try_current().is_ok_and(|handle| handle.runtime_flavor() == RuntimeFlavor::MultiThread)
}
