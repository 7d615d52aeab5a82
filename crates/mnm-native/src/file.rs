//! Private files and directories of a home, and their errors in words.

use std::fs::{self, File, OpenOptions};
use std::path::Path;

use mnm_engine::OpenError;

/// Length of a file in bytes.
pub(crate) fn length(path: &Path) -> Result<u64, OpenError> {
    Ok(fs::metadata(path).map_err(|source| io(path, source))?.len())
}

/// Makes new files private.
pub(crate) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

/// Makes a private file; an existing one is left alone.
pub(crate) fn create_private(path: &Path) -> std::io::Result<File> {
    private(OpenOptions::new().write(true).create_new(true)).open(path)
}

/// Makes the entries of a directory durable.
pub(crate) fn sync_directory(dir: &Path) -> Result<(), OpenError> {
    // Only Unix can open and sync a directory.
    #[cfg(unix)]
    File::open(dir).and_then(|file| file.sync_all()).map_err(|source| io(dir, source))?;
    Ok(())
}

/// Removes a file, if it exists.
pub(crate) fn remove_if_there(path: &Path) -> Result<(), OpenError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(io(path, error)),
        _ => Ok(()),
    }
}

/// Whether a file exists.
pub(crate) fn exists(path: &Path) -> Result<bool, OpenError> {
    path.try_exists().map_err(|source| io(path, source))
}

/// An error of a file.
pub(crate) fn io(path: &Path, source: std::io::Error) -> OpenError {
    OpenError::Io { path: show(path), source }
}

/// An error of a database.
pub(crate) fn db(path: &Path, source: rusqlite::Error) -> OpenError {
    OpenError::Db { db: show(path), source }
}

/// A path, for display.
pub(crate) fn show(path: &Path) -> String {
    path.display().to_string()
}

/// Bytes that this user may still write there; none if unknown.
#[cfg(unix)]
pub(crate) fn free_bytes(dir: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(dir).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// Bytes that this user may still write there; none if unknown.
#[cfg(not(unix))]
pub(crate) fn free_bytes(_dir: &Path) -> Option<u64> {
    None
}
