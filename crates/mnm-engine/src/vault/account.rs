//! Accounts: a membership of a service, with its names, devices and secrets.

use rusqlite::{OptionalExtension, Row, params};
use tmtp::id::{NodeSecret, Uid};

use super::change::{VaultReader, WriteTx};
use super::text::{check_new_name, clean_label};
use super::{Change, Result, Vault};
use crate::error::VaultError;
use crate::view::{Account, AccountId, Device, State};

/// The result of a registration, or the content of a device code.
#[derive(Debug, Clone)]
pub struct NewAccount {
    /// `=host:port` or `+host:port`.
    pub address: String,
    /// Fingerprint of the certificate seen, lower-case hex; none for `+`.
    pub fingerprint: Option<String>,
    /// The service's name; the address is taken when it is empty.
    pub service: String,
    /// Permanent id of the member.
    pub uid: Uid,
    /// Secret of this device.
    pub node: NodeSecret,
    /// Label of this device.
    pub device: String,
    /// Aliases granted, the one for new letters first; may be empty.
    pub aliases: Vec<String>,
}

/// Address, certificate and login of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// `=host:port` or `+host:port`.
    pub address: String,
    /// The pinned fingerprint.
    pub fingerprint: Option<String>,
    /// Permanent id of the member.
    pub uid: Uid,
    /// Secret of this device.
    pub node: NodeSecret,
}

impl Vault {
    /// Stores an account right after the service has made it.
    ///
    /// # Errors
    /// [`VaultError::AccountExists`] when this member of this service is here already.
    pub fn add_account(&mut self, new: NewAccount, now_ms: i64) -> Result<Change<Account>> {
        self.change(|work| {
            let id = work.insert_account(&new, now_ms)?;
            for alias in &new.aliases {
                work.insert_own_alias(id, alias)?;
            }
            work.insert_device(id, &new.device, true, now_ms)?;
            work.touch_services()?;
            work.read.account(id)
        })
    }

    /// One account.
    pub fn account(&self, id: AccountId) -> Result<Account> {
        self.reader().account(id)
    }

    /// All accounts, in the order they were joined.
    pub fn accounts(&self) -> Result<Vec<Account>> {
        let read = self.reader();
        read.account_ids()?.into_iter().map(|id| read.account(id)).collect()
    }

    /// The data of the first screen; `version` is that of the running app.
    pub fn state(&self, version: &str) -> Result<State> {
        let (accounts, version) = (self.accounts()?, version.to_owned());
        let (damaged, copied) = (self.runtime.is_damaged(), self.runtime.is_copied());
        Ok(State { accounts, version, damaged, copied })
    }

    /// Address and secrets of an account.
    pub fn credentials(&self, id: AccountId) -> Result<Credentials> {
        self.db
            .prepare_cached(
                "SELECT address, fingerprint, uid, node FROM account WHERE id = ?1 AND gone = 0",
            )?
            .query_row([id], |row| {
                Ok(Credentials {
                    address: row.get(0)?,
                    fingerprint: row.get(1)?,
                    uid: row.get(2)?,
                    node: NodeSecret::from(row.get::<_, String>(3)?),
                })
            })
            .optional()?
            .ok_or(VaultError::NotFound { what: "account", id })
    }

    /// Stores a service's greeting: its name (an empty one changes nothing), and whether it names
    /// the groups of its deliveries. Once it does, it must go on doing so: from its first greeting
    /// on; or, if that came from an older program, from the first delivery that names a group,
    /// because earlier deliveries were posted to the older one.
    pub fn set_greeting(&mut self, id: AccountId, name: &str, vouches: bool) -> Result<Change<()>> {
        let name = clean_label(name);
        self.change(|work| {
            let is_first = work
                .db
                .prepare_cached("UPDATE account SET greeted = 1 WHERE id = ?1 AND greeted = 0")?
                .execute([id])?
                > 0;
            if vouches && is_first {
                work.set_vouches(id)?;
            }
            let changed = work
                .db
                .prepare_cached(
                    "UPDATE account SET service = ?2, joined_as = coalesce(joined_as, ?2)
                     WHERE id = ?1 AND service <> ?2 AND ?2 <> ''",
                )?
                .execute(params![id, name])?;
            if changed > 0 {
                work.touch_services()?;
            }
            Ok(())
        })
    }

    /// Stores that there is a link now, or was until now.
    pub fn set_linked(&mut self, id: AccountId, now_ms: i64) -> Result<Change<()>> {
        self.change(|work| {
            work.db
                .prepare_cached("UPDATE account SET linked_ms = ?2 WHERE id = ?1")?
                .execute(params![id, now_ms])?;
            Ok(())
        })
    }

    /// Pins a certificate, by the lower-case hex of its SHA-256: after the first connection, or
    /// when the member has agreed to another.
    pub fn pin(&mut self, id: AccountId, fingerprint: &str) -> Result<Change<()>> {
        if fingerprint.len() != 64 || !fingerprint.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(VaultError::Invalid(
                "A certificate's fingerprint has 64 hex digits. Copy it anew.".into(),
            ));
        }
        let fingerprint = fingerprint.to_ascii_lowercase();
        self.change(|work| {
            work.db
                .prepare_cached("UPDATE account SET fingerprint = ?2 WHERE id = ?1")?
                .execute(params![id, fingerprint])?;
            work.touch_account(id);
            Ok(())
        })
    }

    /// Stores another address, with the certificate to expect there.
    ///
    /// # Errors
    /// [`VaultError::AccountExists`] when this member is known at that address already.
    pub fn set_service(
        &mut self,
        id: AccountId,
        address: &str,
        fingerprint: Option<&str>,
    ) -> Result<Change<Account>> {
        self.change(|work| {
            let uid = work.read.own_uid(id)?;
            let taken: bool = work
                .db
                .prepare_cached(
                    "SELECT EXISTS
                     (SELECT 1 FROM account WHERE address = ?1 AND uid = ?2 AND id <> ?3)",
                )?
                .query_row(params![address, uid, id], |row| row.get(0))?;
            if taken {
                return Err(VaultError::AccountExists);
            }
            // A service without a name is called by its address.
            work.db
                .prepare_cached(
                    "UPDATE account SET address = ?2, fingerprint = ?3,
                         service = iif(service = address, ?2, service)
                     WHERE id = ?1",
                )?
                .execute(params![id, address, fingerprint])?;
            work.touch_services()?;
            work.read.account(id)
        })
    }

    /// Adds an alias that the service has granted. Adding it again changes nothing.
    pub fn add_own_alias(&mut self, id: AccountId, alias: &str) -> Result<Change<Account>> {
        self.change(|work| {
            work.insert_own_alias(id, alias)?;
            work.touch_account(id);
            work.read.account(id)
        })
    }

    /// Stores the devices that a code names, by their labels: those that exist already, and last
    /// this one.
    pub fn add_other_devices(
        &mut self,
        id: AccountId,
        labels: &[String],
        now_ms: i64,
    ) -> Result<Change<()>> {
        self.change(|work| {
            let this = work.read.account_uncounted(id)?.device;
            let own = labels.iter().rposition(|label| clean_label(label) == this);
            for (at, label) in labels.iter().enumerate() {
                if Some(at) != own {
                    work.insert_device(id, label, false, now_ms)?;
                }
            }
            Ok(())
        })
    }

    /// Devices of one account or of all.
    pub fn devices(&self, account: Option<AccountId>) -> Result<Vec<Device>> {
        let mut statement = self.db.prepare_cached(
            "SELECT account, label, this, since_ms FROM device
             WHERE ?1 IS NULL OR account = ?1 ORDER BY account, id",
        )?;
        let rows = statement.query_map([account], |row| {
            Ok(Device {
                account: row.get(0)?,
                label: row.get(1)?,
                this: row.get(2)?,
                since_ms: row.get(3)?,
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}

/// Checks an alias before it is asked of a service: the rules of [`tmtp::text::check_name`].
pub fn check_new_alias(alias: &str) -> Result<()> {
    check_new_name("The alias", alias)
}

impl VaultReader<'_> {
    pub(super) fn account_ids(&self) -> Result<Vec<AccountId>> {
        let mut statement =
            self.db.prepare_cached("SELECT id FROM account WHERE gone = 0 ORDER BY id")?;
        let ids = statement.query_map([], |row| row.get(0))?;
        Ok(ids.collect::<rusqlite::Result<_>>()?)
    }

    pub(super) fn account(&self, id: AccountId) -> Result<Account> {
        let count = |sql| -> Result<u64> {
            Ok(self.db.prepare_cached(sql)?.query_row([id], |row| row.get(0))?)
        };
        let mut account = self.account_uncounted(id)?;
        account.unread = count("SELECT unread FROM account WHERE id = ?1")?;
        account.pings = count("SELECT waiting FROM account WHERE id = ?1")?;
        account.tags = self.tags(id)?;
        account.searches = self.searches(id)?;
        account.queued = count("SELECT count(*) FROM outbox WHERE account = ?1 AND kind = 'post'")?;
        Ok(account)
    }

    /// An account without its counts.
    pub(super) fn account_uncounted(&self, id: AccountId) -> Result<Account> {
        let aliases = self.own_aliases(id)?;
        let service = self.service_label(id)?;
        self.db
            .prepare_cached(
                "SELECT a.service, a.address, a.fingerprint, a.uid,
                    (SELECT label FROM device WHERE account = a.id AND this = 1),
                    a.presence, a.linked_ms, nullif(a.joined_as, a.service), a.presence_ms > 0
                 FROM account a WHERE a.id = ?1 AND a.gone = 0",
            )?
            .query_row([id], |row| self.account_from(id, (service, aliases), row))
            .optional()?
            .ok_or(VaultError::NotFound { what: "account", id })
    }

    fn account_from(
        &self,
        id: AccountId,
        (service, aliases): (String, Vec<String>),
        row: &Row<'_>,
    ) -> rusqlite::Result<Account> {
        Ok(Account {
            id,
            service,
            name: row.get(0)?,
            joined_as: row.get(7)?,
            address: row.get(1)?,
            fingerprint: row.get(2)?,
            uid: row.get(3)?,
            alias: aliases.first().cloned().unwrap_or_default(),
            aliases,
            device: row.get::<_, Option<String>>(4)?.unwrap_or_default(),
            link: self.runtime.link(id),
            linked_ms: row.get(6)?,
            unread: 0,
            pings: 0,
            queued: 0,
            held: self.runtime.held(id),
            tags: Vec::new(),
            searches: Vec::new(),
            presence: row.get(5)?,
            presence_chosen: row.get(8)?,
        })
    }

    /// Aliases of the member, the one for new letters first.
    pub(super) fn own_aliases(&self, account: AccountId) -> Result<Vec<String>> {
        let mut statement = self
            .db
            .prepare_cached("SELECT alias FROM own_alias WHERE account = ?1 ORDER BY ord")?;
        let aliases = statement.query_map([account], |row| row.get(0))?;
        Ok(aliases.collect::<rusqlite::Result<_>>()?)
    }

    /// The alias that signs new letters and pings.
    pub(super) fn own_alias(&self, account: AccountId) -> Result<String> {
        let first = self.own_aliases(account)?.into_iter().next();
        first.ok_or_else(|| {
            VaultError::Conflict(
                "This account has no alias yet, so nobody could tell who writes. Add an alias first."
                    .into(),
            )
        })
    }

    /// Permanent id of the member.
    pub(super) fn own_uid(&self, account: AccountId) -> Result<Uid> {
        self.db
            .prepare_cached("SELECT uid FROM account WHERE id = ?1")?
            .query_row([account], |row| row.get(0))
            .optional()?
            .ok_or(VaultError::NotFound { what: "account", id: account })
    }
}

impl WriteTx<'_> {
    fn insert_account(&self, new: &NewAccount, now_ms: i64) -> Result<AccountId> {
        let named = clean_label(&new.service);
        let service = if named.is_empty() { &new.address } else { &named };
        let inserted = self.db.execute(
            "INSERT INTO account (address, fingerprint, service, uid, node, joined_ms, joined_as)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, nullif(?7, '')) ON CONFLICT (address, uid) DO NOTHING",
            params![
                new.address,
                new.fingerprint,
                service,
                new.uid,
                new.node.expose(),
                now_ms,
                named
            ],
        )?;
        if inserted == 0 {
            return Err(VaultError::AccountExists);
        }
        Ok(self.db.last_insert_rowid())
    }

    pub(super) fn insert_own_alias(&self, account: AccountId, alias: &str) -> Result<()> {
        self.db
            .prepare_cached(
                "INSERT INTO own_alias (account, ord, alias)
                 SELECT ?1, coalesce(max(ord), 0) + 1, ?2 FROM own_alias WHERE account = ?1
                 ON CONFLICT DO NOTHING",
            )?
            .execute(params![account, alias])?;
        Ok(())
    }

    pub(super) fn insert_device(
        &self,
        account: AccountId,
        label: &str,
        this: bool,
        now_ms: i64,
    ) -> Result<()> {
        self.db
            .prepare_cached(
                "INSERT INTO device (account, label, this, since_ms) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![account, clean_label(label), this, now_ms])?;
        Ok(())
    }
}
