//! The HTTP endpoint for monitoring: `/metrics` for Prometheus and `/healthz`.
//!
//! - `exposition`: the text format, [`page`]: which figures there are
//! - [`health`]: whether a service takes messages
//! - [`machine`]: figures of the process and its disk
//! - [`serve`]: the port on which a monitor asks for both

mod exposition;
pub(crate) mod health;
pub(crate) mod machine;
pub(crate) mod page;
pub(crate) mod serve;
