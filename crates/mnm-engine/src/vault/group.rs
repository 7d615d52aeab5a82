//! Groups, as known from invitations and notices.

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{OptionalExtension, params};
use tmtp::id::{Gid, Uid};
use tmtp::text::name_key;

use super::change::{VaultReader, WriteTx};
use super::name::shown;
use super::{Change, Result, Vault};
use crate::view::{AccountId, Group, MessageRowId, Standing};

/// Threads announced when the member's standing changes.
const THREADS_ANNOUNCED: i64 = 100;
/// Most groups stored for one letter.
const GROUPS_KEPT: usize = 20;

/// Whether the member was in a group and is not any more.
fn is_out(standing: Standing) -> bool {
    match standing {
        Standing::Left | Standing::Removed => true,
        Standing::Invited | Standing::Joined => false,
    }
}

impl FromSql for Standing {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        match value.as_str()? {
            "invited" => Ok(Self::Invited),
            "joined" => Ok(Self::Joined),
            "left" => Ok(Self::Left),
            "removed" => Ok(Self::Removed),
            _ => Err(FromSqlError::InvalidType),
        }
    }
}

impl ToSql for Standing {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::from(match self {
            Self::Invited => "invited",
            Self::Joined => "joined",
            // A separate column says that they were removed.
            Self::Left | Self::Removed => "left",
        }))
    }
}

impl Vault {
    /// Groups of one account or of all, by name.
    pub fn groups(&self, account: Option<AccountId>) -> Result<Vec<Group>> {
        let names: Vec<(AccountId, Gid)> = self
            .db
            .prepare_cached(
                "SELECT account, gid FROM grp WHERE ?1 IS NULL OR account = ?1
                 ORDER BY account, gid COLLATE NOCASE",
            )?
            .query_map([account], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<rusqlite::Result<_>>()?;
        let mut groups = Vec::with_capacity(names.len());
        for (account, gid) in names {
            groups.extend(self.reader().group(account, &gid)?);
        }
        Ok(groups)
    }

    /// A group's name as it is stored, however `name` spells it; `name` itself if unknown.
    pub fn group_called(&self, account: AccountId, name: &str) -> Result<Gid> {
        self.reader().group_called(account, name)
    }

    /// Stores the member's own standing in a group, after the service has acknowledged a request to
    /// join or leave. `alias` is the member's alias there, if known.
    pub fn set_standing(
        &mut self,
        account: AccountId,
        gid: &Gid,
        alias: Option<&str>,
        standing: Standing,
    ) -> Result<Change<()>> {
        self.change(|work| work.set_standing(account, gid, alias.unwrap_or_default(), standing))
    }
}

impl VaultReader<'_> {
    pub(super) fn group(&self, account: AccountId, gid: &Gid) -> Result<Option<Group>> {
        let Some(standing) = self.standing(account, gid)? else {
            return Ok(None);
        };
        let (whole, known, joined) = self
            .db
            .prepare_cached("SELECT whole, known, joined FROM grp WHERE account = ?1 AND gid = ?2")?
            .query_row(params![account, gid], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        let members = self.first_members(account, gid)?;
        Ok(Some(Group {
            account,
            gid: gid.clone(),
            standing,
            whole,
            empty: self.is_empty(account, gid)?,
            alias: shown(&self.alias_in(account, gid)?),
            known,
            joined,
            members,
        }))
    }

    /// As [`Vault::group_called`].
    pub(super) fn group_called(&self, account: AccountId, name: &str) -> Result<Gid> {
        let named = Gid::from(name);
        if self.standing(account, &named)?.is_some() {
            return Ok(named);
        }
        let mut statement = self.db.prepare_cached(
            // An invitation does not shadow a group that the member is in.
            "SELECT gid FROM grp WHERE account = ?1 ORDER BY standing = 'joined' DESC",
        )?;
        let mut rows = statement.query([account])?;
        let wanted = name_key(name);
        while let Some(row) = rows.next()? {
            let gid: Gid = row.get(0)?;
            if name_key(gid.as_str()) == wanted {
                return Ok(gid);
            }
        }
        Ok(named)
    }

    /// The member's own standing; none in an unknown group.
    pub(super) fn standing(&self, account: AccountId, gid: &Gid) -> Result<Option<Standing>> {
        Ok(self
            .db
            .prepare_cached(
                "SELECT CASE removed WHEN 1 THEN 'removed' ELSE standing END
                 FROM grp WHERE account = ?1 AND gid = ?2",
            )?
            .query_row(params![account, gid], |row| row.get(0))
            .optional()?)
    }

    /// Whether it is known that only the member has joined a group.
    pub(super) fn is_empty(&self, account: AccountId, gid: &Gid) -> Result<bool> {
        Ok(self
            .db
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM grp
                 WHERE account = ?1 AND gid = ?2 AND standing = 'joined' AND whole = 1
                   AND NOT EXISTS (SELECT 1 FROM group_member AS other
                       WHERE other.account = grp.account AND other.gid = grp.gid
                         AND other.standing = 'joined' AND other.alias <> grp.alias))",
            )?
            .query_row(params![account, gid], |row| row.get(0))?)
    }

    /// Whether the member has joined a group. An invitation is an act of others: the service would
    /// accept a post, but its name is no recipient.
    pub(super) fn is_in(&self, account: AccountId, gid: &Gid) -> Result<bool> {
        Ok(self.standing(account, gid)? == Some(Standing::Joined))
    }

    /// Whether the member has ever joined a group that is known here.
    pub(super) fn was_in(&self, account: AccountId, gid: &Gid) -> Result<bool> {
        Ok(self
            .db
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM grp WHERE account = ?1 AND gid = ?2 AND was_in = 1)",
            )?
            .query_row(params![account, gid], |row| row.get(0))?)
    }

    /// Whether a uid is known to be a member of the group.
    pub(super) fn is_known_member(&self, account: AccountId, gid: &Gid, uid: &Uid) -> Result<bool> {
        Ok(self
            .db
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM group_uid
                 WHERE account = ?1 AND gid = ?2 AND uid = ?3)",
            )?
            .query_row(params![account, gid, uid], |row| row.get(0))?)
    }

    /// Whether a letter, which the service says was posted to the groups `vouched`, counts as one
    /// of a group. If a service never says so, notices about members decide; they do not name those
    /// who were in the group before, so there the address book decides.
    pub(super) fn speaks_in(
        &self,
        account: AccountId,
        gid: &Gid,
        uid: &Uid,
        vouched: &[Gid],
    ) -> Result<bool> {
        if vouched.iter().any(|group| group == gid) {
            return Ok(true);
        }
        Ok(self
            .db
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM account WHERE id = ?1 AND vouches = 0
                 AND (EXISTS (SELECT 1 FROM group_uid WHERE account = ?1 AND gid = ?2 AND uid = ?3)
                      OR EXISTS (SELECT 1 FROM contact WHERE account = ?1 AND uid = ?3)))",
            )?
            .query_row(params![account, gid, uid], |row| row.get(0))?)
    }

    /// Whether the service is known to name the groups of its deliveries.
    pub(super) fn vouches(&self, account: AccountId) -> Result<bool> {
        Ok(self
            .db
            .prepare_cached("SELECT vouches FROM account WHERE id = ?1")?
            .query_row([account], |row| row.get(0))?)
    }

    /// Groups that the service says a letter was posted to. Stored only for a letter that stands
    /// apart or whose thread has not begun yet.
    pub(super) fn vouched_for(&self, message: MessageRowId) -> Result<Vec<Gid>> {
        let mut statement =
            self.db.prepare_cached("SELECT gid FROM posted_to WHERE message = ?1")?;
        let groups = statement.query_map([message], |row| row.get(0))?;
        Ok(groups.collect::<rusqlite::Result<_>>()?)
    }

    /// The member's own alias in a group; empty if unknown.
    pub(super) fn alias_in(&self, account: AccountId, gid: &Gid) -> Result<String> {
        Ok(self
            .db
            .prepare_cached("SELECT alias FROM grp WHERE account = ?1 AND gid = ?2")?
            .query_row(params![account, gid], |row| row.get(0))
            .optional()?
            .unwrap_or_default())
    }
}

impl WriteTx<'_> {
    /// Stores that the service names the groups of its deliveries.
    pub(super) fn set_vouches(&mut self, account: AccountId) -> Result<()> {
        self.db
            .prepare_cached("UPDATE account SET vouches = 1 WHERE id = ?1 AND vouches = 0")?
            .execute([account])?;
        Ok(())
    }

    /// Stores the groups that the service says a letter was posted to, until its thread is known to
    /// be theirs.
    pub(super) fn keep_vouched(&mut self, message: MessageRowId, groups: &[Gid]) -> Result<()> {
        for gid in groups.iter().take(GROUPS_KEPT) {
            self.db
                .prepare_cached(
                    "INSERT OR IGNORE INTO posted_to (message, gid)
                     SELECT message.id, ?2 FROM message JOIN thread ON thread.id = message.thread
                     WHERE message.id = ?1 AND (thread.known = 0 OR thread.claimed_id IS NOT NULL)",
                )?
                .execute(params![message, gid])?;
        }
        Ok(())
    }

    /// Marks invitations sent by the member that `alias` has accepted as answered.
    pub(super) fn settle_invitations(
        &mut self,
        account: AccountId,
        gid: &Gid,
        alias: &str,
    ) -> Result<()> {
        let settled = self
            .db
            .prepare_cached(
                "UPDATE ping SET state = 'accepted'
                 WHERE account = ?1 AND incoming = 0 AND gid = ?2 AND to_alias = ?3
                   AND state = 'waiting' RETURNING id",
            )?
            .query_map(params![account, gid, alias], |row| row.get(0))?
            .collect::<rusqlite::Result<Vec<i64>>>()?;
        for ping in settled {
            self.touch_ping(ping);
        }
        Ok(())
    }

    /// Gives invitations of the member to a group that wait for an answer this state: they are not counted
    /// any more.
    fn close_invitations(&mut self, account: AccountId, gid: &Gid, state: &str) -> Result<()> {
        let closed = self
            .db
            .prepare_cached(
                "UPDATE ping SET state = ?3
                 WHERE account = ?1 AND incoming = 1 AND gid = ?2 AND state = 'waiting'
                 RETURNING id",
            )?
            .query_map(params![account, gid, state], |row| row.get(0))?
            .collect::<rusqlite::Result<Vec<i64>>>()?;
        if !closed.is_empty() {
            self.touch_account(account);
        }
        for ping in closed {
            self.touch_ping(ping);
        }
        Ok(())
    }

    /// Removes a group to which the member is no longer invited, unless they were in it before; its
    /// invitations no longer wait.
    pub(super) fn uninvite(&mut self, account: AccountId, gid: &Gid, by_me: bool) -> Result<()> {
        self.close_invitations(account, gid, "ignored")?;
        if self.read.was_in(account, gid)? {
            let standing = if by_me { Standing::Left } else { Standing::Removed };
            return self.set_standing(account, gid, "", standing);
        }
        self.db
            .prepare_cached(
                "DELETE FROM grp WHERE account = ?1 AND gid = ?2 AND standing = 'invited'",
            )?
            .execute(params![account, gid])?;
        self.touch_threads_of(account, gid)
    }

    /// Announces the threads of a group, in which a reply may have become possible or impossible.
    pub(super) fn touch_threads_of(&mut self, account: AccountId, gid: &Gid) -> Result<()> {
        let threads = self
            .db
            .prepare_cached(
                "SELECT thread.id FROM thread JOIN party ON party.thread = thread.id
                 WHERE thread.account = ?1 AND party.uid = ?2 AND party.is_group = 1
                 ORDER BY thread.last_at_ms DESC LIMIT ?3",
            )?
            .query_map(params![account, gid, THREADS_ANNOUNCED], |row| row.get(0))?
            .collect::<rusqlite::Result<Vec<i64>>>()?;
        for thread in threads {
            self.touch_thread(thread);
        }
        Ok(())
    }

    /// The member has invited somebody to a group: if the name was unknown here, they have founded
    /// it, and get notices of all who join. A later member gets notices only of those who join
    /// after them.
    pub(super) fn founded(&mut self, account: AccountId, gid: &Gid, alias: &str) -> Result<()> {
        let is_new = self.read.standing(account, gid)?.is_none();
        self.set_standing(account, gid, alias, Standing::Joined)?;
        if is_new {
            self.db
                .prepare_cached("UPDATE grp SET whole = 1 WHERE account = ?1 AND gid = ?2")?
                .execute(params![account, gid])?;
        }
        Ok(())
    }

    /// The service says that only the member has joined a group. From now on they get notices of
    /// all who join, if they have joined it.
    pub(super) fn emptied(&mut self, account: AccountId, gid: &Gid) -> Result<()> {
        if self.read.standing(account, gid)? != Some(Standing::Joined) {
            return Ok(());
        }
        self.db
            .prepare_cached("UPDATE grp SET whole = 1 WHERE account = ?1 AND gid = ?2")?
            .execute(params![account, gid])?;
        self.db
            .prepare_cached(
                "UPDATE group_member SET standing = 'left'
                 WHERE account = ?1 AND gid = ?2 AND standing = 'joined' AND alias <> ?3",
            )?
            .execute(params![account, gid, self.read.alias_in(account, gid)?])?;
        self.touch_group(account, gid);
        self.touch_threads_of(account, gid)
    }

    /// Sets the member's own standing; an empty `alias` keeps the known one.
    pub(super) fn set_standing(
        &mut self,
        account: AccountId,
        gid: &Gid,
        alias: &str,
        standing: Standing,
    ) -> Result<()> {
        let before = self.read.standing(account, gid)?;
        self.db
            .prepare_cached(
                "INSERT INTO grp (account, gid, alias, standing, removed, was_in)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?4 = 'joined')
                 ON CONFLICT (account, gid) DO UPDATE SET standing = excluded.standing,
                     removed = excluded.removed, was_in = was_in OR excluded.was_in,
                     whole = whole AND excluded.standing = 'joined',
                     alias = CASE excluded.alias WHEN '' THEN alias ELSE excluded.alias END",
            )?
            .execute(params![account, gid, alias, standing, standing == Standing::Removed])?;
        if before != Some(standing) {
            self.touch_threads_of(account, gid)?;
            if standing == Standing::Joined {
                // Joined without answering them, or on another device.
                self.close_invitations(account, gid, "accepted")?;
                self.db
                    .prepare_cached("UPDATE grp SET since_id = ?3 WHERE account = ?1 AND gid = ?2")?
                    .execute(params![account, gid, self.read.newest_id(account)?])?;
            }
        }
        if before.is_some_and(is_out) && !is_out(standing) {
            self.forget_members(account, gid)?;
        }
        let alias = self.read.alias_in(account, gid)?;
        if !alias.is_empty() {
            self.set_member(account, gid, &alias, standing)?;
        }
        self.touch_group(account, gid);
        Ok(())
    }
}
