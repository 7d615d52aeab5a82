//! Openings of somebody to the members of a group, for a while: of who was written to beside the group,
//! or to whom a thread of it was forwarded.
//!
//! A thread goes on between all who read it, and an author confirms what was forwarded. Who is named in
//! a letter is introduced by name ([`request::introduce`](crate::request)); a group's members are too many
//! for that, and one letter must not let all of them in for good. So what is kept is one row for the group
//! and the one outside, however large the group: so many of its members as a letter introduces, the first
//! who write, may do so in the time for which messages are kept. Each of them is acquainted then, and the
//! opening has a place less.
//!
//! | key | value |
//! |---|---|
//! | `o/` member number (4 bytes, big-endian), gid | day since 1970 (4 bytes), places left (4) |
//!
//! It is counted before it is durable: a crash in between counts a letter that never was, or two of one
//! moment as one. Both are harmless.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::config::Limits;
use crate::contacts::{Day, day_of};
use crate::directory::{Directory, MemberNumber};
use crate::store::engine::Batch;
use crate::store::{Store, StoreError};

const PREFIX: &[u8] = b"o/";
/// Groups to which one member is open at a time; the oldest makes room.
const GROUPS_MAX: usize = 64;

/// To which groups members are open.
#[derive(Debug, Default)]
pub(crate) struct Openings {
    state: Mutex<HashMap<MemberNumber, BTreeMap<Box<str>, Opening>>>,
}

/// How long still, and to how many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Opening {
    day: Day,
    left: u32,
}

impl Openings {
    /// Reads who is open to whom.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) fn read(store: &Store) -> Result<Self, StoreError> {
        let mut state: HashMap<MemberNumber, BTreeMap<Box<str>, Opening>> = HashMap::new();
        let mut is_whole = true;
        store.scan(PREFIX, |key, value| {
            let row = read_row(key, value);
            is_whole = row.is_some();
            if let Some((member, gid, opening)) = row {
                state.entry(member).or_default().insert(gid.into(), opening);
            }
            is_whole
        })?;
        if !is_whole {
            return Err(StoreError::Corrupt { what: "a row of openings to groups".into() });
        }
        Ok(Self { state: Mutex::new(state) })
    }

    /// Opens `member` to `places` members of a group; once a day, so that a thread that goes on costs no
    /// row with every letter. Adds to `rows` what must be committed.
    pub(crate) fn open(
        &self,
        member: MemberNumber,
        gid: &str,
        places: usize,
        now_ms: i64,
        rows: &mut Batch,
    ) {
        let opening =
            Opening { day: day_of(now_ms), left: u32::try_from(places).unwrap_or(u32::MAX) };
        let mut state = self.state();
        let groups = state.entry(member).or_default();
        if groups.get(gid).is_some_and(|open| open.day == opening.day) {
            return;
        }
        if !groups.contains_key(gid) && groups.len() >= GROUPS_MAX {
            let oldest = groups.iter().min_by_key(|(_, open)| open.day);
            if let Some(oldest) = oldest.map(|(gid, _)| gid.clone()) {
                groups.remove(&oldest);
                rows.delete(key(member, &oldest));
            }
        }
        groups.insert(gid.into(), opening);
        rows.put(key(member, gid), opening.to_bytes());
    }

    /// Whether `from` may write to `to` as a member of a group to which `to` is open.
    pub(crate) fn admits(
        &self,
        directory: &Directory,
        limits: &Limits,
        from: MemberNumber,
        to: MemberNumber,
        now_ms: i64,
    ) -> bool {
        let today = day_of(now_ms);
        let state = self.state();
        let mut groups = state.get(&to).into_iter().flatten();
        groups.any(|(gid, open)| open.admits(directory, limits, from, gid, today))
    }

    /// As [`Self::admits`], and `from` takes a place. Adds to `rows` what must be committed.
    pub(crate) fn enter(
        &self,
        directory: &Directory,
        limits: &Limits,
        from: MemberNumber,
        to: MemberNumber,
        now_ms: i64,
        rows: &mut Batch,
    ) -> bool {
        let today = day_of(now_ms);
        let mut state = self.state();
        let mut groups = state.get_mut(&to).into_iter().flatten();
        let open = groups.find(|(gid, open)| open.admits(directory, limits, from, gid, today));
        let Some((gid, open)) = open else { return false };
        open.left -= 1;
        rows.put(key(to, gid), open.to_bytes());
        true
    }

    /// Forgets what is as old as messages are kept. Adds to `rows` what must be committed.
    pub(crate) fn forget_old(&self, now_ms: i64, limits: &Limits, rows: &mut Batch) {
        let today = day_of(now_ms);
        self.state().retain(|member, groups| {
            groups.retain(|gid, open| {
                let keep = !open.is_old(today, limits);
                if !keep {
                    rows.delete(key(*member, gid));
                }
                keep
            });
            !groups.is_empty()
        });
    }

    fn state(&self) -> MutexGuard<'_, HashMap<MemberNumber, BTreeMap<Box<str>, Opening>>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Opening {
    fn admits(
        self,
        directory: &Directory,
        limits: &Limits,
        from: MemberNumber,
        gid: &str,
        today: Day,
    ) -> bool {
        self.left > 0
            && !self.is_old(today, limits)
            && directory.group(gid).is_some_and(|group| group.has_joined(from))
    }

    /// A clock that has gone back makes nothing old.
    fn is_old(self, today: Day, limits: &Limits) -> bool {
        today.saturating_sub(self.day) as usize >= limits.undelivered_days
    }

    fn to_bytes(self) -> [u8; 8] {
        let mut row = [0; 8];
        row[..4].copy_from_slice(&self.day.to_be_bytes());
        row[4..].copy_from_slice(&self.left.to_be_bytes());
        row
    }
}

fn key(member: MemberNumber, gid: &str) -> Vec<u8> {
    [PREFIX, &member.0.to_be_bytes(), gid.as_bytes()].concat()
}

fn read_row<'a>(key: &'a [u8], value: &[u8]) -> Option<(MemberNumber, &'a str, Opening)> {
    let (member, gid) = key.strip_prefix(PREFIX)?.split_first_chunk()?;
    let (day, left) = value.split_first_chunk()?;
    let opening =
        Opening { day: u32::from_be_bytes(*day), left: u32::from_be_bytes(left.try_into().ok()?) };
    Some((MemberNumber(u32::from_be_bytes(*member)), str::from_utf8(gid).ok()?, opening))
}
