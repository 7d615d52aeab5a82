//! Engines against the real service.

#![allow(clippy::unwrap_used, reason = "a test stops where something is not as expected")]
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "what the engine takes from elsewhere, a test has"
)]

mod cast;
mod confirming;
mod crash;
mod device;
mod forward;
mod group;
mod group_forward;
mod letter;
mod notice;
mod odd_service;
mod presence;
mod recipient;
mod retry;
mod service;
mod stranger;
mod trust;
