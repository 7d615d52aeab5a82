//! Views of messages, files and drafts.

use serde::{Deserialize, Serialize};

use super::id::{AccountId, AttachmentId, DraftId, MessageRowId, ThreadId};
use super::party::Party;
use crate::picture::Size;

/// One message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Message {
    /// Local row number.
    pub id: MessageRowId,
    /// The thread it belongs to.
    pub thread: ThreadId,
    /// The account it belongs to.
    pub account: AccountId,
    /// The id the service gave it, 16 hex digits; absent while it is in the outbox.
    pub msgid: Option<String>,
    /// The author, vouched for by the service; of a forwarded letter, as claimed.
    pub from: Party,
    /// For a forwarded letter that its author has not confirmed.
    pub forwarded: Option<Forwarded>,
    /// When the service accepted it; when it was queued, for one in the outbox.
    pub at_ms: i64,
    /// Its own subject, when it sets a new one.
    pub subject: String,
    /// The text as written: Markdown. Events and replies carry it without stacked accents, which
    /// take minutes to draw.
    #[serde(serialize_with = "drawn")]
    #[cfg_attr(test, schemars(with = "String"))]
    pub text: String,
    /// The text rendered and sanitised: no scripts, styles, images from elsewhere or clickable
    /// links of unknown schemes.
    pub html: String,
    /// Whether `html` shows only the beginning of the text.
    pub cut: bool,
    /// Attachments in the order they were added.
    pub attachments: Vec<Attachment>,
    /// Names of the first files that were lost to damage of the store.
    #[serde(default)]
    pub lost_files: Vec<String>,
    /// The first five recipients whom the service could not reach.
    pub left_out: Vec<LeftOut>,
    /// Number of further ones.
    #[serde(default)]
    pub more_left_out: u64,
    /// Its state.
    pub state: MessageState,
    /// Whether the member has not seen it yet.
    pub unread: bool,
    /// Whether it has a star of its own.
    #[serde(default)]
    pub starred: bool,
    /// When it was put into the trash; absent while it is not there. Pages show only that it is there.
    #[serde(default)]
    pub trashed_ms: Option<i64>,
}

/// State of a forward of a thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ForwardState {
    /// In the outbox; it goes out with the next link.
    Queued,
    /// The service has accepted it.
    Sent,
    /// The service has refused it; the thread says why.
    Failed,
}

/// Facts about a letter that did not come from its author.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Forwarded {
    /// Who forwarded it, vouched for by the service; author and content are their claim.
    pub by: Party,
    /// Names of its first files. They arrive when the author confirms it.
    pub files: Vec<String>,
    /// Number of further files.
    #[serde(default)]
    pub more_files: u64,
}

/// A recipient whom the service could not reach with a letter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct LeftOut {
    /// The party.
    pub party: Party,
    /// The service's reason.
    pub reason: String,
}

/// State of a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum MessageState {
    /// Received from the service.
    Received,
    /// In the outbox, safe on disk, waiting for the link.
    Queued,
    /// In the outbox, held so that the member can take it back.
    Held {
        /// When it is released, Unix milliseconds.
        until_ms: i64,
    },
    /// Being sent now.
    Sending {
        /// Bytes sent so far.
        sent: u64,
        /// Bytes in all.
        total: u64,
    },
    /// The service has acknowledged it.
    Sent,
    /// The service refused it; nothing was delivered. It can be retried or discarded.
    Failed {
        /// What happened, what it means and what to do.
        error: String,
    },
}

/// A file of a message or draft. Its bytes: `GET /api/attachments/{id}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Attachment {
    /// Local row number.
    pub id: AttachmentId,
    /// File name without directories or control characters.
    pub name: String,
    /// The name its author gave it, by which the letter's text refers to it; absent if it is the
    /// same. For comparison only, never to be shown or saved under.
    #[serde(default)]
    pub wire_name: Option<String>,
    /// Bytes.
    pub size: u64,
    /// Which form it is, if it is one.
    pub form: Option<Form>,
    /// Size in pixels, if it is a picture of a kind that is shown and its size is known.
    pub picture: Option<Size>,
    /// Whether it may be requested with `?inline=1`: a picture of bounded size. Not certain for old
    /// files of unknown size.
    pub inline: bool,
}

/// Says that a file is a form, blank or filled, as in other apps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Form {
    /// Whether it is filled.
    pub filled: bool,
    /// The form's identifier for its author's app; may be empty.
    pub name: String,
}

/// A letter being written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Draft {
    /// Local row number.
    pub id: DraftId,
    /// The account it will be sent from.
    pub account: AccountId,
    /// The thread it answers; none for a new letter.
    pub thread: Option<ThreadId>,
    /// Aliases of contacts and names of groups; ignored for a reply.
    pub to: Vec<String>,
    /// Subject; may be empty for a reply.
    pub subject: String,
    /// Markdown.
    pub text: String,
    /// Attachments in order.
    pub attachments: Vec<Attachment>,
    /// Last change.
    pub updated_ms: i64,
    /// Incremented by every change of the content; attachments do not count.
    pub version: u64,
}

impl Draft {
    /// Nothing was typed and no file attached. Such a draft is not shown; its row only waits for an
    /// upload or further typing. Recipients and subject of a reply come from its thread and do not
    /// count.
    pub fn is_empty(&self) -> bool {
        let addressed =
            self.thread.is_none() && !(self.to.is_empty() && self.subject.trim().is_empty());
        self.text.trim().is_empty() && self.attachments.is_empty() && !addressed
    }
}

fn drawn<S: serde::Serializer>(text: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&tmtp::text::without_heaps(text))
}
