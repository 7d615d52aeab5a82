//! Sync notices between a member's devices: contacts, groups, aliases, readers of threads, read
//! marks, presence settings.
//!
//! A notice is a post to the member's own devices only. Notices only add, except for removed
//! contacts: applying one twice or late has the same result. One is applied only if the service
//! vouches that the member is its author. Nothing is queued while the member has one device.

use rusqlite::params;
use serde::{Deserialize, Serialize};
use tmtp::id::{Gid, MessageId, Uid};

use super::change::WriteTx;
use super::name::is_plain_name;
use super::party::is_gid;
use super::synced_thread::SyncedThread;
use super::{Change, Result, Vault};
use crate::error::VaultError;
use crate::view::{AccountId, Standing};

/// Version of the notices written here; others are ignored.
const FORM: u32 = 1;
/// Longest notice that is accepted, bytes.
const NOTICE_BYTES_MAX: usize = 1 << 20;
/// Entries per list in notices written here.
const ENTRIES: usize = 1_000;
/// Entries per list that are accepted.
const ENTRIES_MAX: usize = 10_000;
/// Rows written in one transaction, approximately.
const SLICE_ROWS: usize = 100;
/// Longest uid or name that is accepted, bytes.
const ID_BYTES_MAX: usize = 1_024;

/// A notice. Unknown keys are ignored.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Notice {
    /// [`FORM`].
    mnm: u32,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    contacts: Vec<SyncedContact>,
    /// Contacts that were removed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    parted: Vec<Parted>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    groups: Vec<Joined>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    aliases: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    presence: Option<Chosen>,
    /// Readers of threads that the other devices may not know.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    threads: Vec<SyncedThread>,
    /// Ids of messages.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    read: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct SyncedContact {
    uid: Uid,
    alias: String,
    since_ms: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    presence: Option<Chosen>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Parted {
    uid: Uid,
    at_ms: i64,
}

/// A presence setting and its time: the latest counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Chosen {
    /// None for a contact without a setting of their own.
    shown: Option<bool>,
    at_ms: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Joined {
    gid: Gid,
    /// The member's own alias there.
    alias: String,
}

impl Vault {
    /// Queues everything that a new device cannot know. The service adds it to that device's queue,
    /// so the device gets it whenever it connects.
    pub fn queue_address_book(&mut self, account: AccountId, now_ms: i64) -> Result<Change<()>> {
        self.change(|work| {
            let aliases = work.read.own_aliases(account)?;
            let presence =
                work.presence(account)?.map(|(shown, at_ms)| Chosen { shown: Some(shown), at_ms });
            work.sync(account, Notice { aliases, presence, ..Notice::default() })?;
            for contacts in work.known(account)?.chunks(ENTRIES) {
                work.sync(account, Notice { contacts: contacts.to_vec(), ..Notice::default() })?;
            }
            for groups in work.joined_groups(account)?.chunks(ENTRIES) {
                work.sync(account, Notice { groups: groups.to_vec(), ..Notice::default() })?;
            }
            work.sync_threads(account, true, now_ms)
        })
    }

    /// Applies entries of a notice from this number on, as many as one transaction takes. Returns
    /// the number of the next; none once all are applied and the delivery may be acknowledged. An
    /// interrupted notice is delivered and applied again. The caller has checked that the member is
    /// its author.
    pub fn receive_sync(
        &mut self,
        account: AccountId,
        msgid: MessageId,
        notice: &SyncNotice,
        from: usize,
    ) -> Result<Change<Option<usize>>> {
        self.change(|work| {
            if work.read.is_seen(account, msgid)? {
                return Ok(None);
            }
            let (mut next, mut rows) = (from, 0);
            for entry in notice.entries().skip(from) {
                if rows >= SLICE_ROWS {
                    return Ok(Some(next));
                }
                rows += entry.rows();
                next += 1;
                work.apply(account, entry)?;
            }
            work.insert_seen(account, msgid)?;
            Ok(None)
        })
    }
}

/// A notice of another device of the member.
#[derive(Debug, Default)]
pub struct SyncNotice(Notice);

impl SyncNotice {
    /// Parses a notice; an invalid one is empty.
    pub fn read(notice: &str) -> Self {
        if notice.len() > NOTICE_BYTES_MAX {
            return Self::default();
        }
        let read = serde_json::from_str::<Notice>(notice).ok();
        Self(read.filter(|notice| notice.mnm == FORM).unwrap_or_default())
    }

    fn entries(&self) -> impl Iterator<Item = Entry<'_>> {
        let Notice { mnm: _, contacts, parted, groups, aliases, presence, threads, read } = &self.0;
        let contacts = contacts.iter().take(ENTRIES_MAX).map(Entry::Contact);
        let parted = parted.iter().take(ENTRIES_MAX).map(Entry::Parted);
        let groups = groups.iter().take(ENTRIES_MAX).map(Entry::Group);
        let aliases = aliases.iter().take(ENTRIES_MAX).map(|alias| Entry::Alias(alias));
        let presence = presence.iter().map(Entry::Presence);
        let threads = threads.iter().take(ENTRIES_MAX).map(Entry::Thread);
        let read = read.iter().take(ENTRIES_MAX).map(|msgid| Entry::Read(msgid));
        contacts
            .chain(parted)
            .chain(groups)
            .chain(aliases)
            .chain(presence)
            .chain(threads)
            .chain(read)
    }
}

/// An entry of a notice.
enum Entry<'a> {
    Contact(&'a SyncedContact),
    Parted(&'a Parted),
    Group(&'a Joined),
    Alias(&'a str),
    Presence(&'a Chosen),
    Thread(&'a SyncedThread),
    Read(&'a str),
}

impl Entry<'_> {
    /// Rows that applying it writes, approximately.
    fn rows(&self) -> usize {
        match self {
            Self::Contact(_)
            | Self::Parted(_)
            | Self::Group(_)
            | Self::Alias(_)
            | Self::Presence(_)
            | Self::Read(_) => 1,
            Self::Thread(thread) => 1 + thread.len(),
        }
    }
}

impl WriteTx<'_> {
    /// Queues a notice, if there is another device.
    fn sync(&mut self, account: AccountId, notice: Notice) -> Result<()> {
        let devices: i64 = self
            .db
            .prepare_cached("SELECT count(*) FROM device WHERE account = ?1")?
            .query_row([account], |row| row.get(0))?;
        if devices < 2 {
            return Ok(());
        }
        let notice = Notice { mnm: FORM, ..notice };
        let body = serde_json::to_string(&notice).map_err(|error| {
            VaultError::Invalid(format!("A notice could not be written: {error}"))
        })?;
        self.enqueue_sync(account, &body)
    }

    fn apply(&mut self, account: AccountId, entry: Entry<'_>) -> Result<()> {
        match entry {
            Entry::Contact(known) => self.apply_contact(account, known),
            Entry::Parted(parted) => self.part_from(account, &parted.uid, parted.at_ms).map(drop),
            Entry::Group(joined) => self.apply_group(account, joined),
            Entry::Alias(alias) if alias.len() > ID_BYTES_MAX || !is_plain_name(alias) => Ok(()),
            Entry::Alias(alias) => {
                self.touch_account(account);
                self.insert_own_alias(account, alias)
            }
            Entry::Presence(Chosen { shown: Some(shown), at_ms }) => {
                self.apply_presence(account, *shown, *at_ms)
            }
            Entry::Presence(Chosen { shown: None, .. }) => Ok(()),
            Entry::Thread(thread) => self.apply_thread(account, thread),
            Entry::Read(msgid) => self.apply_read(account, msgid),
        }
    }

    pub(super) fn sync_contact(
        &mut self,
        account: AccountId,
        uid: &Uid,
        alias: &str,
        since_ms: i64,
    ) -> Result<()> {
        let (uid, alias) = (uid.clone(), alias.to_owned());
        let known = SyncedContact { uid, alias, since_ms, presence: None };
        self.sync(account, Notice { contacts: vec![known], ..Notice::default() })
    }

    pub(super) fn sync_parted(&mut self, account: AccountId, uid: &Uid, at_ms: i64) -> Result<()> {
        let parted = vec![Parted { uid: uid.clone(), at_ms }];
        self.sync(account, Notice { parted, ..Notice::default() })
    }

    pub(super) fn sync_presence(
        &mut self,
        account: AccountId,
        shown: bool,
        at_ms: i64,
    ) -> Result<()> {
        let presence = Some(Chosen { shown: Some(shown), at_ms });
        self.sync(account, Notice { presence, ..Notice::default() })
    }

    pub(super) fn sync_contact_presence(
        &mut self,
        account: AccountId,
        uid: &Uid,
        shown: Option<bool>,
        at_ms: i64,
    ) -> Result<()> {
        // The alias as stored; it may be displayed with escapes.
        let (alias, since_ms) = self
            .db
            .prepare_cached("SELECT alias, since_ms FROM contact WHERE account = ?1 AND uid = ?2")?
            .query_row(params![account, uid], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let presence = Some(Chosen { shown, at_ms });
        let known = SyncedContact { uid: uid.clone(), alias, since_ms, presence };
        self.sync(account, Notice { contacts: vec![known], ..Notice::default() })
    }

    pub(super) fn queue_thread_notice(
        &mut self,
        account: AccountId,
        threads: Vec<SyncedThread>,
    ) -> Result<()> {
        self.sync(account, Notice { threads, ..Notice::default() })
    }

    pub(super) fn sync_read(&mut self, account: AccountId, msgids: Vec<String>) -> Result<()> {
        for read in msgids.chunks(ENTRIES) {
            self.sync(account, Notice { read: read.to_vec(), ..Notice::default() })?;
        }
        Ok(())
    }

    fn known(&self, account: AccountId) -> Result<Vec<SyncedContact>> {
        let mut statement = self.db.prepare_cached(
            "SELECT uid, alias, since_ms, presence, presence_ms FROM contact WHERE account = ?1",
        )?;
        let rows = statement.query_map([account], |row| {
            let (shown, at_ms) = (row.get(3)?, row.get(4)?);
            Ok(SyncedContact {
                uid: row.get(0)?,
                alias: row.get(1)?,
                since_ms: row.get(2)?,
                presence: (at_ms > 0).then_some(Chosen { shown, at_ms }),
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    fn joined_groups(&self, account: AccountId) -> Result<Vec<Joined>> {
        let mut statement = self.db.prepare_cached(
            "SELECT gid, alias FROM grp WHERE account = ?1 AND standing = 'joined'",
        )?;
        let rows = statement
            .query_map([account], |row| Ok(Joined { gid: row.get(0)?, alias: row.get(1)? }))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    fn apply_contact(&mut self, account: AccountId, known: &SyncedContact) -> Result<()> {
        let own = known.uid == self.read.own_uid(account)?;
        let here = self.read.contact(account, &known.uid)?.is_some();
        let is_bounded =
            [known.uid.as_str(), &known.alias].iter().all(|name| name.len() <= ID_BYTES_MAX);
        if known.uid == "" || !is_bounded || own {
            return Ok(());
        }
        if !here {
            self.meet(account, &known.uid, &known.alias, known.since_ms)?;
        }
        match known.presence {
            Some(Chosen { shown, at_ms }) => {
                self.apply_contact_presence(account, &known.uid, shown, at_ms)
            }
            None => Ok(()),
        }
    }

    /// A known group keeps its standing: the service's statement is newer or the same.
    fn apply_group(&mut self, account: AccountId, joined: &Joined) -> Result<()> {
        let gid = &joined.gid;
        let known = self.read.standing(account, gid)?;
        if !is_gid(gid.as_str()) || joined.alias.len() > ID_BYTES_MAX || known.is_some() {
            return Ok(());
        }
        self.set_standing(account, gid, &joined.alias, Standing::Joined)
    }

    fn apply_read(&mut self, account: AccountId, msgid: &str) -> Result<()> {
        let threads = self
            .db
            .prepare_cached(
                "UPDATE message SET unread = 0
                 WHERE account = ?1 AND msgid = ?2 AND unread = 1 RETURNING thread",
            )?
            .query_map(params![account, msgid], |row| row.get(0))?
            .collect::<rusqlite::Result<Vec<i64>>>()?;
        for thread in threads {
            self.touch_thread(thread);
            self.touch_account(account);
        }
        Ok(())
    }
}
