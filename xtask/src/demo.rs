//! `cargo xtask demo`: a service and three members' apps in a temporary directory.

use anyhow::{Result, bail};

/// How the demo is played.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Options {
    /// Open the pages in the browser.
    pub(crate) open: bool,
    /// Play the whole story without anybody and check it.
    pub(crate) headless: bool,
    /// Leave the temporary directory where it is.
    pub(crate) keep: bool,
}

/// Plays it.
pub(crate) fn run(options: &Options) -> Result<()> {
    bail!("not there yet: {options:?}")
}
