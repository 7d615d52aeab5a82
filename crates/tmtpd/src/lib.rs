//! A members-only TMTP messaging service: a library with a thin `main`.

pub mod certificate;
pub mod cli;
pub mod config;
pub mod link;
pub mod listen;
pub mod log;
mod private;
pub mod service;
pub mod shutdown;
pub mod store;
