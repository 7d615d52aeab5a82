//! Threads and who is in them, as they are shown.

use serde::{Deserialize, Serialize};

use super::{AccountId, Draft, Message, MessageState, ThreadId};

/// Somebody in a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Party {
    /// The permanent id the service vouches for; equals the group's name for a group.
    pub uid: String,
    /// The alias by which this member is known here; never taken from the message when a contact
    /// with this uid exists. Empty when no alias is known.
    pub alias: String,
    /// What this party is.
    pub kind: PartyKind,
}

/// What a [`Party`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum PartyKind {
    /// The member who uses this app.
    Me,
    /// A member in the address book.
    Contact,
    /// A member who is not in the address book: reached us through a group or a shared thread.
    Stranger,
    /// Somebody whom another member names as the author of a forwarded letter. The service vouches for
    /// nothing of it; the alias is never the address book's.
    Claimed,
    /// A group.
    Group,
    /// The service itself, with a word about its own work, such as that a letter did not arrive.
    Service,
}

/// One line of a thread list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ThreadRow {
    /// Local row number.
    pub id: ThreadId,
    /// The account it belongs to.
    pub account: AccountId,
    /// Subject of the newest message that has one, or as another device of the member told it; may be
    /// empty.
    pub subject: String,
    /// No subject is known, because the letter that began the thread is not here.
    pub begun_elsewhere: bool,
    /// The first of those who read it, in order of joining, the member included, and all of its groups;
    /// 50 at most. All of them: [`crate::command::Command::Readers`].
    pub parties: Vec<Party>,
    /// How many read it.
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
    /// The thread that its first letter says it belongs to, whose readers its author is not known to be
    /// among.
    pub belongs_to: Option<ThreadId>,
}

/// Whether a reply in a thread would reach somebody. Where it would not, it is refused.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum MayReply {
    /// All who read it.
    Yes,
    /// Some who read it; not groups that the member is not in.
    Others {
        /// The names of those groups.
        groups: Vec<String>,
    },
    /// It is a note to oneself, on all devices.
    Oneself,
    /// The member has left groups that read it.
    LeftGroup {
        /// Their names.
        groups: Vec<String>,
    },
    /// The member was removed from groups that read it.
    RemovedFromGroup {
        /// Their names.
        groups: Vec<String>,
    },
    /// Only groups read it in which nobody but the member is.
    EmptyGroup {
        /// Their names.
        groups: Vec<String>,
    },
    /// Who reads it is not known here.
    Nobody,
    /// Everybody else who read it was struck.
    Struck,
    /// The service itself wrote it, and reads nothing.
    Service,
}

/// Who reads a thread, and who wrote in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Readers {
    /// In order of joining, the struck ones too; then those who only wrote in it.
    pub readers: Vec<Reader>,
    /// How often more were named than a thread takes.
    pub unlisted: u64,
}

/// How a reply in a thread reaches somebody of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// It is addressed to them.
    Named,
    /// As a member of a group that it is addressed to.
    Group,
    /// Not as far as is known: they only wrote in the thread, are struck, or are a group that the member
    /// is not in.
    None,
}

/// Somebody who was added to a thread, or wrote in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Reader {
    /// Who.
    pub party: Party,
    /// Permanent id of whoever added them, as the service vouches for it; absent when it was not noted.
    pub by: Option<String>,
    /// When; 0 when it was not noted.
    pub at_ms: i64,
    /// Whether the member has struck them: letters go to them no more.
    pub struck: bool,
    /// How a reply reaches them.
    pub reach: Reach,
}

/// Somebody whom the service could not reach with a letter that the others have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct LeftOut {
    /// Who.
    pub party: Party,
    /// Why, in the service's words.
    pub reason: String,
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
