//! Memtable: changes that are committed in the log and have not reached the engine yet.
//!
//! Rows of messages and of queues are kept apart from all others: their keys end in a position, and
//! grow with it. Those that differ only in the position form a *run*, one [`SortedQueue`] each.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::{Bound, RangeBounds};

use crate::batch::{Change, Key};
use crate::engine::KeyRange;
use crate::error::StoreError;
use crate::extent::Extent;
use crate::position::Position;
use crate::row::{MESSAGES, MessageRow, position_of_key};
use crate::sorted_queue::SortedQueue;

/// The memory of a waiting row beside its key and value, in bytes.
const ROW_BYTES: usize = 96;

/// The changes.
#[derive(Debug, Default)]
pub(crate) struct Memtable {
    /// New rows, which the engine does not have: runs by what is before the position in their keys.
    runs: BTreeMap<Key, SortedQueue<Position, Vec<u8>>>,
    /// All other rows: the value, or `None` for one that is deleted.
    others: BTreeMap<Key, Option<Vec<u8>>>,
    /// About how much memory all of it takes.
    pub(super) bytes: usize,
    /// The last message that is committed, and the last one that was when the engine got its rows:
    /// the engine has no rows of later ones.
    pub(super) last_position: Position,
    pub(super) last_stored: Position,
}

impl Memtable {
    /// Nothing waits, and all new messages have higher positions.
    pub(super) fn behind(last_position: Position) -> Self {
        Self { last_position, last_stored: last_position, ..Self::default() }
    }

    /// What the row is now: `Some(None)` when it is deleted, `None` when it is as the engine has it.
    pub(super) fn get(&self, key: &[u8]) -> Option<Option<&Vec<u8>>> {
        self.new_row(key).map(Some).or_else(|| self.others.get(key).map(Option::as_ref))
    }

    fn new_row(&self, key: &[u8]) -> Option<&Vec<u8>> {
        let (run, position) = position_of_key(key)?;
        self.runs.get(run)?.get(&position)
    }

    pub(crate) fn apply(&mut self, change: Change) {
        match change {
            Change::Insert(key, value) => self.insert(key, value),
            Change::Put(key, value) if self.new_row(&key).is_some() => self.insert(key, value),
            Change::Put(key, value) => self.set(key, Some(value)),
            Change::Delete(key) => self.delete(key),
        }
    }

    fn insert(&mut self, key: Key, value: Vec<u8>) {
        let Some((run, position)) = position_of_key(&key) else {
            return self.set(key, Some(value));
        };
        self.bytes += weight(key.len(), Some(&value));
        let run = match self.runs.get_mut(run) {
            Some(run) => run,
            None => self.runs.entry(run.into()).or_default(),
        };
        if let Some(old) = run.insert(position, value) {
            self.bytes -= weight(key.len(), Some(&old));
        }
    }

    fn delete(&mut self, key: Key) {
        let new = position_of_key(&key)
            .and_then(|(run, position)| self.runs.get_mut(run)?.remove(&position));
        match new {
            Some(old) => self.bytes -= weight(key.len(), Some(&old)),
            None => self.set(key, None),
        }
    }

    fn set(&mut self, key: Key, value: Option<Vec<u8>>) {
        let key_len = key.len();
        self.bytes += weight(key_len, value.as_ref());
        if let Some(old) = self.others.insert(key, value) {
            self.bytes -= weight(key_len, old.as_ref());
        }
    }

    /// All of them in rising order of key.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Key, Option<&Vec<u8>>)> {
        self.range((Bound::Unbounded, Bound::Unbounded))
    }

    /// Those in `range`, whose end must not lie before its start.
    pub(super) fn range<'w>(
        &'w self,
        range: KeyRange<'w>,
    ) -> impl Iterator<Item = (Key, Option<&'w Vec<u8>>)> {
        let others = self.others.range::<[u8], _>(range);
        let mut others = others.map(|(key, value)| (key.clone(), value.as_ref())).peekable();
        let mut new = self.new_rows(range).map(|(key, value)| (key, Some(value))).peekable();
        std::iter::from_fn(move || match (others.peek(), new.peek()) {
            (Some((other, _)), Some((key, _))) if key < other => new.next(),
            (None, _) => new.next(),
            _ => others.next(),
        })
    }

    fn new_rows<'w>(&'w self, range: KeyRange<'w>) -> impl Iterator<Item = (Key, &'w Vec<u8>)> {
        let (first_run, first_position) = match range.0 {
            Bound::Included(key) | Bound::Excluded(key) => {
                position_of_key(key).unwrap_or((key, Position::default()))
            }
            Bound::Unbounded => (&[][..], Position::default()),
        };
        let runs = self.runs.range::<[u8], _>((Bound::Included(first_run), range.1));
        let rows = runs.flat_map(move |(run, rows)| {
            let from =
                if run.as_slice() == first_run { first_position } else { Position::default() };
            rows.range_from(from).map(|(position, value)| {
                let mut key = run.clone();
                key.extend_from_slice(&position.to_be_bytes());
                (key, value)
            })
        });
        let (start, end) = ((range.0, Bound::Unbounded), (Bound::Unbounded, range.1));
        rows.skip_while(move |(key, _)| !RangeBounds::<[u8]>::contains(&start, key.as_slice()))
            .take_while(move |(key, _)| RangeBounds::<[u8]>::contains(&end, key.as_slice()))
    }

    /// The small bodies that rows of messages name here.
    pub(crate) fn alive(&self) -> Result<BTreeSet<Extent>, StoreError> {
        let (from, to) = MESSAGES;
        let rows = self.range((Bound::Included(from), Bound::Excluded(to)));
        let rows = rows.filter_map(|(_, value)| value);
        rows.map(|row| Ok(MessageRow::decode(row)?.body.small)).collect()
    }
}

fn weight(key_len: usize, value: Option<&Vec<u8>>) -> usize {
    ROW_BYTES + key_len + value.map_or(0, Vec::len)
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;
    use crate::engine::is_empty;
    use crate::position::Class;
    use crate::row::{message_key, queue_key};

    fn key() -> impl Strategy<Value = Vec<u8>> {
        let odd = vec!["", "a", "m", "mm", "n", "q", "qq", "r", "s/last"];
        prop_oneof![
            4 => (0..40_u64).prop_map(|position| message_key(Position(position)).to_vec()),
            4 => (1..4_u32, 0..40_u64).prop_map(|(to, position)| queue_key(to, Class::Rest, Position(position)).to_vec()),
            2 => select(odd).prop_map(Vec::from),
        ]
    }

    fn bound() -> impl Strategy<Value = Bound<Vec<u8>>> {
        prop_oneof![
            4 => key().prop_map(Bound::Included),
            4 => key().prop_map(Bound::Excluded),
            1 => Just(Bound::Unbounded),
        ]
    }

    #[derive(Debug, Clone, Copy)]
    enum Step {
        /// Put, if the key was used before.
        Insert,
        Put,
        Delete,
    }

    fn step() -> impl Strategy<Value = (Step, Vec<u8>, Vec<u8>)> {
        let step = select(vec![Step::Insert, Step::Insert, Step::Put, Step::Delete]);
        (step, key(), vec(any::<u8>(), 0..3))
    }

    proptest! {
        #[test]
        fn it_is_a_map_of_what_the_engine_does_not_have(
            steps in vec(step(), 0..200),
            ranges in vec((bound(), bound()), 20),
        ) {
            let mut waiting = Memtable::default();
            let mut model = BTreeMap::<Vec<u8>, Option<Vec<u8>>>::new();
            let (mut used, mut new) = (BTreeSet::new(), BTreeSet::new());
            for (step, key, value) in steps {
                let name = Key::from_slice(&key);
                let is_first = used.insert(key.clone());
                waiting.apply(match step {
                    Step::Insert if is_first => Change::Insert(name, value.clone()),
                    Step::Insert | Step::Put => Change::Put(name, value.clone()),
                    Step::Delete => Change::Delete(name),
                });
                match step {
                    Step::Delete if new.remove(&key) => drop(model.remove(&key)),
                    Step::Delete => drop(model.insert(key.clone(), None)),
                    Step::Insert | Step::Put => drop(model.insert(key.clone(), Some(value))),
                }
                if let Step::Insert = step && is_first && position_of_key(&key).is_some() {
                    new.insert(key.clone());
                }
                prop_assert_eq!(waiting.get(&key), model.get(&key).map(Option::as_ref));
            }
            let bytes: usize = model.iter().map(|(key, value)| weight(key.len(), value.as_ref())).sum();
            prop_assert_eq!(waiting.bytes, bytes);
            for (from, to) in &ranges {
                let range = (from.as_ref().map(Vec::as_slice), to.as_ref().map(Vec::as_slice));
                if !is_empty(range) {
                    let found = waiting.range(range).map(|(key, value)| (key.to_vec(), value));
                    let there = model.range::<[u8], _>(range);
                    prop_assert!(found.eq(there.map(|(key, value)| (key.clone(), value.as_ref()))));
                }
            }
        }
    }
}
