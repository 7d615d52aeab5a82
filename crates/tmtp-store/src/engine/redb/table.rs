//! Table of rows in redb: how it is read, and what its errors mean.

use std::io;
use std::ops::ControlFlow;
use std::sync::Arc;

use redb::{Database, ReadableDatabase, TableDefinition};

use crate::engine::{KeyRange, Visitor, is_empty};
use crate::error::StoreError;

pub(super) const ROWS: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("rows");

pub(super) fn get_many(
    database: &Database,
    keys: &[&[u8]],
) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
    const DOING: &str = "reading rows";
    let read = database.begin_read().map_err(|error| failure(DOING, error))?;
    let table = read.open_table(ROWS).map_err(|error| failure(DOING, error))?;
    keys.iter()
        .map(|key| {
            let value = table.get(*key).map_err(|error| failure(DOING, error))?;
            Ok(value.map(|value| value.value().to_vec()))
        })
        .collect()
}

pub(super) fn scan(
    database: &Database,
    range: KeyRange<'_>,
    visit: &mut Visitor<'_>,
) -> Result<(), StoreError> {
    const DOING: &str = "reading rows";
    if is_empty(range) {
        return Ok(());
    }
    let read = database.begin_read().map_err(|error| failure(DOING, error))?;
    let table = read.open_table(ROWS).map_err(|error| failure(DOING, error))?;
    for row in table.range::<&[u8]>(range).map_err(|error| failure(DOING, error))? {
        let (key, value) = row.map_err(|error| failure(DOING, error))?;
        if let ControlFlow::Break(()) = visit(key.value(), value.value()) {
            break;
        }
    }
    Ok(())
}

/// Sorts what redb reports.
#[expect(clippy::wildcard_enum_match_arm, reason = "a foreign enum")]
pub(super) fn failure(doing: &'static str, error: impl Into<redb::Error>) -> StoreError {
    match error.into() {
        redb::Error::Io(error) if error.kind() == io::ErrorKind::InvalidData => {
            StoreError::corrupt(format!("rows.redb: {error}"))
        }
        redb::Error::Io(error) => StoreError::io(doing, error),
        redb::Error::Corrupted(what) => StoreError::corrupt(format!("rows.redb: {what}")),
        error @ (redb::Error::TableDoesNotExist(_) | redb::Error::TableTypeMismatch { .. }) => {
            StoreError::corrupt(format!("rows.redb: {error}"))
        }
        redb::Error::UpgradeRequired(version) => {
            StoreError::corrupt(format!("rows.redb: file format {version} is too old"))
        }
        error => StoreError::Io { doing, source: Arc::new(io::Error::other(error)) },
    }
}
