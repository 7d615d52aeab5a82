//! Rows: those of the engine, with the memtable over them.
//!
//! Most rows live for milliseconds, from the post to the acknowledgement of a device that is online:
//! they come and go in memory and never reach the engine. Only the writer thread changes rows;
//! any thread reads.

mod memtable;

use std::ops::ControlFlow;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use crate::batch::Change;
use crate::engine::is_empty;
use crate::engine::{Engine, KeyRange, ReadRows, Visitor};
use crate::error::StoreError;
use crate::position::Position;
use crate::row::WAL_KEY;
use crate::wal::Epoch;

pub(crate) use self::memtable::Memtable;

/// The rows.
pub(crate) struct Rows<E: ?Sized> {
    memtable: RwLock<Memtable>,
    engine: Arc<E>,
}

impl<E: ReadRows + ?Sized> Rows<E> {
    /// The rows of `engine` with `waiting` over them.
    pub(crate) fn new(engine: Arc<E>, memtable: Memtable) -> Self {
        Self { engine, memtable: RwLock::new(memtable) }
    }

    pub(crate) fn engine(&self) -> &E {
        &self.engine
    }

    fn memtable(&self) -> RwLockReadGuard<'_, Memtable> {
        self.memtable.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Bytes of memory that the memtable takes, about.
    pub(crate) fn waiting_bytes(&self) -> usize {
        self.memtable().bytes
    }

    /// Calls `found` with those of `keys` that exist: their index in the list, and the value. All
    /// of one moment.
    pub(crate) fn find(
        &self,
        keys: &[impl AsRef<[u8]>],
        mut found: impl FnMut(usize, &[u8]),
    ) -> Result<(), StoreError> {
        // Held until the engine has answered too, so that both are of one moment.
        let memtable = self.memtable();
        let (mut missing, mut places) = (Vec::new(), Vec::new());
        for (place, key) in keys.iter().enumerate() {
            match memtable.get(key.as_ref()) {
                Some(Some(value)) => found(place, value),
                Some(None) => {}
                None => {
                    missing.push(key.as_ref());
                    places.push(place);
                }
            }
        }
        if missing.is_empty() {
            return Ok(());
        }
        let rows = self.engine.get_many(&missing)?;
        for (place, value) in places.into_iter().zip(rows) {
            if let Some(value) = value {
                found(place, &value);
            }
        }
        Ok(())
    }

    /// Makes durable changes visible to readers. Messages up to `last_position` are among them.
    pub(crate) fn apply(&self, changes: Vec<Change>, last_position: Option<Position>) {
        let mut memtable = self.memtable.write().unwrap_or_else(PoisonError::into_inner);
        changes.into_iter().for_each(|change| memtable.apply(change));
        memtable.last_position = last_position
            .map_or(memtable.last_position, |position| position.max(memtable.last_position));
    }

    /// The engine has all messages up to `last_position`, and no changes wait.
    pub(crate) fn start_behind(&self, last_position: Position) {
        let mut memtable = self.memtable.write().unwrap_or_else(PoisonError::into_inner);
        *memtable = Memtable::behind(last_position);
    }

    /// The last message that is committed. All later ones have a higher position.
    pub(crate) fn last_position(&self) -> Position {
        self.memtable().last_position
    }

    /// Like [`ReadRows::scan`] of a range in which there are only queue rows of messages behind `position`.
    pub(crate) fn scan_behind(
        &self,
        position: Option<Position>,
        range: KeyRange<'_>,
        visit: &mut Visitor<'_>,
    ) -> Result<(), StoreError> {
        let memtable = self.memtable();
        let in_engine = position.is_none_or(|position| position < memtable.last_stored);
        self.scan_over(&memtable, in_engine, range, visit)
    }

    fn scan_over(
        &self,
        memtable: &Memtable,
        in_engine: bool,
        range: KeyRange<'_>,
        visit: &mut Visitor<'_>,
    ) -> Result<(), StoreError> {
        if is_empty(range) {
            return Ok(());
        }
        let mut over = memtable.range(range).peekable();
        let mut broke = false;
        let mut merge = |key: &[u8], value: &[u8]| {
            while let Some((waiting_key, row)) = over.next_if(|(over, _)| over.as_slice() < key) {
                if let Some(value) = row {
                    broke = visit(&waiting_key, value).is_break();
                    if broke {
                        return ControlFlow::Break(());
                    }
                }
            }
            let shown = match over.next_if(|(over, _)| over.as_slice() == key) {
                Some((_, row)) => row.map(Vec::as_slice),
                None => Some(value),
            };
            broke = shown.is_some_and(|value| visit(key, value).is_break());
            if broke { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        if in_engine {
            self.engine.scan(range, &mut merge)?;
        }
        for (key, row) in over {
            match row {
                _ if broke => break,
                Some(value) => broke = visit(&key, value).is_break(),
                None => {}
            }
        }
        Ok(())
    }
}

impl<E: Engine + ?Sized> Rows<E> {
    /// Commits all waiting changes to the engine, together with the epoch of the log that begins
    /// then; `None` when the log is no longer needed.
    pub(crate) fn checkpoint(&self, epoch: Option<Epoch>) -> Result<(), StoreError> {
        let epoch = epoch.map(Epoch::encode);
        let change = |(key, value): (_, Option<&Vec<u8>>)| match value {
            Some(value) => Change::Put(key, value.clone()),
            None => Change::Delete(key),
        };
        let mut changes: Vec<Change> = self.memtable().iter().map(change).collect();
        changes.push(change((WAL_KEY.into(), epoch.as_ref())));
        if let Err(error) = self.engine.commit(&changes) {
            // It may have been committed all the same. Then the old records are void, and none may
            // be appended to them.
            let named = self.engine.get(WAL_KEY).map_err(|_| StoreError::Uncertain)?;
            if named != epoch {
                return Err(error);
            }
        }
        // Not before: a reader between the two sees the same rows twice, and takes these.
        let mut memtable = self.memtable.write().unwrap_or_else(PoisonError::into_inner);
        *memtable = Memtable::behind(memtable.last_position);
        Ok(())
    }
}

impl<E: ReadRows + ?Sized> ReadRows for Rows<E> {
    fn get_many(&self, keys: &[&[u8]]) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        let mut values = vec![None; keys.len()];
        self.find(keys, |place, value| {
            if let Some(found) = values.get_mut(place) {
                *found = Some(value.to_vec());
            }
        })?;
        Ok(values)
    }

    fn scan(&self, range: KeyRange<'_>, visit: &mut Visitor<'_>) -> Result<(), StoreError> {
        self.scan_over(&self.memtable(), true, range, visit)
    }
}
