//! Members of a group: learned from notices, listed in pages, as there may be thousands.

use rusqlite::{OptionalExtension, params};
use tmtp::id::{Gid, Uid};

use super::change::{VaultReader, WriteTx};
use super::name::shown;
use super::notice::{MemberAct, MemberNotice};
use super::{Result, Vault};
use crate::error::VaultError;
use crate::view::{AccountId, GroupMember, MemberPlace, Members, Standing};

/// Members included in the group itself, and in each of its events.
const WITH_GROUP: usize = 50;
/// Members of a page by default, and at most.
const PAGE_DEFAULT: u32 = 200;
const PAGE_MAX: u32 = 1_000;
/// Order of the list, by standing.
const LISTED: [Standing; 3] = [Standing::Joined, Standing::Invited, Standing::Left];

impl Vault {
    /// A page of a group's known members, after a place; none for an unknown group. `limit` is
    /// 1..=1000, 200 when absent.
    pub fn members(
        &self,
        account: AccountId,
        gid: &Gid,
        after: Option<&MemberPlace>,
        limit: Option<u32>,
    ) -> Result<Members> {
        let most = limit.unwrap_or(PAGE_DEFAULT).clamp(1, PAGE_MAX) as usize;
        self.reader().members(account, gid, after, most)
    }

    /// The alias, as on the wire, of the group member who is shown as `name`.
    ///
    /// # Errors
    /// [`VaultError::Conflict`] when several are shown so.
    pub fn alias_of_member(&self, account: AccountId, gid: &Gid, name: &str) -> Result<String> {
        let mut statement = self
            .db
            .prepare_cached("SELECT alias FROM group_member WHERE account = ?1 AND gid = ?2")?;
        let aliases = statement
            .query_map(params![account, gid], |row| row.get(0))?
            .collect::<rusqlite::Result<Vec<String>>>()?;
        let mut meant = aliases.into_iter().filter(|alias| alias == name || shown(alias) == name);
        match (meant.next(), meant.next()) {
            (Some(_), Some(_)) => Err(VaultError::Conflict(format!(
                "Several members of the group are shown as {name}. Nothing was done, so that it cannot meet the wrong one."
            ))),
            (meant, _) => Ok(meant.unwrap_or_else(|| name.to_owned())),
        }
    }
}

impl VaultReader<'_> {
    /// Members included in the group itself.
    pub(super) fn first_members(&self, account: AccountId, gid: &Gid) -> Result<Vec<GroupMember>> {
        self.members(account, gid, None, WITH_GROUP).map(|page| page.members)
    }

    /// As [`Vault::members`].
    fn members(
        &self,
        account: AccountId,
        gid: &Gid,
        after: Option<&MemberPlace>,
        most: usize,
    ) -> Result<Members> {
        let mut found = Vec::<MemberPlace>::new();
        let from = after.and_then(|place| LISTED.iter().position(|at| *at == place.standing));
        for standing in LISTED.into_iter().skip(from.unwrap_or_default()) {
            let behind = after.filter(|place| place.standing == standing);
            // One more than requested tells whether there is a next page.
            let left = most + 1 - found.len();
            let mut statement = self.db.prepare_cached(match behind {
                None => {
                    "SELECT alias FROM group_member WHERE account = ?1 AND gid = ?2 AND standing = ?3
                     ORDER BY alias COLLATE NOCASE, alias LIMIT ?4"
                }
                Some(_) => {
                    "SELECT alias FROM group_member WHERE account = ?1 AND gid = ?2 AND standing = ?3
                         AND (alias COLLATE NOCASE, alias) > (?5, ?5)
                     ORDER BY alias COLLATE NOCASE, alias LIMIT ?4"
                }
            })?;
            let place = |row: &rusqlite::Row<'_>| Ok(MemberPlace { standing, alias: row.get(0)? });
            let rows = match behind {
                None => statement.query_map(params![account, gid, standing, left], place)?,
                Some(MemberPlace { alias, .. }) => {
                    statement.query_map(params![account, gid, standing, left, alias], place)?
                }
            };
            for row in rows {
                found.push(row?);
            }
        }
        let next = (found.len() > most).then(|| {
            found.truncate(most);
            found.last().cloned()
        });
        // Removal of the member is stored with the group, not here.
        let (own, standing) = (self.alias_in(account, gid)?, self.standing(account, gid)?);
        let member = |place: MemberPlace| GroupMember {
            standing: standing.filter(|_| place.alias == own).unwrap_or(place.standing),
            alias: shown(&place.alias),
        };
        Ok(Members { members: found.into_iter().map(member).collect(), next: next.flatten() })
    }

    /// Whether the list of a group's members has somebody as joined.
    pub(super) fn is_listed_as_joined(
        &self,
        account: AccountId,
        gid: &Gid,
        alias: &str,
    ) -> Result<bool> {
        Ok(self
            .db
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM group_member
                 WHERE account = ?1 AND gid = ?2 AND alias = ?3 AND standing = 'joined')",
            )?
            .query_row(params![account, gid, alias], |row| row.get(0))?)
    }

    /// A member's alias in a group, if known.
    fn name_in(&self, account: AccountId, gid: &Gid, uid: &Uid) -> Result<Option<String>> {
        Ok(self
            .db
            .prepare_cached(
                "SELECT alias FROM group_uid
                 WHERE account = ?1 AND gid = ?2 AND uid = ?3 AND alias <> ''",
            )?
            .query_row(params![account, gid, uid], |row| row.get(0))
            .optional()?)
    }
}

impl WriteTx<'_> {
    /// Learns that a uid is a member of a known group. An empty `alias` keeps the known one. Their
    /// waiting letters in the group's threads are moved in.
    pub(super) fn learn_member(
        &mut self,
        account: AccountId,
        gid: &Gid,
        uid: &Uid,
        alias: &str,
    ) -> Result<()> {
        if self.read.standing(account, gid)?.is_none() {
            return Ok(());
        }
        let is_new = !self.read.is_known_member(account, gid, uid)?;
        self.db
            .prepare_cached(
                "INSERT INTO group_uid (account, gid, uid, alias) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (account, gid, uid) DO UPDATE SET
                     alias = CASE excluded.alias WHEN '' THEN alias ELSE excluded.alias END",
            )?
            .execute(params![account, gid, uid, alias])?;
        self.list_as_joined(account, gid, uid)?;
        if !is_new {
            return Ok(());
        }
        self.take_in_member(account, gid)
    }

    /// Somebody who acts in a group has joined it, whatever the list says.
    fn list_as_joined(&mut self, account: AccountId, gid: &Gid, uid: &Uid) -> Result<()> {
        let Some(alias) = self.read.name_in(account, gid, uid)? else { return Ok(()) };
        match self.read.is_listed_as_joined(account, gid, &alias)? {
            true => Ok(()),
            false => self.set_member(account, gid, &alias, Standing::Joined),
        }
    }

    /// Stores that a member joined a group only now.
    pub(super) fn joins_now(&mut self, account: AccountId, gid: &Gid, uid: &Uid) -> Result<()> {
        self.db
            .prepare_cached(
                "UPDATE group_uid SET since_id = ?4 WHERE account = ?1 AND gid = ?2 AND uid = ?3",
            )?
            .execute(params![account, gid, uid, self.read.newest_id(account)?])?;
        Ok(())
    }

    /// A notice has somebody's present alias in a group: if they are listed under an older one that
    /// changed before the member joined, the list is corrected.
    pub(super) fn catch_up_name(
        &mut self,
        account: AccountId,
        gid: &Gid,
        uid: &Uid,
        alias: &str,
    ) -> Result<()> {
        match self.read.name_in(account, gid, uid)? {
            Some(known) if known != alias => self.rename_member(account, gid, &known, alias),
            Some(_) | None => Ok(()),
        }
    }

    /// Learns uids from a group notice: only members act, and only oneself joins.
    pub(super) fn learn_from(&mut self, account: AccountId, notice: &MemberNotice) -> Result<()> {
        let (gid, uid, alias) = (&notice.gid, &notice.from_uid, notice.alias.as_str());
        match &notice.act {
            MemberAct::Invite => self.learn_member(account, gid, uid, ""),
            MemberAct::Join => {
                self.learn_member(account, gid, uid, alias)?;
                self.joins_now(account, gid, uid)
            }
            MemberAct::Alias(new) => self.learn_member(account, gid, uid, new),
            MemberAct::Drop => {
                // If the service does not say who left, anyone without a known alias may have;
                // unless the notice is about somebody who left earlier and is removed now.
                self.db
                    .prepare_cached(
                        "DELETE FROM group_uid WHERE account = ?1 AND gid = ?2
                         AND CASE WHEN ?4 IS NULL THEN alias = ?3 OR alias = '' AND NOT EXISTS (
                             SELECT 1 FROM group_member AS gone
                             WHERE gone.account = ?1 AND gone.gid = ?2 AND gone.alias = ?3
                               AND gone.standing = 'left')
                         ELSE uid = ?4 END",
                    )?
                    .execute(params![account, gid, alias, notice.uid])?;
                Ok(())
            }
        }
    }

    /// Drops the other members of a group: the member got no notices while not in it.
    pub(super) fn forget_members(&mut self, account: AccountId, gid: &Gid) -> Result<()> {
        self.db
            .prepare_cached(
                "DELETE FROM group_member WHERE account = ?1 AND gid = ?2 AND alias <> ?3",
            )?
            .execute(params![account, gid, self.read.alias_in(account, gid)?])?;
        Ok(())
    }

    /// Sets the standing of a member of a known group.
    pub(super) fn set_member(
        &mut self,
        account: AccountId,
        gid: &Gid,
        alias: &str,
        standing: Standing,
    ) -> Result<()> {
        let was_empty = self.read.is_empty(account, gid)?;
        self.db
            .prepare_cached(
                "INSERT INTO group_member (account, gid, alias, standing) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (account, gid, alias) DO UPDATE SET standing = excluded.standing",
            )?
            .execute(params![account, gid, alias, standing])?;
        // The first who joins, or the last who leaves.
        if self.read.is_empty(account, gid)? != was_empty {
            self.touch_threads_of(account, gid)?;
        }
        self.touch_group(account, gid);
        Ok(())
    }

    /// Changes the alias of a group member, or of the member of this account.
    pub(super) fn rename_member(
        &mut self,
        account: AccountId,
        gid: &Gid,
        old: &str,
        new: &str,
    ) -> Result<()> {
        // First delete the row that would be replaced: triggers do not count a replacement.
        self.db
            .prepare_cached(
                "DELETE FROM group_member WHERE account = ?1 AND gid = ?2 AND alias = ?4 AND ?3 <> ?4
                 AND EXISTS (SELECT 1 FROM group_member WHERE account = ?1 AND gid = ?2 AND alias = ?3)",
            )?
            .execute(params![account, gid, old, new])?;
        self.db
            .prepare_cached(
                "UPDATE group_member SET alias = ?4
                 WHERE account = ?1 AND gid = ?2 AND alias = ?3",
            )?
            .execute(params![account, gid, old, new])?;
        self.touch_group(account, gid);
        Ok(())
    }
}
