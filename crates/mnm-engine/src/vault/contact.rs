//! The address book, and who somebody is in a conversation.

use rusqlite::{OptionalExtension as _, params};
use tmtp::id::Uid;

use super::change::{Reader, Work};
use super::live::Detail;
use super::name::{is_clean, look, shown, tagged};
use super::{Change, Result, Vault};
use crate::error::VaultError;
use crate::view::{AccountId, Contact, NameMark, Party, PartyKind};

/// Threads whose line is announced when a party becomes a contact.
const THREADS_ANNOUNCED: i64 = 100;

impl Vault {
    /// The address book of one account or of all, by alias.
    pub fn contacts(&self, account: Option<AccountId>) -> Result<Vec<Contact>> {
        let mut statement = self.db.prepare_cached(
            "SELECT account, uid, alias, since_ms, vouched, presence FROM contact
             WHERE ?1 IS NULL OR account = ?1 ORDER BY account, alias COLLATE NOCASE, uid",
        )?;
        let mut rows = statement.query([account])?;
        let mut contacts = Vec::new();
        while let Some(row) = rows.next()? {
            contacts.push(self.reader().contact_from(row)?);
        }
        Ok(contacts)
    }
}

impl Reader<'_> {
    pub(super) fn contact(&self, account: AccountId, uid: &str) -> Result<Option<Contact>> {
        let mut statement = self.db.prepare_cached(
            "SELECT account, uid, alias, since_ms, vouched, presence FROM contact
             WHERE account = ?1 AND uid = ?2",
        )?;
        let mut rows = statement.query(params![account, uid])?;
        rows.next()?.map(|row| self.contact_from(row)).transpose()
    }

    fn contact_from(&self, row: &rusqlite::Row<'_>) -> Result<Contact> {
        let account = row.get(0)?;
        let (uid, name): (String, String) = (row.get(1)?, row.get(2)?);
        let vouched: bool = row.get(4)?;
        let alike = self.looks_like_another(account, &uid, &name)?;
        let mark = match () {
            () if !vouched => Some(NameMark::Claimed),
            () if alike => Some(NameMark::Alike),
            () if !is_clean(&name) => Some(NameMark::Odd),
            () => None,
        };
        Ok(Contact {
            online: self.live.is_online(account, &uid),
            account,
            alias: if alike { tagged(&name, &uid) } else { shown(&name) },
            mark,
            uid,
            since_ms: row.get(3)?,
            presence: row.get(5)?,
        })
    }

    /// Whether a contact other than `uid` has a name that a reader may take for `name`.
    pub(super) fn looks_like_another(
        &self,
        account: AccountId,
        uid: &str,
        name: &str,
    ) -> Result<bool> {
        // The index stands beside the address book: damage to it costs no letter.
        if self.live.detail() < Detail::Whole {
            return Ok(false);
        }
        Ok(self
            .db
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM contact
                 WHERE account = ?1 AND look = ?2 AND uid <> ?3)",
            )?
            .query_row(params![account, look(name), uid], |row| row.get(0))?)
    }

    /// Whether a contact has exactly this alias.
    pub(super) fn is_contact_called(&self, account: AccountId, alias: &str) -> Result<bool> {
        Ok(self
            .db
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM contact
                 WHERE account = ?1 AND look = ?2 AND alias = ?3)",
            )?
            .query_row(params![account, look(alias), alias], |row| row.get(0))?)
    }

    /// The permanent id of the contact that is shown as `name`.
    ///
    /// # Errors
    /// [`VaultError::AmbiguousRecipient`] when several look so.
    pub(super) fn contact_called(&self, account: AccountId, name: &str) -> Result<Option<String>> {
        let mut statement =
            self.db.prepare_cached("SELECT uid, alias, look FROM contact WHERE account = ?1")?;
        let mut rows = statement.query([account])?;
        let wanted = look(name);
        let mut alike: Vec<(String, String)> = Vec::new();
        while let Some(row) = rows.next()? {
            let (uid, alias): (String, String) = (row.get(0)?, row.get(1)?);
            if tagged(&alias, &uid) == name {
                return Ok(Some(uid));
            }
            if row.get_ref(2)?.as_str()? == wanted || shown(&alias) == name {
                alike.push((uid, alias));
            }
        }
        match alike.as_slice() {
            [] => Ok(None),
            [(uid, alias)] => Ok((alias == name || shown(alias) == name).then(|| uid.clone())),
            several => Err(VaultError::AmbiguousRecipient {
                name: name.to_owned(),
                tagged: several.iter().map(|(uid, alias)| tagged(alias, uid)).collect(),
            }),
        }
    }

    /// Who `uid` is to the member. `claimed` is what a message says; it shows only for strangers.
    pub(super) fn member(&self, account: AccountId, uid: &str, claimed: &str) -> Result<Party> {
        let (alias, kind) = if self.live.detail() == Detail::Alone {
            (claimed.to_owned(), PartyKind::Stranger)
        } else if uid == self.own_uid(account)? {
            let own = self.own_aliases(account)?.into_iter().next();
            (own.unwrap_or_default(), PartyKind::Me)
        } else if Uid::is_service(uid) {
            (self.service_name(account)?, PartyKind::Service)
        } else if let Some(contact) = self.contact_read(account, uid)? {
            (contact.alias, PartyKind::Contact)
        } else {
            (claimed.to_owned(), PartyKind::Stranger)
        };
        Ok(Party { uid: uid.to_owned(), alias, kind })
    }

    /// The contact, unless the address book is passed over.
    fn contact_read(&self, account: AccountId, uid: &str) -> Result<Option<Contact>> {
        match self.live.detail() {
            Detail::Alone | Detail::Bare => Ok(None),
            Detail::Lean | Detail::Whole => self.contact(account, uid),
        }
    }

    fn service_name(&self, account: AccountId) -> Result<String> {
        Ok(self
            .db
            .prepare_cached("SELECT service FROM account WHERE id = ?1")?
            .query_row([account], |row| row.get(0))?)
    }
}

impl Vault {
    /// Removes somebody from the address book, here and on the member's other devices. Their letters stay,
    /// and a ping of theirs waits for an answer again.
    ///
    /// # Errors
    /// [`VaultError::Invalid`] when they are not in it.
    pub fn remove_contact(
        &mut self,
        account: AccountId,
        uid: &str,
        now_ms: i64,
    ) -> Result<Change<()>> {
        self.change(|work| {
            if !work.part_from(account, uid, now_ms)? {
                return Err(VaultError::Invalid(
                    "This member is not in your address book. Nothing was changed.".into(),
                ));
            }
            work.tell_parted(account, uid, now_ms)
        })
    }
}

impl Work<'_> {
    /// As [`Vault::remove_contact`], on this device only, unless they became a contact later than that.
    pub(super) fn part_from(&mut self, account: AccountId, uid: &str, at_ms: i64) -> Result<bool> {
        let alias: Option<String> = self
            .db
            .prepare_cached(
                "DELETE FROM contact WHERE account = ?1 AND uid = ?2 AND since_ms <= ?3
                 RETURNING alias",
            )?
            .query_row(params![account, uid, at_ms], |row| row.get(0))
            .optional()?;
        let Some(alias) = alias else { return Ok(false) };
        // What was once asked does not make them a contact again.
        let asked = self
            .db
            .prepare_cached(
                "UPDATE ping SET state = 'ignored'
                 WHERE account = ?1 AND incoming = 0 AND gid IS NULL AND to_alias = ?2
                   AND state IN ('waiting', 'accepted') RETURNING id",
            )?
            .query_map(params![account, alias], |row| row.get(0))?
            .collect::<rusqlite::Result<Vec<i64>>>()?;
        for ping in asked {
            self.touch_ping(ping);
        }
        self.contact_gone(account, uid);
        self.read.live.presence_changed();
        self.touch_threads_with(account, uid)?;
        Ok(true)
    }

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
        let known = self.read.contact(account, uid)?;
        if known.as_ref().is_some_and(|known| known.mark == Some(NameMark::Claimed)) {
            // From now on the service vouches for a name of theirs.
            self.db
                .prepare_cached(
                    "UPDATE contact SET alias = ?3, look = ?4, vouched = 1
                     WHERE account = ?1 AND uid = ?2",
                )?
                .execute(params![account, uid, alias, look(alias)])?;
            self.touch_contact(account, uid);
        }
        if known.is_none() {
            self.insert_contact(account, uid, alias, now_ms, true)?;
        }
        self.settle_pings(account, uid, alias)?;
        Ok(known.is_none())
    }

    fn insert_contact(
        &mut self,
        account: AccountId,
        uid: &str,
        alias: &str,
        now_ms: i64,
        vouched: bool,
    ) -> Result<()> {
        let look = look(alias);
        self.db
            .prepare_cached(
                "INSERT INTO contact (account, uid, alias, since_ms, look, vouched)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![account, uid, alias, now_ms, look, vouched])?;
        // Those that look alike are told apart from now on.
        let alike = self
            .db
            .prepare_cached("SELECT uid FROM contact WHERE account = ?1 AND look = ?2")?
            .query_map(params![account, look], |row| row.get(0))?
            .collect::<rusqlite::Result<Vec<String>>>()?;
        for uid in alike {
            self.touch_contact(account, &uid);
            self.touch_threads_with(account, &uid)?;
        }
        Ok(())
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
