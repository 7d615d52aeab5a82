//! `cargo xtask bench`: the figures, measured.

use anyhow::{Result, bail};

/// Measures and prints.
pub(crate) fn run() -> Result<()> {
    bail!("not there yet")
}
