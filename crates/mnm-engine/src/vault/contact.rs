//! Address book: contacts, and how a party is shown in a conversation.

use rusqlite::{OptionalExtension, params};
use tmtp::id::Uid;

use super::change::{VaultReader, WriteTx};
use super::name::{imitates, is_clean, is_written_out, look, shown, tag_of, tagged};
use super::runtime_state::Detail;
use super::{Change, Result, Vault};
use crate::error::VaultError;
use crate::view::{AccountId, Contact, NameMark, Party, PartyKind};

/// Pings from and to one member that are settled at once.
const SETTLED_MAX: i64 = 200;

impl Vault {
    /// The address book of one account or of all, by alias.
    pub fn contacts(&self, account: Option<AccountId>) -> Result<Vec<Contact>> {
        let read = self.reader();
        let mut statement = self.db.prepare_cached(&format!(
            "SELECT c.account, c.uid, c.alias, c.since_ms, c.vouched, c.presence, {}
             FROM contact c
             WHERE ?1 IS NULL OR c.account = ?1 ORDER BY c.account, c.alias COLLATE NOCASE, c.uid",
            read.alike()
        ))?;
        let mut rows = statement.query([account])?;
        let mut contacts = Vec::new();
        while let Some(row) = rows.next()? {
            contacts.push(read.contact_from(row)?);
        }
        Ok(contacts)
    }
}

/// The account's own member, as shown.
pub(super) struct Own {
    account: AccountId,
    uid: Uid,
    alias: String,
}

/// How a contact is shown.
fn name_of(name: &str, uid: &Uid, alike: bool) -> String {
    if alike { tagged(name, uid) } else { shown(name) }
}

impl VaultReader<'_> {
    /// The party `uid` in a conversation. `claimed` is the alias in a message; it is shown only for
    /// strangers. A contact has a name, with a tag if it looks like another's.
    pub(super) fn party(
        &self,
        own: &Own,
        uid: &Uid,
        claimed: &str,
        contact: Option<(&str, bool)>,
    ) -> Result<Party> {
        let (alias, kind) = match contact {
            _ if *uid == own.uid => (own.alias.clone(), PartyKind::Me),
            _ if uid.is_service() => (self.service_label(own.account)?, PartyKind::Service),
            Some((name, alike)) => (name_of(name, uid, alike), PartyKind::Contact),
            None => (shown(claimed), PartyKind::Stranger),
        };
        Ok(Party { uid: uid.clone().into(), alias, kind })
    }

    /// SQL for whether contact `c` is shown with its tag: another looks alike, or nobody vouches
    /// for the name.
    pub(super) fn alike(&self) -> &'static str {
        // The index is separate from the address book: damage to it costs no letter.
        match self.runtime.detail() {
            Detail::Alone | Detail::Bare | Detail::Lean => "0",
            Detail::Whole => {
                // Equivalent to OR, in fewer steps.
                "(EXISTS (SELECT 1 FROM contact o
                 WHERE o.account = c.account AND o.look = c.look AND o.uid <> c.uid) >= c.vouched)"
            }
        }
    }

    pub(super) fn contact(&self, account: AccountId, uid: &Uid) -> Result<Option<Contact>> {
        let mut statement = self.db.prepare_cached(&format!(
            "SELECT c.account, c.uid, c.alias, c.since_ms, c.vouched, c.presence, {}
             FROM contact c WHERE c.account = ?1 AND c.uid = ?2",
            self.alike()
        ))?;
        let mut rows = statement.query(params![account, uid])?;
        rows.next()?.map(|row| self.contact_from(row)).transpose()
    }

    fn contact_from(&self, row: &rusqlite::Row<'_>) -> Result<Contact> {
        let account = row.get(0)?;
        let (uid, name): (Uid, String) = (row.get(1)?, row.get(2)?);
        let (vouched, alike): (bool, bool) = (row.get(4)?, row.get(6)?);
        let mark = match () {
            () if !vouched => Some(NameMark::Claimed),
            () if alike => Some(NameMark::Alike),
            () if !is_clean(&name) => Some(NameMark::Odd),
            () => None,
        };
        Ok(Contact {
            online: self.runtime.is_online(account, &uid),
            account,
            alias: name_of(&name, &uid, alike),
            mark,
            uid,
            since_ms: row.get(3)?,
            presence: row.get(5)?,
        })
    }

    /// Whether a contact other than `uid` has a name that looks like `name`.
    pub(super) fn looks_like_another(
        &self,
        account: AccountId,
        uid: &Uid,
        name: &str,
    ) -> Result<bool> {
        // The index is separate from the address book: damage to it costs no letter.
        if self.runtime.detail() < Detail::Whole {
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

    /// Whether a contact has exactly this alias, vouched for by more than another device.
    pub(super) fn is_contact_called(&self, account: AccountId, alias: &str) -> Result<bool> {
        Ok(self
            .db
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM contact
                 WHERE account = ?1 AND look = ?2 AND alias = ?3 AND vouched = 1)",
            )?
            .query_row(params![account, look(alias), alias], |row| row.get(0))?)
    }

    /// The uid of the contact that is shown as `name`. Compares only those that look alike, and the
    /// one with the tag in it.
    ///
    /// # Errors
    /// [`VaultError::AmbiguousRecipient`] when several look alike, [`VaultError::ClaimedRecipient`]
    /// when nobody vouches for the name of the only one.
    pub(super) fn contact_called(&self, account: AccountId, name: &str) -> Result<Option<Uid>> {
        let wanted = look(name);
        let mut statement = self.db.prepare_cached(match is_written_out(name) {
            // An alias that is shown escaped may look like anything, as may one whose look is not
            // stored.
            true => "SELECT uid, alias, look, vouched FROM contact WHERE account = ?1",
            false => {
                "SELECT uid, alias, look, vouched FROM contact INDEXED BY contact_look
                     WHERE account = ?1 AND look IN (?2, '')
                 UNION SELECT uid, alias, look, vouched FROM contact
                     WHERE account = ?1 AND uid >= ?3 AND uid < ?3 || char(0x10ffff)"
            }
        })?;
        let mut rows = match is_written_out(name) {
            true => statement.query([account])?,
            false => statement.query(params![account, wanted, tag_of(name)])?,
        };
        let (mut alike, mut exact) = (Vec::<(Uid, String, bool)>::new(), Vec::new());
        while let Some(row) = rows.next()? {
            let (uid, alias): (Uid, String) = (row.get(0)?, row.get(1)?);
            if tagged(&alias, &uid) == name {
                exact.push((uid.clone(), alias.clone(), true));
            }
            if row.get_ref(2)?.as_str()? == wanted || shown(&alias) == name {
                alike.push((uid, alias, row.get(3)?));
            }
        }
        // Nobody else is ever shown with this tag.
        let found = if exact.is_empty() { alike } else { exact };
        match found.as_slice() {
            [] => Ok(None),
            [(uid, alias, true)] => {
                let is_shown_so = shown(alias) == name || tagged(alias, uid) == name;
                let is_called_so = alias == name && !imitates(name);
                Ok((is_shown_so || is_called_so).then(|| uid.clone()))
            }
            [(uid, alias, false)] => Err(VaultError::ClaimedRecipient {
                name: name.to_owned(),
                tagged: tagged(alias, uid),
            }),
            several => Err(VaultError::AmbiguousRecipient {
                name: name.to_owned(),
                tagged: several.iter().map(|(uid, alias, _)| tagged(alias, uid)).collect(),
            }),
        }
    }

    /// The party `uid`. `claimed` is the alias in a message; it is shown only for strangers.
    pub(super) fn member(&self, account: AccountId, uid: &Uid, claimed: &str) -> Result<Party> {
        if self.runtime.detail() == Detail::Alone {
            let (uid, alias) = (uid.clone().into(), claimed.to_owned());
            return Ok(Party { uid, alias, kind: PartyKind::Stranger });
        }
        let own = self.own(account)?;
        // The address book may be damaged and skipped.
        let contact = match self.runtime.detail() {
            Detail::Alone | Detail::Bare => None,
            Detail::Lean | Detail::Whole => self
                .db
                .prepare_cached(&format!(
                    "SELECT c.alias, {} FROM contact c WHERE c.account = ?1 AND c.uid = ?2",
                    self.alike()
                ))?
                .query_row(params![account, uid], |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()?,
        };
        let contact = contact.as_ref().map(|(name, alike): &(String, bool)| (&**name, *alike));
        self.party(&own, uid, claimed, contact)
    }

    /// The member.
    pub(super) fn own(&self, account: AccountId) -> Result<Own> {
        // Separate from letters, as the address book is.
        let alias = match self.runtime.detail() {
            Detail::Alone | Detail::Bare => "NULL",
            Detail::Lean | Detail::Whole => {
                "(SELECT alias FROM own_alias WHERE account = a.id ORDER BY ord LIMIT 1)"
            }
        };
        self.db
            .prepare_cached(&format!("SELECT uid, {alias} FROM account a WHERE id = ?1"))?
            .query_row([account], |row| {
                let alias: Option<String> = row.get(1)?;
                Ok(Own { account, uid: row.get(0)?, alias: alias.unwrap_or_default() })
            })
            .optional()?
            .ok_or(VaultError::NotFound { what: "account", id: account })
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
        uid: &Uid,
        now_ms: i64,
    ) -> Result<Change<()>> {
        self.change(|work| {
            if !work.part_from(account, uid, now_ms)? {
                return Err(VaultError::Invalid(
                    "This member is not in your address book. Nothing was changed.".into(),
                ));
            }
            work.sync_parted(account, uid, now_ms)
        })
    }
}

impl WriteTx<'_> {
    /// As [`Vault::remove_contact`], on this device only, unless they became a contact after
    /// `at_ms`.
    pub(super) fn part_from(&mut self, account: AccountId, uid: &Uid, at_ms: i64) -> Result<bool> {
        let alias: Option<String> = self
            .db
            .prepare_cached(
                "DELETE FROM contact WHERE account = ?1 AND uid = ?2 AND since_ms <= ?3
                 RETURNING alias",
            )?
            .query_row(params![account, uid, at_ms], |row| row.get(0))
            .optional()?;
        let Some(alias) = alias else { return Ok(false) };
        // An old request does not make them a contact again.
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
        self.read.runtime.presence_changed();
        self.rename_in_threads(account, uid)?;
        Ok(true)
    }

    /// Makes `uid` a contact, or keeps the existing one under its old alias, and settles the pings
    /// between both. The member's other devices are told of a new one.
    pub(super) fn befriend(
        &mut self,
        account: AccountId,
        uid: &Uid,
        alias: &str,
        now_ms: i64,
    ) -> Result<()> {
        if self.befriend_here(account, uid, alias, now_ms)? {
            self.sync_contact(account, uid, alias, now_ms)?;
        }
        Ok(())
    }

    /// As [`Self::befriend`], on this device only. Returns whether the contact is new.
    pub(super) fn befriend_here(
        &mut self,
        account: AccountId,
        uid: &Uid,
        alias: &str,
        now_ms: i64,
    ) -> Result<bool> {
        let known = self.read.contact(account, uid)?;
        if known.as_ref().is_some_and(|known| known.mark == Some(NameMark::Claimed)) {
            // From now on the service vouches for their name.
            self.db
                .prepare_cached(
                    "UPDATE contact SET alias = ?3, look = ?4, vouched = 1
                     WHERE account = ?1 AND uid = ?2",
                )?
                .execute(params![account, uid, alias, look(alias)])?;
            self.note_name(account, uid, alias)?;
            self.touch_contact(account, uid);
            self.rename_in_threads(account, uid)?;
        }
        if known.is_none() {
            self.insert_contact(account, uid, alias, now_ms, true)?;
        }
        self.settle_pings(account, uid, alias)?;
        Ok(known.is_none())
    }

    /// Makes a contact on the word of another device. If the name looks like that of somebody else
    /// who is or was known here, it is only a claim: they are shown with their tag, and their ping
    /// waits.
    pub(super) fn meet(
        &mut self,
        account: AccountId,
        uid: &Uid,
        alias: &str,
        since_ms: i64,
    ) -> Result<()> {
        if self.read.has_namesake(account, uid, alias)? {
            return self.insert_contact(account, uid, alias, since_ms, false);
        }
        self.befriend_here(account, uid, alias, since_ms).map(drop)
    }

    fn insert_contact(
        &mut self,
        account: AccountId,
        uid: &Uid,
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
        self.note_name(account, uid, alias)?;
        // Those that look alike are shown with tags from now on.
        let alike = self
            .db
            .prepare_cached("SELECT uid FROM contact WHERE account = ?1 AND look = ?2")?
            .query_map(params![account, look], |row| row.get(0))?
            .collect::<rusqlite::Result<Vec<Uid>>>()?;
        for uid in alike {
            self.touch_contact(account, &uid);
            self.rename_in_threads(account, &uid)?;
        }
        Ok(())
    }

    /// Settles the pings between the member and `uid` that wait for an answer.
    fn settle_pings(&mut self, account: AccountId, uid: &Uid, alias: &str) -> Result<()> {
        // Separately, each by its index: with OR all waiting pings are read.
        let mut settled = Vec::new();
        for (sql, name) in [
            (
                "UPDATE ping SET state = 'accepted' WHERE id IN
                 (SELECT id FROM ping INDEXED BY ping_received WHERE account = ?1 AND incoming = 1
                      AND from_uid = ?2 AND gid IS NULL AND state = 'waiting' LIMIT ?3)
                 RETURNING id",
                uid.as_str(),
            ),
            (
                "UPDATE ping SET state = 'accepted' WHERE id IN
                 (SELECT id FROM ping INDEXED BY ping_sent WHERE account = ?1 AND incoming = 0
                      AND to_alias = ?2 AND gid IS NULL AND state = 'waiting' LIMIT ?3)
                 RETURNING id",
                alias,
            ),
        ] {
            let mut statement = self.db.prepare_cached(sql)?;
            let rows =
                statement.query_map(params![account, name, SETTLED_MAX], |row| row.get(0))?;
            settled.extend(rows.collect::<rusqlite::Result<Vec<i64>>>()?);
        }
        for ping in settled {
            self.touch_ping(ping);
            self.touch_account(account);
        }
        Ok(())
    }
}
