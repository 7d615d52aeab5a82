//! Preconditions of a batch: what must be so for it to be applied.

use std::collections::HashMap;

use super::{Batch, Change, ReadRows};
use crate::error::StoreError;

/// What became of batches that were committed together: one result for each, in order.
pub(crate) type Outcomes = Vec<Result<(), StoreError>>;

/// Something that must be so for a batch to be applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Precondition {
    /// There is no such key.
    Absent(Vec<u8>),
    /// The key has exactly this value.
    Equals(Vec<u8>, Vec<u8>),
}

impl Batch {
    /// Refuses the batch if `key` exists.
    pub fn require_absent(&mut self, key: impl Into<Vec<u8>>) -> &mut Self {
        self.preconditions.push(Precondition::Absent(key.into()));
        self
    }

    /// Refuses the batch unless `key` has exactly `value`.
    pub fn require_equals(
        &mut self,
        key: impl Into<Vec<u8>>,
        value: impl Into<Vec<u8>>,
    ) -> &mut Self {
        self.preconditions.push(Precondition::Equals(key.into(), value.into()));
        self
    }
}

/// What `batches` change, each checked against the rows as the ones before it leave them.
pub(crate) fn check_preconditions(
    rows: &impl ReadRows,
    batches: Vec<Batch>,
) -> Result<(Outcomes, Vec<Change>), StoreError> {
    // Nearly always there is nothing to check.
    if batches.iter().all(|batch| batch.preconditions.is_empty()) {
        let outcomes = vec![Ok(()); batches.len()];
        let len = batches.iter().map(|batch| batch.changes.len()).sum();
        let mut changes = Vec::with_capacity(len);
        batches.into_iter().for_each(|batch| changes.extend(batch.changes));
        return Ok((outcomes, changes));
    }
    let mut changed: HashMap<Vec<u8>, Option<Vec<u8>>> = HashMap::new();
    let mut changes = Vec::new();
    let mut outcomes = Vec::with_capacity(batches.len());
    for batch in batches {
        let outcome = check_one(rows, &batch, &changed)?;
        if outcome.is_ok() {
            for change in &batch.changes {
                changed.insert(change.key().to_vec(), change.value().map(<[u8]>::to_vec));
            }
            changes.extend(batch.changes);
        }
        outcomes.push(outcome);
    }
    Ok((outcomes, changes))
}

fn check_one(
    rows: &impl ReadRows,
    batch: &Batch,
    changed: &HashMap<Vec<u8>, Option<Vec<u8>>>,
) -> Result<Result<(), StoreError>, StoreError> {
    for (precondition, required) in batch.preconditions.iter().enumerate() {
        let (Precondition::Absent(key) | Precondition::Equals(key, _)) = required;
        let found = match changed.get(key) {
            Some(value) => value.clone(),
            None => rows.get(key)?,
        };
        let holds = match required {
            Precondition::Absent(_) => found.is_none(),
            Precondition::Equals(_, value) => found.as_ref() == Some(value),
        };
        if !holds {
            return Ok(Err(StoreError::Conflict { precondition }));
        }
    }
    Ok(Ok(()))
}
