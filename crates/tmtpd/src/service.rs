//! The running service: what its links share.

use std::fs::File;
use std::io;
use std::path::PathBuf;

use crate::config::Config;

/// What the links of a service share.
#[derive(Debug)]
pub struct Service {
    config: Config,
    _lock: File,
}

/// Why a service cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// Another process serves this data folder.
    #[error("{} is in use by another running service: stop it, or choose another data directory", path.display())]
    InUse {
        /// The data folder.
        path: PathBuf,
    },
    /// The data folder cannot be used.
    #[error("the data folder {} cannot be used: {source}", path.display())]
    Data {
        /// The data folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl Service {
    /// Opens the data folder, which exists, for this process alone.
    ///
    /// # Errors
    /// Another process has it, or it cannot be used.
    pub fn open(config: Config) -> Result<Self, ServiceError> {
        let path = config.service.data.clone();
        let lock = File::create(path.join("LOCK"))
            .map_err(|source| ServiceError::Data { path: path.clone(), source })?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { config, _lock: lock }),
            Err(std::fs::TryLockError::WouldBlock) => Err(ServiceError::InUse { path }),
            Err(std::fs::TryLockError::Error(source)) => Err(ServiceError::Data { path, source }),
        }
    }

    /// What the service was told.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Flushes what is kept. Call it when every link is closed.
    ///
    /// # Errors
    /// The data folder cannot be used.
    pub async fn close(&self) -> Result<(), ServiceError> {
        Ok(())
    }
}
