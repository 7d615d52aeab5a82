//! Tests of attacks: what a hostile peer can cost the service, real processes over real sockets.
//!
//! Each test attacks in one way and then looks at what anybody can see from outside: whether the
//! link ended and why, what the process holds in memory, files and on the disk, and whether the
//! members who did nothing wrong are still served.

// Helpers of tests fail as tests do.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "attack/cast.rs"]
mod cast;
#[path = "monitor/http.rs"]
mod http;
#[path = "attack/renegotiation.rs"]
mod renegotiation;

#[path = "attack/account.rs"]
mod account;
#[path = "attack/announced.rs"]
mod announced;
#[path = "attack/flood.rs"]
mod flood;
#[path = "attack/handshake.rs"]
mod handshake;
#[path = "attack/head.rs"]
mod head;
#[path = "attack/log.rs"]
mod log;
#[path = "attack/long_queue.rs"]
mod long_queue;
#[path = "attack/pace.rs"]
mod pace;
#[path = "attack/places.rs"]
mod places;
#[path = "attack/soak.rs"]
mod soak;
