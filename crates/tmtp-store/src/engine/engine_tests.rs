//! Tests of engines: the durable one against one in memory, the same changes, the same answers.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::ops::{Bound, ControlFlow};

use super::memory::MemoryEngine;
use super::redb::RedbEngine;
use super::{Engine, ReadRows, prefix_end};
use crate::batch::{Change, Row};
use proptest::collection::vec;
use proptest::prelude::*;

#[derive(Debug, Clone)]
enum Step {
    Commit(Vec<Change>),
    Scan(Bound<Vec<u8>>, Bound<Vec<u8>>, usize),
    Reopen,
}

/// Few different keys, so that they meet.
fn key() -> impl Strategy<Value = Vec<u8>> {
    vec(prop_oneof![Just(0_u8), Just(1), Just(255)], 1..4)
}

fn value() -> impl Strategy<Value = Vec<u8>> {
    vec(0_u8..2, 0..2)
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        2 => (key(), value()).prop_map(|(key, value)| Change::Put(key.into(), value)),
        1 => key().prop_map(|key| Change::Delete(key.into())),
    ]
}

fn bound() -> impl Strategy<Value = Bound<Vec<u8>>> {
    prop_oneof![
        key().prop_map(Bound::Included),
        key().prop_map(Bound::Excluded),
        Just(Bound::Unbounded),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => vec(change(), 0..20).prop_map(Step::Commit),
        3 => (bound(), bound(), 1_usize..20).prop_map(|(from, to, limit)| Step::Scan(from, to, limit)),
        1 => Just(Step::Reopen),
    ]
}

fn rows(engine: &dyn Engine, from: &Bound<Vec<u8>>, to: &Bound<Vec<u8>>, limit: usize) -> Vec<Row> {
    let mut rows = Vec::new();
    let range = (from.as_ref().map(Vec::as_slice), to.as_ref().map(Vec::as_slice));
    engine
        .scan(range, &mut |key, value| {
            rows.push((key.to_vec(), value.to_vec()));
            if rows.len() < limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })
        .unwrap();
    rows
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn both_engines_answer_alike(steps in vec(step(), 1..24)) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("rows.redb");
        let memory = MemoryEngine::default();
        let mut durable = RedbEngine::open(&path, 1 << 20).unwrap();
        for step in steps {
            match step {
                Step::Commit(changes) => {
                    memory.commit(&changes).unwrap();
                    durable.commit(&changes).unwrap();
                }
                Step::Scan(from, to, limit) => {
                    prop_assert_eq!(rows(&memory, &from, &to, limit), rows(&durable, &from, &to, limit));
                }
                Step::Reopen => {
                    drop(durable);
                    durable = RedbEngine::open(&path, 1 << 20).unwrap();
                }
            }
        }
        let all = rows(&memory, &Bound::Unbounded, &Bound::Unbounded, usize::MAX);
        let keys: Vec<&[u8]> = all.iter().map(|(key, _)| key.as_slice()).chain([&b"none"[..]]).collect();
        prop_assert_eq!(memory.get_many(&keys).unwrap(), durable.get_many(&keys).unwrap());
        prop_assert_eq!(all, rows(&durable, &Bound::Unbounded, &Bound::Unbounded, usize::MAX));
    }
}

#[test]
fn a_prefix_ends_before_the_next_key_that_does_not_have_it() {
    assert_eq!(prefix_end(b"ab"), Some(b"ac".to_vec()));
    assert_eq!(prefix_end(b"a\xff"), Some(b"b".to_vec()));
    assert_eq!(prefix_end(b"\xff"), None);
}
