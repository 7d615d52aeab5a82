//! Tools for tests, never part of a product.
//!
//! - [`wire`]: the framing and the headsum once more, written from the protocol's description and
//!   sharing nothing with `tmtp`, so that neither can hide a mistake of the other
//! - `disk` (feature `simulation`): a disk that loses power, tears writes, fills up and rots
//! - [`files`]: what the files of a store hold
//! - [`pair`]: both sides of a link in memory, with a simulated clock
//! - [`peer`]: a raw revision-1 app over real TLS, which can also misbehave
//! - [`process`]: the real service and the real app as processes that can be killed
//! - `typescript` (feature of that name): declarations for the pages, from Rust types
//! - `store` (feature `simulation`): stores in tests, and the suite that every store passes
//! - [`vector`]: dialogs in text files, replayed byte for byte against a real service
//!
//! [`files`], [`peer`], [`process`] and [`vector`] need the feature `real`.

#![warn(clippy::wildcard_enum_match_arm)]

pub mod dice;
#[cfg(feature = "simulation")]
pub mod disk;
#[cfg(feature = "real")]
pub mod files;
pub mod ledger;
pub mod pair;
#[cfg(feature = "real")]
pub mod peer;
#[cfg(feature = "real")]
pub mod process;
#[cfg(feature = "simulation")]
pub mod store;
#[cfg(feature = "real")]
pub mod tls;
#[cfg(feature = "typescript")]
pub mod typescript;
#[cfg(feature = "real")]
pub mod vector;
pub mod wire;
