//! Disk space check before bytes are stored: the store must never fill the disk.
//!
//! On a full disk the store could not even erase, because erasing writes to the log first. So
//! storing files leaves a reserve for that, and for drafts and read marks.

use super::{Result, Vault, VaultLimits};
use crate::error::VaultError;

/// Growth of the log while a file is stored, in addition to the file itself.
const LOG_BYTES: u64 = 6 << 20;

/// Free bytes needed to store `bytes` more.
fn needed_bytes(bytes: u64, limits: &VaultLimits) -> u64 {
    // Pages, authentication tags and indexes add a little.
    let stored = bytes.saturating_add(bytes / 32);
    let log = stored.saturating_mul(2).min(LOG_BYTES);
    stored.saturating_add(log).saturating_add(limits.reserve_bytes)
}

impl Vault {
    /// Checks that the disk has room for `bytes` more, and the reserve.
    ///
    /// # Errors
    /// [`VaultError::NoRoom`] saying how much is missing.
    pub fn check_disk(&self, bytes: u64) -> Result<()> {
        match self.missing_bytes(bytes) {
            0 => Ok(()),
            missing => Err(VaultError::NoRoom { missing }),
        }
    }

    /// Missing free space for `bytes` more.
    pub(super) fn missing_bytes(&self, bytes: u64) -> u64 {
        let needed = needed_bytes(bytes, &self.limits);
        self.storage.free_bytes().map_or(0, |free| needed.saturating_sub(free))
    }
}
