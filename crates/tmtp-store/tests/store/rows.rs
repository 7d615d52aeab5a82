//! Rows against a model: whatever is committed one by one or together, over restarts and power cuts,
//! wherever a row is at that moment.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use tmtp_store::{Batch, Executor, Limits, Store, StoreError};
use tmtp_testkit::disk::SimulatedDisk;
// Not synchronisation: simulated time passes only so.
use tokio::time::sleep;

use crate::engine::{key, value};
use crate::power::on_simulated_time;

#[derive(Debug, Clone)]
enum Step {
    /// Submitted together, so that the writer may commit them together.
    Commit(Vec<Vec<Part>>),
    Scan(Vec<u8>, usize),
    /// Until what is in the journal has come to the engine.
    Wait,
    Restart,
    PowerCut,
}

/// One element of a batch.
#[derive(Debug, Clone)]
enum Part {
    Put(Vec<u8>, Vec<u8>),
    Delete(Vec<u8>),
    Absent(Vec<u8>),
    Equals(Vec<u8>, Vec<u8>),
}

fn part() -> impl Strategy<Value = Part> {
    prop_oneof![
        4 => (key(), value()).prop_map(|(key, value)| Part::Put(key, value)),
        2 => key().prop_map(Part::Delete),
        1 => key().prop_map(Part::Absent),
        1 => (key(), value()).prop_map(|(key, value)| Part::Equals(key, value)),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => vec(vec(part(), 0..6), 0..4).prop_map(Step::Commit),
        3 => (key(), 1_usize..20).prop_map(|(prefix, limit)| Step::Scan(prefix, limit)),
        1 => Just(Step::Wait),
        1 => Just(Step::Restart),
        1 => Just(Step::PowerCut),
    ]
}

type Model = BTreeMap<Vec<u8>, Vec<u8>>;

fn batch(parts: &[Part]) -> Batch {
    let mut batch = Batch::new();
    for part in parts.iter().cloned() {
        match part {
            Part::Put(key, value) => batch.put(key, value),
            Part::Delete(key) => batch.delete(key),
            Part::Absent(key) => batch.require_absent(key),
            Part::Equals(key, value) => batch.require_equals(key, value),
        };
    }
    batch
}

/// Preconditions look at the rows before the batch; a batch that is refused changes nothing.
fn apply(model: &mut Model, parts: &[Part]) -> Result<(), usize> {
    let mut changed = model.clone();
    let mut precondition = 0;
    for part in parts {
        let holds = match part {
            Part::Absent(key) => !model.contains_key(key),
            Part::Equals(key, value) => model.get(key) == Some(value),
            Part::Put(key, value) => {
                changed.insert(key.clone(), value.clone());
                continue;
            }
            Part::Delete(key) => {
                changed.remove(key);
                continue;
            }
        };
        if !holds {
            return Err(precondition);
        }
        precondition += 1;
    }
    *model = changed;
    Ok(())
}

fn open(disk: &SimulatedDisk) -> Store {
    let executor = Executor::Task { commit_after: Duration::from_millis(1) };
    Store::open_on(disk.mount(), Path::new("/data"), Limits::default(), executor).unwrap()
}

fn scan(store: &Store, prefix: &[u8], limit: usize) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut rows = Vec::new();
    store
        .scan(prefix, |key, value| {
            rows.push((key.to_vec(), value.to_vec()));
            rows.len() < limit
        })
        .unwrap();
    rows
}

async fn follow(steps: Vec<Step>) -> Result<(), TestCaseError> {
    let disk = SimulatedDisk::new(0);
    let mut store = open(&disk);
    let mut model = Model::new();
    for step in steps {
        match step {
            Step::Commit(batches) => {
                let receipts: Vec<_> =
                    batches.iter().map(|parts| store.submit(batch(parts))).collect();
                for (parts, receipt) in batches.iter().zip(receipts) {
                    let done = receipt.await.map_err(|error| match error {
                        StoreError::Conflict { precondition } => precondition,
                        error => panic!("{error}"),
                    });
                    prop_assert_eq!(done, apply(&mut model, parts));
                }
            }
            Step::Scan(prefix, limit) => {
                let rows = model.iter().filter(|(key, _)| key.starts_with(&prefix)).take(limit);
                let rows: Vec<_> = rows.map(|(key, value)| (key.clone(), value.clone())).collect();
                prop_assert_eq!(scan(&store, &prefix, limit), rows);
            }
            // Simulated.
            Step::Wait => sleep(Duration::from_secs(5)).await,
            Step::Restart => {
                store.close().unwrap();
                store = open(&disk);
            }
            Step::PowerCut => {
                disk.cut_power();
                drop(store);
                store = open(&disk);
            }
        }
    }
    for (key, value) in &model {
        prop_assert_eq!(store.get(key).unwrap(), Some(value.clone()));
    }
    prop_assert_eq!(store.get(b"none").unwrap(), None);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_store_answers_like_a_map(steps in vec(step(), 1..24)) {
        on_simulated_time(follow(steps))?;
    }
}
