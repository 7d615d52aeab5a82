//! Spawning: tasks of the runtime that the engine was opened in. The only place that spawns.
//!
//! In a browser all tasks share one thread: there a task is local and need not be [`Send`], and what takes
//! long is computed in place.

#![expect(clippy::disallowed_methods, reason = "this is where they are named")]

use std::future::Future;

use tokio::runtime::Handle;
pub(crate) use tokio::task::JoinHandle;

/// Starts a task.
#[cfg(not(target_family = "wasm"))]
pub(crate) fn spawn<T: Send + 'static>(
    task: impl Future<Output = T> + MaybeSend + 'static,
) -> JoinHandle<T> {
    tokio::spawn(task)
}

/// Starts a task.
#[cfg(target_family = "wasm")]
pub(crate) fn spawn<T: 'static>(
    task: impl Future<Output = T> + MaybeSend + 'static,
) -> JoinHandle<T> {
    tokio::task::spawn_local(task)
}

/// Starts a task if there is a runtime; without one the app is ending.
pub(crate) fn spawn_if_running(task: impl Future<Output = ()> + MaybeSend + 'static) {
    if Handle::try_current().is_ok() {
        spawn(task);
    }
}

/// Computes what takes long, aside from the tasks where there are threads. None if that failed.
#[cfg(not(target_family = "wasm"))]
pub(crate) async fn compute<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    tokio::task::spawn_blocking(work).await.ok()
}

/// Computes what takes long, in place. None if that failed.
#[cfg(target_family = "wasm")]
pub(crate) async fn compute<T>(work: impl FnOnce() -> T) -> Option<T> {
    Some(work())
}

/// [`Send`] where there are threads.
#[cfg(not(target_family = "wasm"))]
pub trait MaybeSend: Send {}
#[cfg(not(target_family = "wasm"))]
impl<T: Send> MaybeSend for T {}
/// [`Send`] where there are threads.
#[cfg(target_family = "wasm")]
pub trait MaybeSend {}
#[cfg(target_family = "wasm")]
impl<T> MaybeSend for T {}

/// [`Sync`] where there are threads.
#[cfg(not(target_family = "wasm"))]
pub trait MaybeSync: Sync {}
#[cfg(not(target_family = "wasm"))]
impl<T: Sync> MaybeSync for T {}
/// [`Sync`] where there are threads.
#[cfg(target_family = "wasm")]
pub trait MaybeSync {}
#[cfg(target_family = "wasm")]
impl<T> MaybeSync for T {}
