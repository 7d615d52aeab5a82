//! Rows against a model: whatever is committed one by one or together, over restarts and power cuts,
//! wherever a row is at that moment.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use tmtp_store::{Batch, Executor, StoreLimits};
use tmtp_testkit::disk::SimulatedDisk;
use tmtp_testkit::store::BlockingStore;
// Not synchronisation: simulated time passes only so.
use tokio::time::sleep;

use crate::power::on_simulated_time;

#[derive(Debug, Clone)]
enum Step {
    /// Submitted together, so that the writer may commit them together.
    Commit(Vec<Vec<Part>>),
    Scan(Vec<u8>, usize),
    /// Until what is in the WAL has come to the engine.
    Wait,
    Restart,
    PowerCut,
}

/// One element of a batch.
#[derive(Debug, Clone)]
enum Part {
    Put(Vec<u8>, Vec<u8>),
    Delete(Vec<u8>),
}

fn part() -> impl Strategy<Value = Part> {
    prop_oneof![
        4 => (key(), value()).prop_map(|(key, value)| Part::Put(key, value)),
        2 => key().prop_map(Part::Delete),
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

/// Few different keys, so that they meet.
fn key() -> impl Strategy<Value = Vec<u8>> {
    vec(prop_oneof![Just(0_u8), Just(1), Just(255)], 1..4)
}

fn value() -> impl Strategy<Value = Vec<u8>> {
    vec(0_u8..2, 0..2)
}

type Model = BTreeMap<Vec<u8>, Vec<u8>>;

fn batch(parts: &[Part]) -> Batch {
    let mut batch = Batch::new();
    for part in parts.iter().cloned() {
        match part {
            Part::Put(key, value) => batch.put(key, value),
            Part::Delete(key) => batch.delete(key),
        };
    }
    batch
}

fn apply(model: &mut Model, parts: &[Part]) {
    for part in parts.iter().cloned() {
        match part {
            Part::Put(key, value) => drop(model.insert(key, value)),
            Part::Delete(key) => drop(model.remove(&key)),
        }
    }
}

fn open(disk: &SimulatedDisk) -> BlockingStore {
    let executor = Executor::Task { commit_after: Duration::from_millis(1) };
    BlockingStore::open_on(disk.mount(), Path::new("/data"), StoreLimits::default(), executor)
        .unwrap()
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
                    prop_assert_eq!(receipt.await.unwrap(), None);
                    apply(&mut model, parts);
                }
            }
            Step::Scan(prefix, limit) => {
                let rows = model.iter().filter(|(key, _)| key.starts_with(&prefix)).take(limit);
                let rows: Vec<_> = rows.map(|(key, value)| (key.clone(), value.clone())).collect();
                let found = store.inner().scan(&prefix, None, limit).await.unwrap();
                prop_assert_eq!(found, rows);
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
