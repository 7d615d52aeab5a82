//! The HTTP endpoint for monitoring: `/metrics` for Prometheus and `/healthz`.
//!
//! - `exposition`: the text format, [`page`]: which figures there are
//! - [`health`]: whether a service takes messages
//! - [`machine`]: figures of the process and its disk
//! - [`serve`]: the port on which a monitor asks for both

mod exposition;
pub mod health;
pub mod machine;
pub mod page;
pub mod serve;
