//! Position of a thread in a list, by which the next page of the list is found.

use std::cmp::Ordering;

use crate::command::ThreadSort;
use crate::view::{ThreadId, ThreadRow};

/// Position of a thread in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ThreadPlace {
    /// What the list is sorted by before the time; empty where it is the time alone.
    pub key: String,
    /// The time of its newest message.
    pub at_ms: i64,
    /// Its number.
    pub id: ThreadId,
}

impl ThreadPlace {
    /// Where a list that is sorted so has a thread.
    pub fn of(row: &ThreadRow, sort: ThreadSort) -> Self {
        let key = match sort {
            ThreadSort::Newest | ThreadSort::Oldest => "",
            ThreadSort::Person => &row.person_key,
            ThreadSort::Subject => &row.subject_key,
            ThreadSort::Unread if row.unread > 0 => UNREAD_KEY,
            ThreadSort::Unread => READ_KEY,
        };
        Self { key: key.to_owned(), at_ms: row.last_at_ms, id: row.id }
    }

    /// By time, then by number.
    pub(super) fn time(&self) -> (i64, ThreadId) {
        (self.at_ms, self.id)
    }

    pub(super) fn cmp(&self, other: &Self, sort: ThreadSort) -> Ordering {
        let by_time = self.time().cmp(&other.time());
        let by_time = if sort == ThreadSort::Oldest { by_time } else { by_time.reverse() };
        self.key.cmp(&other.key).then(by_time)
    }
}

/// In a list that is sorted by it.
pub(super) const UNREAD_KEY: &str = "0";
pub(super) const READ_KEY: &str = "1";

/// Before the newest threads, and before the oldest.
pub(super) const BEGINNING: (i64, ThreadId) = (i64::MAX, ThreadId::MAX);
pub(super) const OLDEST: (i64, ThreadId) = (i64::MIN, ThreadId::MIN);
