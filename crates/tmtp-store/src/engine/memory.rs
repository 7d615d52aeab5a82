//! An engine in memory: for simulations, and the model that the durable engine is compared with.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::{PoisonError, RwLock};

use super::{Change, Engine, KeyRange, ReadRows, Visitor, is_empty};
use crate::error::StoreError;

/// Rows that last as long as the process.
#[derive(Debug, Default)]
pub(crate) struct MemoryEngine {
    rows: RwLock<BTreeMap<Vec<u8>, Vec<u8>>>,
}

impl ReadRows for MemoryEngine {
    fn get_many(&self, keys: &[&[u8]]) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        let rows = self.rows.read().unwrap_or_else(PoisonError::into_inner);
        Ok(keys.iter().map(|key| rows.get(*key).cloned()).collect())
    }

    fn scan(&self, range: KeyRange<'_>, visit: &mut Visitor<'_>) -> Result<(), StoreError> {
        if is_empty(range) {
            return Ok(()); // BTreeMap::range panics on a range whose end lies before its start
        }
        let rows = self.rows.read().unwrap_or_else(PoisonError::into_inner);
        for (key, value) in rows.range::<[u8], _>(range) {
            if let ControlFlow::Break(()) = visit(key, value) {
                break;
            }
        }
        Ok(())
    }
}

impl Engine for MemoryEngine {
    fn commit(&self, changes: &[Change]) -> Result<(), StoreError> {
        let mut rows = self.rows.write().unwrap_or_else(PoisonError::into_inner);
        for change in changes {
            match change.value() {
                Some(value) => rows.insert(change.key().to_vec(), value.to_vec()),
                None => rows.remove(change.key()),
            };
        }
        Ok(())
    }
}
