//! Record of names seen before, by their look; it outlives the contacts and pings they came from.
//!
//! A device of the member may be stolen. Nobody else vouches for what it syncs about a contact, so
//! it cannot give anybody the name of a member known here.

use rusqlite::params;
use tmtp::id::Uid;

use super::Result;
use super::change::{VaultReader, WriteTx};
use super::name::look;
use crate::view::AccountId;

/// Stands for anyone who was pinged by a name.
const PINGED: &str = "";

impl VaultReader<'_> {
    /// Whether a name looks like that of another uid that is or was known here.
    pub(super) fn has_namesake(&self, account: AccountId, uid: &Uid, name: &str) -> Result<bool> {
        let (other, pinged): (bool, bool) = self
            .db
            .prepare_cached(
                "SELECT count(*) FILTER (WHERE uid <> ?4) > 0, count(*) FILTER (WHERE uid = ?4) > 0
                 FROM namesake WHERE account = ?1 AND look = ?2 AND uid <> ?3",
            )?
            .query_row(params![account, look(name), uid, PINGED], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?;
        let other = other || self.looks_like_another(account, uid, name)?;
        // The pinged member is this one if the service has vouched that they have the name.
        Ok(other || pinged && !self.has_pinged_as(account, uid, name)?)
    }

    /// Whether a uid has pinged the member under this name.
    fn has_pinged_as(&self, account: AccountId, uid: &Uid, name: &str) -> Result<bool> {
        Ok(self
            .db
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM ping INDEXED BY ping_received
                 WHERE account = ?1 AND incoming = 1 AND from_uid = ?2 AND from_alias = ?3)",
            )?
            .query_row(params![account, uid, name], |row| row.get(0))?)
    }
}

impl WriteTx<'_> {
    /// Stores that a uid has this name.
    pub(super) fn note_name(&self, account: AccountId, uid: &Uid, name: &str) -> Result<()> {
        self.db
            .prepare_cached(
                "INSERT OR IGNORE INTO namesake (account, look, uid) VALUES (?1, ?2, ?3)",
            )?
            .execute(params![account, look(name), uid])?;
        Ok(())
    }

    /// Stores that the member has pinged this name.
    pub(super) fn note_pinged(&self, account: AccountId, name: &str) -> Result<()> {
        self.note_name(account, &PINGED.into(), name)
    }
}
