//! Lock file of a home, which gives one program exclusive access to its store.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::path::Path;

use mnm_engine::OpenError;

use crate::file::{io, private, show};

/// Longest boot id.
const BOOT_ID_BYTES_MAX: u64 = 64;

/// The lock, held until dropped. The file holds the boot id of the last opening.
#[derive(Debug)]
pub(crate) struct Lock(File);

impl Lock {
    /// Takes the lock of the home in `dir`.
    ///
    /// # Errors
    /// [`OpenError::InUse`] while another program holds it.
    pub(crate) fn take(dir: &Path) -> Result<Self, OpenError> {
        let path = dir.join("lock");
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let file = private(&mut options).open(&path).map_err(|source| io(&path, source))?;
        match try_lock(&file) {
            Ok(true) => Ok(Self(file)),
            Ok(false) => Err(OpenError::InUse { home: show(dir) }),
            Err(source) => Err(io(&path, source)),
        }
    }

    /// Whether the machine is known not to have rebooted since the last opening.
    pub(crate) fn same_boot(&self) -> bool {
        let mut last = String::new();
        let read = (&self.0).take(BOOT_ID_BYTES_MAX).read_to_string(&mut last);
        read.is_ok() && boot_id().is_some_and(|now| now == last)
    }

    /// Stores the boot id.
    pub(crate) fn note_boot(&self) -> std::io::Result<()> {
        let mut file = &self.0;
        file.set_len(0)?;
        file.rewind()?;
        file.write_all(boot_id().unwrap_or_default().as_bytes())
    }
}

/// Locks a file for as long as it is open; false while another process, or another handle of this
/// one, has it.
///
/// As the standard library does, which does not support it on Android.
#[cfg(unix)]
fn try_lock(file: &File) -> std::io::Result<bool> {
    use rustix::fs::{FlockOperation, flock};
    use rustix::io::Errno;
    match flock(file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(true),
        Err(Errno::WOULDBLOCK) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Locks a file for as long as it is open; false while another process, or another handle of this
/// one, has it.
#[cfg(not(unix))]
fn try_lock(file: &File) -> std::io::Result<bool> {
    use std::fs::TryLockError;
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// The boot id of the machine, if it has one.
fn boot_id() -> Option<String> {
    fs::read_to_string("/proc/sys/kernel/random/boot_id").ok().map(|id| id.trim().to_owned())
}
