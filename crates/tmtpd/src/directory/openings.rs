//! Openings of the directory's members: read at start, opened, entered and expired.

use std::collections::BTreeMap;

use super::change::DirectoryChange;
use super::opening::{Opening, OpeningPeriod, PREFIX, read_row};
use super::{Directory, MemberNumber};
use crate::day::Day;
use tmtp_store::{Store, StoreError, each_row};

/// Groups to which one member is open at a time; the oldest are replaced.
const GROUPS_MAX: usize = 64;

impl Directory {
    /// Reads the openings.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) async fn read_openings(&mut self, store: &dyn Store) -> Result<(), StoreError> {
        each_row(store, PREFIX, |key, value| {
            let corrupt = || StoreError::Corrupt { what: "a row of openings to groups".into() };
            let (member, gid, opening) = read_row(key, value).ok_or_else(corrupt)?;
            self.put_opening(member, gid, Some(opening));
            Ok(())
        })
        .await
    }

    /// The changes that open `member` to `places` members of each of these groups; none for a group
    /// to which that was done today, so that a thread in use does not cost a row with every letter.
    pub(crate) fn open<'a>(
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
    pub(crate) fn is_open(
        &self,
        from: MemberNumber,
        to: MemberNumber,
        kept: OpeningPeriod,
    ) -> bool {
        self.open_group(from, to, kept).is_some()
    }

    /// The change when `from` does so: one place fewer. None if they may not.
    pub(crate) fn enter(
        &self,
        from: MemberNumber,
        to: MemberNumber,
        kept: OpeningPeriod,
    ) -> Option<DirectoryChange> {
        let (gid, Opening { day, left }) = self.open_group(from, to, kept)?;
        let opening = Some(Opening { day, left: left.saturating_sub(1) });
        Some(DirectoryChange::Opening { member: to, gid: gid.into(), opening })
    }

    /// The changes that delete expired openings.
    pub(crate) fn old_openings(&self, kept: OpeningPeriod) -> Vec<DirectoryChange> {
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
        kept: OpeningPeriod,
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

/// The groups to be replaced by `new` more, the oldest first, and none of those being renewed.
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
