//! Errors of the store, sorted by what the caller should do about them.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use thiserror::Error;

use crate::position::Position;

/// Why the store could not do what it was asked.
///
/// Cheap to clone: one failed fsync answers every commit that waited for it.
#[derive(Debug, Clone, Error)]
pub enum StoreError {
    /// There is no room left. Nothing was stored; it works again when there is room, without a restart.
    #[error(
        "the disk of the data directory is full: nothing was stored. Free some room; the service goes on by itself"
    )]
    Full,
    /// The system refused a read or a write.
    #[error("the data directory could not be used while {doing}")]
    Io {
        /// What was being done, for the log.
        doing: &'static str,
        /// What the system said.
        #[source]
        source: Arc<io::Error>,
    },
    /// A sync failed, and only a new start can tell whether it was stored.
    #[error("a sync of the data directory failed: what was stored last is known after a restart")]
    Uncertain,
    /// Stored bytes are not what was written. Never served: the message stays queued until a person looks.
    #[error(
        "stored bytes are damaged: {what}. Restore the data directory from a copy, or report it"
    )]
    Corrupt {
        /// Which file, and where in it.
        what: String,
    },
    /// The message was erased before it was read: every device it waited for has acknowledged it.
    #[error("the message has been erased")]
    Gone,
    /// More than [`StoreLimits::queue_bytes`](super::StoreLimits::queue_bytes) waits for the disk; try again later.
    #[error("the store is busy: too much waits for the disk")]
    Busy,
    /// An inline head or body above the limit of small bodies.
    #[error("a body of {len} bytes is too long to be stored inline (at most {max})")]
    TooLong {
        /// Length that was given, in bytes.
        len: usize,
        /// The limit, in bytes.
        max: usize,
    },
    /// The head of a message, as the caller writes it, is longer than what receivers take.
    #[error("the head of a message is too long")]
    HeadTooLong,
    /// A body that another store made.
    #[error("the body is of another store")]
    OtherStore,
    /// A batch of the caller touches a key that belongs to the store.
    #[error("rows whose key starts with {prefix:?} belong to the store")]
    ReservedKey {
        /// First byte of the key.
        prefix: char,
    },
    /// Another process holds the data directory.
    #[error("{} is in use by another running service: stop it, or choose another data directory", path.display())]
    InUse {
        /// The data directory.
        path: PathBuf,
    },
    /// There is no store.
    #[error("{} holds no service: name the data directory of one", path.display())]
    NoStore {
        /// The data directory.
        path: PathBuf,
    },
    /// A copy was to go where something is already.
    #[error("{} is not empty: name a directory that is new", path.display())]
    NotEmpty {
        /// The directory.
        path: PathBuf,
    },
    /// The data directory was written by a newer version.
    #[error(
        "the data directory has format {found}, this version knows formats up to {known}: install the newer version that wrote it"
    )]
    NewerFormat {
        /// Format found on disk.
        found: u32,
        /// Highest format this version can read.
        known: u32,
    },
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
}

impl StoreError {
    /// Sorts a system error: no room is [`StoreError::Full`], all else [`StoreError::Io`].
    #[expect(clippy::wildcard_enum_match_arm, reason = "a foreign enum")]
    pub fn io(doing: &'static str, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::StorageFull
            | io::ErrorKind::QuotaExceeded
            | io::ErrorKind::FileTooLarge => StoreError::Full,
            _ => StoreError::Io { doing, source: Arc::new(source) },
        }
    }

    /// Says which message the damage is about.
    pub(crate) fn of_message(self, id: Position) -> Self {
        match self {
            StoreError::Corrupt { what } => StoreError::corrupt(format!("message {id}: {what}")),
            StoreError::Full
            | StoreError::Io { .. }
            | StoreError::Uncertain
            | StoreError::Gone
            | StoreError::Busy
            | StoreError::TooLong { .. }
            | StoreError::HeadTooLong
            | StoreError::OtherStore
            | StoreError::ReservedKey { .. }
            | StoreError::InUse { .. }
            | StoreError::NoStore { .. }
            | StoreError::NotEmpty { .. }
            | StoreError::NewerFormat { .. }
            | StoreError::Closed => self,
        }
    }

    pub(crate) fn corrupt(what: impl Into<String>) -> Self {
        StoreError::Corrupt { what: what.into() }
    }
}
