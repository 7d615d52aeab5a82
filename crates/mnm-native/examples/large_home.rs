//! Filler of a home for `cargo xtask bench --pages`: 100,000 threads with a million messages, by SQL.
//!
//!     cargo run --release -p mnm-native --example large_home HOME [THREADS] [MESSAGES] [LONGEST] [VERSION]
//!
//! The home is one that has joined a service and received one letter; its app must not be running. The thread of
//! that letter becomes the longest one, so that its writer can go on in it. Without such a home one is made
//! whose service does not exist. Rows are written as the engine writes them, except that syncs, which would take
//! hours, are left out. With a VERSION of the schema, from 39 on, a new home is filled at that version and then
//! migrated as the app does it; the time of each step is printed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "a program for those who measure"
)]

use std::path::Path;
use std::time::Instant;

use mnm_engine::markdown;
use mnm_engine::vault::database;
use rusqlite::{Connection, Statement, params};

const THREADS: u64 = 100_000;
const MESSAGES: u64 = 1_000_000;
const LONGEST: u64 = 50_000;
const CONTACTS: u64 = 2_000;
const GROUPS: u64 = 50;
/// One thread in so many is a group's.
const GROUP_EACH: u64 = 9;
/// The newest threads are unread.
const UNREAD_THREADS: u64 = 100;
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
    let version = number(database::latest() as u64) as i64;
    let mut db = open(Path::new(&home), version);
    let mut dice = Dice(7);
    let words: Vec<String> = (0..WORDS).map(|_| word(&mut dice)).collect();
    db.execute_batch("PRAGMA synchronous = OFF; BEGIN").unwrap();
    let writers = contacts(&db, &mut dice);
    let long = db.query_row("SELECT thread FROM message", [], |row| row.get(0)).unwrap();
    fill(&db, &mut dice, &words, &writers, [threads, messages, longest], long, version);
    db.execute_batch("COMMIT; PRAGMA wal_checkpoint(TRUNCATE); PRAGMA synchronous = FULL").unwrap();
    for step in version + 1..=database::latest() {
        let begin = Instant::now();
        database::migrate_to(&mut db, step).unwrap();
        println!("migration {step}: {:.2} s", begin.elapsed().as_secs_f64());
    }
}

fn open(home: &Path, version: i64) -> Connection {
    let is_new = !home.exists();
    if is_new {
        std::fs::create_dir_all(home).unwrap();
        let mut key = [0; database::KEY_BYTES];
        getrandom::fill(&mut key).unwrap();
        std::fs::write(home.join("vault.key"), key).unwrap();
    } else {
        // Makes what the app of this version would make.
        drop(mnm_native::open_vault(home).unwrap());
    }
    let key: [u8; database::KEY_BYTES] =
        std::fs::read(home.join("vault.key")).unwrap().try_into().unwrap();
    let mut db = Connection::open(home.join("vault.db")).unwrap();
    database::configure(&db, &key).unwrap();
    // Also for the functions that triggers call.
    database::migrate_to(&mut db, version).unwrap();
    if is_new {
        db.execute_batch(BEGUN).unwrap();
        db.execute("UPDATE message SET rendering = ?1", [markdown::RENDERING]).unwrap();
    }
    db
}

/// A member and the letter that began the longest thread.
const BEGUN: &str = "
    INSERT INTO account (address, fingerprint, service, uid, node, joined_ms)
    VALUES ('=localhost:1', printf('%064d', 1), 'Example', 'BWNBWNBWNBWNBWNBWNBWNBWNBWNBWNBW', 'secret', 1);
    INSERT INTO own_alias (account, ord, alias) VALUES (1, 0, 'Own Alias');
    INSERT INTO device (account, label, this, since_ms) VALUES (1, 'laptop', 1, 1);
    INSERT INTO thread (account, service_id, subject, last_at_ms, known)
    VALUES (1, '0000000000001000', 'The longest thread', 1764000000000, 1);
    INSERT INTO party (thread, ord, is_group, uid, alias, by_uid, at_ms)
    VALUES (1, 0, 0, 'BWNBWNBWNBWNBWNBWNBWNBWNBWNBWNBW', 'Own Alias', '', 1),
        (1, 1, 0, 'WRTZZZZZZZZZZZZZZZZZZZZZZZZZZZZZ', 'Ada Writer', '', 1);
    INSERT INTO message (account, thread, msgid, author_uid, author_alias, at_ms, subject, text, html, state,
        unread, rendering)
    VALUES (1, 1, '0000000000001000', 'WRTZZZZZZZZZZZZZZZZZZZZZZZZZZZZZ', 'Ada Writer', 1764000000000,
        'The longest thread', 'It begins.', '<p>It begins.</p>', 'received', 0, 1);";

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
        .prepare("INSERT INTO contact (account, uid, alias, since_ms, look) VALUES (1, ?1, ?2, 1, look(?2))")
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

/// What is the same in all messages that are written.
struct Filler<'a> {
    insert: Statement<'a>,
    dice: &'a mut Dice,
    words: &'a [String],
    me: Author,
    rendering: i64,
    /// Number of the next message, in its id.
    next: u64,
}

impl Filler<'_> {
    /// Messages of a thread between the member and a writer, a step apart; the time of the last.
    fn messages(
        &mut self,
        thread: i64,
        writer: &Author,
        times: impl Iterator<Item = i64>,
        is_unread: bool,
    ) -> i64 {
        let mut last = 0;
        for (n, at_ms) in times.enumerate() {
            let mine = n % 3 == 1;
            let author = if mine { &self.me } else { writer };
            let long = self.dice.roll(20) == 0;
            let count = if long { 120 } else { 4 + self.dice.roll(30) };
            let text = sentence(self.dice, self.words, count);
            self.insert
                .execute(params![
                    thread,
                    format!("{:016x}", self.next),
                    author.uid,
                    author.alias,
                    at_ms,
                    text,
                    format!("<p>{text}</p>\n"),
                    if mine { "sent" } else { "received" },
                    is_unread && !mine,
                    self.rendering
                ])
                .unwrap();
            self.next += 1;
            last = at_ms;
        }
        last
    }
}

fn fill(
    db: &Connection,
    dice: &mut Dice,
    words: &[String],
    writers: &[Author],
    [threads, messages, longest]: [u64; 3],
    long: i64,
    version: i64,
) {
    let rendering = db.query_row("SELECT rendering FROM message", [], |row| row.get(0)).unwrap();
    let (now, me): (i64, Author) = db
        .query_row(
            "SELECT m.at_ms, a.uid, o.alias FROM message m JOIN account a ON a.id = m.account
             JOIN own_alias o ON o.account = a.id",
            [],
            |row| Ok((row.get(0)?, Author { uid: row.get(1)?, alias: row.get(2)? })),
        )
        .unwrap();
    let mut thread = db
        .prepare(
            "INSERT INTO thread (account, service_id, subject, last_at_ms, known)
             VALUES (1, ?1, ?2, 0, 1)",
        )
        .unwrap();
    let last = match version {
        ..44 => "UPDATE thread SET last_at_ms = ?2 WHERE id = ?1 AND ?3 <> ''",
        _ => {
            "UPDATE thread SET last_at_ms = ?2, person_key = substr(search_tokens(?3), 1, 64) WHERE id = ?1"
        }
    };
    let mut last = db.prepare(last).unwrap();
    let mut party = db
        .prepare(
            "INSERT INTO party (thread, ord, is_group, uid, alias, by_uid, at_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, '', 1)",
        )
        .unwrap();
    let insert = db
        .prepare(
            "INSERT INTO message (account, thread, msgid, author_uid, author_alias, at_ms, subject, text, html,
                 state, unread, rendering)
             VALUES (1, ?1, ?2, ?3, ?4, ?5, '', ?6, ?7, ?8, ?9, ?10)",
        )
        .unwrap();
    let mut filler = Filler { insert, dice, words, me, rendering, next: 0xbe_0000_0000 };
    let times =
        |from: i64, step: i64, count: u64| (0..).map(move |n| from + n * step).take(count as usize);
    let begin = now - messages as i64 * APART_MS;
    // Older than the letter that began it here, over the whole time.
    let step = APART_MS * (messages / longest) as i64;
    filler.messages(long, &writers[0], times(begin, step, longest - 1), false);
    let each = (messages - longest) / (threads - 1);
    for n in 1..threads {
        let count = 2 + filler.dice.roll(4);
        let subject = sentence(filler.dice, words, count);
        thread.execute(params![format!("{:016x}", filler.next), subject]).unwrap();
        let id = db.last_insert_rowid();
        let writer = &writers[filler.dice.common(CONTACTS) as usize];
        party.execute(params![id, 0, 0, filler.me.uid, filler.me.alias]).unwrap();
        party.execute(params![id, 1, 0, writer.uid, writer.alias]).unwrap();
        let mut person = writer.alias.clone();
        if n % GROUP_EACH == 0 {
            let gid = format!("Large Group {}", filler.dice.roll(GROUPS));
            party.execute(params![id, 2, 1, gid, gid]).unwrap();
            person = gid;
        }
        let from = begin + (n * each) as i64 * APART_MS;
        let at_ms =
            filler.messages(id, writer, times(from, APART_MS, each), n + UNREAD_THREADS > threads);
        last.execute(params![id, at_ms, person]).unwrap();
    }
}
