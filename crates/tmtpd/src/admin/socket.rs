//! `control.sock` in the data folder: binding, connecting, and the peer's credentials.
//!
//! A socket's path has room for 107 bytes. A longer one is reached through the open folder, as
//! `/proc/self/fd/N/control.sock`.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

/// The socket's name in the data folder.
pub const NAME: &str = "control.sock";
/// Its name until it listens, so that the final name can always be connected to.
const NEW_NAME: &str = "control.sock.new";
/// Bytes of a path that a socket's address has room for, without the closing zero.
const PATH_MAX: usize = 107;

/// A listening socket; its file is removed when dropped.
#[derive(Debug)]
pub struct Socket {
    /// Non-blocking.
    pub listener: UnixListener,
    path: PathBuf,
}

impl Socket {
    /// Binds in `data`, replacing a socket left by a killed service. The caller holds the store's
    /// lock, so nobody else uses it.
    ///
    /// # Errors
    /// The system refuses, or there is something else by that name.
    pub fn bind(data: &Path) -> io::Result<Self> {
        let path = data.join(NAME);
        let new = data.join(NEW_NAME);
        remove_socket(&new)?;
        let listener = reach(data, NEW_NAME, |path| UnixListener::bind(path))?;
        fs::set_permissions(&new, Permissions::from_mode(0o600))?;
        listener.set_nonblocking(true)?;
        remove_socket(&path)?;
        fs::rename(&new, &path)?;
        Ok(Self { listener, path })
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// Connects to the service that serves `data`.
///
/// # Errors
/// `NotFound` when there is no socket, `ConnectionRefused` when nobody listens on it,
/// `PermissionDenied` when it is another user's.
pub fn connect(data: &Path) -> io::Result<UnixStream> {
    reach(data, NAME, |path| UnixStream::connect(path))
}

/// Calls `open` with a path to `name` in `folder` that is short enough for a socket.
fn reach<T>(folder: &Path, name: &str, open: impl FnOnce(&Path) -> io::Result<T>) -> io::Result<T> {
    let path = folder.join(name);
    if path.as_os_str().as_bytes().len() <= PATH_MAX {
        return open(&path);
    }
    let folder = open_folder(folder)?;
    open(&PathBuf::from(format!("/proc/self/fd/{}/{name}", folder.as_raw_fd())))
}

/// Opens the folder with `O_PATH`, which needs no right to list it.
fn open_folder(path: &Path) -> io::Result<File> {
    let flags = rustix::fs::OFlags::PATH | rustix::fs::OFlags::DIRECTORY;
    let flags = i32::try_from(flags.bits()).unwrap_or_default();
    OpenOptions::new().read(true).custom_flags(flags).open(path)
}

/// Removes a socket that nobody listens on; refuses to remove anything else of that name.
fn remove_socket(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.file_type().is_socket() => fs::remove_file(path),
        Ok(_) => Err(io::Error::new(
            io::ErrorKind::AlreadyExists,
            format!("{} is no socket, and the service does not remove it", path.display()),
        )),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}
