//! Batch: changes of rows that happen all or not at all.

use smallvec::SmallVec;

/// A row: key and value.
pub type Row = (Vec<u8>, Vec<u8>);

/// The key of a row. Those of messages and queues need no memory of their own.
pub(crate) type Key = SmallVec<[u8; 16]>;

/// A change of one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Change {
    /// Writes a row, over the old one if there is one.
    Put(Key, Vec<u8>),
    /// Writes a row whose key was never used before, which spares asking whether there is one.
    Insert(Key, Vec<u8>),
    /// Deletes a row if it is there.
    Delete(Key),
}

/// Changes that happen all or not at all, in the order they were added: of two changes of one key the
/// later wins.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Batch {
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

    /// Whether the batch changes nothing.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// The rows it changes, in the order they were added: the key, and the value if it is not deleted.
    pub fn changes(&self) -> impl Iterator<Item = (&[u8], Option<&[u8]>)> {
        self.changes.iter().map(|change| (change.key(), change.value()))
    }

    /// Every key the batch changes.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &[u8]> {
        self.changes.iter().map(Change::key)
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
