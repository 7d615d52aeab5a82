//! Views of threads and their readers.

use serde::{Deserialize, Serialize};
use tmtp::id::{Gid, Uid};

use super::id::{AccountId, TagId, ThreadId};
use super::message::{Draft, Message, MessageState};
use super::party::Party;

/// One line of a thread list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ThreadRow {
    /// Local row number.
    pub id: ThreadId,
    /// The account it belongs to.
    pub account: AccountId,
    /// Subject of the newest message that has one, or synced from another device of the member; may
    /// be empty.
    pub subject: String,
    /// No subject is known, because the letter that began the thread is missing.
    pub begun_elsewhere: bool,
    /// The first readers, in order of joining, the member included, and all of its groups; 50 at
    /// most. All of them: [`crate::command::Command::Readers`].
    pub parties: Vec<Party>,
    /// Number of readers.
    pub readers: u64,
    /// Author of the newest message.
    pub last_from: Party,
    /// Time of the newest message.
    pub last_at_ms: i64,
    /// First words of the newest message, plain text, at most 140 characters.
    pub snippet: String,
    /// Messages in the thread.
    pub count: u64,
    /// Unread messages in the thread.
    pub unread: u64,
    /// Whether any message carries an attachment.
    pub attachments: bool,
    /// State of the newest message, when it is one of ours.
    pub state: Option<MessageState>,
    /// Whether a reply would reach somebody.
    pub may_reply: MayReply,
    /// The thread that its first letter names, if the author is not known to be one of its readers.
    pub belongs_to: Option<ThreadId>,
    /// Whether it is archived.
    pub archived: bool,
    /// When it was put into the trash; absent while it is not there.
    pub trashed_ms: Option<i64>,
    /// Whether it is muted.
    pub muted: bool,
    /// Whether it is pinned.
    pub pinned: bool,
    /// Whether it is starred.
    pub starred: bool,
    /// Messages of it that have a star of their own.
    #[serde(default)]
    pub stars: u64,
    /// Its tags, of those of the account.
    #[serde(default)]
    pub tags: Vec<TagId>,
    /// By which a list sorted by person has it.
    #[serde(default)]
    pub person_key: String,
    /// By which a list sorted by subject has it.
    #[serde(default)]
    pub subject_key: String,
}

/// Whether a reply in a thread would reach somebody. If not, it is refused.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum MayReply {
    /// All readers.
    Yes,
    /// Some readers; not groups that the member is not in.
    Others {
        /// The names of those groups.
        #[cfg_attr(test, schemars(with = "Vec<String>"))]
        groups: Vec<Gid>,
    },
    /// It is a note to oneself, on all devices.
    Oneself,
    /// The member has left groups that read it.
    LeftGroup {
        /// Their names.
        #[cfg_attr(test, schemars(with = "Vec<String>"))]
        groups: Vec<Gid>,
    },
    /// The member was removed from groups that read it.
    RemovedFromGroup {
        /// Their names.
        #[cfg_attr(test, schemars(with = "Vec<String>"))]
        groups: Vec<Gid>,
    },
    /// All readers are groups that only the member is in.
    EmptyGroup {
        /// Their names.
        #[cfg_attr(test, schemars(with = "Vec<String>"))]
        groups: Vec<Gid>,
    },
    /// The readers are unknown.
    Nobody,
    /// All other readers were struck.
    Struck,
    /// The service itself wrote it, and reads nothing.
    Service,
}

/// Readers and authors of a thread.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Readers {
    /// In order of joining, including those struck; then those who only wrote in it.
    pub readers: Vec<Reader>,
    /// Number of readers that were named beyond a thread's limit.
    pub unlisted: u64,
}

/// How a reply in a thread reaches a party.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// It is addressed to them.
    Named,
    /// As a member of a group that it is addressed to.
    Group,
    /// Not, as far as is known: they only wrote in the thread, are struck, or are a group that the
    /// member is not in.
    None,
}

/// Somebody who was added to a thread, or wrote in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Reader {
    /// The party.
    pub party: Party,
    /// Uid of the member who added them, vouched for by the service; absent if unknown.
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub by: Option<Uid>,
    /// When; 0 if unknown.
    pub at_ms: i64,
    /// Whether the member has struck them: letters are no longer sent to them.
    pub struck: bool,
    /// How a reply reaches them.
    pub reach: Reach,
}

/// A thread with a page of its messages, and the draft of a reply if there is one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Thread {
    /// The line of the list.
    pub row: ThreadRow,
    /// The messages of the page, oldest first.
    pub messages: Vec<Message>,
    /// Whether there are messages before these.
    pub older: bool,
    /// Whether there are messages after these.
    pub newer: bool,
    /// The unsent reply.
    pub draft: Option<Draft>,
}
