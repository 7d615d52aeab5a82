//! Engine of the mnm app: commands in, events out, one encrypted store per person.
//!
//! Modules, lowest first:
//!
//! - [`view`], [`command`], [`event`], [`error`], [`secret`]: the API for pages and command line
//! - [`markdown`] and [`search`]: rendering and matching of what members wrote
//! - [`vault`]: the encrypted store; it opens no file and reads no clock
//! - [`platform`]: what it needs from its host: time of day, random numbers, the open vault,
//!   connections
//! - `time`, `task`: the only places that measure time, and that spawn tasks
//! - `address`, `trust`, `device_code`: a service's address, and why it is trusted
//! - `outbox`, `inbox`, `presence`: outgoing and incoming messages, and presence
//! - `link`, `account`: one connection, and the task that keeps an account connected
//! - [`Engine`]: everything together

// A new variant must be handled wherever its enum is matched.
#![warn(clippy::wildcard_enum_match_arm)]
#![cfg_attr(test, allow(clippy::disallowed_methods, clippy::disallowed_types))]

mod account;
mod address;
pub mod command;
mod device_code;
mod engine;
pub mod error;
pub mod event;
#[cfg(feature = "fuzz")]
pub mod fuzz;
mod inbox;
mod link;
#[expect(clippy::wildcard_enum_match_arm, reason = "most of what Markdown knows is passed on")]
pub mod markdown;
mod notice;
mod outbox;
#[cfg(test)]
mod page_types;
pub mod picture;
pub mod platform;
mod presence;
mod reason;
pub mod search;
pub mod secret;
mod staging;
mod store;
mod task;
#[cfg(test)]
mod testing;
mod time;
mod trust;
pub mod vault;
pub mod view;

pub use engine::{AttachmentReader, Engine, Options};
pub use error::{Error, ErrorCode, OpenError};
