//! The repository's own rules, as a check: form of sources, decisions that are listed, links that
//! lead somewhere.
//!
//! Each rule looks at one file and names what is wrong with it; all offences are printed at once.

mod paper;
mod source;

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use crate::run;

/// Folders that hold nothing we wrote.
const FOREIGN: &[&str] = &[
    "target",
    "node_modules",
    "dist",
    "test-results",
    "playwright-report",
];

/// Applies every rule to every file of the work tree.
pub(crate) fn check() -> Result<()> {
    let mut files = Vec::new();
    walk(&run::root(), &mut files)?;
    files.sort();
    let mut offences = Vec::new();
    for file in &files {
        let path = file.strip_prefix(run::root()).unwrap_or(file);
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("rs") => source::check(path, &std::fs::read_to_string(file)?, &mut offences),
            Some("md") => paper::check(path, &std::fs::read_to_string(file)?, &mut offences),
            _ => {}
        }
    }
    paper::check_decisions(&mut offences)?;
    if !offences.is_empty() {
        bail!(
            "{} against the rules:\n  {}",
            offences.len(),
            offences.join("\n  ")
        );
    }
    println!("{} files looked at", files.len());
    Ok(())
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if !entry.file_type()?.is_dir() {
            files.push(entry.path());
        } else if !name.starts_with('.') && !FOREIGN.contains(&name.as_ref()) {
            walk(&entry.path(), files)?;
        }
    }
    Ok(())
}
