//! Configuration: the command line over a configuration file over the defaults.
//!
//! [`DaemonConfig::resolve`] runs before anything is touched on disk, at the start and at each
//! reload. It returns either a whole, validated [`DaemonConfig`] or all errors of the file at once,
//! each with its line, its key and what is allowed. Nothing else reads configuration.
//!
//! A file describes one service (`[service]`) or several (`[[service]]`). The sections `[tls]`,
//! `[limits]` and `[store]` hold for each service without a section of its own
//! (`[service.limits]`).
//!
//! - `settings`: the result
//! - `file`: one key at a time out of TOML
//! - `read`: the sections there are
//! - `draft`: the keys that describe one service
//! - `cross_check`: what several services must not have in common

mod address;
mod cross_check;
mod draft;
mod error;
mod file;
mod host;
mod limits;
mod read;
mod settings;
mod size;

use std::path::Path;

pub use address::{ListenAddress, ListenAddressError};
pub use error::{ConfigError, Problem};
pub use file::Key;
pub use host::host_name;
pub use limits::Limits;
pub use settings::{
    Acme, Config, DEFAULT_ACME_DIRECTORY, DEFAULT_LISTEN, DaemonConfig, Log, LogFormat, LogLevel,
    MetricsSettings, Overrides, PostPolicy, ServiceSettings, StoreSettings, Tls,
    own_certificate_files, parse_service_name,
};

use draft::Draft;
use read::File;

impl DaemonConfig {
    /// Merges the command line over the file at `path`, if any, over the defaults.
    ///
    /// # Errors
    /// The file cannot be read, has errors (all of them are listed), no data folder was named, or
    /// the command line describes one of several services. Nothing was written.
    pub fn resolve(over: Overrides, path: Option<&Path>) -> Result<Self, ConfigError> {
        let file = path.map_or_else(|| Ok(File::default()), File::read)?;
        let log = Log {
            format: over.log_format.unwrap_or(file.log.format),
            level: over.log_level.unwrap_or(file.log.level),
        };
        let (unrouted, metrics) = (file.unrouted, file.metrics);
        let services = match <[Draft; 1]>::try_from(file.services) {
            Ok([one]) => vec![one.resolve(over)?],
            Err(several) if over.of_one_service() => {
                return Err(ConfigError::OneOfSeveral { services: several.len() });
            }
            Err(several) => several
                .into_iter()
                .map(|draft| draft.resolve(Overrides::default()))
                .collect::<Result<_, _>>()?,
        };
        Ok(Self { services, unrouted, log, metrics })
    }

    /// The only service.
    ///
    /// # Errors
    /// There are several.
    pub fn only(&self) -> Result<&Config, ConfigError> {
        match self.services.as_slice() {
            [one] => Ok(one),
            several => Err(ConfigError::WhichOne {
                data: several.iter().map(|one| one.service.data.clone()).collect(),
            }),
        }
    }

    /// Every key of the configuration file, in order, for the documentation and its test.
    #[must_use]
    pub fn keys() -> Vec<Key> {
        read::keys()
    }
}
