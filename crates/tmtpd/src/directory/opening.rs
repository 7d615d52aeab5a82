//! Openings of somebody to the members of a group, for a while: of who was written to beside the group,
//! or to whom a thread of it was forwarded.
//!
//! A thread goes on between all who read it, and an author confirms what was forwarded. Who is named in
//! a letter is introduced by name ([`request::introduce`](crate::request)); a group's members are too many
//! for that, and one letter must not let all of them in for good. So what is kept is one row for the group
//! and the one outside, however large the group: so many of its members as a letter introduces, the first
//! who write, may do so in the time for which messages are kept. Each of them is acquainted then, and the
//! opening has a place less. Of two who enter at one moment one may be counted; that is harmless.
//!
//! | key | value |
//! |---|---|
//! | `o/` member number (4 bytes, big-endian), gid | day since 1970 (4 bytes), places left (4) |

use std::collections::{BTreeMap, HashMap};

use super::{Directory, DirectoryChange, MemberNumber};
use crate::day::Day;
use tmtp_store::Batch;
use tmtp_store::{Store, StoreError, each_row};

const PREFIX: &[u8] = b"o/";
/// Groups to which one member is open at a time; the oldest make room.
const GROUPS_MAX: usize = 64;

/// To which groups members are open.
pub(super) type Openings = HashMap<MemberNumber, BTreeMap<Box<str>, Opening>>;

/// How long still, and to how many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opening {
    day: Day,
    left: u32,
}

impl Directory {
    /// Reads who is open to whom.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn read_openings(&mut self, store: &dyn Store) -> Result<(), StoreError> {
        each_row(store, PREFIX, |key, value| {
            let corrupt = || StoreError::Corrupt { what: "a row of openings to groups".into() };
            let (member, gid, opening) = read_row(key, value).ok_or_else(corrupt)?;
            self.put_opening(member, gid, Some(opening));
            Ok(())
        })
        .await
    }

    /// What opens `member` to `places` members of each of these groups; nothing for a group to which that
    /// was done today, so that a thread that goes on costs no row with every letter.
    pub fn open<'a>(
        &self,
        member: MemberNumber,
        gids: impl IntoIterator<Item = &'a str>,
        places: usize,
        today: Day,
    ) -> Vec<DirectoryChange> {
        let opening = Opening { day: today, left: u32::try_from(places).unwrap_or(u32::MAX) };
        let open = self.openings.get(&member);
        let of_group = |gid: &str| open.and_then(|open| open.get(gid));
        let is_due = |gid: &&str| of_group(gid).is_none_or(|open| open.day != opening.day);
        let due: Vec<&str> = gids.into_iter().filter(is_due).collect();
        let new = due.iter().filter(|gid| of_group(gid).is_none()).count();
        let change = |gid: Box<str>, opening| DirectoryChange::Opening { member, gid, opening };
        let mut changes: Vec<_> = oldest(open, new, &due).map(|gid| change(gid, None)).collect();
        changes.extend(due.into_iter().map(|gid| change(gid.into(), Some(opening))));
        changes
    }

    /// Whether `from` may write to `to` as a member of a group to which `to` is open.
    pub fn is_open(&self, from: MemberNumber, to: MemberNumber, kept: Kept) -> bool {
        self.open_group(from, to, kept).is_some()
    }

    /// What it changes when `from` does so: a place less. None where they may not.
    pub fn enter(
        &self,
        from: MemberNumber,
        to: MemberNumber,
        kept: Kept,
    ) -> Option<DirectoryChange> {
        let (gid, Opening { day, left }) = self.open_group(from, to, kept)?;
        let opening = Some(Opening { day, left: left.saturating_sub(1) });
        Some(DirectoryChange::Opening { member: to, gid: gid.into(), opening })
    }

    /// What forgets openings as old as messages are kept.
    pub fn old_openings(&self, kept: Kept) -> Vec<DirectoryChange> {
        let all = self.openings.iter().flat_map(|(member, groups)| {
            groups.iter().map(|(gid, opening)| (*member, gid, *opening))
        });
        let old = all.filter(|(_, _, opening)| opening.is_old(kept));
        old.map(|(member, gid, _)| DirectoryChange::Opening {
            member,
            gid: gid.clone(),
            opening: None,
        })
        .collect()
    }

    fn open_group(
        &self,
        from: MemberNumber,
        to: MemberNumber,
        kept: Kept,
    ) -> Option<(&str, Opening)> {
        let mut groups = self.openings.get(&to).into_iter().flatten();
        let found = groups.find(|(gid, open)| {
            open.left > 0
                && !open.is_old(kept)
                && self.group(gid).is_some_and(|group| group.has_joined(from))
        });
        found.map(|(gid, open)| (&**gid, *open))
    }

    pub(super) fn put_opening(
        &mut self,
        member: MemberNumber,
        gid: &str,
        opening: Option<Opening>,
    ) {
        let groups = self.openings.entry(member).or_default();
        match opening {
            Some(opening) => {
                groups.insert(gid.into(), opening);
            }
            None => {
                groups.remove(gid);
            }
        }
        if groups.is_empty() {
            self.openings.remove(&member);
        }
    }
}

/// For how long openings hold.
#[derive(Debug, Clone, Copy)]
pub struct Kept {
    /// Today.
    pub today: Day,
    /// For so many days.
    pub days: usize,
}

/// Which groups make room for `new` more, the oldest first, and none of those that are renewed.
fn oldest(
    open: Option<&BTreeMap<Box<str>, Opening>>,
    new: usize,
    renewed: &[&str],
) -> impl Iterator<Item = Box<str>> {
    let open = open.into_iter().flatten();
    let mut others: Vec<_> = open.filter(|(gid, _)| !renewed.contains(&&***gid)).collect();
    others.sort_by_key(|(_, opening)| opening.day);
    let more = (others.len() + renewed.len()).saturating_sub(GROUPS_MAX).min(new);
    let gids: Vec<_> = others.into_iter().take(more).map(|(gid, _)| gid.clone()).collect();
    gids.into_iter()
}

impl Opening {
    /// A clock that has gone back makes nothing old.
    fn is_old(self, kept: Kept) -> bool {
        kept.today.saturating_sub(self.day) as usize >= kept.days
    }

    fn to_bytes(self) -> [u8; 8] {
        let mut row = [0; 8];
        row[..4].copy_from_slice(&self.day.to_be_bytes());
        row[4..].copy_from_slice(&self.left.to_be_bytes());
        row
    }
}

/// Adds the row of an opening, or takes it away.
pub(super) fn write(rows: &mut Batch, member: MemberNumber, gid: &str, opening: Option<Opening>) {
    let key = [PREFIX, &member.0.to_be_bytes(), gid.as_bytes()].concat();
    match opening {
        Some(opening) => rows.put(key, opening.to_bytes()),
        None => rows.delete(key),
    };
}

fn read_row<'a>(key: &'a [u8], value: &[u8]) -> Option<(MemberNumber, &'a str, Opening)> {
    let (member, gid) = key.strip_prefix(PREFIX)?.split_first_chunk()?;
    let (day, left) = value.split_first_chunk()?;
    let opening =
        Opening { day: u32::from_be_bytes(*day), left: u32::from_be_bytes(left.try_into().ok()?) };
    Some((MemberNumber(u32::from_be_bytes(*member)), str::from_utf8(gid).ok()?, opening))
}
