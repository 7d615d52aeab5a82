//! Readers of a thread: its parties, who added them, whom the member has struck, and whether a
//! reply would reach anybody.

use rusqlite::{OptionalExtension, params};
use tmtp::id::{Gid, Uid, UidOrGid};
use tmtp::text::NAME_MAX_BYTES;

use super::change::VaultReader;
use super::name::{is_plain_name, shown};
use super::{Change, Result, Vault};
use crate::error::VaultError;
use crate::view::{self, AccountId, MayReply, Party, PartyKind, Reach, Standing, ThreadId};

/// Newest letters of a thread whose authors are listed although nobody has added them.
const WRITERS_LOOKED_FOR: i64 = 1_000;
/// Most groups that read a thread: their names are longer than uids.
pub(super) const GROUPS_MAX: usize = 20;
/// Most readers in the line of a thread, including all of its groups.
const FIRST_MAX: usize = 50;
/// Shortest name of a group, bytes.
const GROUP_BYTES_MIN: usize = 1;

/// Somebody to subscribe to a thread.
pub(super) struct NewParty<'a> {
    /// Uid, or gid of a group.
    pub(super) id: &'a str,
    pub(super) alias: &'a str,
    pub(super) is_group: bool,
    /// Uid of the member who adds them; empty if unknown.
    pub(super) by: &'a str,
    pub(super) at_ms: i64,
}

/// Whether a text has the form of a uid; no group has such a name.
pub(super) fn is_uid(text: &str) -> bool {
    Uid::is_made(text)
}

/// Whether a text is valid as a group's name. It is compared and sent back unchanged, so it must be
/// valid.
pub(crate) fn is_gid(text: &str) -> bool {
    (GROUP_BYTES_MIN..=NAME_MAX_BYTES).contains(&text.len()) && !is_uid(text) && is_plain_name(text)
}

impl Vault {
    /// Strikes a reader from a thread, or readmits them: the member's letters are no longer sent to
    /// them, and theirs do not enter it. The member's other devices follow. Returns the account.
    ///
    /// # Errors
    /// [`VaultError::Invalid`] for the member's own uid or one who is not in the thread.
    pub fn strike(
        &mut self,
        thread: ThreadId,
        id: &UidOrGid,
        struck: bool,
        now_ms: i64,
    ) -> Result<Change<AccountId>> {
        self.change(|work| {
            let account = work.read.account_of(thread)?;
            if *id == work.read.own_uid(account)? {
                return Err(VaultError::Invalid(
                    "You can't be struck from your own thread.".into(),
                ));
            }
            if struck && work.read.writes_without_row(thread, id)? {
                let party =
                    NewParty { id: id.as_str(), alias: "", is_group: false, by: "", at_ms: now_ms };
                work.insert_party(thread, &party)?;
            }
            let changed = work
                .db
                .prepare_cached(
                    "UPDATE party SET struck_ms = CASE WHEN ?3 THEN ?4 END,
                         at_ms = CASE WHEN ?3 THEN at_ms ELSE ?4 END
                     WHERE thread = ?1 AND uid = ?2",
                )?
                .execute(params![thread, id, struck, now_ms])?;
            if changed == 0 {
                return Err(VaultError::Invalid(
                    "Nobody with that id is in the thread. Nothing was changed.".into(),
                ));
            }
            work.touch_readers(thread);
            work.sync_thread(account, thread, now_ms)?;
            Ok(account)
        })
    }

    /// The readers of a thread.
    ///
    /// # Errors
    /// [`VaultError::NotFound`] without such a thread.
    pub fn readers(&self, thread: ThreadId) -> Result<view::Readers> {
        let read = self.reader();
        let unlisted = self
            .db
            .prepare_cached("SELECT unlisted FROM thread WHERE id = ?1")?
            .query_row([thread], |row| row.get(0))
            .optional()?
            .ok_or(VaultError::NotFound { what: "thread", id: thread })?;
        let mut readers = read.readers(thread)?;
        readers.extend(read.writers(thread, &readers)?);
        Ok(view::Readers { readers, unlisted })
    }
}

impl VaultReader<'_> {
    /// All subscribers, in order of joining.
    pub(super) fn parties(&self, thread: ThreadId) -> Result<Vec<Party>> {
        let readers = self.readers(thread)?.into_iter();
        Ok(readers.filter(|reader| !reader.struck).map(|reader| reader.party).collect())
    }

    /// The number of subscribers, all groups among them, and the first of the members, in order of
    /// joining.
    pub(super) fn first_parties(
        &self,
        account: AccountId,
        thread: ThreadId,
    ) -> Result<(u64, Vec<Party>)> {
        let mut first = self.rows(
            account,
            thread,
            "AND p.struck_ms IS NULL ORDER BY p.is_group DESC, p.ord, p.uid LIMIT ?3",
            Some(FIRST_MAX),
        )?;
        let mut count = first.len() as u64;
        if first.len() == FIRST_MAX {
            count = self
                .db
                .prepare_cached(
                    "SELECT count(*) FROM party WHERE thread = ?1 AND struck_ms IS NULL",
                )?
                .query_row([thread], |row| row.get(0))?;
        }
        first.sort_by_key(|(ord, _)| *ord);
        Ok((count, first.into_iter().map(|(_, reader)| reader.party).collect()))
    }

    /// Everybody who was added, in order of joining, including those struck.
    pub(super) fn readers(&self, thread: ThreadId) -> Result<Vec<view::Reader>> {
        let account = self.account_of(thread)?;
        let rows = self.rows(account, thread, "ORDER BY p.ord, p.uid", None)?;
        Ok(rows.into_iter().map(|(_, reader)| reader).collect())
    }

    /// Rows of a thread with their positions and contacts.
    fn rows(
        &self,
        account: AccountId,
        thread: ThreadId,
        which: &str,
        limit: Option<usize>,
    ) -> Result<Vec<(i64, view::Reader)>> {
        let own = self.own(account)?;
        let alike = self.alike();
        let mut statement = self.db.prepare_cached(&format!(
            "SELECT p.is_group, p.uid,
                 -- Who was struck without having been added is called as in their letters.
                 CASE WHEN p.alias = '' AND p.struck_ms IS NOT NULL THEN coalesce((
                     SELECT max(author_alias) FROM message
                     WHERE account = ?2 AND author_uid = p.uid AND thread = p.thread), '')
                 ELSE p.alias END,
                 p.by_uid, p.at_ms, p.struck_ms IS NOT NULL, p.ord,
                 c.alias, {alike}
             FROM party p
             LEFT JOIN contact c ON c.account = ?2 AND c.uid = p.uid AND p.is_group = 0
             WHERE p.thread = ?1 {which}"
        ))?;
        statement.raw_bind_parameter(1, thread)?;
        statement.raw_bind_parameter(2, account)?;
        if let Some(limit) = limit {
            statement.raw_bind_parameter(3, limit)?;
        }
        let mut rows = statement.raw_query();
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let (id, alias): (UidOrGid, String) = (row.get(1)?, row.get(2)?);
            let by: Uid = row.get(3)?;
            let contact: Option<String> = row.get(7)?;
            let party = match row.get(0)? {
                true => Party { uid: id, alias: shown(&alias), kind: PartyKind::Group },
                false => match contact {
                    Some(name) => {
                        self.party(&own, &id.to_uid(), &alias, Some((&name, row.get(8)?)))?
                    }
                    None => self.party(&own, &id.to_uid(), &shown(&alias), None)?,
                },
            };
            let struck: bool = row.get(5)?;
            let reached = match party.kind {
                PartyKind::Group => !struck && self.is_in(account, &party.uid.to_gid())?,
                PartyKind::Me
                | PartyKind::Contact
                | PartyKind::Stranger
                | PartyKind::Claimed
                | PartyKind::Service => !struck,
            };
            let reader = view::Reader {
                party,
                by: (by != "").then_some(by),
                at_ms: row.get(4)?,
                struck,
                reach: if reached { Reach::Named } else { Reach::None },
            };
            found.push((row.get(6)?, reader));
        }
        Ok(found)
    }

    /// Authors in a thread who were not added to it, among its newest letters: members of its
    /// groups, and authors of forwarded letters.
    fn writers(&self, thread: ThreadId, named: &[view::Reader]) -> Result<Vec<view::Reader>> {
        let account = self.account_of(thread)?;
        let mut statement = self.db.prepare_cached(
            "SELECT author_uid, max(author_alias) FROM (
                 SELECT author_uid, author_alias FROM message WHERE thread = ?1
                 ORDER BY at_ms DESC, id DESC LIMIT ?2)
             GROUP BY author_uid",
        )?;
        let mut groups = Vec::new();
        for gid in self.groups_in(thread)? {
            if self.is_in(account, &gid)? {
                groups.push(gid);
            }
        }
        let mut rows = statement.query([thread, WRITERS_LOOKED_FOR])?;
        let mut writers = Vec::new();
        while let Some(row) = rows.next()? {
            let (uid, alias): (Uid, String) = (row.get(0)?, row.get(1)?);
            let is_named = named.iter().any(|reader| reader.party.uid == uid);
            if !is_named && !uid.is_service() && uid != self.own_uid(account)? {
                let mut reach = Reach::None;
                for gid in &groups {
                    if self.is_known_member(account, gid, &uid)? {
                        reach = Reach::Group;
                    }
                }
                let party = self.member(account, &uid, &shown(&alias))?;
                writers.push(view::Reader { party, by: None, at_ms: 0, struck: false, reach });
            }
        }
        Ok(writers)
    }

    /// Whether a uid wrote in a thread without having been added to it.
    fn writes_without_row(&self, thread: ThreadId, id: &UidOrGid) -> Result<bool> {
        let account = self.account_of(thread)?;
        Ok(self
            .db
            .prepare_cached(
                "SELECT NOT EXISTS (SELECT 1 FROM party WHERE thread = ?1 AND uid = ?2)
                 AND EXISTS (SELECT 1 FROM message
                     WHERE account = ?3 AND author_uid = ?2 AND thread = ?1)",
            )?
            .query_row(params![thread, id, account], |row| row.get(0))?)
    }

    pub(super) fn is_party(&self, thread: ThreadId, uid: &Uid) -> Result<bool> {
        Ok(self
            .db
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM party
                 WHERE thread = ?1 AND uid = ?2 AND is_group = 0 AND struck_ms IS NULL)",
            )?
            .query_row(params![thread, uid], |row| row.get(0))?)
    }

    /// Whether the member has struck a uid from a thread.
    pub(super) fn is_struck(&self, thread: ThreadId, uid: &Uid) -> Result<bool> {
        Ok(self
            .db
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM party
                 WHERE thread = ?1 AND uid = ?2 AND struck_ms IS NOT NULL)",
            )?
            .query_row(params![thread, uid], |row| row.get(0))?)
    }

    /// The groups that read a thread.
    pub(super) fn groups_in(&self, thread: ThreadId) -> Result<Vec<Gid>> {
        let mut statement = self.db.prepare_cached(
            // Without the index all readers are scanned.
            "SELECT uid FROM party INDEXED BY party_reader
             WHERE thread = ?1 AND is_group = 1 AND struck_ms IS NULL",
        )?;
        let groups = statement.query_map([thread], |row| row.get(0))?;
        Ok(groups.collect::<rusqlite::Result<_>>()?)
    }

    /// Whether a reply in the thread would reach somebody.
    pub(super) fn may_reply(&self, thread: ThreadId, parties: &[Party]) -> Result<MayReply> {
        let account = self.account_of(thread)?;
        let (mut left, mut removed, mut empty) = (Vec::new(), Vec::new(), Vec::new());
        // Groups that the member is not in, although they are in the thread.
        let mut unheard = Vec::new();
        let mut readers = false;
        for party in parties {
            match party.kind {
                PartyKind::Me | PartyKind::Service => {}
                PartyKind::Contact | PartyKind::Stranger | PartyKind::Claimed => readers = true,
                PartyKind::Group => {
                    let gid = party.uid.to_gid();
                    match self.standing(account, &gid)? {
                        Some(Standing::Left) => left.push(gid),
                        Some(Standing::Removed) => removed.push(gid),
                        Some(Standing::Joined) if self.is_empty(account, &gid)? => empty.push(gid),
                        Some(Standing::Joined) => readers = true,
                        // An invitation does not yet readmit them.
                        Some(Standing::Invited) if self.was_in(account, &gid)? => left.push(gid),
                        // The member was named beside a group they are not in.
                        Some(Standing::Invited) | None => unheard.push(gid),
                    }
                }
            }
        }
        if readers {
            for groups in [&mut left, &mut removed] {
                for gid in std::mem::take(groups) {
                    match self.is_in_beside(account, thread, &gid)? {
                        true => unheard.push(gid),
                        false => groups.push(gid),
                    }
                }
            }
        }
        // The others would see it as from a former reader, apart from the thread.
        if !removed.is_empty() {
            return Ok(MayReply::RemovedFromGroup { groups: removed });
        }
        if !left.is_empty() {
            return Ok(MayReply::LeftGroup { groups: left });
        }
        if readers {
            return Ok(match unheard.is_empty() {
                true => MayReply::Yes,
                false => MayReply::Others { groups: unheard },
            });
        }
        if !empty.is_empty() {
            return Ok(MayReply::EmptyGroup { groups: empty });
        }
        self.without_readers(account, thread)
    }

    /// Whether the member is in a thread independently of a group in it: they were named in it, or
    /// it was theirs before the group was added.
    fn is_in_beside(&self, account: AccountId, thread: ThreadId, gid: &Gid) -> Result<bool> {
        Ok(self
            .db
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM thread
                     JOIN party AS me ON me.thread = thread.id AND me.uid = ?2
                     JOIN party AS grp ON grp.thread = thread.id AND grp.uid = ?3
                     WHERE thread.id = ?1 AND thread.service_id IS NOT NULL
                       AND (me.alias <> '' OR me.at_ms < grp.at_ms))",
            )?
            .query_row(params![thread, self.own_uid(account)?, gid], |row| row.get(0))?)
    }

    /// The state of a thread without other readers.
    fn without_readers(&self, account: AccountId, thread: ThreadId) -> Result<MayReply> {
        let (known, rows, struck): (bool, i64, i64) = self
            .db
            .prepare_cached(
                "SELECT known, count(party.uid), count(struck_ms)
                 FROM thread LEFT JOIN party ON party.thread = thread.id WHERE thread.id = ?1",
            )?
            .query_row([thread], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        if struck > 0 {
            return Ok(MayReply::Struck);
        }
        let others: Option<Uid> = self
            .db
            .prepare_cached(
                "SELECT author_uid FROM message WHERE thread = ?1 AND author_uid <> ?2
                 ORDER BY author_uid <> ?3 LIMIT 1",
            )?
            .query_row(params![thread, self.own_uid(account)?, Uid::SERVICE], |row| row.get(0))
            .optional()?;
        Ok(match others {
            Some(uid) if uid.is_service() => MayReply::Service,
            None if known && rows <= 1 => MayReply::Oneself,
            _ => MayReply::Nobody,
        })
    }

    /// Why a letter in the thread would reach nobody; none if it would reach somebody.
    pub(super) fn why_not_reply(&self, thread: ThreadId) -> Result<Option<String>> {
        Ok(match self.may_reply(thread, &self.parties(thread)?)? {
            MayReply::Yes | MayReply::Others { .. } | MayReply::Oneself => None,
            MayReply::LeftGroup { groups } => {
                let names = groups.iter().map(|gid| shown(gid.as_str())).collect::<Vec<_>>().join(", ");
                Some(format!(
                    "You have left {names}, so the letter would not reach the group. Nothing was sent. Join {names} again to write, or strike it from the people of this thread."
                ))
            }
            MayReply::RemovedFromGroup { groups } => {
                let names = groups.iter().map(|gid| shown(gid.as_str())).collect::<Vec<_>>().join(", ");
                Some(format!(
                    "You were removed from {names}, so the letter would not reach the group. Nothing was sent. Ask a member to invite you, or strike {names} from the people of this thread."
                ))
            }
            MayReply::EmptyGroup { groups } => {
                let names = groups.iter().map(|gid| shown(gid.as_str())).collect::<Vec<_>>().join(", ");
                Some(VaultError::EmptyGroup(names).to_string())
            }
            MayReply::Nobody => Some(
                "Nobody would read this letter: who else is in this thread is not known here. Nothing was sent. Answer on the device on which the thread began, or write a new letter."
                    .into(),
            ),
            MayReply::Struck => Some(
                "Nobody would read this letter: you have struck everybody else from this thread. Nothing was sent. Let somebody read again among the people of this thread, or write a new letter."
                    .into(),
            ),
            MayReply::Service => Some(
                "This thread is from the service itself, which reads no letters. Nothing was sent. Write a new letter to whom it is about."
                    .into(),
            ),
        })
    }
}
