//! This machine, as the steps of packaging need it: its programs, its user, its files.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::run;

/// A program of this machine that a step needs; without it the step says that it was not tried.
pub(super) fn has(program: &str) -> bool {
    run::on_path(program).is_some()
}

pub(super) fn is_root() -> bool {
    run::captured(Command::new("id").arg("-u")).is_ok_and(|uid| uid.trim() == "0")
}

pub(super) fn text(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| path.display().to_string())
}
