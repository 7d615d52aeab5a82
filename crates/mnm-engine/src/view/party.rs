//! View of a party: a member, a group or the service, as a conversation shows it.

use serde::{Deserialize, Serialize};
use tmtp::id::UidOrGid;

/// A party in a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Party {
    /// The uid that the service vouches for; the group's name for a group.
    #[cfg_attr(test, schemars(with = "String"))]
    pub uid: UidOrGid,
    /// The alias by which this member is known here; never the message's claim if there is a
    /// contact with this uid. Empty if none is known.
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
    /// A member who is not in the address book, from a group or a shared thread.
    Stranger,
    /// The claimed author of a forwarded letter. The service does not vouch for it; the alias is
    /// never the address book's.
    Claimed,
    /// A group.
    Group,
    /// The service itself, in a message about its own work, such as a letter that was not
    /// delivered.
    Service,
}
