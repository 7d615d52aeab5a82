//! The mind of the mnm app: commands in, events out, one encrypted store per person.
//!
//! The floors, lowest first:
//!
//! - the contract with pages and command line: [`view`], [`command`], [`event`], [`error`]
//! - [`markdown`] and [`search`], which turn what members wrote into what may be shown
//! - [`vault`], the encrypted store; it opens no socket and reads no clock
//! - [`edge`], what the machine gives: clock, random numbers, links
//! - `address`, `trust`, `device_code`: where a service is, and why it is believed
//! - `outbox`, `inbox`, `presence`: what is sent, and what becomes of what comes in
//! - `link`, `account`: one connection, and the task that keeps an account connected
//! - [`Engine`], which holds all of it together

// A new variant is to be handled wherever its enum is matched.
#![warn(clippy::wildcard_enum_match_arm)]

mod account;
mod address;
pub mod command;
mod device_code;
pub mod edge;
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
mod presence;
mod reason;
pub mod search;
mod trust;
pub mod vault;
pub mod view;

pub use engine::{AttachmentReader, Engine, Options};
pub use error::{Error, ErrorCode, OpenError};
