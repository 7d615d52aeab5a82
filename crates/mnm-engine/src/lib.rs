//! Engine of the mnm app: commands in, events out, one encrypted store per person.
//!
//! The floors, lowest first:
//!
//! - the contract with pages and command line: [`view`], [`command`], [`event`], [`error`]
//! - [`markdown`] and [`search`], which turn what members wrote into what may be shown
//! - [`vault`], the encrypted store; it opens no file and reads no clock
//! - [`platform`], what it takes from where it runs: time of day, random numbers, the open vault, links
//! - `time`, `task`: the only places that name a clock, and that spawn
//! - `address`, `trust`, `device_code`: where a service is, and why it is believed
//! - `outbox`, `inbox`, `presence`: what is sent, and what becomes of what comes in
//! - `link`, `account`: one connection, and the task that keeps an account connected
//! - [`Engine`], which holds all of it together

// A new variant is to be handled wherever its enum is matched.
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
mod outbox;
#[cfg(test)]
mod page_types;
pub mod picture;
pub mod platform;
mod presence;
mod reason;
pub mod search;
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
