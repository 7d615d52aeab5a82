//! Limits on a thread's readers, each of whom uses a place.
//!
//! A letter names all readers in its header. The header is bounded, so the readers are. Those whom
//! other members add can use only a part of the places. Readers beyond the limit are counted and not
//! listed.

use rusqlite::{Row, params};
use tmtp::id::Uid;

use super::Result;
use super::change::WriteTx;
use super::party::{GROUPS_MAX, NewParty, is_gid, is_uid};
use super::text::clean_label;
use crate::error::VaultError;
use crate::view::ThreadId;

/// Places of a thread. Its readers must fit into the header of a post, which has 65,535 bytes.
const PLACES: Places = Places { rows: 2_000, readers: 500, groups: GROUPS_MAX as i64 };
/// Places for readers added by others: nobody can keep out those whom the member adds.
const OTHERS_PLACES: Places = Places { rows: 1_900, readers: 400, groups: 15 };

/// Rows of a thread, including struck ones; readers among them, and groups among these.
#[derive(Clone, Copy)]
struct Places {
    rows: i64,
    readers: i64,
    groups: i64,
}

impl Places {
    /// Reads three columns from this one on.
    fn read(row: &Row<'_>, from: usize) -> rusqlite::Result<Self> {
        Ok(Self { rows: row.get(from)?, readers: row.get(from + 1)?, groups: row.get(from + 2)? })
    }

    /// The difference to `max`.
    fn left_of(self, max: Self) -> Self {
        Self {
            rows: (max.rows - self.rows).max(0),
            readers: (max.readers - self.readers).min(max.rows - self.rows).max(0),
            groups: (max.groups - self.groups).max(0),
        }
    }

    fn take(&mut self, is_group: bool) {
        self.rows += 1;
        self.readers += 1;
        self.groups += i64::from(is_group);
    }
}

/// Used places of a thread, those used by others, and the last position.
struct UsedPlaces {
    taken: Places,
    by_others: Places,
    last: i64,
}

impl UsedPlaces {
    /// Uses a place, if there is one.
    fn take(&mut self, is_group: bool, by_others: bool) -> bool {
        let mut left = self.taken.left_of(PLACES);
        if by_others {
            let theirs = self.by_others.left_of(OTHERS_PLACES);
            left.readers = left.readers.min(theirs.readers);
            left.groups = left.groups.min(theirs.groups);
        }
        let fits = left.readers > 0 && (!is_group || left.groups > 0);
        if fits {
            self.taken.take(is_group);
            if by_others {
                self.by_others.take(is_group);
            }
            self.last += 1;
        }
        fits
    }
}

impl WriteTx<'_> {
    /// Subscribes somebody. See [`Self::insert_parties`].
    pub(super) fn insert_party(&mut self, thread: ThreadId, party: &NewParty<'_>) -> Result<()> {
        self.insert_parties(thread, [party])
    }

    /// Subscribes parties. Existing subscribers keep position and alias, and struck ones stay
    /// struck. Invalid ids and those beyond the limit are skipped.
    pub(super) fn insert_parties<'p>(
        &mut self,
        thread: ThreadId,
        parties: impl IntoIterator<Item = &'p NewParty<'p>>,
    ) -> Result<()> {
        let me = self.read.own_uid(self.read.account_of(thread)?)?;
        let mut room = self.room(thread, &me)?;
        let mut unlisted = 0;
        for party in parties {
            let fits = match party.is_group {
                true => is_gid(party.id),
                false => is_uid(party.id) || party.id == party.by || me == party.id,
            };
            if !fits || self.has_row(thread, party.id)? {
                continue;
            }
            // A party that the member only strikes was added by nobody.
            let by_others = !party.by.is_empty() && me != party.by && me != party.id;
            if !room.take(party.is_group, by_others) {
                unlisted += 1;
                continue;
            }
            // A group's name is its alias; a member's alias is a claim.
            let alias = match party.is_group {
                true => party.id.to_owned(),
                false => clean_label(party.alias),
            };
            self.db
                .prepare_cached(
                    "INSERT INTO party (thread, ord, is_group, uid, alias, by_uid, at_ms)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                )?
                .execute(params![
                    thread,
                    room.last,
                    party.is_group,
                    party.id,
                    alias,
                    party.by,
                    party.at_ms
                ])?;
            self.touch_readers(thread);
        }
        self.count_unlisted(thread, unlisted)
    }

    /// Counts readers for whom a thread had no place.
    fn count_unlisted(&mut self, thread: ThreadId, more: i64) -> Result<()> {
        if more > 0 {
            self.db
                .prepare_cached("UPDATE thread SET unlisted = unlisted + ?2 WHERE id = ?1")?
                .execute([thread, more])?;
        }
        Ok(())
    }

    fn has_row(&self, thread: ThreadId, id: &str) -> Result<bool> {
        Ok(self
            .db
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM party WHERE thread = ?1 AND uid = ?2)")?
            .query_row(params![thread, id], |row| row.get(0))?)
    }

    /// Used places of a thread; read once for all who are added together.
    fn room(&self, thread: ThreadId, me: &Uid) -> Result<UsedPlaces> {
        Ok(self
            .db
            .prepare_cached(
                "SELECT coalesce(max(ord), 0),
                     count(*), count(*) - count(struck_ms),
                     count(*) FILTER (WHERE is_group = 1 AND struck_ms IS NULL),
                     count(*) FILTER (WHERE by_others),
                     count(*) FILTER (WHERE by_others AND struck_ms IS NULL),
                     count(*) FILTER (WHERE by_others AND is_group = 1 AND struck_ms IS NULL)
                 FROM (SELECT ord, is_group, struck_ms,
                           by_uid NOT IN ('', ?2) AND uid <> ?2 AS by_others
                       FROM party WHERE thread = ?1)",
            )?
            .query_row(params![thread, me], |row| {
                Ok(UsedPlaces {
                    last: row.get(0)?,
                    taken: Places::read(row, 1)?,
                    by_others: Places::read(row, 4)?,
                })
            })?)
    }

    /// Checks that the member may add this many readers, groups among them, to a thread. Those of a
    /// queued forward have their places already.
    ///
    /// # Errors
    /// [`VaultError::ThreadFull`] saying how many places are left.
    pub(super) fn check_room(&self, thread: ThreadId, readers: usize, groups: usize) -> Result<()> {
        let account = self.read.account_of(thread)?;
        let mut taken = self.room(thread, &self.read.own_uid(account)?)?.taken;
        let (waiting, waiting_groups): (i64, i64) = self
            .db
            .prepare_cached(
                "SELECT count(*), coalesce(sum(value ->> 'Who' = value ->> 'WhoUid'), 0)
                 FROM outbox, json_each(outbox.body, '$.new')
                 WHERE account = ?1 AND kind = 'forward' AND json_extract(body, '$.thread') = ?2",
            )?
            .query_row([account, thread], |row| Ok((row.get(0)?, row.get(1)?)))?;
        taken.rows += waiting;
        taken.readers += waiting;
        taken.groups += waiting_groups;
        let left = taken.left_of(PLACES);
        for (left, named, what) in
            [(left.readers, readers, "reader"), (left.groups, groups, "group")]
        {
            let s = if left == 1 { "" } else { "s" };
            if i64::try_from(named).is_ok_and(|named| named > left) {
                let what = format!("{what}{s}");
                return Err(VaultError::ThreadFull { thread, left, what, named });
            }
        }
        Ok(())
    }

    /// Makes room for the readers of the member's own forward, which the service has delivered: the
    /// last of those added by others since it was queued are removed.
    pub(super) fn make_room(
        &mut self,
        thread: ThreadId,
        readers: usize,
        groups: usize,
    ) -> Result<()> {
        let me = self.read.own_uid(self.read.account_of(thread)?)?;
        for (only_groups, named) in [(true, groups), (false, readers)] {
            let left = self.room(thread, &me)?.taken.left_of(PLACES);
            let left = if only_groups { left.groups } else { left.readers };
            let missing = i64::try_from(named).unwrap_or(i64::MAX) - left;
            if missing > 0 {
                let gone = self
                    .db
                    .prepare_cached(
                        "DELETE FROM party WHERE thread = ?1 AND uid IN (
                             SELECT uid FROM party
                             WHERE thread = ?1 AND struck_ms IS NULL AND is_group >= ?3
                               AND by_uid NOT IN ('', ?2) AND uid <> ?2
                             ORDER BY ord DESC LIMIT ?4)",
                    )?
                    .execute(params![thread, me, only_groups, missing])?;
                self.touch_readers(thread);
                self.count_unlisted(thread, gone as i64)?;
            }
        }
        Ok(())
    }

    /// Removes the parties of a thread, except those whom the member has struck.
    pub(super) fn clear_parties(&mut self, thread: ThreadId) -> Result<()> {
        self.db
            .prepare_cached("DELETE FROM party WHERE thread = ?1 AND struck_ms IS NULL")?
            .execute([thread])?;
        self.touch_readers(thread);
        let account = self.read.account_of(thread)?;
        self.db
            .prepare_cached(
                "UPDATE message SET moved = 1 WHERE account = ?1 AND author_uid = ?2 AND thread = ?3",
            )?
            .execute(params![account, self.read.own_uid(account)?, thread])?;
        Ok(())
    }

    /// Marks a thread as known: its readers are certain.
    pub(super) fn set_known(&mut self, thread: ThreadId) -> Result<()> {
        self.db.prepare_cached("UPDATE thread SET known = 1 WHERE id = ?1")?.execute([thread])?;
        Ok(())
    }
}
