//! Native platform of the engine: threads, files, sockets, TLS and the clock of a computer.
//!
//! - [`Native`], the platform; [`open`] and [`open_vault`] open homes on it
//! - `home`, `lock`, `file`, `wal`, `disk`: the directory of a home, its key and its database
//! - `worker`: the vault's thread
//! - `carrier`, `tls`: connections to services
//! - [`check`]: checking a damaged home, and recovering what is readable

// A new variant must be handled wherever its enum is matched.
#![warn(clippy::wildcard_enum_match_arm)]

mod carrier;
pub mod check;
mod disk;
mod file;
mod home;
mod lock;
mod platform;
mod tls;
mod wal;
mod worker;

use std::sync::Arc;

use mnm_engine::{Engine, OpenError, Options};

pub use disk::open_vault;
pub use platform::Native;

/// Opens the engine of a home on this computer. Must be called in a tokio runtime with time and
/// I/O.
///
/// # Errors
/// As [`Engine::open`].
pub async fn open(options: Options) -> Result<Engine, OpenError> {
    Engine::open(options, Arc::new(Native)).await
}
