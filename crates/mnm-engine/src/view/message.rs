//! Messages, files and drafts, as they are shown.

use serde::{Deserialize, Serialize};

use super::{AccountId, AttachmentId, DraftId, LeftOut, MessageId, Party, ThreadId};
use crate::picture::Size;

/// One message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Message {
    /// Local row number.
    pub id: MessageId,
    /// The thread it belongs to.
    pub thread: ThreadId,
    /// The account it belongs to.
    pub account: AccountId,
    /// The id the service gave it, 16 hex digits; absent while it is in the outbox.
    pub msgid: Option<String>,
    /// The author, as the service vouches for it; of a letter that was forwarded, as claimed.
    pub from: Party,
    /// For a letter that somebody forwarded, while its author has not confirmed it.
    pub forwarded: Option<Forwarded>,
    /// When the service accepted it; when it was queued, for one in the outbox.
    pub at_ms: i64,
    /// Its own subject, when it sets a new one.
    pub subject: String,
    /// The text as written: Markdown. Whoever is told of it gets no heaps of accents: drawing them takes
    /// minutes.
    #[serde(serialize_with = "drawn")]
    #[cfg_attr(test, schemars(with = "String"))]
    pub text: String,
    /// The text rendered and sanitised: no scripts, styles, images from elsewhere or clickable
    /// links of unknown schemes.
    pub html: String,
    /// Whether the text goes on behind what `html` shows of it.
    pub cut: bool,
    /// Attachments in the order they were added.
    pub attachments: Vec<Attachment>,
    /// Names of files it had that were lost when the store was damaged, the first of them.
    #[serde(default)]
    pub lost_files: Vec<String>,
    /// The first five of those whom the service could not reach with it.
    pub left_out: Vec<LeftOut>,
    /// How many more it could not reach.
    #[serde(default)]
    pub more_left_out: u64,
    /// Where it stands.
    pub state: MessageState,
    /// Whether the member has not seen it yet.
    pub unread: bool,
}

/// Where a forward of a thread stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ForwardState {
    /// In the outbox; it goes out with the next link.
    Queued,
    /// The service has taken it.
    Sent,
    /// The service has refused it; the thread says why.
    Failed,
}

/// What is known of a letter that did not come from its author.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Forwarded {
    /// Who forwarded it, as the service vouches for it: who the author is, and what the letter says,
    /// is their word.
    pub by: Party,
    /// Names of the first files that it had. They come when the author confirms it.
    pub files: Vec<String>,
    /// How many more it had.
    #[serde(default)]
    pub more_files: u64,
}

/// Where a message stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum MessageState {
    /// Came from the service.
    Received,
    /// In the outbox, safe on disk, waiting for the link.
    Queued,
    /// In the outbox, held back for the member's second thoughts.
    Held {
        /// When it leaves by itself, Unix milliseconds.
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

/// A file that comes with a message or draft. Its bytes: `GET /api/attachments/{id}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Attachment {
    /// Local row number.
    pub id: AttachmentId,
    /// File name without directories or control characters.
    pub name: String,
    /// The name its author gave it, by which the letter's text refers to it; absent when it is the same.
    /// To be compared, never shown or saved under.
    #[serde(default)]
    pub wire_name: Option<String>,
    /// Bytes.
    pub size: u64,
    /// For a form of an app that has them: which.
    pub form: Option<Form>,
    /// Points, if it is a picture of a kind that is shown and its size is known.
    pub picture: Option<Size>,
    /// Whether it may be asked for with `?inline=1`: a picture with no more points than a screen has
    /// use for. Not certain where the size is not known, for what was stored long ago.
    pub inline: bool,
}

/// That a file is a form, blank or filled, in the way of other apps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Form {
    /// Whether somebody filled it.
    pub filled: bool,
    /// By which its author's app knows the form; may be empty.
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
    /// Rises with every change of what was typed; attachments do not count.
    pub version: u64,
}

impl Draft {
    /// Nothing was typed and no file attached. Such a draft is shown nowhere; its row only waits for
    /// a file that is being attached, or for the next word. What a reply says beside its text is its
    /// thread's, not typed.
    pub fn is_empty(&self) -> bool {
        let addressed =
            self.thread.is_none() && !(self.to.is_empty() && self.subject.trim().is_empty());
        self.text.trim().is_empty() && self.attachments.is_empty() && !addressed
    }
}

fn drawn<S: serde::Serializer>(text: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&tmtp::text::without_heaps(text))
}
