//! Row of the outbox: its number, its kind, its body as JSON, and what an ack says of it.

use serde::{Deserialize, Serialize};
use tmtp::id::MessageId;

use super::Result;
use crate::error::VaultError;
use crate::view::{MessageRowId, PingId};

/// Row number of an outbox item.
pub type OutboxId = i64;

/// The content of an ack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acked {
    /// Id the service gave.
    pub msgid: MessageId,
    /// When the service accepted it.
    pub posted_ms: i64,
    /// The alias of the pinged or invited member as granted, where the request spells it otherwise.
    pub to: Option<String>,
}

/// The kind of a row, and the row of another table that it is about. Kinds without one have all
/// data in the body.
#[derive(Debug, Clone, Copy)]
pub(super) enum OutboxKind {
    Post(MessageRowId),
    Ping(PingId),
    Invite(PingId),
    Join(PingId),
    Sync,
    Forward,
    Confirm,
}

impl OutboxKind {
    /// Every kind, about the row `about`.
    fn all(about: i64) -> [Self; 7] {
        [
            Self::Post(about),
            Self::Ping(about),
            Self::Invite(about),
            Self::Join(about),
            Self::Sync,
            Self::Forward,
            Self::Confirm,
        ]
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Post(_) => "post",
            Self::Ping(_) => "ping",
            Self::Invite(_) => "invite",
            Self::Join(_) => "join",
            Self::Sync => "sync",
            Self::Forward => "forward",
            Self::Confirm => "confirm",
        }
    }

    /// The kind of this name.
    pub(super) fn parse(name: &str, about: i64) -> Result<Self> {
        let unknown = || VaultError::Damaged(format!("a row of the outbox of the kind {name}"));
        Self::all(about).into_iter().find(|kind| kind.name() == name).ok_or_else(unknown)
    }

    /// The message, if it is a letter.
    pub(super) fn message(self) -> Option<MessageRowId> {
        match self {
            Self::Post(message) => Some(message),
            Self::Ping(_)
            | Self::Invite(_)
            | Self::Join(_)
            | Self::Sync
            | Self::Forward
            | Self::Confirm => None,
        }
    }
}

/// The body of a row.
pub(super) fn json(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value)
        .map_err(|error| VaultError::Invalid(format!("This could not be queued: {error}")))
}

/// Reads the body of a row.
pub(super) fn parse<'a, T: Deserialize<'a>>(body: &'a str) -> Result<T> {
    serde_json::from_str(body)
        .map_err(|error| VaultError::Damaged(format!("a row of the outbox: {error}")))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    /// The names in each CHECK of the documented schema that lists kinds.
    fn checked() -> Vec<Vec<&'static str>> {
        let table = include_str!("schema.sql").split_once("CREATE TABLE outbox (").unwrap().1;
        let table = table.split_once("STRICT").unwrap().0;
        let lists = table.split("kind IN (").skip(1).map(|rest| rest.split_once(')').unwrap().0);
        lists.map(|list| list.split(", ").map(|name| name.trim_matches('\'')).collect()).collect()
    }

    #[test]
    fn schema_admits_every_kind_of_outbox_row() {
        let kinds = OutboxKind::all(1);
        let names_of = |has: fn(&OutboxKind) -> bool| -> Vec<_> {
            kinds.iter().filter(|kind| has(kind)).map(|kind| kind.name()).collect()
        };
        let has_ping = |kind: &OutboxKind| match kind {
            OutboxKind::Ping(_) | OutboxKind::Invite(_) | OutboxKind::Join(_) => true,
            OutboxKind::Post(_) | OutboxKind::Sync | OutboxKind::Forward | OutboxKind::Confirm => {
                false
            }
        };
        let has_body = |kind: &OutboxKind| match kind {
            OutboxKind::Sync | OutboxKind::Forward | OutboxKind::Confirm => true,
            OutboxKind::Post(_)
            | OutboxKind::Ping(_)
            | OutboxKind::Invite(_)
            | OutboxKind::Join(_) => false,
        };
        let all = kinds.iter().map(|kind| kind.name()).collect();
        assert_eq!(checked(), [all, names_of(has_ping), names_of(has_body)]);
    }

    #[test]
    fn unknown_kind_of_outbox_row_is_damage() {
        assert!(OutboxKind::parse("pigeon", 1).unwrap_err().is_damage());
        let kinds = OutboxKind::all(1);
        assert!(kinds.iter().all(|kind| OutboxKind::parse(kind.name(), 1).is_ok()));
    }
}
