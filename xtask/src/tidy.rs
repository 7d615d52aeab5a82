//! The repository's own rules, as a check: form of sources, decisions that are listed, links that
//! lead somewhere.
//!
//! Each rule looks at one file and names what is wrong with it; all offences are printed at once.

mod paper;
mod source;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::run;

/// Folders that hold nothing we wrote.
const FOREIGN: &[&str] = &["target", "node_modules", "dist", "test-results", "playwright-report"];

/// Applies every rule to every file of the work tree.
pub(crate) fn check() -> Result<()> {
    let mut offences = Vec::new();
    let (sources, papers) = (files("rs")?, files("md")?);
    for path in &sources {
        source::check(path, &read(path)?, &mut offences);
    }
    for path in &papers {
        paper::check(path, &read(path)?, &mut offences);
    }
    paper::check_decisions(&mut offences)?;
    if !offences.is_empty() {
        bail!("{} against the rules:\n  {}", offences.len(), offences.join("\n  "));
    }
    println!("{} sources and {} papers looked at", sources.len(), papers.len());
    Ok(())
}

/// Our own files with an extension, relative to the top, in order.
pub(crate) fn files(extension: &str) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    walk(&run::root(), &mut files)?;
    files.retain(|file| file.extension().is_some_and(|found| found == extension));
    files.sort();
    let relative = |file: PathBuf| file.strip_prefix(run::root()).map(Path::to_path_buf);
    files.into_iter().map(|file| Ok(relative(file)?)).collect()
}

fn read(path: &Path) -> Result<String> {
    let file = run::root().join(path);
    std::fs::read_to_string(&file).with_context(|| format!("could not read {}", path.display()))
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
