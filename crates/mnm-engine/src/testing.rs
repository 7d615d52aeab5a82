//! Test platform: homes are a database with a fixed key. Real homes are tested in `mnm-native`.

use std::path::Path;

use rusqlite::Connection;

use crate::error::OpenError;
use crate::platform::{CarrierError, Connecting, Platform, Proof, Storage};
use crate::vault::{Vault, database};

/// Real random numbers and databases, no services.
#[derive(Debug)]
pub(crate) struct Plain;

impl Platform for Plain {
    fn now_ms(&self) -> i64 {
        0
    }

    fn random(&self, bytes: &mut [u8]) -> Result<(), getrandom::Error> {
        getrandom::fill(bytes)
    }

    fn open_vault(&self, home: &Path) -> Result<Vault, OpenError> {
        Ok(open_vault(home))
    }

    fn connect(&self, _host: &str, _port: u16, _proof: Proof) -> Connecting {
        Box::pin(async { Err(CarrierError::Unknown) })
    }
}

#[derive(Debug)]
struct Unbounded;

impl Storage for Unbounded {
    fn reopen(&mut self, _db: &mut Connection) -> Result<(), OpenError> {
        panic!("the store is damaged")
    }

    fn free_bytes(&self) -> Option<u64> {
        None
    }
}

/// The vault in the directory `home`, which is made.
pub(crate) fn open_vault(home: &Path) -> Vault {
    std::fs::create_dir_all(home).unwrap();
    let mut db = Connection::open(home.join("vault.db")).unwrap();
    database::configure(&db, &[7; database::KEY_BYTES]).unwrap();
    database::migrate(&mut db).unwrap();
    Vault::new(db, Box::new(Unbounded))
}
