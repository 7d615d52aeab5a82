//! Key-value engine of this store: ordered rows whose changes are atomic.
//!
//! Only the writer thread calls [`Engine::commit`]; any thread reads. Log, memtable and bodies lie above
//! it, because most rows never reach the engine. So this is no seam for a store that several nodes share;
//! that is [`Store`](crate::Store).

#[cfg(test)]
pub(crate) mod memory;
pub(crate) mod redb;

use std::ops::{Bound, ControlFlow};

use crate::batch::Change;
use crate::error::StoreError;

/// A range of keys, by bytes.
pub(crate) type KeyRange<'a> = (Bound<&'a [u8]>, Bound<&'a [u8]>);

/// Rows that can be read.
pub(crate) trait ReadRows: Send + Sync + 'static {
    /// The values of `keys`, in their order, all of one moment.
    fn get_many(&self, keys: &[&[u8]]) -> Result<Vec<Option<Vec<u8>>>, StoreError>;

    /// Shows the rows of `range` in rising order of key, all of one moment, until `visit` breaks.
    /// `visit` must not ask for other rows.
    fn scan(&self, range: KeyRange<'_>, visit: &mut Visitor<'_>) -> Result<(), StoreError>;

    /// The value of `key`.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.get_many(&[key])?.pop().flatten())
    }
}

/// An ordered key-value space.
pub(crate) trait Engine: ReadRows {
    /// Applies `changes` in order, all or none, and makes them durable.
    ///
    /// An error means that none is applied as far as can be known; after a failed sync the engine
    /// may find on its next read that all of them are. Never a part of them.
    fn commit(&self, changes: &[Change]) -> Result<(), StoreError>;

    /// Why it refuses everything until it is opened anew; `None` as long as it does not.
    fn failure(&self) -> Option<StoreError> {
        None
    }
}

/// Sees one row of a scan: key and value.
pub(crate) type Visitor<'v> = dyn FnMut(&[u8], &[u8]) -> ControlFlow<()> + 'v;

/// Behind all keys that start with `prefix`; `None` where no key lies behind them.
pub(crate) fn prefix_end(prefix: &[u8]) -> Option<Vec<u8>> {
    let last = prefix.iter().rposition(|byte| *byte != u8::MAX)?;
    let mut end = prefix.get(..=last)?.to_vec();
    if let Some(byte) = end.last_mut() {
        *byte += 1;
    }
    Some(end)
}

/// Whether no key can lie in `range`.
pub(crate) fn is_empty(range: KeyRange<'_>) -> bool {
    match range {
        (Bound::Included(from), Bound::Included(to)) => from > to,
        (Bound::Included(from) | Bound::Excluded(from), Bound::Excluded(to))
        | (Bound::Excluded(from), Bound::Included(to)) => from >= to,
        _ => false,
    }
}

#[cfg(test)]
#[path = "engine/engine_tests.rs"]
mod tests;
