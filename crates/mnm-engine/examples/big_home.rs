//! A home as large as a busy member's, and how long the vault is busy with each command on it.
//!
//!     cargo run --release -p mnm-engine --example big_home [MESSAGES_A_THREAD]
//!
//! Everything waits while the vault is busy, so no command may take more than 50 ms.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a program for those who measure")]

use std::time::{Duration, Instant};

use mnm_engine::command::Place;
use mnm_engine::vault::{
    Cc, DraftContent, Incoming, IncomingAttachment, IncomingPing, NewAccount, PingQuery, Secret,
    Vault,
};

const OWN: &str = "OWNOWNOWNOWNOWNOWNOWNOWNOWNOWNOW";
const THREADS: u64 = 100;
const FILES: usize = 1_000;
const PINGS: u64 = 10_000;
const LARGE: usize = 15;

struct Table(Vec<(&'static str, Duration)>);

impl Table {
    fn time<T>(&mut self, what: &'static str, act: impl FnOnce() -> T) -> T {
        let begin = Instant::now();
        let done = act();
        self.0.push((what, begin.elapsed()));
        done
    }
}

fn letter(number: u64, thread: u64, text: String) -> Incoming {
    let author = format!("AUTHOR{:026}", number % 7);
    Incoming {
        msgid: format!("{number:016x}"),
        from_uid: author.clone(),
        posted_ms: i64::try_from(number).unwrap(),
        thread_id: if thread == 0 { String::new() } else { format!("{thread:016x}") },
        alias: format!("Author Number {}", number % 7),
        subject: if thread == 0 { format!("Thread {number}") } else { String::new() },
        cc: (0..7)
            .map(|n| Cc { who: format!("Author Number {n}"), who_uid: format!("AUTHOR{n:026}") })
            .collect(),
        text,
        ..Incoming::default()
    }
}

fn main() {
    let each: u64 = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(1_000);
    let home = tempfile::TempDir::new().unwrap();
    let mut vault = Vault::open(home.path()).unwrap();
    let account = NewAccount {
        address: "=localhost:1".into(),
        fingerprint: Some("ab".repeat(32)),
        service: "Example".into(),
        uid: OWN.into(),
        node: Secret::new("secret".into()),
        device: "laptop".into(),
        aliases: vec!["Own Alias".into()],
    };
    let account = vault.add_account(account, 1).unwrap().value.id;
    let mut number = 0x1000;
    let mut receive = |vault: &mut Vault, thread: u64, text: String| {
        number += 1;
        let _ = vault.receive_post(account, &letter(number, thread, text)).unwrap();
        number
    };
    for n in 0..THREADS {
        let first = receive(&mut vault, 0, "It begins.".into());
        for m in 1..each {
            receive(
                &mut vault,
                first,
                format!("Message {m} of thread {n}, with some words in it."),
            );
        }
    }
    let large = receive(&mut vault, 0, "Large ones.".into());
    let mut table = Table(Vec::new());
    let text = "All work and no play makes a long letter. ".repeat((4 << 20) / 42);
    for _ in 0..LARGE {
        let text = text.clone();
        table.time("take a letter of 4 MiB", || receive(&mut vault, large, text));
    }
    for n in 0..PINGS {
        let ping = IncomingPing {
            msgid: format!("{:016x}", 0x1_0000_0000 + n),
            from_uid: format!("PINGER{n:026}"),
            posted_ms: 5,
            alias: format!("Pinger {n}"),
            to: "Own Alias".into(),
            text: "Hello".into(),
            gid: None,
        };
        let _ = vault.receive_ping(account, &ping).unwrap();
    }
    let mut many = letter(0x2_0000_0000, 0, "Many files.".into());
    for _ in 0..FILES {
        let writer = vault.begin_blob().unwrap();
        let blob = vault.finish_blob(writer).unwrap();
        many.attachments.push(IncomingAttachment { name: "ß".repeat(120), form: None, blob });
    }
    let _ =
        table.time("take a letter of 1,000 files", || vault.receive_post(account, &many).unwrap());
    let mut writer = vault.begin_blob().unwrap();
    let bytes = vec![7; 256 * 1024];
    for _ in 0..64 {
        table.time("take 256 KiB of a file", || vault.append_blob(&mut writer, &bytes).unwrap());
    }
    vault.discard_blob(writer);
    while table.time("tidy up, one slice", || vault.tidy()) {}
    let rows = table.time("list 500 threads", || vault.threads(None, None, Some(500)).unwrap());
    table.time("first screen", || vault.state("").unwrap());
    for row in &rows {
        table.time("open a thread", || vault.thread_page(row.id, Place::Unread, None).unwrap());
    }
    table.time("list pings", || vault.pings(&PingQuery::default()).unwrap());
    let find = PingQuery { find: Some("nobody".into()), ..PingQuery::default() };
    table.time("find a ping", || vault.pings(&find).unwrap());
    let _ = table.time("put 200 pings away", || vault.ignore_some(None, None).unwrap());
    table.time("search a common word", || vault.search(None, "message words", None).unwrap());
    table.time("search a rare word", || vault.search(None, "play letter", None).unwrap());
    let last = rows.last().unwrap().id;
    let content = DraftContent { text: "An answer.".into(), ..DraftContent::default() };
    let save = || vault.save_draft(None, account, Some(last), &content, 9).unwrap().value.id;
    let draft = table.time("save a draft", save);
    let _ = table.time("send it", || vault.queue_draft(draft, 10).unwrap());
    let _ = table.time("mark a thread as read", || vault.mark_read(last, None).unwrap());
    let thread = u64::from_str_radix("1001", 16).unwrap();
    let small = letter(0x3_0000_0000, thread, "One more.".into());
    let _ = table.time("take a small letter", || vault.receive_post(account, &small).unwrap());
    print(&table, each);
}

fn print(table: &Table, each: u64) {
    println!("{THREADS} threads of {each}, {LARGE} letters of 4 MiB, {FILES} files, {PINGS} pings");
    let mut names: Vec<_> = table.0.iter().map(|(name, _)| *name).collect();
    names.dedup();
    for name in names {
        let of = table.0.iter().filter(|(other, _)| *other == name).map(|(_, took)| *took);
        println!("{:>9.1} ms at most  {name}", of.max().unwrap_or_default().as_secs_f64() * 1e3);
    }
}
