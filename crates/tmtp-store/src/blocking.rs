//! Work that waits for the disk, inside async tasks.

use tokio::runtime::{Handle, RuntimeFlavor};

/// Does what may wait for the disk, at once; other tasks go on meanwhile. A runtime of one thread has none
/// to go on with, so there they wait.
pub(crate) fn in_place<T>(work: impl FnOnce() -> T) -> T {
    if has_more_threads() { tokio::task::block_in_place(work) } else { work() }
}

/// Does what waits for the disk for long, on a thread for such work; at once on a runtime of one thread.
/// None when the runtime is ending.
pub(crate) async fn on_thread<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    if has_more_threads() { tokio::task::spawn_blocking(work).await.ok() } else { Some(work()) }
}

fn has_more_threads() -> bool {
    Handle::try_current().is_ok_and(|handle| handle.runtime_flavor() == RuntimeFlavor::MultiThread)
}
