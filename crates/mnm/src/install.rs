//! Installation for one user: launcher, icon, background start, completions and man pages, below the
//! directories of the XDG specification, and their removal.
//!
//! Flow: the caller lists the files ([`file::File`]); [`put`] writes those that differ and keeps a
//! [`record::Record`] with the digest of each; [`take_away`] removes what still has that digest. A
//! file that is not ours, or that the member has changed, is left alone and named.

pub(crate) mod background;
pub(crate) mod file;
pub(crate) mod launcher;
pub(crate) mod place;
pub(crate) mod record;

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::exit::Failure;
use file::{File, Found};
use place::Places;
use record::Record;

/// What an installation or removal did with its files.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Outcome {
    /// Written, or written anew.
    pub(crate) written: Vec<PathBuf>,
    /// As they were already.
    pub(crate) unchanged: Vec<PathBuf>,
    /// Removed.
    pub(crate) removed: Vec<PathBuf>,
    /// Left alone: somebody else's, or changed by the member.
    pub(crate) left: Vec<PathBuf>,
}

/// Writes the files, and removes those that an earlier version put and this one does not. What was
/// done is in the record also when a later file fails.
pub(crate) fn put(
    places: &Places,
    record: &mut Record,
    files: &[File],
) -> Result<Outcome, Failure> {
    let mut outcome = Outcome::default();
    let done = put_each(record, files, &mut outcome);
    record.save(places)?;
    done.map(|()| outcome)
}

fn put_each(record: &mut Record, files: &[File], outcome: &mut Outcome) -> Result<(), Failure> {
    let wanted = |path: &Path| files.iter().any(|file| file.path == path);
    let superseded: Vec<_> = record.paths().filter(|path| !wanted(path)).cloned().collect();
    for path in superseded {
        remove(record, &path, outcome)?;
    }
    for file in files {
        let path = file.path.clone();
        match file::look(&path)? {
            Found::File(digest) if digest == file.digest() => {
                record.add(&path, digest);
                outcome.unchanged.push(path);
            }
            Found::File(digest) if record.digest(&path) == Some(&digest) => {
                write(record, file)?;
                outcome.written.push(path);
            }
            Found::Nothing => {
                write(record, file)?;
                outcome.written.push(path);
            }
            Found::File(_) | Found::Other => outcome.left.push(path),
        }
    }
    Ok(())
}

fn write(record: &mut Record, file: &File) -> Result<(), Failure> {
    for made in file::make_directories(&file.path)? {
        record.add_directory(made);
    }
    file::write(&file.path, &file.bytes)?;
    record.add(&file.path, file.digest());
    Ok(())
}

/// Removes what the record names and nobody has changed since, and the directories that were made
/// for it and are empty now; then the record.
pub(crate) fn take_away(places: &Places, record: &mut Record) -> Result<Outcome, Failure> {
    let mut outcome = Outcome::default();
    let paths: Vec<_> = record.paths().cloned().collect();
    let removed = paths.iter().try_for_each(|path| remove(record, path, &mut outcome));
    if removed.is_err() {
        record.save(places)?;
    }
    removed?;
    record.erase(places)?;
    Ok(outcome)
}

fn remove(record: &mut Record, path: &Path, outcome: &mut Outcome) -> Result<(), Failure> {
    match file::look(path)? {
        Found::Nothing => {}
        Found::File(digest) if record.digest(path) == Some(&digest) => {
            file::remove(path)?;
            outcome.removed.push(path.to_owned());
        }
        Found::File(_) | Found::Other => outcome.left.push(path.to_owned()),
    }
    record.forget(path);
    Ok(())
}
