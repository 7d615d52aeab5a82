//! Order of search results.

use serde::{Deserialize, Serialize};

/// In which order hits come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum SearchOrder {
    /// The best first among the newest 500 messages that may match, then among the next.
    #[default]
    Best,
    /// The newest first.
    Newest,
}
