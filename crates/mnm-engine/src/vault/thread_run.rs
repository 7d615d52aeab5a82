//! Runs of threads in an index, of which the pages of a list are made: for each list and order.

use super::Result;
use super::thread_place::{BEGINNING, OLDEST, READ_KEY, ThreadPlace};
use crate::command::{ThreadSort, ThreadView};
use crate::error::VaultError;
use crate::view::ThreadId;

/// Threads that follow each other in an index.
pub(super) struct Run<'a> {
    pub(super) list: &'static List,
    pub(super) index: &'static str,
    /// What stands first in their positions: a column or a constant.
    pub(super) key: &'static str,
    /// Where the run begins, after the time ?2, the number ?3 and the key ?4.
    pub(super) bound: &'static str,
    pub(super) order: &'static str,
    pub(super) from: (i64, ThreadId),
    pub(super) from_key: &'a str,
}

impl Run<'static> {
    pub(super) fn by_time(list: &'static List, before: Option<&ThreadPlace>) -> Self {
        Self {
            list,
            index: list.index,
            key: "''",
            bound: "(last_at_ms, id) < (?2, ?3)",
            order: "last_at_ms DESC, id DESC",
            from: before.map_or(BEGINNING, ThreadPlace::time),
            from_key: "",
        }
    }
}

/// The runs of a list behind a position, one after the other.
pub(super) fn runs<'a>(
    view: ThreadView,
    sort: ThreadSort,
    before: Option<&'a ThreadPlace>,
) -> Result<Vec<Run<'a>>> {
    let list = list(view);
    Ok(match sort {
        ThreadSort::Newest => vec![Run::by_time(list, before)],
        ThreadSort::Oldest => vec![Run {
            bound: "(last_at_ms, id) > (?2, ?3)",
            order: "last_at_ms, id",
            from: before.map_or(OLDEST, ThreadPlace::time),
            ..Run::by_time(list, None)
        }],
        ThreadSort::Unread if view == ThreadView::Inbox => {
            let unread = |before| Run { key: "'0'", ..Run::by_time(&UNREAD_UNPINNED, before) };
            let read = |before| Run { key: "'1'", ..Run::by_time(&READ, before) };
            match before {
                Some(place) if place.key == READ_KEY => vec![read(before)],
                Some(_) | None => vec![unread(before), read(None)],
            }
        }
        ThreadSort::Person => keyed(list, list.by_person, PERSON, before),
        ThreadSort::Subject => keyed(list, list.by_subject, SUBJECT, before),
        ThreadSort::Unread => return Err(unsorted()),
    })
}

/// A column by which lists are sorted, and the bounds of its runs.
struct Key {
    column: &'static str,
    /// Of the key ?4.
    same: &'static str,
    /// Behind it, and from it on.
    later: &'static str,
    from: &'static str,
    /// Behind a place with this key.
    behind: &'static str,
    order: &'static str,
}

const PERSON: Key = Key {
    column: "person_key",
    same: "person_key = ?4 AND (last_at_ms, id) < (?2, ?3)",
    later: "person_key > ?4",
    from: "person_key >= ?4",
    behind: "(person_key > ?4 OR person_key = ?4 AND (last_at_ms, id) < (?2, ?3))",
    order: "person_key, last_at_ms DESC, id DESC",
};
const SUBJECT: Key = Key {
    column: "subject_key",
    same: "subject_key = ?4 AND (last_at_ms, id) < (?2, ?3)",
    later: "subject_key > ?4",
    from: "subject_key >= ?4",
    behind: "(subject_key > ?4 OR subject_key = ?4 AND (last_at_ms, id) < (?2, ?3))",
    order: "subject_key, last_at_ms DESC, id DESC",
};

fn keyed<'a>(
    list: &'static List,
    index: Option<&'static str>,
    key: Key,
    before: Option<&'a ThreadPlace>,
) -> Vec<Run<'a>> {
    let run = |bound, from_key, order| Run {
        index: index.unwrap_or(list.index),
        key: key.column,
        bound,
        order,
        from_key,
        ..Run::by_time(list, before)
    };
    if index.is_none() {
        // The member has made it, or it is a part of the inbox: all of it is read and sorted.
        let from_key = before.map_or("", |place| place.key.as_str());
        return vec![run(key.behind, from_key, key.order)];
    }
    match before {
        None => vec![run(key.from, "", key.order)],
        Some(place) => vec![
            run(key.same, place.key.as_str(), "last_at_ms DESC, id DESC"),
            run(key.later, place.key.as_str(), key.order),
        ],
    }
}

pub(super) fn unsorted() -> VaultError {
    VaultError::Invalid(
        "Only the inbox can be sorted by what is unread. Choose another order.".into(),
    )
}

/// A list in the database.
pub(super) struct List {
    /// Its index.
    index: &'static str,
    /// The condition of its partial index.
    pub(super) condition: &'static str,
    /// Indexes for its other orders; without them it is sorted when it is asked for.
    by_person: Option<&'static str>,
    by_subject: Option<&'static str>,
}

impl List {
    const fn new(index: &'static str, condition: &'static str) -> Self {
        Self { index, condition, by_person: None, by_subject: None }
    }
}

/// The pinned threads of the inbox.
pub(super) const PINNED: List =
    List::new("thread_pinned", "pinned = 1 AND archived = 0 AND trashed_ms IS NULL");
/// The inbox without them.
const INBOX: List = List {
    by_person: Some("thread_inbox_person"),
    by_subject: Some("thread_inbox_subject"),
    ..List::new("thread_inbox", "archived = 0 AND pinned = 0 AND trashed_ms IS NULL")
};
/// Both parts of it. Of those that are pinned there are few to pass over.
const UNREAD_UNPINNED: List =
    List::new("thread_unread", "unread > 0 AND archived = 0 AND trashed_ms IS NULL AND pinned = 0");
const READ: List =
    List::new("thread_read", "unread = 0 AND archived = 0 AND pinned = 0 AND trashed_ms IS NULL");
const UNREAD: List =
    List::new("thread_unread", "unread > 0 AND archived = 0 AND trashed_ms IS NULL");
const FILES: List = List::new("thread_files", "files > 0 AND archived = 0 AND trashed_ms IS NULL");
const STARRED: List =
    List::new("thread_starred", "(starred = 1 OR stars > 0) AND trashed_ms IS NULL");
const ARCHIVE: List = List {
    by_person: Some("thread_archive_person"),
    by_subject: Some("thread_archive_subject"),
    ..List::new("thread_archive", "archived = 1 AND trashed_ms IS NULL")
};
const TRASH: List = List::new("thread_trash", "trashed_ms IS NOT NULL AND erasing = 0");

fn list(view: ThreadView) -> &'static List {
    match view {
        ThreadView::Inbox => &INBOX,
        ThreadView::Unread => &UNREAD,
        ThreadView::Files => &FILES,
        ThreadView::Starred => &STARRED,
        ThreadView::Archive => &ARCHIVE,
        ThreadView::Trash => &TRASH,
    }
}
