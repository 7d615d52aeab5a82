//! The members of a group, page by page: there may be thousands.

use rusqlite::params;

use super::change::Reader;
use super::name::shown;
use super::{Result, Vault};
use crate::error::VaultError;
use crate::view::{AccountId, GroupMember, MemberPlace, Members, Standing};

/// Members that are told of with the group itself; also in each of its events.
const WITH_GROUP: usize = 50;
/// Members of a page when no limit is given, and at most.
const PAGE_DEFAULT: u32 = 200;
const PAGE_MAX: u32 = 1_000;
/// In which order members are listed, by what is stored of their standing.
const LISTED: [Standing; 3] = [Standing::Joined, Standing::Invited, Standing::Left];

impl Vault {
    /// A page of what is known of a group's members, behind a place; none of a group that is not known.
    /// `limit` is 1..=1000, 200 when absent.
    pub fn members(
        &self,
        account: AccountId,
        gid: &str,
        after: Option<&MemberPlace>,
        limit: Option<u32>,
    ) -> Result<Members> {
        let most = limit.unwrap_or(PAGE_DEFAULT).clamp(1, PAGE_MAX) as usize;
        self.reader().members(account, gid, after, most)
    }

    /// The alias, as the wire has it, of the member of a group who is shown as `name`.
    ///
    /// # Errors
    /// [`VaultError::Conflict`] when several are shown so.
    pub fn alias_of_member(&self, account: AccountId, gid: &str, name: &str) -> Result<String> {
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

impl Reader<'_> {
    /// Those who are told of with the group itself.
    pub(super) fn first_members(&self, account: AccountId, gid: &str) -> Result<Vec<GroupMember>> {
        self.members(account, gid, None, WITH_GROUP).map(|page| page.members)
    }

    /// As [`Vault::members`].
    fn members(
        &self,
        account: AccountId,
        gid: &str,
        after: Option<&MemberPlace>,
        most: usize,
    ) -> Result<Members> {
        let mut found = Vec::<MemberPlace>::new();
        let from = after.and_then(|place| LISTED.iter().position(|at| *at == place.standing));
        for standing in LISTED.into_iter().skip(from.unwrap_or_default()) {
            let behind = after.filter(|place| place.standing == standing);
            // One more than asked for tells whether there is a next page.
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
        // That the member was removed is not stored with the others.
        let (own, standing) = (self.alias_in(account, gid)?, self.standing(account, gid)?);
        let member = |place: MemberPlace| GroupMember {
            standing: standing.filter(|_| place.alias == own).unwrap_or(place.standing),
            alias: shown(&place.alias),
        };
        Ok(Members { members: found.into_iter().map(member).collect(), next: next.flatten() })
    }
}
