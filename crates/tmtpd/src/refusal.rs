//! Refusals: why a request is refused, by which rule, and with which message.

use tmtp::id::Uid;

use crate::log::Throttle;
use crate::log::chain;
use crate::log::error_limited;
use crate::metrics::Rule;
use tmtp_store::StoreError;

/// Why a request was refused. The message is sent to the peer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{words}")]
pub(crate) struct Refusal {
    /// The rule.
    pub(crate) rule: Rule,
    /// The message for the peer.
    pub(crate) words: String,
    /// Uids of the recipients that caused it; empty where nobody else could have been reached.
    pub(crate) of: Vec<Uid>,
    /// Whether an unknown name or somebody else's was tried: that counts as a ping of the day, so
    /// that names cannot be found out by trying.
    pub(crate) is_guess: bool,
}

impl Refusal {
    pub(crate) fn new(rule: Rule, words: impl Into<String>) -> Self {
        Self { rule, words: words.into(), of: Vec::new(), is_guess: false }
    }

    /// The same, marked as an attempt to guess a name.
    pub(crate) fn of_guess(self) -> Self {
        Self { is_guess: true, ..self }
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Full => {
                static FULL: Throttle = Throttle::new(1);
                error_limited!(FULL, "the disk is full, requests are refused");
                Self::new(
                    Rule::DiskFull,
                    "the service's disk is full, nothing was stored; try again later",
                )
            }
            StoreError::Busy => {
                Self::new(Rule::Busy, "the service is busy, nothing was stored; try again")
            }
            // After such a failure the link ends without an answer: the peer repeats the request on
            // its next link, and the next start knows the result.
            StoreError::Uncertain | StoreError::Closed => {
                Self::new(Rule::Uncertain, "it is not known whether it was stored")
            }
            StoreError::HeadTooLong => {
                Self::new(Rule::HeaderRoom, "names and lists are too long for a header")
            }
            error @ (StoreError::Io { .. }
            | StoreError::Corrupt { .. }
            | StoreError::Gone
            | StoreError::TooLong { .. }
            | StoreError::OtherStore
            | StoreError::ReservedKey { .. }
            | StoreError::InUse { .. }
            | StoreError::NoStore { .. }
            | StoreError::NotEmpty { .. }
            | StoreError::NewerFormat { .. }) => {
                static FAILED: Throttle = Throttle::new(10);
                error_limited!(FAILED, error = %chain(&error), "the store failed");
                Self::new(Rule::Failed, "the service could not store it; try again later")
            }
        }
    }
}
