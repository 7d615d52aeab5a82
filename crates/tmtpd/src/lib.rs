//! A members-only TMTP messaging service: a library with a thin `main`.
//!
//! Public items are for `main`, and for tests, fuzzers and load generators that run a service in
//! their own process.

#![warn(clippy::wildcard_enum_match_arm)]

pub mod admin;
mod certificate;
pub mod cli;
mod commit;
pub mod config;
pub mod conn_limit;
mod contacts;
pub mod daemon;
mod day;
mod decision;
pub mod directory;
pub mod expiry;
mod fs_mode;
mod gap_notice;
mod idempotency;
pub mod link;
mod links;
mod listen;
pub mod log;
mod metrics;
mod monitor;
mod notify;
mod outgoing;
pub mod platform;
mod policy;
mod rate_limit;
mod refusal;
mod request;
mod roster;
pub mod service;
pub mod shutdown;
mod terms;
mod tls;
