//! Query of the thread list, and marks of threads.

use serde::{Deserialize, Serialize};

use crate::view::TagId;

/// Which threads a list has.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct ThreadFilter {
    /// The list.
    pub view: ThreadView,
    /// Instead of a list, the threads with this tag, except those in the trash.
    pub tag: Option<TagId>,
    /// Its order.
    pub sort: ThreadSort,
}

/// The order of a list of threads. Of the same person or subject, and among unread and read threads, the
/// newest come first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ThreadSort {
    /// By the newest message, the newest first.
    #[default]
    Newest,
    /// By the newest message, the oldest first.
    Oldest,
    /// By the name of the first group or reader.
    Person,
    /// By the subject.
    Subject,
    /// Those with unread messages first; only of the inbox.
    Unread,
}

/// A list of threads.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ThreadView {
    /// Neither archived nor in the trash.
    #[default]
    Inbox,
    /// Of the inbox, those with unread messages.
    Unread,
    /// Of the inbox, those with files.
    Files,
    /// Starred, archived or not.
    Starred,
    /// Archived.
    Archive,
    /// In the trash.
    Trash,
}

/// A mark of a thread, set by the member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ThreadMark {
    /// Out of the inbox until somebody writes in it.
    Archived,
    /// In the trash: erased after 30 days, unless a letter comes into it.
    Trashed,
    /// Not counted as unread, and left in the archive by new letters.
    Muted,
    /// Listed before the others of the inbox; at most 20 of an account.
    Pinned,
    /// Starred.
    Starred,
    /// Its newest message from somebody else counts as unread; off: all of its messages are read, on the
    /// member's other devices too.
    Unread,
}

/// A mark of a single message, set by the member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum MessageMark {
    /// Starred: its thread is among the starred ones.
    Starred,
    /// In the trash: erased after 30 days. Only what has come or was sent.
    Trashed,
}
