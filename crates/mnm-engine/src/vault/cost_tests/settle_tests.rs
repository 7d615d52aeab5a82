//! Cost of settling letters that arrived before their thread's first, and where they end up.

use std::collections::BTreeSet;

use super::*;
use crate::event::Event;
use crate::view::MessageRowId;
use tmtp::id::MessageId;

/// Early letters: few enough to settle at once, and many.
const FEW: u32 = 20;
const MANY: u32 = 3_000;
/// Most steps of the first letter's arrival, and of a slice of the chore.
const SLICE: u64 = PAGE;
/// The thread's id, which is that of its first letter.
const FIRST: &str = "0000000000008001";
const FIRST_NUMBER: u64 = 0x8001;

/// Every tenth author of an early letter reads the thread.
fn reads(number: u32) -> bool {
    number.is_multiple_of(10)
}

/// One thread that claims the id, in which one author has written, and every tenth letter is another's.
fn of_one_author(home: &Home, size: u32) {
    let (account, author, me) = (home.account, uid("WTR", 1), uid("WN", 1));
    home.vault
        .db
        .execute_batch(&format!(
            "BEGIN;
             INSERT INTO thread (account, service_id, subject, last_at_ms, claimant)
                 VALUES ({account}, '{FIRST}', '', 1, '{author}');
             CREATE TEMP TABLE made AS SELECT max(id) AS id FROM thread;
             INSERT INTO party (thread, ord, is_group, uid, alias, by_uid, at_ms)
                 SELECT id, 1, 0, '{author}', 'Author', '{author}', 1 FROM made
                 UNION ALL SELECT id, 2, 0, '{me}', '', '{author}', 1 FROM made;
             WITH RECURSIVE n (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM n WHERE n < {size} - 1)
             INSERT INTO message (account, thread, msgid, author_uid, author_alias, at_ms, subject,
                     text, html, state, unread)
                 SELECT {account}, made.id, printf('%016x', 0xa000000 + n),
                     iif(n % 10 = 0, 'BTHRZZZZZZZZZZZZZZZZZZZZZZZZZZZZ', '{author}'),
                     'Author', 2 + n, '', 'Early', '<p>Early</p>', 'received', 1
                 FROM n, made;
             DROP TABLE made;
             COMMIT;"
        ))
        .unwrap();
}

/// As many threads that claim the id, each of an author of its own.
fn of_many_authors(home: &Home, size: u32) {
    let (account, me) = (home.account, uid("WN", 1));
    let names: Vec<String> = (0..size).map(|n| format!("({n}, '{}')", uid("RDR", n))).collect();
    home.vault
        .db
        .execute_batch(&format!(
            "BEGIN;
             CREATE TEMP TABLE n (n INTEGER PRIMARY KEY, uid TEXT);
             INSERT INTO n VALUES {};
             INSERT INTO thread (account, service_id, subject, last_at_ms, told_ms, claimant)
                 SELECT {account}, '{FIRST}', '', 1, n, uid FROM n;
             INSERT INTO party (thread, ord, is_group, uid, alias, by_uid, at_ms)
                 SELECT thread.id, 1, 0, uid, 'Author', uid, 1
                 FROM thread JOIN n ON n = told_ms WHERE service_id = '{FIRST}'
                 UNION ALL SELECT thread.id, 2, 0, '{me}', '', uid, 1
                 FROM thread JOIN n ON n = told_ms WHERE service_id = '{FIRST}';
             INSERT INTO message (account, thread, msgid, author_uid, author_alias, at_ms, subject,
                     text, html, state, unread)
                 SELECT {account}, thread.id, printf('%016x', 0x9000000 + n), uid, 'Author', 2 + n, '',
                     'Early', '<p>Early</p>', 'received', 1
                 FROM thread JOIN n ON n = told_ms WHERE service_id = '{FIRST}';
             DROP TABLE n;
             COMMIT;",
            names.join(", ")
        ))
        .unwrap();
}

/// The first letter, which names every tenth author as a reader.
fn first_letter(home: &Home, size: u32) -> Incoming {
    let mut cc: Vec<Cc> = (0..size)
        .filter(|&number| reads(number))
        .map(|number| Cc { who: "Author".into(), who_uid: uid("RDR", number).into() })
        .collect();
    cc.push(Cc { who: "Author".into(), who_uid: uid("WTR", 1).into() });
    Incoming {
        msgid: MessageId(FIRST_NUMBER),
        from_uid: uid("WRT", 1).into(),
        posted_ms: 1,
        alias: "Writer".into(),
        text: "The first.".into(),
        subject: format!("Of {}", home.account),
        cc,
        ..Incoming::default()
    }
}

/// Receives the first letter; returns its thread and the cost.
fn arrive(home: &mut Home, size: u32) -> (ThreadId, Cost) {
    let letter = first_letter(home, size);
    home.counter.lock().unwrap().cost = Cost::default();
    let change = home.vault.receive_post(home.account, &letter).unwrap();
    let Received::New(message) = change.value else { panic!("it is new") };
    let cost = home.counter.lock().unwrap().cost;
    (home.vault.message(message).unwrap().thread, cost)
}

/// Does all chores; returns the number of slices, and the letters in events.
fn tidy(home: &mut Home) -> (usize, BTreeSet<MessageRowId>) {
    let (mut slices, mut told) = (0, BTreeSet::new());
    loop {
        home.counter.lock().unwrap().cost = Cost::default();
        let Change { value: more, events } = home.vault.tidy();
        let cost = home.counter.lock().unwrap().cost;
        assert!(cost.steps < SLICE, "slice {slices}: {cost:?}");
        told.extend(events.iter().filter_map(|event| {
            let Event::Message { message } = event else { return None };
            Some(message.id)
        }));
        if !more {
            return (slices, told);
        }
        slices += 1;
    }
}

/// Number of letters in a thread, and of those that stand alone and claim it.
fn places(home: &Home, thread: ThreadId) -> (u32, u32) {
    let count = |sql: &str| home.vault.db.query_row(sql, [], |row| row.get(0)).unwrap();
    home.vault.check().unwrap();
    let claims = format!(
        "SELECT count(*) FROM thread WHERE service_id = '{FIRST}' AND id <> {thread}
             AND (claimed_id IS NULL OR messages <> 1)"
    );
    assert_eq!(count(&claims), 0, "who claims the id stands apart, or is in");
    assert_eq!(count("SELECT count(*) FROM thread WHERE messages = 0"), 0);
    assert_eq!(count("SELECT count(*) FROM unsettled"), 0);
    let inside = format!("SELECT count(*) FROM message WHERE thread = {thread}");
    let apart = format!(
        "SELECT count(*) FROM thread JOIN message ON message.thread = thread.id
         WHERE claimed_id = '{FIRST}' AND messages = 1 AND thread.id <> {thread}"
    );
    (count(&inside), count(&apart))
}

type Fill = fn(&Home, u32);
/// Letters in the thread and apart from it, for a number of early letters.
type Expected = fn(u32) -> (u32, u32);

#[test]
fn cost_of_the_first_letter_does_not_grow_with_early_letters() {
    let fills: [(&str, Fill, Expected); 2] = [
        ("one author", of_one_author, |size| (1 + size - size / 10, size / 10)),
        ("many authors", of_many_authors, |size| (1 + size / 10, size - size / 10)),
    ];
    for (what, fill, expected) in fills {
        for size in [FEW, MANY] {
            let mut home = home(10);
            fill(&home, size);
            let (thread, cost) = arrive(&mut home, size);
            assert!(cost.steps < SLICE, "{what}, {size}: {cost:?}");
            if size == FEW {
                assert_eq!(places(&home, thread), expected(size), "{what}: at once");
            }
            let (slices, told) = tidy(&mut home);
            assert_eq!(places(&home, thread), expected(size), "{what}, {size}");
            assert!(size == FEW || slices > 10, "{what}: {slices}");
            assert!(size == FEW || told.len() > 200, "{what}: the pages are told");
        }
    }
}

#[test]
fn settling_of_early_letters_continues_after_a_restart() {
    for (fill, expected) in [(of_one_author as Fill, (1_801, 200)), (of_many_authors, (201, 1_800))]
    {
        let mut home = home(10);
        fill(&home, 2_000);
        let (thread, _) = arrive(&mut home, 2_000);
        for _ in 0..7 {
            assert!(home.vault.tidy().value);
        }
        let all = "SELECT count(*) FROM message JOIN thread ON thread.id = message.thread
                   WHERE text IN ('Early', 'The first.')";
        let count: u32 = home.vault.db.query_row(all, [], |row| row.get(0)).unwrap();
        assert_eq!(count, 2_001, "at any cut each letter is in one thread");
        let Home { vault, _dir: dir, account, longest, counter, number } = home;
        drop(vault);
        let vault = crate::testing::open_vault(&dir.path().join("home"));
        home = Home { vault, _dir: dir, account, longest, counter, number };
        let (slices, _) = tidy(&mut home);
        assert!(slices > 5, "it goes on");
        assert_eq!(places(&home, thread), expected);
    }
}

/// Their letters may wait outside of any thread of the group.
#[test]
fn cost_of_a_new_group_member_does_not_grow_with_threads() {
    let costs = [SMALL, LARGE].map(|size| {
        let mut home = home(size);
        home.vault
            .db
            .execute_batch(&format!(
                "INSERT INTO grp (account, gid, alias, standing)
                     VALUES ({}, 'Gardeners', 'Own Alias', 'joined');
                 UPDATE thread SET known = 1;
                 INSERT INTO party (thread, ord, is_group, uid, alias, by_uid, at_ms)
                     SELECT id, 50, 1, 'Gardeners', 'Gardeners', 'by', 1 FROM thread;",
                home.account
            ))
            .unwrap();
        let cost = home.cost(|home| {
            let mut letter = home.letter("", "By a member.", 0);
            letter.from_uid =
                format!("{:0>32x}", home.number).to_uppercase().replace('0', "Z").into();
            letter.thread_id = format!("{:016x}", 0x1001);
            letter.msgid = MessageId(home.number + (1 << 40));
            letter.groups = vec!["Gardeners".into()];
            home.vault.receive_post(home.account, &letter).unwrap()
        });
        while home.vault.tidy().value {}
        let left = "SELECT count(*) FROM unsettled";
        assert_eq!(home.vault.db.query_row(left, [], |row| row.get::<_, u32>(0)).unwrap(), 0);
        cost
    });
    assert!(costs[1].steps < costs[0].steps * 6 / 5 && costs[1].steps < 3 * ONE, "{costs:?}");
}

/// Nobody of the early thread is admitted; then the member takes it in.
#[test]
fn a_thread_of_thousands_is_taken_in_by_hand_in_slices() {
    let mut home = home(10);
    of_one_author(&home, MANY);
    let first = Incoming { cc: Vec::new(), ..first_letter(&home, 0) };
    let Received::New(first) = home.vault.receive_post(home.account, &first).unwrap().value else {
        panic!("it is new")
    };
    let thread = home.vault.message(first).unwrap().thread;
    tidy(&mut home);
    let apart = format!("SELECT id FROM thread WHERE service_id = '{FIRST}' AND known = 0");
    let apart: ThreadId = home.vault.db.query_row(&apart, [], |row| row.get(0)).unwrap();
    assert_eq!(home.vault.thread(apart).unwrap().row.count, u64::from(MANY));
    home.counter.lock().unwrap().cost = Cost::default();
    assert_eq!(home.vault.take_in(apart, 9).unwrap().value, thread);
    let cost = home.counter.lock().unwrap().cost;
    assert!(cost.steps < SLICE, "{cost:?}");
    let (slices, _) = tidy(&mut home);
    assert!(slices > 10, "{slices}");
    assert_eq!(places(&home, thread), (MANY + 1, 0));
}

/// The member's letter gets its id when thousands of replies are here, in a thread announced by
/// another device; one of their authors writes meanwhile.
#[test]
fn replies_that_overtook_the_acknowledgement_come_to_the_letter() {
    let mut home = home(10);
    of_one_author(&home, MANY);
    home.vault
        .db
        .execute_batch(&format!("UPDATE thread SET known = 1 WHERE service_id = '{FIRST}'"))
        .unwrap();
    let to = vec!["Author".to_owned()];
    home.vault
        .db
        .execute_batch(&format!(
            "INSERT INTO contact (account, uid, alias, since_ms) VALUES ({}, '{}', 'Author', 1)",
            home.account,
            uid("WTR", 1)
        ))
        .unwrap();
    let content = DraftContent { to, text: "Mine".into(), ..DraftContent::default() };
    let draft = home
        .vault
        .save_draft(Upon::Anything, None, home.account, None, &content, 9)
        .unwrap()
        .value
        .id;
    let mine = home.vault.queue_draft(draft, None, 10, 0).unwrap().value;
    let item = home.vault.next_outbox(home.account, 20).unwrap().unwrap();
    home.counter.lock().unwrap().cost = Cost::default();
    let acked = Acked { msgid: MessageId::from_wire(FIRST).unwrap(), posted_ms: 30, to: None };
    let _ = home.vault.outbox_sent(item.id, Some(&acked)).unwrap();
    let cost = home.counter.lock().unwrap().cost;
    assert!(cost.steps < SLICE, "{cost:?}");
    let thread = mine.thread;
    let reply = Incoming { from_uid: uid("WTR", 1).into(), ..home.letter(FIRST, "One more.", 0) };
    let Received::New(reply) = home.vault.receive_post(home.account, &reply).unwrap().value else {
        panic!("it is new")
    };
    assert_eq!(home.vault.message(reply).unwrap().thread, thread);
    tidy(&mut home);
    assert_eq!(places(&home, thread), (MANY + 2, 0));
}

/// Started while the letters of a claim are being moved, between two slices.
#[test]
fn draft_made_during_settling_keeps_its_readers() {
    let mut home = home(10);
    of_many_authors(&home, FEW);
    of_one_author(&home, MANY);
    let claimed = "SELECT max(id) FROM thread";
    let source: ThreadId = home.vault.db.query_row(claimed, [], |row| row.get(0)).unwrap();
    let (thread, _) = arrive(&mut home, FEW);
    assert_ne!(thread, source);
    let content = DraftContent { text: "between us".into(), ..DraftContent::default() };
    let draft = home
        .vault
        .save_draft(Upon::Anything, None, home.account, Some(source), &content, 9)
        .unwrap();
    tidy(&mut home);
    let (is_apart, text): (bool, String) = home
        .vault
        .db
        .query_row(
            "SELECT thread IS NULL, text FROM draft WHERE id = ?1",
            [draft.value.id],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .unwrap();
    assert_eq!((is_apart, text.as_str()), (true, "between us"));
}
