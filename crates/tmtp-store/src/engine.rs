//! Key-value engine of this store: ordered rows whose changes are atomic. Public for the store's own
//! tests.
//!
//! Only the writer thread calls [`Engine::commit`]; any thread reads. Log, memtable and bodies lie above
//! it, and preconditions are checked there, because most rows never reach the engine. So this is no
//! seam for a store that several nodes share; that would stand beside [`Store`](crate::Store).

pub(crate) mod memory;
pub(crate) mod precondition;
pub(crate) mod redb;

use std::ops::{Bound, ControlFlow};

use smallvec::SmallVec;

use crate::error::StoreError;
pub use memory::MemoryEngine;
use precondition::Precondition;
pub use redb::RedbEngine;

/// The key of a row. Those of messages and of who is owed them need no memory of their own.
pub type Key = SmallVec<[u8; 16]>;

/// A range of keys, by bytes.
pub type KeyRange<'a> = (Bound<&'a [u8]>, Bound<&'a [u8]>);

/// Rows that can be read.
pub trait ReadRows: Send + Sync + 'static {
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
pub trait Engine: ReadRows {
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
pub type Visitor<'v> = dyn FnMut(&[u8], &[u8]) -> ControlFlow<()> + 'v;

/// A change of one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Writes a row, over the old one if there is one.
    Put(Key, Vec<u8>),
    /// Writes a row whose key was never used before, which spares asking whether there is one.
    Insert(Key, Vec<u8>),
    /// Deletes a row if it is there.
    Delete(Key),
}

/// Changes that happen all or not at all, under preconditions.
///
/// Preconditions are checked against the rows before the batch; changes apply in the order they
/// were added, so of two changes of one key the later wins.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Batch {
    pub(crate) preconditions: Vec<Precondition>,
    pub(crate) changes: Vec<Change>,
}

impl Batch {
    /// A batch that does nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Writes a row.
    pub fn put(&mut self, key: impl AsRef<[u8]>, value: impl Into<Vec<u8>>) -> &mut Self {
        self.changes.push(Change::Put(Key::from_slice(key.as_ref()), value.into()));
        self
    }

    /// Writes a row whose key was never used before.
    pub(crate) fn insert(&mut self, key: impl AsRef<[u8]>, value: impl Into<Vec<u8>>) -> &mut Self {
        self.changes.push(Change::Insert(Key::from_slice(key.as_ref()), value.into()));
        self
    }

    /// Deletes a row if it is there.
    pub fn delete(&mut self, key: impl AsRef<[u8]>) -> &mut Self {
        self.changes.push(Change::Delete(Key::from_slice(key.as_ref())));
        self
    }

    /// Whether the batch neither requires nor changes anything.
    pub fn is_empty(&self) -> bool {
        self.preconditions.is_empty() && self.changes.is_empty()
    }

    /// Every key the batch looks at or changes.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &[u8]> {
        let required = self.preconditions.iter().map(|required| match required {
            Precondition::Absent(key) | Precondition::Equals(key, _) => key.as_slice(),
        });
        required.chain(self.changes.iter().map(Change::key))
    }

    /// Bytes of keys and values in the batch: what it costs while it waits.
    pub(crate) fn weight(&self) -> usize {
        self.changes
            .iter()
            .map(|change| change.key().len() + change.value().map_or(0, <[u8]>::len))
            .sum()
    }
}

impl Change {
    pub(crate) fn key(&self) -> &[u8] {
        match self {
            Self::Put(key, _) | Self::Insert(key, _) | Self::Delete(key) => key,
        }
    }

    /// The value of the row after it; `None` when there is no row then.
    pub(crate) fn value(&self) -> Option<&[u8]> {
        match self {
            Self::Put(_, value) | Self::Insert(_, value) => Some(value),
            Self::Delete(_) => None,
        }
    }
}

/// The range of all keys that start with `prefix`, which must not be empty; `end` holds the bound.
///
/// ```
/// use tmtp_store::engine::prefix_end;
/// assert_eq!(prefix_end(b"ab"), Some(b"ac".to_vec()));
/// assert_eq!(prefix_end(b"a\xff"), Some(b"b".to_vec()));
/// assert_eq!(prefix_end(b"\xff"), None);
/// ```
pub fn prefix_end(prefix: &[u8]) -> Option<Vec<u8>> {
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
