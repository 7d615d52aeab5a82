//! Contents of a store's files, read while the store may be running.

use std::path::{Path, PathBuf};
use std::{fs, io};

/// Every file under `dir`, and what it holds.
///
/// # Errors
/// When one cannot be read. A file that a running store has unlinked meanwhile is left out.
pub fn every_file(dir: &Path) -> io::Result<Vec<(PathBuf, Vec<u8>)>> {
    let mut files = Vec::new();
    read_each(dir, &mut |path, bytes| files.push((path, bytes)))?;
    Ok(files)
}

/// The files under `dir` that hold `marker`.
///
/// # Errors
/// Those of [`every_file`].
pub fn files_with(dir: &Path, marker: &[u8]) -> io::Result<Vec<PathBuf>> {
    let finder = memchr::memmem::Finder::new(marker);
    let mut found = Vec::new();
    read_each(dir, &mut |path, bytes| {
        if finder.find(&bytes).is_some() {
            found.push(path);
        }
    })?;
    Ok(found)
}

fn read_each(dir: &Path, found: &mut dyn FnMut(PathBuf, Vec<u8>)) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let (path, file_type) = (entry.path(), entry.file_type()?);
        if file_type.is_dir() {
            read_each(&path, found)?;
        } else if file_type.is_file() {
            match fs::read(&path) {
                Ok(bytes) => found(path, bytes),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => {
                    return Err(io::Error::new(
                        error.kind(),
                        format!("{}: {error}", path.display()),
                    ));
                }
            }
        }
    }
    Ok(())
}
