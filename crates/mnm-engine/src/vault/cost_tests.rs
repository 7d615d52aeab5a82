//! Cost of each command, which must not grow with the home: counted in steps of the database's
//! virtual machine and in bytes read and written, not in time.

use std::collections::HashMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use rusqlite::StatementStatus;
use rusqlite::trace::{TraceEvent, TraceEventCodes};
use tmtp::id::MessageId;

use super::*;
use crate::command::Place;
use crate::view::{AccountId, ThreadId};

#[path = "cost_tests/forward_tests.rs"]
mod forward_tests;
#[path = "cost_tests/group_tests.rs"]
mod group_tests;
#[path = "cost_tests/list_tests.rs"]
mod list_tests;
#[path = "cost_tests/search_tests.rs"]
mod search_tests;
#[path = "cost_tests/settle_tests.rs"]
mod settle_tests;

/// Messages of the longest thread, other threads, pings: of a small home, and of one ten times as
/// large.
const SMALL: u32 = 600;
const LARGE: u32 = 10 * SMALL;

/// The cost of a command.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Cost {
    statements: u64,
    steps: u64,
    /// Read from and written to files by this thread; zero where the system does not count them.
    bytes: u64,
}

#[derive(Default)]
struct Counter {
    cost: Cost,
    /// Steps of each statement so far, and since the counter was reset.
    seen: HashMap<String, u64>,
    steps: HashMap<String, u64>,
}

struct Home {
    vault: Vault,
    account: AccountId,
    longest: ThreadId,
    counter: Arc<Mutex<Counter>>,
    number: u64,
    _dir: tempfile::TempDir,
}

fn uid(kind: &str, number: u32) -> String {
    format!("{kind}{number:0width$}", width = 32 - kind.len()).replace('0', "Z")
}

/// A home with a thread of `size` messages, as many threads of one message with as many readers as a
/// thread has, and as many pings.
fn home(size: u32) -> Home {
    // In memory where possible: the counts are the same.
    let dir = tempfile::TempDir::new_in("/dev/shm").or_else(|_| tempfile::TempDir::new()).unwrap();
    let mut vault = crate::testing::open_vault(&dir.path().join("home"));
    let new = NewAccount {
        address: "=h.example:1".into(),
        fingerprint: None,
        service: "Service".into(),
        uid: uid("WN", 1).into(),
        node: tmtp::id::NodeSecret::from("n"),
        device: "desk".into(),
        aliases: vec!["Own Alias".into()],
    };
    let account = vault.add_account(new, 1).unwrap().value.id;
    let mut home =
        Home { vault, account, longest: 0, counter: Arc::default(), number: 0x1000, _dir: dir };
    home.longest = home.receive("", "The longest thread.", 3).value.1;
    fill(&home.vault.db, account, home.longest, size).unwrap();
    let counter = Arc::clone(&home.counter);
    let count = move |event: TraceEvent<'_>| {
        let TraceEvent::Profile(statement, _) = event else { return };
        let mut counter = counter.lock().unwrap();
        let steps = statement.get_status(StatementStatus::VmStep).unsigned_abs().into();
        let sql = statement.sql().into_owned();
        let before = counter.seen.insert(sql.clone(), steps).unwrap_or(0);
        // A statement that was prepared again counts from zero.
        let steps = if steps >= before { steps - before } else { steps };
        counter.cost.statements += 1;
        counter.cost.steps += steps;
        *counter.steps.entry(sql).or_default() += steps;
    };
    home.vault.db.trace_v2(TraceEventCodes::SQLITE_TRACE_PROFILE, Some(count)).unwrap();
    home
}

/// Rows as the app writes them, in one transaction.
fn fill(db: &Connection, account: AccountId, longest: ThreadId, size: u32) -> rusqlite::Result<()> {
    db.execute_batch(&format!(
        "BEGIN;
         CREATE TEMP TABLE n AS WITH RECURSIVE n (n) AS
             (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {size}) SELECT n FROM n;
         INSERT INTO thread (account, service_id, subject, last_at_ms)
             SELECT {account}, printf('%016x', 1000000 + n), 'Thread', 100 + n FROM n;
         INSERT INTO party (thread, ord, is_group, uid, alias, by_uid, at_ms)
             SELECT thread.id, n, 0, printf('RDR%029d', n), 'Reader', 'by', 1
             FROM thread JOIN n ON n <= 20 WHERE thread.id <> {longest};
         INSERT INTO message (account, thread, msgid, author_uid, author_alias, at_ms, subject, text,
                 html, state, unread)
             SELECT {account}, id, service_id, 'BB', 'Some Body', last_at_ms, 'Thread',
                 'A common word.', '<p>A common word.</p>', 'received', 1
             FROM thread WHERE id <> {longest};
         INSERT INTO message (account, thread, msgid, author_uid, author_alias, at_ms, subject, text,
                 html, state, unread)
             SELECT {account}, {longest}, printf('%016x', 2000000 + n), 'BB', 'Some Body', 3 + n, '',
                 'Another common word of number ' || n, '<p>Another.</p>', 'received', 1 FROM n;
         INSERT INTO ping (account, msgid, incoming, from_uid, from_alias, to_alias, text, at_ms, state)
             SELECT {account}, printf('%016x', 3000000 + n), 1, printf('PNG%029d', n),
                 'Pinger ' || n, 'Own Alias', 'Hello', n, 'waiting' FROM n;
         INSERT INTO draft (account, subject, text, updated_ms)
             SELECT {account}, 'Draft', printf('%.*c', 100000 / (1 + n), 'x'), n FROM n;
         DROP TABLE n;
         COMMIT;"
    ))
}

impl Home {
    fn letter(&mut self, thread: &str, text: &str, readers: u32) -> Incoming {
        self.number += 1;
        Incoming {
            msgid: MessageId(self.number + if thread.is_empty() { 0 } else { 1 << 40 }),
            from_uid: uid("WRT", 1).into(),
            posted_ms: 1,
            thread_id: thread.into(),
            alias: "Writer".into(),
            text: text.into(),
            cc: (0..readers)
                .map(|n| Cc { who: format!("Reader {n}"), who_uid: uid("RDR", n).into() })
                .collect(),
            ..Incoming::default()
        }
    }

    fn receive(&mut self, thread: &str, text: &str, readers: u32) -> Change<(i64, ThreadId)> {
        let letter = self.letter(thread, text, readers);
        let change = self.vault.receive_post(self.account, &letter).unwrap();
        let Received::New(message) = change.value else { panic!("it is new") };
        let thread = self.vault.message(message).unwrap().thread;
        Change { value: (message, thread), events: change.events }
    }

    /// The cost of `act` with a warm cache.
    fn cost<T: Debug>(&mut self, act: impl Fn(&mut Self) -> T) -> Cost {
        let _ = act(self);
        {
            let mut counter = self.counter.lock().unwrap();
            counter.cost = Cost::default();
            counter.steps.clear();
        }
        let bytes = bytes_of_this_thread();
        let _ = act(self);
        let mut cost = self.counter.lock().unwrap().cost;
        cost.bytes = bytes_of_this_thread() - bytes;
        cost
    }
}

/// Bytes that this thread has read and written.
fn bytes_of_this_thread() -> u64 {
    let told = std::fs::read_to_string("/proc/thread-self/io").unwrap_or_default();
    let counts = told.lines().filter(|line| line.starts_with("rchar") || line.starts_with("wchar"));
    counts.filter_map(|line| line.split(": ").nth(1)?.parse::<u64>().ok()).sum()
}

/// A search for words.
fn search(account: Option<AccountId>, words: &str) -> Search {
    Search::new(&SearchArgs { account, words: words.into(), ..SearchArgs::default() }).unwrap()
}

/// A command, and the most steps that it may take.
type Command = (&'static str, u64, fn(&mut Home));

/// Steps of a command that handles one thing; of one that returns a page; of one slice.
const ONE: u64 = 3_500;
const PAGE: u64 = 100_000;

const COMMANDS: [Command; 20] = [
    ("first screen", ONE, |home| drop(home.vault.state("").unwrap())),
    ("take a letter", ONE, |home| drop(home.receive(&format!("{:016x}", 0x1001), "One more.", 0))),
    ("take a letter that opens a thread", ONE, |home| drop(home.receive("", "One more.", 3))),
    ("take a letter to a thousand", PAGE, |home| drop(home.receive("", "One more.", 1_000))),
    ("take a ping", ONE, |home| {
        home.number += 1;
        let ping = IncomingPing {
            msgid: MessageId(home.number),
            from_uid: uid("PNGR", 1).into(),
            posted_ms: 1,
            alias: "Pinger Anew".into(),
            to: "Own Alias".into(),
            text: String::new(),
            gid: None,
        };
        let _ = home.vault.receive_ping(home.account, &ping).unwrap();
    }),
    ("ping somebody", ONE, |home| {
        home.number += 1;
        let to = format!("Somebody {}", home.number);
        let _ = home.vault.queue_ping(home.account, &to, "Hello", 5).unwrap();
    }),
    ("list threads", PAGE, |home| drop(home.vault.threads(None, None, None).unwrap())),
    ("list threads of an account, all of it", PAGE, |home| {
        let behind = ThreadPlace { key: String::new(), at_ms: 90_000, id: 1 };
        drop(home.vault.threads(Some(home.account), Some(behind), Some(500)).unwrap());
    }),
    ("open a thread where it is unread", PAGE, |home| {
        drop(home.vault.thread_page(home.longest, Place::Unread, None).unwrap());
    }),
    ("open a thread in which nothing is unread", PAGE, |home| {
        let db = &home.vault.db;
        db.execute(
            "UPDATE message SET unread = 0 WHERE thread = ?1 AND unread = 1",
            [home.longest],
        )
        .unwrap();
        home.counter.lock().unwrap().cost = Cost::default();
        drop(home.vault.thread_page(home.longest, Place::Unread, None).unwrap());
    }),
    ("open a thread at its end", PAGE, |home| drop(home.vault.thread(home.longest).unwrap())),
    ("open a thread in its middle", PAGE, |home| {
        let page = home.vault.thread(home.longest).unwrap();
        let middle = Place::Around(page.messages[0].id);
        drop(home.vault.thread_page(home.longest, middle, None).unwrap());
    }),
    ("list drafts", PAGE, |home| drop(home.vault.drafts(None, None).unwrap())),
    ("list drafts of an account, behind some", PAGE, |home| {
        drop(home.vault.drafts(Some(home.account), Some(200)).unwrap());
    }),
    ("list pings", PAGE, |home| drop(home.vault.pings(&PingQuery::default()).unwrap())),
    ("accept a ping", ONE, |home| {
        let open = PingQuery { limit: Some(1), ..PingQuery::default() };
        let ping = home.vault.pings(&open).unwrap()[0].id;
        let _ = home.vault.ignore_ping(ping);
        let _ = home.vault.queue_accept(ping, None, 5);
    }),
    ("write and send", ONE, |home| {
        let content = DraftContent { text: "An answer.".into(), ..DraftContent::default() };
        let (account, thread) = (home.account, Some(home.longest));
        let draft = home
            .vault
            .save_draft(Upon::Anything, None, account, thread, &content, 9)
            .unwrap()
            .value
            .id;
        let _ = home.vault.queue_draft(draft, None, 10, 0).unwrap();
    }),
    ("search a common word, one slice", PAGE, |home| {
        let mut search = search(None, "common");
        let _ = home.vault.search_slice(&mut search).unwrap();
    }),
    ("search a word that is nowhere, one slice", ONE, |home| {
        let mut search = search(Some(home.account), "xylophone");
        let _ = home.vault.search_slice(&mut search).unwrap();
    }),
    ("mark a thread as read, one slice", PAGE, |home| {
        drop(home.vault.mark_read(home.longest, None).unwrap());
    }),
];

#[test]
fn cost_of_commands_does_not_grow_with_the_home() {
    let (mut small, mut large) = (home(SMALL), home(LARGE));
    let mut wrong = Vec::new();
    for (name, most, act) in COMMANDS {
        let (of_small, of_large) = (small.cost(act), large.cost(act));
        // Only the depth of an index may grow.
        let grows = of_large.steps > of_small.steps + of_small.steps / 5 + 100
            || of_large.statements > of_small.statements + of_small.statements / 5 + 20
            || of_large.bytes > 2 * of_small.bytes + (1 << 20);
        if of_large.steps > most || grows {
            let counter = large.counter.lock().unwrap();
            let dearest = counter.steps.iter().max_by_key(|(_, steps)| **steps);
            wrong.push(format!("{name}: {of_small:?}, {of_large:?}, {dearest:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn lookup_of_a_name_does_not_read_every_contact() {
    let mut home = home(10);
    let account = home.account;
    home.vault
        .db
        .execute_batch(&format!(
            "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 5000)
             INSERT INTO contact (account, uid, alias, look, since_ms)
                 SELECT {account}, printf('F%07d%024d', n, 0), 'Friend ' || n, look('Friend ' || n), 1 FROM n;"
        ))
        .unwrap();
    for name in ["Friend 77", "Friend 77 #F0000077", "Nobody", "#", " #", "Nobody #F"] {
        let cost = home.cost(|home| home.vault.reader().resolve(account, name).unwrap());
        let found = home.vault.reader().resolve(account, name).unwrap();
        assert_eq!(found.is_some(), name.starts_with("Friend"), "{name}");
        assert!(cost.steps < 500, "{name}: {cost:?}");
    }
}

/// Each slice holds the store only briefly, however many readers a thread has.
#[test]
fn a_slice_of_a_removal_is_bounded() {
    let mut home = home(SMALL);
    home.vault
        .db
        .execute_batch(
            "DELETE FROM message;
             WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 450)
             INSERT INTO party (thread, ord, is_group, uid, alias, by_uid, at_ms)
                 SELECT thread.id, 100 + n, 0, printf('MRE%029d', n), 'Reader', 'by', 1
                 FROM thread, n WHERE thread.id % 20 = 0;",
        )
        .unwrap();
    let _ = home.vault.begin_removal(home.account).unwrap();
    let mut slices = 0;
    loop {
        home.counter.lock().unwrap().cost = Cost::default();
        let done = home.vault.remove_slice(home.account).unwrap();
        let counter = home.counter.lock().unwrap();
        assert!(counter.cost.steps < PAGE, "slice {slices}: {:?}", counter.cost);
        if done {
            break;
        }
        slices += 1;
    }
    assert!(slices > 50, "{slices}");
    let left: i64 =
        home.vault.db.query_row("SELECT count(*) FROM party", [], |r| r.get(0)).unwrap();
    assert_eq!(left, 0);
}

/// The full-text index works within one step of the machine, so the messages examined by a slice
/// are counted.
#[test]
fn a_slice_of_a_search_looks_at_less_the_more_there_is_to_compare() {
    const LETTERS: usize = 8;
    let mut home = home(10);
    for _ in 0..LETTERS {
        let _ = home.receive("", &"0 1 ".repeat(25_000), 0);
    }
    for (words, found, most) in [
        ("0 ".repeat(32), LETTERS, LETTERS),
        ("0.1.0.1".into(), LETTERS, 6),
        ("0.1 0.1.0 0.1.0.1 0.1.0.1.0".into(), LETTERS, 2),
        ("0.1.".repeat(12), LETTERS, 2),
        // All parts occur, the words never.
        ("0.1.1.0.1.0.1.0".into(), 0, 3),
        ("0.0.0.0.0.0.0.0".into(), 0, 3),
    ] {
        let mut search = search(None, &words);
        let (mut slices, mut before) = (0, 0);
        while home.vault.search_slice(&mut search).unwrap() {
            slices += 1;
            assert!(search.found.len() - before <= most, "{words}: slice {slices}");
            before = search.found.len();
        }
        assert_eq!(before, found, "{words}");
        assert!(slices >= LETTERS / most, "{words}: {slices} slices");
    }
}
