//! Tests that pages get the events of chores.

use std::collections::BTreeSet;
use std::time::Duration;

use super::*;
use crate::testing::Plain;
use crate::vault::{Cc, Incoming, NewAccount, Received};
use tmtp::id::MessageId;

/// Authors who wrote before the first letter of their thread arrived: more than one transaction
/// settles.
const WRITERS: u64 = 120;
const THREAD: &str = "0000000000000100";
const PATIENCE: Duration = Duration::from_secs(60);

fn uid(number: u64) -> String {
    format!("{number:032}").replace('0', "Z")
}

fn letter(number: u64, thread: &str, cc: Vec<Cc>) -> Incoming {
    Incoming {
        msgid: MessageId(0x100 + number),
        from_uid: uid(100_000 + number).into(),
        posted_ms: 1,
        thread_id: thread.into(),
        alias: "Writer".into(),
        text: "A letter.".into(),
        cc,
        ..Incoming::default()
    }
}

#[tokio::test]
async fn letters_that_a_chore_moves_are_told() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path().join("home"), Arc::new(Plain)).await.unwrap();
    let account = NewAccount {
        address: "=h.example:1".into(),
        fingerprint: None,
        service: "Service".into(),
        uid: uid(1).into(),
        node: tmtp::id::NodeSecret::from("n"),
        device: "desk".into(),
        aliases: vec!["Own Alias".into()],
    };
    let account = store.write(move |vault| vault.add_account(account, 1)).await.unwrap().id;
    for number in 1..=WRITERS {
        let early = letter(number, THREAD, Vec::new());
        store.write(move |vault| vault.receive_post(account, &early)).await.unwrap();
    }
    let mut events = store.events();
    let cc = (1..=WRITERS)
        .map(|number| Cc { who: "Writer".into(), who_uid: uid(100_000 + number).into() })
        .collect();
    let first = letter(0, "", cc);
    let first = store.write(move |vault| vault.receive_post(account, &first)).await.unwrap();
    let Received::New(first) = first else { panic!("it is new") };
    let thread = store.read(move |vault| vault.message(first)).await.unwrap().thread;
    let mut told = BTreeSet::new();
    // The oldest thread that claimed the id has become the thread, and its letter stays there.
    while told.len() < usize::try_from(WRITERS).unwrap() {
        let event = tokio::time::timeout(PATIENCE, events.recv()).await;
        if let Event::Message { message } = event.expect("all are told").unwrap()
            && message.thread == thread
        {
            told.insert(message.id);
        }
    }
    store.close().await;
}
