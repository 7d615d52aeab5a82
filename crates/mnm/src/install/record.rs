//! Record of an installation: which files and directories were put, by which version, and what each
//! file held.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::{
    file::{self, fault},
    place::Places,
};
use crate::exit::{Exit, Failure};

/// Largest record, bytes.
const RECORD_MAX: u64 = 1024 * 1024;

/// What is installed for this user.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Record {
    /// Version that put it there last; empty if nothing is.
    pub(crate) version: String,
    /// The home that the background service uses.
    pub(crate) home: PathBuf,
    /// SHA-256 of each file, in hex.
    files: BTreeMap<PathBuf, String>,
    /// Directories that were made, outermost first.
    directories: Vec<PathBuf>,
}

impl Record {
    /// The record of this user; an empty one if nothing is installed.
    pub(crate) fn load(places: &Places) -> Result<Self, Failure> {
        let path = places.record();
        let size = match fs::metadata(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(fault("Can't read", &path, &error)),
            Ok(found) => found.len(),
        };
        let bytes = if size > RECORD_MAX { Ok(Vec::new()) } else { fs::read(&path) };
        let bytes = bytes.map_err(|error| fault("Can't read", &path, &error))?;
        serde_json::from_slice(&bytes).map_err(|_| {
            Failure::new(
                Exit::Failed,
                "broken",
                format!(
                    "The record of what `mnm install` put can't be read, so nothing was changed. Move \
                     {} away and run `mnm install` again: it recognises its own files.",
                    path.display()
                ),
            )
        })
    }

    /// Whether nothing is installed.
    pub(crate) fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// Whether this file is one of ours.
    pub(crate) fn has(&self, path: &Path) -> bool {
        self.files.contains_key(path)
    }

    pub(super) fn paths(&self) -> impl Iterator<Item = &PathBuf> {
        self.files.keys()
    }

    pub(super) fn digest(&self, path: &Path) -> Option<&String> {
        self.files.get(path)
    }

    pub(super) fn add(&mut self, path: &Path, digest: String) {
        self.files.insert(path.to_owned(), digest);
    }

    pub(super) fn add_directory(&mut self, path: PathBuf) {
        if !self.directories.contains(&path) {
            self.directories.push(path);
        }
    }

    pub(super) fn forget(&mut self, path: &Path) {
        self.files.remove(path);
    }

    pub(super) fn save(&mut self, places: &Places) -> Result<(), Failure> {
        env!("CARGO_PKG_VERSION").clone_into(&mut self.version);
        let path = places.record();
        for made in file::make_directories(&path)? {
            self.add_directory(made);
        }
        let text = serde_json::to_vec_pretty(self)
            .map_err(|error| fault("Can't write", &path, &io::Error::from(error)))?;
        file::write(&path, &text)
    }

    /// Removes the record, and the directories that were made if they are empty.
    pub(super) fn erase(&mut self, places: &Places) -> Result<(), Failure> {
        file::remove(&places.record())?;
        while let Some(directory) = self.directories.pop() {
            // Not empty: others use it too.
            let _ = fs::remove_dir(directory);
        }
        Ok(())
    }
}
