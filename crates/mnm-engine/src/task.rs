//! Spawning tasks. The only place that spawns.
//!
//! Tasks run on the runtime that the engine was opened in. In a browser all tasks share one thread: a task is
//! local and need not be [`Send`], and long computations run in place.

#[cfg(target_family = "wasm")]
mod browser;
#[cfg(not(target_family = "wasm"))]
mod native;

#[cfg(target_family = "wasm")]
pub(crate) use browser::{JoinHandle, compute, spawn, spawn_if_running, yield_now};
#[cfg(not(target_family = "wasm"))]
pub(crate) use native::{JoinHandle, compute, spawn, spawn_if_running, yield_now};

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
