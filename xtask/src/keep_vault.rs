//! Task `cargo xtask keep-vault`: makes the vault that stands for the homes of this version in later tests.
//!
//! It is kept in `crates/mnm-engine/tests/kept/next`, and made anew as often as the schema changes. A release
//! renames it to its version; from then on it stays as it is.

use std::fs;

use anyhow::{Context, Result};

use crate::run::{self, cargo};

const NEXT: &str = "crates/mnm-engine/tests/kept/next";

/// Makes it, in the place of the last one.
pub(crate) fn run() -> Result<()> {
    let (made, kept) = (run::root().join("target/kept-vault"), run::root().join(NEXT));
    remove(&made)?;
    let mut example =
        cargo(["run", "--quiet", "-p", "mnm-engine", "--example", "keep_vault", "--"]);
    run::loud(example.arg(&made))?;
    remove(&kept)?;
    fs::rename(&made, &kept).with_context(|| format!("could not write {NEXT}"))?;
    println!("made {NEXT}");
    Ok(())
}

fn remove(folder: &std::path::Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}
