//! Fuzz target of the configuration file.

use std::path::PathBuf;

use tmtpd::config::{ConfigError, DaemonConfig, Overrides};

use crate::store::scratch;

/// Reads it.
pub fn run(input: &[u8]) {
    let folder = scratch();
    let path = folder.path().join("tmtpd.toml");
    std::fs::write(&path, input).unwrap();
    let over = Overrides { data: Some(PathBuf::from("/data")), ..Overrides::default() };
    match DaemonConfig::resolve(over, Some(&path)) {
        Ok(_) => {}
        Err(ConfigError::Unreadable { .. }) => assert!(std::str::from_utf8(input).is_err()),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}
