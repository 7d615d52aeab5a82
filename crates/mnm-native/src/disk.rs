//! File system storage of a vault: the home and its open database.

use std::path::{Path, PathBuf};

use mnm_engine::OpenError;
use mnm_engine::platform::Storage;
use mnm_engine::vault::Vault;
use rusqlite::Connection;

use crate::lock::Lock;
use crate::{file, home};

/// The home of a vault.
#[derive(Debug)]
struct Disk {
    dir: PathBuf,
    _lock: Lock,
}

impl Storage for Disk {
    fn reopen(&mut self, db: &mut Connection) -> Result<(), OpenError> {
        home::reopen(db, &self.dir)
    }

    fn free_bytes(&self) -> Option<u64> {
        file::free_bytes(&self.dir)
    }
}

/// Opens the vault in the directory `home`, making directory, key and database if missing.
///
/// # Errors
/// Another process uses it, the key is missing or wrong, or the store is damaged or newer than this
/// app. Nothing that exists is overwritten.
pub fn open_vault(home: &Path) -> Result<Vault, OpenError> {
    let (db, lock) = home::open(home)?;
    Ok(Vault::new(db, Box::new(Disk { dir: home.to_owned(), _lock: lock })))
}
