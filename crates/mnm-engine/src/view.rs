//! Views: the records that pages and command line render.
//!
//! These types are the JSON contract of the loopback server. `cargo xtask types` makes the pages'
//! `web/src/lib/types/engine.ts` from them. Times are Unix milliseconds (UTC). Text fields hold
//! what the sender wrote, unsanitised, to be shown as text only; the only HTML is
//! [`Message::html`] and [`SearchHit::snippet`], which the engine has rendered and sanitised.

mod account;
mod id;
mod label;
mod message;
mod notice;
mod party;
mod people;
mod thread;

use serde::{Deserialize, Serialize};

pub use account::{Account, Browser, Device, Held, Link, Losses};
pub use id::{
    AccountId, AttachmentId, BrowserId, DraftId, MessageRowId, PingId, SavedSearchId, TagId,
    ThreadId,
};
pub use label::{SavedSearch, Tag};
pub use message::{
    Attachment, Draft, Form, ForwardState, Forwarded, LeftOut, Message, MessageState,
};
pub use notice::{
    ChosenLevel, DAY_MINUTES, Notice, NoticeChange, NoticeLevel, NoticeSettings, QuietHours,
};
pub use party::{Party, PartyKind};
pub use people::{
    Contact, Group, GroupMember, MemberPlace, Members, NameMark, Ping, PingState, Standing,
};
pub use thread::{MayReply, Reach, Reader, Readers, Thread, ThreadRow};

/// Everything a page needs to draw its first screen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct State {
    /// Accounts in the order they were joined.
    pub accounts: Vec<Account>,
    /// Version of the running app.
    pub version: String,
    /// Whether parts of the store were skipped since the app started because they are damaged; `mnm
    /// check` reports more.
    #[serde(default)]
    pub damaged: bool,
    /// Whether this home was copied or restored from a backup since it was last opened. Letters
    /// received after the copy was made are missing.
    #[serde(default)]
    pub copied: bool,
}

/// What is here already: whatever comes later has a higher number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Watermark {
    /// The newest message; 0 before the first.
    pub message: MessageRowId,
    /// The newest ping; 0 before the first.
    pub ping: PingId,
    /// Letters in the outbox, in their order; the first 10,000.
    pub queued: Vec<MessageRowId>,
}

/// A page of search results.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SearchPage {
    /// The results, in the order that was asked for.
    pub hits: Vec<SearchHit>,
    /// Whether there may be more behind them.
    pub more: bool,
    /// Whether the index is being made anew after an update of the app: the oldest messages may be
    /// missing.
    pub indexing: bool,
    /// Whether only the newest messages were looked through, because there are no words to look up,
    /// and there are older ones.
    #[serde(default)]
    pub newest_only: bool,
    /// What was looked for in texts, so that a page can mark it where it stands.
    #[serde(default)]
    pub phrases: Vec<Phrase>,
}

/// Words of a search that follow each other, as tokens: `search/token_cases.json` has examples of
/// how a text becomes tokens.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Phrase {
    /// The tokens.
    pub tokens: Vec<String>,
    /// Whether the last one may be the beginning of a token.
    pub is_open: bool,
}

/// A search result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SearchHit {
    /// The account.
    pub account: AccountId,
    /// Label of its service; see [`Account::service`].
    pub service: String,
    /// The thread.
    pub thread: ThreadId,
    /// The message.
    pub message: MessageRowId,
    /// Subject of the thread.
    pub subject: String,
    /// Author.
    pub from: Party,
    /// Time of the message.
    pub at_ms: i64,
    /// Text around the words, HTML-escaped, with the words between `<mark>` and `</mark>`; no other
    /// markup.
    pub snippet: String,
}
