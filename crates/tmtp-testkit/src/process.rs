//! The real service and the real app, as processes that can be killed.
//!
//! Each lives in a temporary directory of its own, which goes with it. Everything here blocks
//! briefly and may be called from asynchronous tests.

mod app;
mod child;
mod ongoing;
mod service;

pub use app::{AppProcess, Finished};
pub use ongoing::Ongoing;
pub use service::{SITE, ServiceProcess};
