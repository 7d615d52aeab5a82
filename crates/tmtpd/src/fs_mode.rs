//! File modes: files and folders that only the service's own user may read.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

/// Permission bits of group and others.
pub(crate) const OTHERS: u32 = 0o077;

/// Makes `path` and missing parents, for this user alone. Existing folders are left as they are.
///
/// # Errors
/// The system refuses, or there is something that is not a folder.
pub(crate) fn make_dir(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Result of taking a folder for this user alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DirPrivacy {
    /// It was new, or closed to others already.
    Private,
    /// Its mode was changed.
    Closed,
    /// It is open to others and was left so: it holds other files, or is a link to a folder.
    Open,
}

/// Makes `path` for this user alone, or changes its mode if it holds nothing but `ours`.
///
/// # Errors
/// The system refuses, or there is something that is not a folder.
pub(crate) fn take_dir(path: &Path, ours: &[&str]) -> io::Result<DirPrivacy> {
    make_dir(path)?;
    if mode(path)? & OTHERS == 0 {
        return Ok(DirPrivacy::Private);
    }
    if fs::symlink_metadata(path)?.is_symlink() {
        return Ok(DirPrivacy::Open);
    }
    for entry in fs::read_dir(path)? {
        if !entry?.file_name().to_str().is_some_and(|name| ours.contains(&name)) {
            return Ok(DirPrivacy::Open);
        }
    }
    fs::set_permissions(path, fs::Permissions::from_mode(0o700))?;
    Ok(DirPrivacy::Closed)
}

/// Writes a file of mode 0600 atomically: after a crash it is whole or absent, and it is on stable
/// storage when this returns. Replaces `path`; the caller knows that nothing is lost by that.
///
/// # Errors
/// The system refuses; then `path` is as it was.
pub(crate) fn write_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let unfinished = path.with_added_extension("new");
    // A leftover of a crash may have any content and, if it is not ours, any mode.
    match fs::remove_file(&unfinished) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&unfinished)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&unfinished, path)?;
    File::open(path.parent().unwrap_or(Path::new("/")))?.sync_all()
}

/// The permission bits of what is at `path`.
///
/// # Errors
/// There is nothing, or the system refuses to tell.
pub(crate) fn mode(path: &Path) -> io::Result<u32> {
    Ok(fs::metadata(path)?.permissions().mode() & 0o777)
}
