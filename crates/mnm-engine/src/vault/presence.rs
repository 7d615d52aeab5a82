//! Presence settings: who sees that the member is online. One per service, and optionally one per
//! contact. Strangers never see it.
//!
//! The latest setting counts, whichever of the member's devices made it.

use std::collections::BTreeSet;
use tmtp::id::Uid;

use rusqlite::{OptionalExtension, params};

use super::change::WriteTx;
use super::{Change, Result, Vault};
use crate::error::VaultError;
use crate::view::AccountId;

impl Vault {
    /// The number of changes for any account since the start, and the number of this account's
    /// contacts who see it.
    pub fn presence_version(&self, account: AccountId) -> Result<(u64, u64)> {
        let chosen = self
            .db
            .prepare_cached(
                "SELECT count(*) FROM contact c JOIN account a ON a.id = c.account
                 WHERE a.id = ?1 AND coalesce(c.presence, a.presence, 0) = 1",
            )?
            .query_row([account], |row| row.get(0))?;
        Ok((self.runtime.presence_version(), chosen))
    }

    /// Uids of the contacts who see it.
    pub fn presence_shown_to(&self, account: AccountId) -> Result<BTreeSet<String>> {
        let mut statement = self.db.prepare_cached(
            "SELECT c.uid FROM contact c JOIN account a ON a.id = c.account
             WHERE a.id = ?1 AND coalesce(c.presence, a.presence, 0) = 1",
        )?;
        let uids = statement.query_map([account], |row| row.get(0))?;
        Ok(uids.collect::<rusqlite::Result<_>>()?)
    }

    /// Sets it for all contacts of an account without a setting of their own.
    pub fn set_presence(
        &mut self,
        account: AccountId,
        shown: bool,
        now_ms: i64,
    ) -> Result<Change<()>> {
        self.change(|work| {
            work.read.account(account)?;
            work.apply_presence(account, shown, now_ms)?;
            work.sync_presence(account, shown, now_ms)
        })
    }

    /// Sets it for one contact; none removes their own setting.
    ///
    /// # Errors
    /// [`VaultError::Invalid`] if they are not in the address book.
    pub fn set_contact_presence(
        &mut self,
        account: AccountId,
        uid: &Uid,
        shown: Option<bool>,
        now_ms: i64,
    ) -> Result<Change<()>> {
        self.change(|work| {
            if work.read.contact(account, uid)?.is_none() {
                return Err(VaultError::Invalid(
                    "This member is not in your address book, so they never see whether you are online."
                        .into(),
                ));
            }
            work.apply_contact_presence(account, uid, shown, now_ms)?;
            work.sync_contact_presence(account, uid, shown, now_ms)
        })
    }
}

impl WriteTx<'_> {
    /// Applies a setting of another device unless a later one is stored.
    pub(super) fn apply_presence(
        &mut self,
        account: AccountId,
        shown: bool,
        at_ms: i64,
    ) -> Result<()> {
        self.db
            .prepare_cached(
                "UPDATE account SET presence = ?2, presence_ms = ?3
                 WHERE id = ?1 AND presence_ms <= ?3",
            )?
            .execute(params![account, shown, at_ms])?;
        self.read.runtime.presence_changed();
        self.touch_account(account);
        Ok(())
    }

    /// As [`Self::apply_presence`], for one contact.
    pub(super) fn apply_contact_presence(
        &mut self,
        account: AccountId,
        uid: &Uid,
        shown: Option<bool>,
        at_ms: i64,
    ) -> Result<()> {
        self.db
            .prepare_cached(
                "UPDATE contact SET presence = ?3, presence_ms = ?4
                 WHERE account = ?1 AND uid = ?2 AND presence_ms <= ?4",
            )?
            .execute(params![account, uid, shown, at_ms])?;
        self.read.runtime.presence_changed();
        self.touch_contact(account, uid);
        Ok(())
    }

    /// The setting of an account and its time; none if the member has made none.
    pub(super) fn presence(&self, account: AccountId) -> Result<Option<(bool, i64)>> {
        Ok(self
            .db
            .prepare_cached(
                "SELECT presence, presence_ms FROM account WHERE id = ?1 AND presence IS NOT NULL",
            )?
            .query_row([account], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?)
    }
}
