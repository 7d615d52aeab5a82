//! Engines against the real service.

#![allow(clippy::unwrap_used, reason = "a test stops where something is not as expected")]

mod cast;
mod confirming;
mod crash;
mod device;
mod forward;
mod group;
mod group_forward;
mod letter;
mod odd_service;
mod presence;
mod recipient;
mod retry;
mod service;
mod stranger;
mod trust;
