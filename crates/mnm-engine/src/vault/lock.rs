//! The lock file of a home, by which one program alone opens its store.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;

use super::open::{io, private, show};
use crate::error::OpenError;

/// Longest name of a run of the machine.
const BOOT_ID_BYTES_MAX: u64 = 64;

/// The lock, held until it is dropped. The file says in which run of the machine the store was opened last.
#[derive(Debug)]
pub(super) struct Lock(File);

impl Lock {
    /// Takes the lock of the home in `dir`.
    ///
    /// # Errors
    /// [`OpenError::InUse`] while another program holds it.
    pub(super) fn take(dir: &Path) -> Result<Self, OpenError> {
        let path = dir.join("lock");
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let file = private(&mut options).open(&path).map_err(|source| io(&path, source))?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => Err(OpenError::InUse { home: show(dir) }),
            Err(TryLockError::Error(source)) => Err(io(&path, source)),
        }
    }

    /// Whether the machine is known to have run on since the store was opened last.
    pub(super) fn same_boot(&self) -> bool {
        let mut last = String::new();
        let read = (&self.0).take(BOOT_ID_BYTES_MAX).read_to_string(&mut last);
        read.is_ok() && boot_id().is_some_and(|now| now == last)
    }

    /// Notes this run of the machine.
    pub(super) fn note_boot(&self) -> std::io::Result<()> {
        let mut file = &self.0;
        file.set_len(0)?;
        file.rewind()?;
        file.write_all(boot_id().unwrap_or_default().as_bytes())
    }
}

/// Which run of the machine this is, where it can tell.
fn boot_id() -> Option<String> {
    fs::read_to_string("/proc/sys/kernel/random/boot_id").ok().map(|id| id.trim().to_owned())
}
