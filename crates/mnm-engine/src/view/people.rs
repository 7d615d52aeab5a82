//! Views of pings, contacts and groups.

use serde::{Deserialize, Serialize};
use tmtp::id::{Gid, Uid};

use super::id::{AccountId, PingId};

/// A ping or a group invitation, received or sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Ping {
    /// Local row number.
    pub id: PingId,
    /// The account it came to or left from.
    pub account: AccountId,
    /// Label of that account's service; see [`Account::service`](super::Account::service).
    pub service: String,
    /// Whether it was received or sent.
    pub incoming: bool,
    /// Alias of the sender; invisible characters are escaped.
    pub from: String,
    /// Permanent id of the sender.
    #[cfg_attr(test, schemars(with = "String"))]
    pub from_uid: Uid,
    /// Alias of the receiver; invisible characters are escaped.
    pub to: String,
    /// Warning about the other's name.
    pub mark: Option<NameMark>,
    /// Plain text, at most 140 UTF-16 units. To be shown as text; nothing in it is clickable.
    pub text: String,
    /// The group it invites to, if it is an invitation.
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub group: Option<Gid>,
    /// When the service accepted it.
    pub at_ms: i64,
    /// Its state.
    pub state: PingState,
}

/// State of a ping.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum PingState {
    /// Incoming: waits for our answer. Outgoing: the service has it, and there is no answer yet.
    Waiting,
    /// Outgoing, in the outbox.
    Queued,
    /// Answered: both are in each other's address book, or the group was joined.
    Accepted,
    /// Incoming: the member ignored it. The sender is not notified.
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
    #[cfg_attr(test, schemars(with = "String"))]
    pub uid: Uid,
    /// The alias they were first known by; invisible characters are escaped. Contacts that look
    /// alike have a tag: ` #` and the beginning of the uid.
    pub alias: String,
    /// Warning about the name.
    pub mark: Option<NameMark>,
    /// Whether one of their devices is online and shares it with us.
    pub online: bool,
    /// Since when they are in the address book.
    pub since_ms: i64,
    /// Whether they see that the member is online, if set for them alone; otherwise
    /// [`Account::presence`](super::Account::presence) counts.
    pub presence: Option<bool>,
}

/// A warning about a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum NameMark {
    /// It contains invisible or easily overlooked characters.
    Odd,
    /// A contact with another uid has the same name, or one that looks the same.
    Alike,
    /// The service has not vouched for it: it is a letter's claim, or another device of the member
    /// synced it for somebody whose name looks like that of another who is or was known here.
    Claimed,
}

/// A group that the member belongs or belonged to, or was invited to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Group {
    /// The account it belongs to.
    pub account: AccountId,
    /// Its name.
    #[cfg_attr(test, schemars(with = "String"))]
    pub gid: Gid,
    /// The member's own standing.
    pub standing: Standing,
    /// Whether all members are known. A member who joins gets notices only of those who join later.
    pub whole: bool,
    /// Whether it is known that only the member has joined: a letter would reach nobody.
    pub empty: bool,
    /// The member's own alias there; empty if unknown.
    pub alias: String,
    /// How many members are known.
    pub known: u64,
    /// How many of them have joined.
    pub joined: u64,
    /// The first known members, at most 50, in the order of
    /// [`Command::Members`](crate::command::Command::Members), which lists all.
    pub members: Vec<GroupMember>,
}

/// A page of the members of a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Members {
    /// First those who have joined, then those who are invited, then those who have left; by alias.
    pub members: Vec<GroupMember>,
    /// Start of the next page; none if this is the last.
    pub next: Option<MemberPlace>,
}

/// A position in the list of a group's members: after this one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct MemberPlace {
    /// Their standing.
    pub standing: Standing,
    /// Their alias, as on the wire.
    pub alias: String,
}

/// A member of a group, as far as this app knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct GroupMember {
    /// Alias in the group.
    pub alias: String,
    /// Standing.
    pub standing: Standing,
}

/// Standing in a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Invited, has not joined.
    Invited,
    /// Joined.
    Joined,
    /// Left. For others, perhaps removed.
    Left,
    /// The member was removed, and can return only by a new invitation. Not used for others.
    Removed,
}
