//! The file system of a home, and its open database: what a vault's storage is on a computer.

use std::path::{Path, PathBuf};

use mnm_engine::OpenError;
use mnm_engine::platform::Storage;
use mnm_engine::vault::Vault;
use rusqlite::Connection;

use crate::lock::Lock;
use crate::{file, home};

/// The home that holds a vault's database.
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

/// Opens the vault in the directory `home`, making directory, key and database where they are missing.
///
/// # Errors
/// When another process uses it, the key is missing or does not fit, the store is damaged or
/// newer than this app. Nothing that exists is overwritten.
pub fn open_vault(home: &Path) -> Result<Vault, OpenError> {
    let (db, lock) = home::open(home)?;
    Ok(Vault::new(db, Box::new(Disk { dir: home.to_owned(), _lock: lock })))
}
