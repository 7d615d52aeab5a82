//! `cargo xtask acme`: the service orders certificates from Pebble, the test server of Let's Encrypt.

use anyhow::Result;

use crate::install;
use crate::run::{self, cargo};

/// Installs Pebble where that is allowed, and runs the tests that need it.
pub(crate) fn run() -> Result<()> {
    install::authority()?;
    run::loud(&mut cargo([
        "test",
        "-p",
        "tmtpd",
        "--features",
        "pebble",
        "--test",
        "serve_process",
        "acme",
    ]))
}
