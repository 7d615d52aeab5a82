//! Errors: typed for the engine ([`VaultError`]), and with a code and a message for pages and
//! command line ([`Error`]).
//!
//! Every message says what happened, what it means and what to do. It may contain aliases and file
//! names that need correction, but no text of a message.

use rusqlite::ErrorCode::{DatabaseCorrupt, DiskFull, NotADatabase};
use serde::{Deserialize, Serialize};

use crate::view::{AccountId, ThreadId};

/// The answer to a command that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[error("{message}")]
#[cfg_attr(test, schemars(rename = "Refusal"))]
pub struct Error {
    /// For programs.
    pub code: ErrorCode,
    /// For people: what happened, what it means, what to do.
    pub message: String,
    /// An alternative for the member.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offer: Option<Offer>,
}

/// An alternative to what was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Offer {
    /// The existing account: to give it the new address, or to trust the service's new certificate.
    Account {
        /// Which.
        account: AccountId,
        /// The address that was to be joined.
        address: String,
        /// The certificate that is shown there, where it is not the trusted one.
        seen: Option<String>,
    },
    /// The account that was made, to ask for another alias.
    Alias {
        /// Which.
        account: AccountId,
        /// The service's address.
        address: String,
    },
    /// A group to join.
    Group {
        /// Its name.
        group: String,
    },
    /// The readers of a thread, to strike some.
    Readers {
        /// Which.
        thread: ThreadId,
    },
    /// Trust another certificate after comparing it. Fingerprints are lower-case hex.
    Trust {
        /// The pinned one; none when none was pinned.
        known: Option<String>,
        /// The one that was seen.
        seen: String,
    },
}

impl Error {
    /// An error with this code and message.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), offer: None }
    }

    /// The same error with an alternative.
    #[must_use]
    pub fn offering(self, offer: Offer) -> Self {
        Self { offer: Some(offer), ..self }
    }
}

/// Error codes, for programs. Pages decide by them where an error is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// It does not exist, or no longer.
    NotFound,
    /// A rule is broken: a text too long, an alias too short, nothing to send.
    Invalid,
    /// What was given as the address of a service is none.
    BadAddress,
    /// What was given as an alias cannot be one.
    BadAlias,
    /// A name among the recipients is neither a contact nor a group.
    UnknownRecipient,
    /// A size limit is exceeded.
    TooLarge,
    /// Not possible in this state: being sent, already answered, already there.
    Conflict,
    /// It was changed by another writer since it was read.
    Outdated,
    /// The service cannot be reached.
    Offline,
    /// The server is not the service that was joined: its certificate differs.
    Untrusted,
    /// There is an account on this service already.
    KnownService,
    /// The service refused.
    Refused,
    /// The service has made the account but refused its alias; the account is stored without one.
    AliasRefused,
    /// No answer in time.
    Timeout,
    /// Another app holds this home.
    InUse,
    /// The store on disk failed.
    Store,
    /// The disk has no room for it.
    NoRoom,
    /// A fault of this program.
    Internal,
}

/// The result of an operation of the vault.
pub(crate) type VaultResult<T> = Result<T, VaultError>;

/// Errors of the vault.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The row is not there.
    #[error("There is no {what} {id} here. It may have been removed; look at the list again.")]
    NotFound {
        /// What kind of row.
        what: &'static str,
        /// Its number.
        id: i64,
    },
    /// Names that are neither contacts nor groups.
    #[error(
        "Not in the address book: {}. A letter reaches only members who have answered a ping, and groups; ping them first, then send again.",
        .0.join(", ")
    )]
    UnknownRecipients(Vec<String>),
    /// A group that the member has left.
    #[error(
        "You have left {0}, so the letter would not reach the group. Nothing was sent. Join again to write."
    )]
    LeftGroup(String),
    /// A group that the member was removed from.
    #[error(
        "You were removed from {0}, so the letter would not reach the group. Nothing was sent. Ask a member to invite you."
    )]
    RemovedFromGroup(String),
    /// A group that the member is invited to and has not joined.
    #[error(
        "You are invited to {0} and have not joined it, so nothing goes there. Nothing was sent. If you mean that group, join it first."
    )]
    NotJoined(String),
    /// A group that nobody else has joined.
    #[error(
        "Nobody else is in {0} now, so the letter would reach nobody there, and who joins later would not get it. Nothing was sent. Wait until somebody has joined, or write to people by name."
    )]
    EmptyGroup(String),
    /// A name that several contacts have.
    #[error(
        "Several contacts are called {name}, or so that it looks the same. The letter was not queued, so that it cannot reach the wrong one; write the one you mean as it stands in the address book: {}.",
        .tagged.join(", ")
    )]
    AmbiguousRecipient {
        /// The name.
        name: String,
        /// How the address book tells them apart.
        tagged: Vec<String>,
    },
    /// A name that a contact only claims.
    #[error(
        "Nobody vouches that a member is called {name}: a letter says so, or another device of yours, and somebody else is or was called so. The letter was not queued, so that it cannot reach the wrong one. Ask those you know who it is; they stand in the address book as {tagged}."
    )]
    ClaimedRecipient {
        /// The name.
        name: String,
        /// As the address book has it.
        tagged: String,
    },
    /// A new letter to nobody.
    #[error("The letter has no recipients. Name at least one contact or group.")]
    NoRecipients,
    /// Neither text nor attachments.
    #[error("The letter is empty. Write something or attach a file.")]
    EmptyLetter,
    /// A rule was broken; the text says which and what is allowed.
    #[error("{0}")]
    Invalid(String),
    /// A limit was exceeded; the text says which.
    #[error("{0}")]
    TooLarge(String),
    /// Not possible in this state; the text says why and what to do.
    #[error("{0}")]
    Conflict(String),
    /// A draft was changed since the writer last read it.
    #[error(
        "This draft was changed in another window. Nothing was overwritten; look at both, then keep what you want."
    )]
    Outdated,
    /// A thread has too few places left for those who were named.
    #[error(
        "This thread has room for {left} more {what}, not for {named}: its letters would not reach them. Nothing was changed. Strike whom you do not want there, name fewer, or write a new letter."
    )]
    ThreadFull {
        /// Which.
        thread: ThreadId,
        /// Places left.
        left: i64,
        /// Readers or groups, in the number that fits.
        what: String,
        /// How many were named.
        named: usize,
    },
    /// The account asks to register twice.
    #[error("This account is already here. Nothing was changed.")]
    AccountExists,
    /// The system gave no random bytes.
    #[error(
        "The system gave no random numbers, without which nothing can be made safe. Nothing was changed; restart the computer."
    )]
    Random(#[source] getrandom::Error),
    /// The disk has no room for something that is to be stored.
    #[error(
        "The disk is nearly full, so this was not stored: {} MB are missing. Everything that is here can be read; make room on the disk, then try again.",
        megabytes(*.missing)
    )]
    NoRoom {
        /// Bytes that are missing.
        missing: u64,
    },
    /// The database failed.
    #[error("{}", in_words(.0))]
    Db(#[from] rusqlite::Error),
    /// A full check found damage.
    #[error(
        "The encrypted store is damaged ({0}). End the app and run `mnm check`: it says what is damaged, and `mnm check --save-to DIR` saves what is whole."
    )]
    Damaged(String),
}

impl VaultError {
    /// The code that pages and command line get for this error.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::NotFound { .. } => ErrorCode::NotFound,
            Self::UnknownRecipients(_)
            | Self::AmbiguousRecipient { .. }
            | Self::ClaimedRecipient { .. } => ErrorCode::UnknownRecipient,
            Self::NoRecipients | Self::EmptyLetter | Self::Invalid(_) => ErrorCode::Invalid,
            Self::TooLarge(_) => ErrorCode::TooLarge,
            Self::LeftGroup(_)
            | Self::RemovedFromGroup(_)
            | Self::NotJoined(_)
            | Self::EmptyGroup(_)
            | Self::Conflict(_)
            | Self::ThreadFull { .. }
            | Self::AccountExists => ErrorCode::Conflict,
            Self::Outdated => ErrorCode::Outdated,
            Self::NoRoom { .. } => ErrorCode::NoRoom,
            Self::Db(error) if error.sqlite_error_code() == Some(DiskFull) => ErrorCode::NoRoom,
            Self::Db(_) | Self::Damaged(_) => ErrorCode::Store,
            Self::Random(_) => ErrorCode::Internal,
        }
    }

    /// What the member may do instead.
    fn offer(&self) -> Option<Offer> {
        match self {
            Self::LeftGroup(group) | Self::NotJoined(group) => {
                Some(Offer::Group { group: group.clone() })
            }
            Self::ThreadFull { thread, .. } => Some(Offer::Readers { thread: *thread }),
            Self::NotFound { .. }
            | Self::UnknownRecipients(_)
            | Self::AmbiguousRecipient { .. }
            | Self::ClaimedRecipient { .. }
            | Self::NoRecipients
            | Self::EmptyLetter
            | Self::Invalid(_)
            | Self::TooLarge(_)
            | Self::RemovedFromGroup(_)
            | Self::EmptyGroup(_)
            | Self::Conflict(_)
            | Self::AccountExists
            | Self::Outdated
            | Self::NoRoom { .. }
            | Self::Db(_)
            | Self::Damaged(_)
            | Self::Random(_) => None,
        }
    }
}

/// Bytes as whole megabytes, at least one.
fn megabytes(bytes: u64) -> u64 {
    bytes.div_ceil(1_000_000)
}

/// A database failure, for people.
fn in_words(error: &rusqlite::Error) -> &'static str {
    match error.sqlite_error_code() {
        Some(DiskFull) => {
            "The disk is full, so this was not stored. Everything that is here can be read; make room on the disk (some megabytes), then try again."
        }
        Some(DatabaseCorrupt | NotADatabase) => {
            "A part of the encrypted store is damaged and could not be read. Everything else is whole. End the app and run `mnm check`: it says what is damaged, and saves what is whole."
        }
        _ => {
            "The encrypted store could not be read or written. What was asked for was not done; check that the disk works, then start the app again. `mnm check` says whether the store is damaged."
        }
    }
}

impl From<rusqlite::types::FromSqlError> for VaultError {
    fn from(error: rusqlite::types::FromSqlError) -> Self {
        Self::Db(error.into())
    }
}

impl From<VaultError> for Error {
    fn from(error: VaultError) -> Self {
        Self { offer: error.offer(), ..Self::new(error.code(), error.to_string()) }
    }
}

/// Why the vault could not be opened. Nothing on disk was overwritten.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process holds the home's lock.
    #[error(
        "Another mnm is running with the home {home}. Two at once would damage its store; use that one, or end it first."
    )]
    InUse {
        /// The home directory.
        home: String,
    },
    /// The directory holds other files and no store.
    #[error(
        "{home} is a directory with other things in it and no store of mnm, so none was made there. Nothing was changed; name an empty or a new directory."
    )]
    NotAHome {
        /// The directory.
        home: String,
    },
    /// There is a store but no key.
    #[error(
        "The store {db} is there but its key {key} is missing. Nothing can be read without that key; put the key file back from a backup. Nothing was changed."
    )]
    KeyMissing {
        /// The store.
        db: String,
        /// The key file that is missing.
        key: String,
    },
    /// The store is missing from a home that had one.
    #[error(
        "The store {db} is missing, and {remains} beside it shows that there was one. Put it back from a backup, with the key of the same backup. Nothing was changed, and no new store was made in its place; for a new one, name a new directory with --home."
    )]
    StoreMissing {
        /// The store that is missing.
        db: String,
        /// The file that a store has left.
        remains: String,
    },
    /// The key file does not hold a key.
    #[error(
        "The key file {key} does not hold a key: it has {found} bytes instead of 32. Put it back from a backup. Nothing was changed."
    )]
    KeyDamaged {
        /// The key file.
        key: String,
        /// Its length in bytes.
        found: usize,
    },
    /// The first page cannot be decrypted: a wrong key, or damage to that page.
    #[error(
        "The beginning of the store {db} can't be read: it is damaged, or the key {key} is another store's. End the app and run `mnm check --save-to DIR`: if the key fits, it saves what is whole. If it does not, put back the key and the store that belong together. Nothing was changed."
    )]
    KeyMismatch {
        /// The store.
        db: String,
        /// The key file.
        key: String,
    },
    /// The store is truncated or otherwise damaged.
    #[error(
        "The store {db} is damaged: {reason}. {}; the damaged file was left as it is. A backup from before the damage may hold what is lost.",
        if *.nothing_left { "Nothing of it can be saved" } else { "`mnm check --save-to DIR` saves what is whole into a new directory" }
    )]
    Damaged {
        /// The store.
        db: String,
        /// What was found.
        reason: String,
        /// Whether nothing can be recovered.
        nothing_left: bool,
    },
    /// A later version of the app has written the store.
    #[error(
        "The store {db} was written by a newer mnm (its schema is {found}, this one knows {known}). Use that newer version. Nothing was changed."
    )]
    Newer {
        /// The store.
        db: String,
        /// Its schema version.
        found: i64,
        /// The newest this app knows.
        known: i64,
    },
    /// There is no store to check.
    #[error("There is no store in {home}. Name the directory of an installation with --home.")]
    NoStore {
        /// The home directory.
        home: String,
    },
    /// There is already a store where one was to be made.
    #[error(
        "There is a store in {home} already. Nothing was changed; name a directory that is new or empty."
    )]
    StoreExists {
        /// The directory.
        home: String,
    },
    /// The disk has no room to open the store.
    #[error(
        "The disk is full, so the store {db} could not be opened. Nothing is lost; make room on the disk (some megabytes), then start again."
    )]
    DiskFull {
        /// The store.
        db: String,
    },
    /// A file or directory of the home could not be used.
    #[error(
        "{path} cannot be used. Check that the directory exists, belongs to you and the disk has space."
    )]
    Io {
        /// Which.
        path: String,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The system gave no random bytes for the key.
    #[error("The system gave no random numbers, so no key could be made. Restart the computer.")]
    Random(#[source] getrandom::Error),
    /// Another database failure.
    #[error(
        "The store {db} could not be opened. Check that the disk has space and works, then start again."
    )]
    Db {
        /// The store.
        db: String,
        /// What the database said.
        #[source]
        source: rusqlite::Error,
    },
}

impl From<OpenError> for Error {
    fn from(error: OpenError) -> Self {
        let code = match &error {
            OpenError::InUse { .. } => ErrorCode::InUse,
            OpenError::Random(_) => ErrorCode::Internal,
            OpenError::DiskFull { .. } => ErrorCode::NoRoom,
            OpenError::NotAHome { .. }
            | OpenError::KeyMissing { .. }
            | OpenError::StoreMissing { .. }
            | OpenError::KeyDamaged { .. }
            | OpenError::KeyMismatch { .. }
            | OpenError::Damaged { .. }
            | OpenError::Newer { .. }
            | OpenError::NoStore { .. }
            | OpenError::StoreExists { .. }
            | OpenError::Io { .. }
            | OpenError::Db { .. } => ErrorCode::Store,
        };
        Self::new(code, error.to_string())
    }
}
