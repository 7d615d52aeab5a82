//! Openings: temporary permission for members of a group to write to somebody outside it, after a
//! thread of the group was forwarded or also sent there.
//!
//! A thread is shared by all its readers, and authors confirm what was forwarded. Those named in a
//! letter are introduced individually ([`request::introduce`](crate::request)). A group's members
//! are too many for that, and one letter must not let all of them in for good. So one row is kept
//! per group and outsider, whatever the size of the group. Within the time for which messages are
//! kept, the first members who write, as many as a letter can introduce, may do so. Each of them is
//! acquainted then and takes one of the opening's places. Requests that change openings are decided one
//! after another, so that concurrent ones do not take the same place.
//!
//! | key | value |
//! |---|---|
//! | `o/` member number (4 bytes, big-endian), gid | day since 1970 (4 bytes), places left (4) |

use std::collections::{BTreeMap, HashMap};

use super::member::MemberNumber;
use crate::day::Day;
use tmtp_store::Batch;

pub(super) const PREFIX: &[u8] = b"o/";

/// The groups that members are open to.
pub(super) type Openings = HashMap<MemberNumber, BTreeMap<Box<str>, Opening>>;

/// When it was opened, and its remaining places.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Opening {
    pub(super) day: Day,
    pub(super) left: u32,
}

/// How long openings last.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OpeningPeriod {
    /// Today.
    pub today: Day,
    /// For so many days.
    pub days: usize,
}

impl Opening {
    /// A clock that was set back makes nothing old.
    pub(super) fn is_old(self, kept: OpeningPeriod) -> bool {
        kept.today.saturating_sub(self.day) as usize >= kept.days
    }

    fn to_bytes(self) -> [u8; 8] {
        let mut row = [0; 8];
        row[..4].copy_from_slice(&self.day.to_be_bytes());
        row[4..].copy_from_slice(&self.left.to_be_bytes());
        row
    }
}

/// Adds or deletes the row of an opening.
pub(super) fn write(rows: &mut Batch, member: MemberNumber, gid: &str, opening: Option<Opening>) {
    let key = [PREFIX, &member.0.to_be_bytes(), gid.as_bytes()].concat();
    match opening {
        Some(opening) => rows.put(key, opening.to_bytes()),
        None => rows.delete(key),
    };
}

/// Reads the row of an opening.
pub(super) fn read_row<'a>(
    key: &'a [u8],
    value: &[u8],
) -> Option<(MemberNumber, &'a str, Opening)> {
    let (member, gid) = key.strip_prefix(PREFIX)?.split_first_chunk()?;
    let (day, left) = value.split_first_chunk()?;
    let opening =
        Opening { day: u32::from_be_bytes(*day), left: u32::from_be_bytes(left.try_into().ok()?) };
    Some((MemberNumber(u32::from_be_bytes(*member)), str::from_utf8(gid).ok()?, opening))
}
