//! Engines against the real service.

#![allow(clippy::panic, reason = "tests end by panicking")]

mod cast;
mod crash;
mod device;
mod group;
mod letter;
mod trust;
