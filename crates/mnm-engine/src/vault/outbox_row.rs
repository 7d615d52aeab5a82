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

    /// The schema admits only these names.
    pub(super) fn parse(name: &str, about: i64) -> Self {
        match name {
            "post" => Self::Post(about),
            "invite" => Self::Invite(about),
            "join" => Self::Join(about),
            "sync" => Self::Sync,
            "forward" => Self::Forward,
            "confirm" => Self::Confirm,
            _ => Self::Ping(about),
        }
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
