//! Sorted queue: a map for keys that are added in rising order, and mostly removed in that order
//! too.
//!
//! A `VecDeque` with tombstones: O(1) at both ends, binary search in between.

use std::collections::VecDeque;

/// How many empty places may stay in addition to as many as are taken.
const GONE_PLACES: usize = 64;
/// How many places stay when the map is empty.
const EMPTY_PLACES: usize = 4_096;

/// The map.
#[derive(Debug)]
pub(crate) struct SortedQueue<K, V> {
    /// The first place is always taken.
    places: VecDeque<(K, Option<V>)>,
    taken: usize,
}

impl<K, V> Default for SortedQueue<K, V> {
    fn default() -> Self {
        Self { places: VecDeque::new(), taken: 0 }
    }
}

impl<K: Copy + Ord, V> SortedQueue<K, V> {
    /// Adds a value; in constant time when its key is higher than all others.
    pub(crate) fn insert(&mut self, key: K, value: V) -> Option<V> {
        let place = match self.places.back() {
            Some((last, _)) if *last >= key => self.find(&key),
            _ => Err(self.places.len()),
        };
        let old = match place {
            Ok(place) => self.places.get_mut(place).and_then(|(_, old)| old.replace(value)),
            Err(place) => {
                self.places.insert(place, (key, Some(value)));
                None
            }
        };
        self.taken += usize::from(old.is_none());
        old
    }

    fn find(&self, key: &K) -> Result<usize, usize> {
        match self.places.front() {
            // Mostly the first is removed.
            Some((first, _)) if first == key => Ok(0),
            _ => self.places.binary_search_by_key(key, |(key, _)| *key),
        }
    }

    pub(crate) fn get(&self, key: &K) -> Option<&V> {
        let (_, value) = self.places.get(self.find(key).ok()?)?;
        value.as_ref()
    }

    pub(crate) fn remove(&mut self, key: &K) -> Option<V> {
        let place = self.find(key).ok()?;
        let (_, value) = self.places.get_mut(place)?;
        let value = value.take()?;
        self.taken -= 1;
        self.tidy();
        Some(value)
    }

    /// All entries, in rising order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.places.iter().filter_map(|(key, value)| Some((key, value.as_ref()?)))
    }

    /// All entries from `first` on.
    pub(crate) fn range_from(&self, first: K) -> impl Iterator<Item = (&K, &V)> {
        let (Ok(place) | Err(place)) = self.find(&first);
        let places = self.places.range(place..);
        places.filter_map(|(key, value)| Some((key, value.as_ref()?)))
    }

    /// Removes and returns the first entry.
    pub(crate) fn pop_first(&mut self) -> Option<V> {
        let (_, first) = self.places.pop_front()?;
        self.taken -= 1;
        self.tidy();
        first
    }

    fn tidy(&mut self) {
        while self.places.front().is_some_and(|(_, value)| value.is_none()) {
            self.places.pop_front();
        }
        if self.places.is_empty() {
            self.places.shrink_to(EMPTY_PLACES);
        } else if self.places.len() > 2 * self.taken + GONE_PLACES {
            self.places.retain(|(_, value)| value.is_some());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_a_map(steps in prop::collection::vec((0..4_u8, 0..300_u16), 0..2_000)) {
            let (mut queue, mut map) = (SortedQueue::default(), BTreeMap::new());
            let mut next = 0;
            for (step, number) in steps {
                match step {
                    0 | 1 => {
                        // Mostly higher than all others.
                        let key = if number < 290 { next } else { number };
                        next = next.max(key) + 1;
                        prop_assert_eq!(queue.insert(key, number), map.insert(key, number));
                    }
                    2 => {
                        let key = next.saturating_sub(number / 10);
                        prop_assert_eq!(queue.get(&key), map.get(&key));
                        prop_assert_eq!(queue.remove(&key), map.remove(&key));
                    }
                    _ if number < 30 => {
                        prop_assert_eq!(queue.pop_first(), map.pop_first().map(|(_, value)| value));
                    }
                    _ if number < 60 => {
                        let from = next.saturating_sub(number);
                        prop_assert!(queue.range_from(from).eq(map.range(from..)));
                    }
                    _ => prop_assert!(queue.iter().eq(map.iter())),
                }
                prop_assert!(queue.places.len() <= 2 * map.len() + GONE_PLACES);
            }
        }
    }
}
