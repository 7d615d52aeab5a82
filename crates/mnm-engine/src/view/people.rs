//! Pings, contacts and groups, as they are shown.

use serde::{Deserialize, Serialize};

use super::{AccountId, PingId};

/// A ping or a group invitation, received or sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Ping {
    /// Local row number.
    pub id: PingId,
    /// The account it came to or left from.
    pub account: AccountId,
    /// What that account's service is called; see [`Account::service`](super::Account::service).
    pub service: String,
    /// Whether it came in or went out.
    pub incoming: bool,
    /// Alias of the sender; what cannot be seen in it is written out.
    pub from: String,
    /// Permanent id of the sender.
    pub from_uid: String,
    /// Alias of the addressee; what cannot be seen in it is written out.
    pub to: String,
    /// What to mind about the name of the one who is not the member.
    pub mark: Option<NameMark>,
    /// Plain text, at most 140 UTF-16 units. To be shown as text; nothing in it is clickable.
    pub text: String,
    /// The group it invites to, if it is an invitation.
    pub group: Option<String>,
    /// When the service accepted it.
    pub at_ms: i64,
    /// Where it stands.
    pub state: PingState,
}

/// Where a ping stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum PingState {
    /// Incoming: waits for our answer. Outgoing: the service has it, no answer yet.
    Waiting,
    /// Outgoing, in the outbox.
    Queued,
    /// Answered: both are in each other's address book, or the group was joined.
    Accepted,
    /// Incoming: the member put it away. The sender is not told.
    Ignored,
    /// Outgoing: the service refused it.
    Failed {
        /// What happened, what it means and what to do.
        error: String,
    },
}

/// Somebody in an account's address book.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Contact {
    /// The account whose address book it is.
    pub account: AccountId,
    /// Permanent id.
    pub uid: String,
    /// The alias they were first known by; what cannot be seen in it is written out. Of several that
    /// look alike, each has the beginning of its permanent id behind it, after ` #`.
    pub alias: String,
    /// What to mind about the name.
    pub mark: Option<NameMark>,
    /// Whether one of their devices is online and tells us so.
    pub online: bool,
    /// Since when they are in the address book.
    pub since_ms: i64,
    /// Whether they see that the member is online, if the member has chosen for them alone;
    /// otherwise [`Account::presence`](super::Account::presence) counts.
    pub presence: Option<bool>,
}

/// What to mind about a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum NameMark {
    /// It holds what cannot be seen or is easily overlooked.
    Odd,
    /// A contact with another permanent id is called the same, or so that it looks the same.
    Alike,
    /// The service has not vouched for it: it is a letter's claim, or another device of the member told it of
    /// somebody whose name looks like that of another who is or was known here.
    Claimed,
}

/// A group that the member belongs or belonged to, or was invited to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Group {
    /// The account it belongs to.
    pub account: AccountId,
    /// Its name.
    pub gid: String,
    /// The member's own standing.
    pub standing: Standing,
    /// Whether all members are known. Who joins a group is told only of those who join later.
    pub whole: bool,
    /// Whether it is known that nobody but the member has joined: a letter would reach nobody.
    pub empty: bool,
    /// The member's own alias there; empty while it is not known.
    pub alias: String,
    /// How many members are known.
    pub known: u64,
    /// How many of them have joined.
    pub joined: u64,
    /// The first of those who are known, at most 50, in the order of
    /// [`Command::Members`](crate::command::Command::Members), which tells of the others.
    pub members: Vec<GroupMember>,
}

/// A page of the members of a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Members {
    /// First those who have joined, then those who are invited, then those who have left; by alias.
    pub members: Vec<GroupMember>,
    /// Where the next page begins; none when this is the last.
    pub next: Option<MemberPlace>,
}

/// A place in the list of a group's members: behind this one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct MemberPlace {
    /// Where they stand.
    pub standing: Standing,
    /// Their alias, as on the wire.
    pub alias: String,
}

/// One member of a group, as far as this app has been told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct GroupMember {
    /// Alias in the group.
    pub alias: String,
    /// Standing.
    pub standing: Standing,
}

/// Somebody's standing in a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Invited, has not joined.
    Invited,
    /// Joined.
    Joined,
    /// Left. Of others, perhaps was removed.
    Left,
    /// The member was removed by another, and comes back only by a new invitation. Not said of others.
    Removed,
}
