//! The address book, and who somebody is in a conversation.

use rusqlite::{OptionalExtension, params};
use tmtp::id::Uid;

use super::change::{Reader, Work};
use super::{Result, Vault};
use crate::error::VaultError;
use crate::view::{AccountId, Contact, Party, PartyKind};

/// Threads whose line is announced when a party becomes a contact.
const THREADS_ANNOUNCED: i64 = 100;

impl Vault {
    /// The address book of one account or of all, by alias.
    pub fn contacts(&self, account: Option<AccountId>) -> Result<Vec<Contact>> {
        let mut statement = self.db.prepare_cached(
            "SELECT account, uid, alias, since_ms FROM contact
             WHERE ?1 IS NULL OR account = ?1 ORDER BY account, alias COLLATE NOCASE, uid",
        )?;
        let rows = statement.query_map([account], |row| self.reader().contact_from(row))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// How many contacts an account has.
    pub fn contact_count(&self, account: AccountId) -> Result<u64> {
        Ok(self
            .db
            .prepare_cached("SELECT count(*) FROM contact WHERE account = ?1")?
            .query_row([account], |row| row.get(0))?)
    }
}

impl Reader<'_> {
    pub(super) fn contact(&self, account: AccountId, uid: &str) -> Result<Option<Contact>> {
        Ok(self
            .db
            .prepare_cached(
                "SELECT account, uid, alias, since_ms FROM contact WHERE account = ?1 AND uid = ?2",
            )?
            .query_row(params![account, uid], |row| self.contact_from(row))
            .optional()?)
    }

    fn contact_from(&self, row: &rusqlite::Row<'_>) -> rusqlite::Result<Contact> {
        let account = row.get(0)?;
        let uid: String = row.get(1)?;
        Ok(Contact {
            online: self.live.is_online(account, &uid),
            account,
            uid,
            alias: row.get(2)?,
            since_ms: row.get(3)?,
        })
    }

    /// The permanent id of the contact called `alias`.
    ///
    /// # Errors
    /// [`VaultError::AmbiguousRecipient`] when several are called so.
    pub(super) fn contact_called(&self, account: AccountId, alias: &str) -> Result<Option<String>> {
        let mut statement = self
            .db
            .prepare_cached("SELECT uid FROM contact WHERE account = ?1 AND alias = ?2 LIMIT 2")?;
        let mut uids = statement
            .query_map(params![account, alias], |row| row.get(0))?
            .collect::<rusqlite::Result<Vec<String>>>()?;
        match uids.len() {
            0 | 1 => Ok(uids.pop()),
            _ => Err(VaultError::AmbiguousRecipient(alias.to_owned())),
        }
    }

    /// Who `uid` is to the member. `claimed` is what a message says; it shows only for strangers.
    pub(super) fn member(&self, account: AccountId, uid: &str, claimed: &str) -> Result<Party> {
        let (alias, kind) = if uid == self.own_uid(account)? {
            let own = self.own_aliases(account)?.into_iter().next();
            (own.unwrap_or_default(), PartyKind::Me)
        } else if Uid::is_service(uid) {
            (self.service_name(account)?, PartyKind::Service)
        } else if let Some(contact) = self.contact(account, uid)? {
            (contact.alias, PartyKind::Contact)
        } else {
            (claimed.to_owned(), PartyKind::Stranger)
        };
        Ok(Party { uid: uid.to_owned(), alias, kind })
    }

    fn service_name(&self, account: AccountId) -> Result<String> {
        Ok(self
            .db
            .prepare_cached("SELECT service FROM account WHERE id = ?1")?
            .query_row([account], |row| row.get(0))?)
    }
}

impl Work<'_> {
    /// Makes `uid` a contact, or keeps the one there is under its old alias, and settles the pings
    /// between both. The member's other devices are told of a new one.
    pub(super) fn befriend(
        &mut self,
        account: AccountId,
        uid: &str,
        alias: &str,
        now_ms: i64,
    ) -> Result<()> {
        if self.befriend_here(account, uid, alias, now_ms)? {
            self.tell_contact(account, uid, alias, now_ms)?;
        }
        Ok(())
    }

    /// As [`Self::befriend`], on this device only. Returns whether the contact is new.
    pub(super) fn befriend_here(
        &mut self,
        account: AccountId,
        uid: &str,
        alias: &str,
        now_ms: i64,
    ) -> Result<bool> {
        let added = self
            .db
            .prepare_cached(
                "INSERT INTO contact (account, uid, alias, since_ms) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT DO NOTHING",
            )?
            .execute(params![account, uid, alias, now_ms])?;
        if added > 0 {
            self.touch_contact(account, uid);
            self.touch_threads_with(account, uid)?;
        }
        self.settle_pings(account, uid, alias)?;
        Ok(added > 0)
    }

    /// Pings that wait for this member's answer, or ours, have it now.
    fn settle_pings(&mut self, account: AccountId, uid: &str, alias: &str) -> Result<()> {
        let mut statement = self.db.prepare_cached(
            "UPDATE ping SET state = 'accepted'
             WHERE account = ?1 AND gid IS NULL AND state = 'waiting'
               AND (incoming = 1 AND from_uid = ?2 OR incoming = 0 AND to_alias = ?3)
             RETURNING id",
        )?;
        let settled = statement
            .query_map(params![account, uid, alias], |row| row.get(0))?
            .collect::<rusqlite::Result<Vec<i64>>>()?;
        for ping in settled {
            self.touch_ping(ping);
            self.touch_account(account);
        }
        Ok(())
    }

    fn touch_threads_with(&mut self, account: AccountId, uid: &str) -> Result<()> {
        let mut statement = self.db.prepare_cached(
            "SELECT t.id FROM thread t
             WHERE t.account = ?1 AND EXISTS
                 (SELECT 1 FROM party WHERE thread = t.id AND is_group = 0 AND uid = ?2)
             ORDER BY t.last_at_ms DESC LIMIT ?3",
        )?;
        let threads = statement
            .query_map(params![account, uid, THREADS_ANNOUNCED], |row| row.get(0))?
            .collect::<rusqlite::Result<Vec<i64>>>()?;
        for thread in threads {
            self.touch_thread(thread);
        }
        Ok(())
    }
}
