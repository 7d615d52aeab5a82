//! Installed file: what is at its path, and how it is written and removed.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};

use crate::exit::Failure;

/// Largest file that can be one of ours, bytes.
const SIZE_MAX: u64 = 4 * 1024 * 1024;

/// A file to be installed.
#[derive(Debug)]
pub(crate) struct File {
    /// Its path.
    pub(crate) path: PathBuf,
    /// Its content.
    pub(crate) bytes: Vec<u8>,
}

impl File {
    pub(super) fn digest(&self) -> String {
        digest(&self.bytes)
    }
}

/// What is at a path.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    Nothing,
    /// A file with this digest.
    File(String),
    /// A link, a directory or a file too large to be ours. Links belong to whoever keeps the
    /// settings elsewhere.
    Other,
}

pub(super) fn look(path: &Path) -> Result<Found, Failure> {
    let found = match fs::symlink_metadata(path) {
        Ok(found) => found,
        Err(error) if is_absent(&error) => return Ok(Found::Nothing),
        Err(error) => return Err(fault("Can't look at", path, &error)),
    };
    if !found.is_file() || found.len() > SIZE_MAX {
        return Ok(Found::Other);
    }
    let bytes = fs::read(path).map_err(|error| fault("Can't read", path, &error))?;
    Ok(Found::File(digest(&bytes)))
}

/// Makes the directories of a file; gives those that were not there, outermost first.
pub(super) fn make_directories(path: &Path) -> Result<Vec<PathBuf>, Failure> {
    let Some(directory) = path.parent() else { return Ok(Vec::new()) };
    let missing = directory.ancestors().take_while(|parent| !parent.exists());
    let mut missing: Vec<_> = missing.map(Path::to_owned).collect();
    missing.reverse();
    fs::create_dir_all(directory)
        .map_err(|error| fault("Can't make the directory", directory, &error))?;
    Ok(missing)
}

/// Writes beside the file and renames, so that nobody reads half of it. What stands there already under the
/// name of the first is not ours, and stays.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.mnm-new", std::process::id()));
    let beside = path.with_file_name(name);
    fs::File::create_new(&beside)
        .and_then(|mut file| file.write_all(bytes))
        .and_then(|()| fs::rename(&beside, path))
        .map_err(|error| fault("Can't write", path, &error))
}

pub(super) fn remove(path: &Path) -> Result<(), Failure> {
    match fs::remove_file(path) {
        Err(error) if !is_absent(&error) => Err(fault("Can't remove", path, &error)),
        _ => Ok(()),
    }
}

pub(super) fn fault(what: &str, path: &Path, error: &io::Error) -> Failure {
    Failure::io(format_args!("{what} {}", path.display()), error)
}

/// Also where a directory of the path is missing, or is a file.
fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

fn digest(bytes: &[u8]) -> String {
    HEXLOWER.encode(&Sha256::digest(bytes))
}
