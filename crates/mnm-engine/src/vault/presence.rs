//! The member's choice of who sees that they are online: one for each service, and one for each contact
//! who is to be treated otherwise. Strangers never see it.
//!
//! The latest choice counts, on whichever of the member's devices it was made.

use std::collections::BTreeSet;

use rusqlite::{OptionalExtension, params};

use super::change::Work;
use super::{Change, Result, Vault};
use crate::error::VaultError;
use crate::view::AccountId;

impl Vault {
    /// How often the choice of any account has changed since the start, and how many contacts of this
    /// one are told.
    pub fn presence_version(&self, account: AccountId) -> Result<(u64, u64)> {
        let chosen = self
            .db
            .prepare_cached(
                "SELECT count(*) FROM contact c JOIN account a ON a.id = c.account
                 WHERE a.id = ?1 AND coalesce(c.presence, a.presence, 0) = 1",
            )?
            .query_row([account], |row| row.get(0))?;
        Ok((self.live.presence_version(), chosen))
    }

    /// Permanent ids of the contacts who are told.
    pub fn presence_shown_to(&self, account: AccountId) -> Result<BTreeSet<String>> {
        let mut statement = self.db.prepare_cached(
            "SELECT c.uid FROM contact c JOIN account a ON a.id = c.account
             WHERE a.id = ?1 AND coalesce(c.presence, a.presence, 0) = 1",
        )?;
        let uids = statement.query_map([account], |row| row.get(0))?;
        Ok(uids.collect::<rusqlite::Result<_>>()?)
    }

    /// Chooses for all contacts of an account who have no choice of their own.
    pub fn set_presence(
        &mut self,
        account: AccountId,
        shown: bool,
        now_ms: i64,
    ) -> Result<Change<()>> {
        self.change(|work| {
            work.read.account(account)?;
            work.apply_presence(account, shown, now_ms)?;
            work.tell_presence(account, shown, now_ms)
        })
    }

    /// Chooses for one contact; none lets the account's choice count again.
    ///
    /// # Errors
    /// [`VaultError::Invalid`] when they are not in the address book.
    pub fn set_contact_presence(
        &mut self,
        account: AccountId,
        uid: &str,
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
            work.tell_contact_presence(account, uid, shown, now_ms)
        })
    }
}

impl Work<'_> {
    /// Takes a choice unless a later one is here.
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
        self.read.live.presence_changed();
        self.touch_account(account);
        Ok(())
    }

    /// As [`Self::apply_presence`], for one contact.
    pub(super) fn apply_contact_presence(
        &mut self,
        account: AccountId,
        uid: &str,
        shown: Option<bool>,
        at_ms: i64,
    ) -> Result<()> {
        self.db
            .prepare_cached(
                "UPDATE contact SET presence = ?3, presence_ms = ?4
                 WHERE account = ?1 AND uid = ?2 AND presence_ms <= ?4",
            )?
            .execute(params![account, uid, shown, at_ms])?;
        self.read.live.presence_changed();
        self.touch_contact(account, uid);
        Ok(())
    }

    /// The choice of an account and when it was made; none while the member has not chosen.
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
