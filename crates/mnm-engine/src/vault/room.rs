//! Room on the disk, looked at before bytes are taken: the store must never fill it.
//!
//! A store that filled its disk could not even erase what filled it, because erasing is written to
//! the log first. So taking files leaves a reserve for that, and for drafts and marks.

use super::{Limits, Result, Vault};
use crate::error::VaultError;

/// What the log may grow by while a file is taken, beside the file itself.
const LOG_BYTES: u64 = 6 << 20;

/// Bytes that must be free for `bytes` more to be taken.
fn needed_bytes(bytes: u64, limits: &Limits) -> u64 {
    // Pages, their authentication and the index of rows take a little more than the bytes.
    let stored = bytes.saturating_add(bytes / 32);
    let log = stored.saturating_mul(2).min(LOG_BYTES);
    stored.saturating_add(log).saturating_add(limits.reserve_bytes)
}

impl Vault {
    /// Checks that the disk has room for `bytes` more, and the reserve beside them.
    ///
    /// # Errors
    /// [`VaultError::NoRoom`] saying how much is missing.
    pub fn check_disk(&self, bytes: u64) -> Result<()> {
        match self.missing_bytes(bytes) {
            0 => Ok(()),
            missing => Err(VaultError::NoRoom { missing }),
        }
    }

    /// Bytes that are missing on the disk to take `bytes` more.
    pub(super) fn missing_bytes(&self, bytes: u64) -> u64 {
        let needed = needed_bytes(bytes, &self.limits);
        self.storage.free_bytes().map_or(0, |free| needed.saturating_sub(free))
    }
}
