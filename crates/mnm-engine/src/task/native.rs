//! Tasks of a tokio runtime.

#![expect(clippy::disallowed_methods, reason = "this is where they are named")]

use std::future::Future;

use tokio::runtime::Handle;
pub(crate) use tokio::task::JoinHandle;

/// Starts a task.
pub(crate) fn spawn<T: Send + 'static>(
    task: impl Future<Output = T> + Send + 'static,
) -> JoinHandle<T> {
    tokio::spawn(task)
}

/// Starts a task if there is a runtime; without one the app is ending.
pub(crate) fn spawn_if_running(task: impl Future<Output = ()> + Send + 'static) {
    if Handle::try_current().is_ok() {
        spawn(task);
    }
}

/// Yields to other tasks.
pub(crate) async fn yield_now() {
    tokio::task::yield_now().await;
}

/// Runs a long computation on a thread for it. None if that failed.
pub(crate) async fn compute<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    tokio::task::spawn_blocking(work).await.ok()
}
