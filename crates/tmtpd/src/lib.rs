//! A members-only TMTP messaging service: a library with a thin `main`.

pub mod admin;
pub mod allowance;
pub mod certificate;
pub mod cli;
pub mod config;
pub mod contacts;
pub mod daemon;
pub mod directory;
pub mod edge;
pub mod expiry;
pub mod link;
pub mod links;
pub mod listen;
pub mod log;
pub mod metrics;
pub mod notify;
pub mod openings;
pub mod policy;
pub mod post_office;
mod private;
pub mod request;
pub mod roster;
pub mod service;
pub mod shutdown;
pub mod spending;
pub mod store;
pub mod tls;
