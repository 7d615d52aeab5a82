//! Filler of a home for `cargo xtask bench --pages`: 100,000 threads with a million messages, by SQL.
//!
//!     cargo run --release -p mnm-native --example large_home HOME [THREADS] [MESSAGES] [LONGEST]
//!
//! The home is one that has joined a service and received one letter; its app must not be running. The thread of
//! that letter becomes the longest one, so that its writer can go on in it. Rows are written as the engine
//! writes them, except that syncs, which would take hours, are left out.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "a program for those who measure"
)]

use std::path::Path;

use mnm_engine::vault::database;
use rusqlite::{Connection, params};

const THREADS: u64 = 100_000;
const MESSAGES: u64 = 1_000_000;
const LONGEST: u64 = 50_000;
const CONTACTS: u64 = 2_000;
const GROUPS: u64 = 50;
/// One thread in so many is a group's.
const GROUP_EACH: u64 = 9;
/// Messages that are unread, in the newest threads.
const UNREAD: u64 = 500;
/// Between two messages.
const APART_MS: i64 = 60_000;
const WORDS: usize = 4_000;
const SYLLABLES: [&str; 24] = [
    "ba", "re", "ti", "mo", "lu", "san", "der", "ver", "ko", "ni", "pel", "gra", "sho", "win",
    "har", "bour", "row", "ing", "club", "ma", "te", "fen", "dal", "ris",
];

/// Random numbers that are the same each time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below
    }

    /// Small numbers come more often, as common words do.
    fn common(&mut self, below: u64) -> u64 {
        let most = self.roll(below) + 1;
        self.roll(most)
    }
}

struct Author {
    uid: String,
    alias: String,
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let home = arguments.next().expect("the directory of a home");
    let mut number = |otherwise| arguments.next().map_or(otherwise, |n| n.parse().unwrap());
    let (threads, messages, longest) = (number(THREADS), number(MESSAGES), number(LONGEST));
    // Makes what the app of this version would make.
    drop(mnm_native::open_vault(Path::new(&home)).unwrap());
    let db = open(Path::new(&home));
    let mut dice = Dice(7);
    let words: Vec<String> = (0..WORDS).map(|_| word(&mut dice)).collect();
    db.execute_batch("PRAGMA synchronous = OFF; BEGIN").unwrap();
    let writers = contacts(&db, &mut dice);
    let long = db.query_row("SELECT thread FROM message", [], |row| row.get(0)).unwrap();
    fill(&db, &mut dice, &words, &writers, [threads, messages, longest], long);
    db.execute_batch("COMMIT; ANALYZE; PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
}

fn open(home: &Path) -> Connection {
    let key: [u8; database::KEY_BYTES] =
        std::fs::read(home.join("vault.key")).unwrap().try_into().unwrap();
    let db = Connection::open(home.join("vault.db")).unwrap();
    database::configure(&db, &key).unwrap();
    db
}

fn word(dice: &mut Dice) -> String {
    (0..=dice.common(4)).map(|_| SYLLABLES[dice.roll(SYLLABLES.len() as u64) as usize]).collect()
}

fn sentence(dice: &mut Dice, words: &[String], count: u64) -> String {
    let some: Vec<_> =
        (0..count).map(|_| words[dice.common(words.len() as u64) as usize].as_str()).collect();
    let mut text = some.join(" ");
    text[..1].make_ascii_uppercase();
    text
}

/// The address book and the groups; who writes.
fn contacts(db: &Connection, dice: &mut Dice) -> Vec<Author> {
    let first =
        ["Ada", "Björn", "Chloé", "Dmitri", "Eva", "Farid", "Grace", "Haruka", "Ines", "Jon"];
    let mut contact = db
        .prepare("INSERT INTO contact (account, uid, alias, since_ms) VALUES (1, ?1, ?2, 1)")
        .unwrap();
    let writers: Vec<Author> = (0..CONTACTS)
        .map(|n| {
            let mut family = word(dice);
            family[..1].make_ascii_uppercase();
            let alias = format!("{} {family} {n}", first[(n % 10) as usize]);
            let uid = format!("WRT{n:029}").replace('0', "Z");
            contact.execute(params![uid, alias]).unwrap();
            Author { uid, alias }
        })
        .collect();
    let mut group = db
        .prepare(
            "INSERT INTO grp (account, gid, alias, standing, whole, was_in)
             VALUES (1, ?1, ?2, 'joined', 1, 1)",
        )
        .unwrap();
    let own: String = db.query_row("SELECT alias FROM own_alias", [], |row| row.get(0)).unwrap();
    for n in 0..GROUPS {
        group.execute(params![format!("Large Group {n}"), own]).unwrap();
    }
    writers
}

fn fill(
    db: &Connection,
    dice: &mut Dice,
    words: &[String],
    writers: &[Author],
    [threads, messages, longest]: [u64; 3],
    long: i64,
) {
    let rendering: i64 =
        db.query_row("SELECT rendering FROM message", [], |row| row.get(0)).unwrap();
    let (now, me, my_alias): (i64, String, String) = db
        .query_row(
            "SELECT m.at_ms, a.uid, o.alias FROM message m JOIN account a ON a.id = m.account
             JOIN own_alias o ON o.account = a.id",
            [],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )
        .unwrap();
    let mut thread = db
        .prepare(
            "INSERT INTO thread (account, service_id, subject, last_at_ms, known)
             VALUES (1, ?1, ?2, ?3, 1)",
        )
        .unwrap();
    let mut party = db
        .prepare(
            "INSERT INTO party (thread, ord, is_group, uid, alias, by_uid, at_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, '', 1)",
        )
        .unwrap();
    let mut message = db
        .prepare(
            "INSERT INTO message (account, thread, msgid, author_uid, author_alias, at_ms, subject, text, html,
                 state, unread, rendering)
             VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        )
        .unwrap();
    let others = messages.saturating_sub(longest);
    let begin = now - i64::try_from(messages).unwrap() * APART_MS;
    let (mut at_ms, mut count) = (begin, 0xbe_0000_0000_u64);
    for n in 0..threads {
        let id = if n == 0 {
            long
        } else {
            let first = format!("{:016x}", count);
            let subject_words = 2 + dice.roll(4);
            thread.execute(params![first, sentence(dice, words, subject_words), at_ms]).unwrap();
            db.last_insert_rowid()
        };
        let length = if n == 0 {
            longest - 1
        } else {
            others * n / threads.max(2) - others * (n - 1) / threads.max(2)
        };
        let writer = &writers[dice.common(CONTACTS) as usize];
        if n > 0 {
            party.execute(params![id, 0, 0, me, my_alias]).unwrap();
            party.execute(params![id, 1, 0, writer.uid, writer.alias]).unwrap();
            if n % GROUP_EACH == 0 {
                let gid = format!("Large Group {}", dice.roll(GROUPS));
                party.execute(params![id, 2, 1, gid, gid]).unwrap();
            }
        }
        let step = if n == 0 {
            APART_MS * i64::try_from(messages / longest.max(1)).unwrap()
        } else {
            APART_MS
        };
        let mut here = if n == 0 { begin } else { at_ms };
        for m in 0..length.max(1) {
            let mine = m % 3 == 1;
            let long_text = dice.roll(20) == 0;
            let count_words = if long_text { 120 } else { 4 + dice.roll(30) };
            let text = sentence(dice, words, count_words);
            let unread = !mine && n + UNREAD / 5 > threads;
            message
                .execute(params![
                    id,
                    format!("{:016x}", count),
                    if mine { &me } else { &writer.uid },
                    if mine { &my_alias } else { &writer.alias },
                    here,
                    "",
                    text,
                    format!("<p>{text}</p>\n"),
                    if mine { "sent" } else { "received" },
                    unread,
                    rendering
                ])
                .unwrap();
            count += 1;
            here += step;
        }
        if n > 0 {
            at_ms = here;
            db.prepare_cached("UPDATE thread SET last_at_ms = ?2 WHERE id = ?1")
                .unwrap()
                .execute(params![id, here - step])
                .unwrap();
        }
        if n % 10_000 == 0 {
            eprintln!("{n} threads");
        }
    }
}
