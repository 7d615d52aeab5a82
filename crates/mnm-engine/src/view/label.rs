//! Views of what the member has named: tags of threads, saved searches.

use serde::{Deserialize, Serialize};

use super::id::{SavedSearchId, TagId};

/// A tag of threads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Tag {
    /// Local row number.
    pub id: TagId,
    /// Its name.
    pub name: String,
    /// Its colour: one of the ten accents of the pages, 0 to 9.
    pub accent: u8,
}

/// A search that was saved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SavedSearch {
    /// Local row number.
    pub id: SavedSearchId,
    /// Its name.
    pub name: String,
    /// The words, as in [`crate::command::Command::Search`].
    pub words: String,
}
