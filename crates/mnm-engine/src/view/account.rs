//! Views of accounts, their links, devices and browsers.

use serde::{Deserialize, Serialize};
use tmtp::id::Uid;

use super::id::{AccountId, BrowserId};
use super::label::{SavedSearch, Tag};

/// One account on one service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Account {
    /// Local row number.
    pub id: AccountId,
    /// Label of the service: [`Self::name`], followed by the host of its address if another
    /// account's service has a name that looks alike.
    pub service: String,
    /// The name the service gives itself; the address before it has given one.
    #[serde(default)]
    pub name: String,
    /// The first name it gave itself, if it has another now.
    #[serde(default)]
    pub joined_as: Option<String>,
    /// The address the member joined by, `=host:port` or `+host:port`.
    pub address: String,
    /// SHA-256 fingerprint of the service's certificate, pinned on the first connection; lower-case
    /// hex. Absent for `+` addresses, whose certificate is verified by the public roots.
    pub fingerprint: Option<String>,
    /// The member's permanent id on that service.
    #[cfg_attr(test, schemars(with = "String"))]
    pub uid: Uid,
    /// The alias used for new letters; empty while none was granted.
    pub alias: String,
    /// All aliases of the member on that service.
    pub aliases: Vec<String>,
    /// Label of this device on that service.
    pub device: String,
    /// Connection state.
    pub link: Link,
    /// When a link to the service last began or ended: what is stored here is at least as new. None
    /// if unknown.
    #[serde(default)]
    pub linked_ms: Option<i64>,
    /// Unread messages.
    pub unread: u64,
    /// Pings and group invitations that wait for an answer.
    pub pings: u64,
    /// Messages in the outbox that no service has acknowledged yet.
    pub queued: u64,
    /// Whether contacts see that the member is online; none before the member has chosen, and then
    /// nobody does.
    pub presence: Option<bool>,
    /// Whether the member has chosen that. An account of version 0.1.0 shows it, as that version
    /// did, without having asked.
    #[serde(default)]
    pub presence_chosen: bool,
    /// Messages that wait at the service because the disk has no room for them.
    #[serde(default)]
    pub held: Option<Held>,
    /// The member's tags, by name.
    #[serde(default)]
    pub tags: Vec<Tag>,
    /// The searches that the member has saved, the oldest first.
    #[serde(default)]
    pub searches: Vec<SavedSearch>,
}

/// Messages that wait at the service for room on this device's disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Held {
    /// How many.
    pub messages: u64,
    /// Bytes of all of them.
    pub bytes: u64,
    /// Free disk space that is missing to receive all.
    pub missing: u64,
}

/// What is lost for good when an account is removed from this device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Losses {
    /// Messages stored here.
    pub letters: u64,
    /// Of them, those that no service has yet: nobody will get them.
    pub queued: u64,
    /// Letters being written.
    pub drafts: u64,
    /// Entries of the address book.
    pub contacts: u64,
    /// Other devices of the account that this one knows; they keep what they have.
    pub other_devices: u64,
}

/// Connection state of an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Link {
    /// Logged in.
    Online {
        /// Since when.
        since_ms: i64,
    },
    /// A connection is being made.
    Connecting,
    /// Not connected; the app retries by itself.
    Offline {
        /// What happened, what it means and what to do, in one sentence for people.
        error: String,
        /// When the next attempt is due.
        retry_at_ms: i64,
    },
    /// The service refused this device or showed a wrong certificate; the app retries only now and
    /// then.
    Refused {
        /// What happened, what it means and what to do.
        error: String,
        /// Fingerprint of the certificate shown instead of the pinned one, lower-case hex; the
        /// member may accept it with [`crate::command::Command::SetService`].
        seen: Option<String>,
        /// When the next attempt is due.
        retry_at_ms: i64,
    },
}

/// A browser that may open the pages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Browser {
    /// Local row number.
    pub id: BrowserId,
    /// Its own label.
    pub label: String,
    /// When it was paired.
    pub since_ms: i64,
    /// When a page was last opened in it.
    pub used_ms: i64,
}

/// A device of an account, as far as this app knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Device {
    /// The account.
    pub account: AccountId,
    /// Label given when it was added.
    pub label: String,
    /// Whether it is this one.
    pub this: bool,
    /// When this app learned of it.
    pub since_ms: i64,
}
