//! Exit codes of the command line, and the failure type.

use std::{fmt::Write as _, io};

use mnm_engine::error::Offer;
use mnm_engine::{Error as EngineError, ErrorCode, OpenError};
use serde::Serialize;

/// The exit code of the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done.
    Ok = 0,
    /// Refused or failed; the message says why.
    Failed = 1,
    /// The command line is wrong. The same code that the argument parser uses.
    Usage = 2,
    /// What was named does not exist here, or more than one fits.
    NotFound = 3,
    /// Safe in the outbox, not yet acknowledged by the service.
    Queued = 4,
    /// Another process has the home directory and can't be reached.
    InUse = 5,
    /// The service can't be reached or its certificate is not the one trusted.
    Network = 6,
    /// The app that a command was connected to has ended.
    AppEnded = 7,
}

/// Every exit code with its meaning, as `--help` shows them.
pub(crate) const TABLE: &[(Exit, &str)] = &[
    (Exit::Ok, "done"),
    (Exit::Failed, "refused or failed"),
    (Exit::Usage, "wrong usage"),
    (Exit::NotFound, "not found, or more than one fits"),
    (Exit::Queued, "queued here, not yet acknowledged by the service"),
    (Exit::InUse, "another process uses the home directory and can't be reached"),
    (Exit::Network, "service unreachable, or its certificate is not trusted"),
    (Exit::AppEnded, "the running app ended, to which `watch` or `chat` was connected"),
];

/// The table as text for `--help`.
pub(crate) fn help() -> String {
    let mut text = String::from("Exit codes:\n");
    for (exit, meaning) in TABLE {
        let _ = writeln!(text, "  {}  {meaning}", *exit as u8);
    }
    text
}

/// Why a command failed. Printed once, by `main`: as a line on standard error, or with `--json` as
/// `{"error": {"code": …, "message": …}}` on standard output.
#[derive(Debug, Clone, Serialize, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Failure {
    /// The exit code that goes with it.
    #[serde(skip)]
    pub(crate) exit: Exit,
    /// A word for programs.
    pub(crate) code: String,
    /// What happened, what it means and what to do.
    pub(crate) message: String,
}

impl Failure {
    /// A failure with its word for programs and its sentence for people.
    pub(crate) fn new(exit: Exit, code: &str, message: impl Into<String>) -> Self {
        Self { exit, code: code.to_owned(), message: message.into() }
    }

    /// Something wrong in how the command was called.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, "usage", message)
    }

    /// A file or stream of this machine failed; `what` says which, as the beginning of a sentence.
    pub(crate) fn io(what: impl std::fmt::Display, error: &io::Error) -> Self {
        Self::new(Exit::Failed, "io", format!("{what}: {}", why(error)))
    }

    /// A refusal as the engine or the running app words it, with the commands for what it offers;
    /// `code` decides the exit code.
    pub(crate) fn refusal(code: &str, mut message: String, offer: Option<&Offer>) -> Self {
        message.push_str(&offer.map(commands).unwrap_or_default());
        Self::new(read_code(code).map_or(Exit::Failed, exit_of), code, message)
    }
}

/// What a fault of the system means, without its number.
#[expect(clippy::wildcard_enum_match_arm, reason = "the library adds kinds as it likes")]
fn why(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is nothing of that name".to_owned(),
        io::ErrorKind::PermissionDenied => "this user may not do that".to_owned(),
        io::ErrorKind::IsADirectory => "it is a directory".to_owned(),
        _ => {
            let words = error.to_string();
            words.split(" (os error").next().unwrap_or_default().to_owned()
        }
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        Self::refusal(&code_word(&error), error.message, error.offer.as_ref())
    }
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        let cause = std::error::Error::source(&error).map(|cause| format!(" ({cause})"));
        let mut failure = Self::from(EngineError::from(error));
        failure.message.push_str(&cause.unwrap_or_default());
        failure
    }
}

/// The commands by which an offer is taken, each on a line of its own.
fn commands(offer: &Offer) -> String {
    match offer {
        Offer::Account { account, address, seen } => {
            let trust = seen.as_ref().map(|seen| format!(" --trust {seen}")).unwrap_or_default();
            format!(
                "\nTo tell it: mnm account --account {account} --address {}{trust}\nTo make a second account all the same: the same command with --another",
                quoted(address)
            )
        }
        Offer::Alias { address, .. } => {
            format!("\nTo choose another: mnm join {} --alias ANOTHER", quoted(address))
        }
        Offer::Group { group } => format!("\nTo join: mnm join-group {}", quoted(group)),
        Offer::Readers { thread } => format!("\nTo see who reads it: mnm people {thread}"),
        // Whoever asked for it names the fingerprint.
        Offer::Trust { .. } => String::new(),
    }
}

/// A word for a shell.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// The exit code of a refusal.
fn exit_of(code: ErrorCode) -> Exit {
    match code {
        ErrorCode::NotFound | ErrorCode::UnknownRecipient => Exit::NotFound,
        ErrorCode::Offline | ErrorCode::Timeout | ErrorCode::Untrusted => Exit::Network,
        ErrorCode::InUse => Exit::InUse,
        ErrorCode::Invalid
        | ErrorCode::BadAddress
        | ErrorCode::BadAlias
        | ErrorCode::TooLarge
        | ErrorCode::Conflict
        | ErrorCode::Outdated
        | ErrorCode::KnownService
        | ErrorCode::Refused
        | ErrorCode::AliasRefused
        | ErrorCode::Store
        | ErrorCode::NoRoom
        | ErrorCode::Internal => Exit::Failed,
    }
}

/// The engine's error code of this word; none for a word of the server itself, or of a newer app.
fn read_code(word: &str) -> Option<ErrorCode> {
    serde_json::from_value(word.into()).ok()
}

/// The engine's error code as it stands in JSON.
fn code_word(error: &EngineError) -> String {
    match serde_json::to_value(error.code) {
        Ok(serde_json::Value::String(word)) => word,
        _ => "internal".to_owned(),
    }
}
