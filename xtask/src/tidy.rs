//! The repository's own rules, as a check: form of sources, order of modules, no circles of files, what the engine may name, decisions that are
//! listed, links that lead somewhere, cited files and tests that exist.
//!
//! Each rule names the file and what is wrong with it; all offences are printed at once.

mod circle;
mod cited;
mod engine;
mod order;
mod paper;
mod source;
mod token;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::run;
use cited::Known;
use order::Order;

/// Folders that hold nothing we wrote.
const FOREIGN: &[&str] = &["target", "node_modules", "dist", "test-results", "playwright-report"];

/// Applies every rule to every file of the work tree.
pub(crate) fn check() -> Result<()> {
    let mut offences = Vec::new();
    let (sources, papers) = (files("rs")?, files("md")?);
    for path in &sources {
        let text = read(path)?;
        source::check(path, &text, &mut offences);
        engine::check(path, &text, &mut offences);
    }
    for path in &papers {
        paper::check(path, &read(path)?, &mut offences);
    }
    check_cited(&papers, &mut offences)?;
    check_order(&sources, &mut offences)?;
    paper::check_decisions(&mut offences)?;
    if !offences.is_empty() {
        bail!("{} against the rules:\n  {}", offences.len(), offences.join("\n  "));
    }
    println!("{} sources and {} papers looked at", sources.len(), papers.len());
    Ok(())
}

/// Looks for what the papers cite.
fn check_cited(papers: &[PathBuf], offences: &mut Vec<String>) -> Result<()> {
    let mut known = Known::default();
    for extension in ["rs", "ts", "svelte", "sql", "toml"] {
        for path in files(extension)? {
            known.add(&path, &read(&path)?);
        }
    }
    for path in papers {
        known.check(path, &read(path)?, offences);
    }
    Ok(())
}

/// Applies the order of modules to every crate of the workspace.
fn check_order(sources: &[PathBuf], offences: &mut Vec<String>) -> Result<()> {
    let manifests = files("toml")?;
    let is_crate = |path: &&PathBuf| {
        let folder = path.parent().unwrap_or(Path::new(""));
        path.ends_with("Cargo.toml") && run::root().join(folder).join("src").is_dir()
    };
    for manifest in manifests.iter().filter(is_crate) {
        let folder = manifest.parent().unwrap_or(Path::new(""));
        let mut texts = BTreeMap::new();
        for path in sources {
            if let Ok(inside) = path.strip_prefix(folder) {
                texts.insert(inside.to_string_lossy().into_owned(), read(path)?);
            }
        }
        Order::read(&read(manifest)?)?.check(folder, &texts, offences);
        circle::check(folder, &texts, offences);
    }
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
