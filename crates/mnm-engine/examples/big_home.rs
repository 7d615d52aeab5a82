//! Benchmark of each command on a home as large as a busy member's.
//!
//!     cargo run --release -p mnm-engine --example big_home [MESSAGES_A_THREAD] [DIRECTORY]
//!
//! Everything waits while the vault is busy, so no command may take more than 50 ms. The home is filled
//! in memory, where syncing costs nothing, and then measured in the directory, by default the current
//! one. Ends with 1 when a command took longer.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "a program for those who measure"
)]

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use mnm_engine::command::Place;
use mnm_engine::vault::{
    Cc, DraftContent, ForwardedLetter, Incoming, IncomingAttachment, IncomingForward, IncomingPing,
    MemberAct, MemberNotice, NewAccount, PingQuery, Search, SearchArgs, SyncNotice, Upon, Vault,
};
use mnm_engine::view::AccountId;
use tmtp::id::{MessageId, Uid};

const OWN: &str = "BWNBWNBWNBWNBWNBWNBWNBWNBWNBWNBW";
const THREADS: u64 = 100;
/// Members of a group.
const MEMBERS: u64 = 10_000;
/// Letters of 256 KiB in a thread that is forwarded: about as many as a copy has room for.
const FORWARDED: u64 = 63;
/// Times as many messages in the first thread.
const LONG: u64 = 50;
const FILES: usize = 1_000;
const READERS: usize = 1_000;
const PINGS: u64 = 10_000;
const CONTACTS: usize = 10_000;
const LARGE: usize = 15;
/// Longest time of a command.
const GOAL: Duration = Duration::from_millis(50);

/// How long a command took, and how much of that this thread ran: the rest it waited for the disk, or for
/// others that ran.
#[derive(Clone, Copy)]
struct Time {
    whole: Duration,
    ran: Duration,
}

#[derive(Default)]
struct Table(Vec<(&'static str, Vec<Time>)>);

/// Time that this thread has run; none where the system does not tell.
fn ran() -> Duration {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let ns = told.split_whitespace().next().and_then(|ns| ns.parse().ok());
    Duration::from_nanos(ns.unwrap_or(0))
}

impl Table {
    fn time<T>(&mut self, what: &'static str, act: impl FnOnce() -> T) -> T {
        let (begin, before) = (Instant::now(), ran());
        let done = act();
        let took = Time { whole: begin.elapsed(), ran: ran() - before };
        match self.0.iter_mut().find(|(name, _)| *name == what) {
            Some((_, times)) => times.push(took),
            None => self.0.push((what, vec![took])),
        }
        done
    }

    /// Prints it; whether all is within the goal.
    fn print(&self) -> bool {
        let ms = |time: Duration| time.as_secs_f64() * 1e3;
        println!(
            "{:>9} {:>9} {:>9}  goal: at most {} ms",
            "median",
            "at most",
            "ran",
            GOAL.as_millis()
        );
        let mut fine = true;
        for (name, times) in &self.0 {
            let mut whole: Vec<_> = times.iter().map(|time| time.whole).collect();
            whole.sort_unstable();
            let most = whole.last().copied().unwrap_or_default();
            let median = whole.get(whole.len() / 2).copied().unwrap_or_default();
            let ran = times.iter().map(|time| time.ran).max().unwrap_or_default();
            // Nothing that letters can have any more.
            let counts = !name.starts_with('(');
            let mark = if most > GOAL && counts { "above" } else { "" };
            fine &= most <= GOAL || !counts;
            println!("{:>9.1} {:>9.1} {:>9.1}  {name} {mark}", ms(median), ms(most), ms(ran));
        }
        fine
    }
}

/// What letters are numbered by.
struct Post(u64);

impl Post {
    /// A letter into a thread; one that opens a thread without.
    fn receive(
        &mut self,
        vault: &mut Vault,
        account: AccountId,
        thread: Option<u64>,
        text: String,
    ) -> u64 {
        self.0 += 1;
        let _ = vault.receive_post(account, &letter(self.0, thread, text)).unwrap();
        self.0
    }
}

/// A permanent id: no vowels, and no zero.
fn uid(kind: &str, number: u64) -> String {
    format!("{kind}{number:0width$}", width = 32 - kind.len()).replace('0', "Z")
}

fn letter(number: u64, thread: Option<u64>, text: String) -> Incoming {
    Incoming {
        msgid: MessageId(number),
        from_uid: uid("WRT", number % 7).into(),
        posted_ms: i64::try_from(number).unwrap(),
        thread_id: thread.map(|thread| format!("{thread:016x}")).unwrap_or_default(),
        alias: format!("Author Number {}", number % 7),
        subject: if thread.is_none() { format!("Thread {number}") } else { String::new() },
        cc: readers("WRT", 7),
        text,
        ..Incoming::default()
    }
}

fn readers(kind: &str, count: usize) -> Vec<Cc> {
    (0..count)
        .map(|n| Cc { who: format!("{kind} Number {n}"), who_uid: uid(kind, n as u64).into() })
        .collect()
}

fn ping(number: u64) -> IncomingPing {
    IncomingPing {
        msgid: MessageId(0x1_0000_0000 + number),
        from_uid: uid("PNG", number).into(),
        posted_ms: 5,
        alias: format!("Pinger {number}"),
        to: "Own Alias".into(),
        text: "Hello".into(),
        gid: None,
    }
}

/// Fills a home; the account, and what letters to come are numbered by.
fn fill(home: &Path, each: u64) -> (AccountId, Post) {
    let mut vault = mnm_native::open_vault(home).unwrap();
    let account = NewAccount {
        address: "=localhost:1".into(),
        fingerprint: Some("ab".repeat(32)),
        service: "Example".into(),
        uid: OWN.into(),
        node: tmtp::id::NodeSecret::from("secret"),
        device: "laptop".into(),
        aliases: vec!["Own Alias".into()],
    };
    let account = vault.add_account(account, 1).unwrap().value.id;
    let mut post = Post(0x1000);
    for n in 0..THREADS {
        let first = post.receive(&mut vault, account, None, "It begins.".into());
        for m in 1..if n == 0 { each * LONG } else { each } {
            let text = format!("Message {m} of thread {n}, with some words in it.");
            post.receive(&mut vault, account, Some(first), text);
        }
    }
    for n in 0..PINGS {
        let _ = vault.receive_ping(account, &ping(n)).unwrap();
    }
    (account, post)
}

/// The directory to measure in, with a copy of the home in it.
fn copy(home: &Path, directory: &Path) -> tempfile::TempDir {
    let measured = tempfile::TempDir::new_in(directory).unwrap();
    for file in ["vault.key", "vault.db"] {
        std::fs::copy(home.join(file), measured.path().join(file)).unwrap();
    }
    measured
}

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let each: u64 = arguments.next().and_then(|n| n.parse().ok()).unwrap_or(1_000);
    let directory = arguments.next().map_or_else(|| PathBuf::from("."), PathBuf::from);
    let memory = Path::new("/dev/shm");
    let filled = match memory.is_dir() {
        true => tempfile::TempDir::new_in(memory).unwrap(),
        false => tempfile::TempDir::new().unwrap(),
    };
    let (account, mut post) = fill(filled.path(), each);
    let home = copy(filled.path(), &directory);
    drop(filled);
    let mut vault = mnm_native::open_vault(home.path()).unwrap();
    let mut table = Table::default();
    println!(
        "{THREADS} threads of {each} and {} messages, {LARGE} letters of 4 MiB, {PINGS} pings, {CONTACTS} contacts",
        each * LONG
    );
    take(&mut vault, account, &mut post, &mut table);
    group(&mut vault, account, &mut table);
    forward(&mut vault, account, &mut post, &mut table);
    show(&mut vault, account, &mut table);
    write(&mut vault, account, &mut table);
    if table.print() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// What comes in.
fn take(vault: &mut Vault, account: AccountId, post: &mut Post, table: &mut Table) {
    for n in 0..50 {
        let small = letter(0x10_0000_0000 + n, Some(0x1001), "One more.".into());
        let _ = table.time("take a small letter into the longest thread", || {
            vault.receive_post(account, &small).unwrap()
        });
    }
    for kib in [256, 4096] {
        // The longest that letters have; and what an older version took, before it is measured.
        let name = if kib == 256 { "take a text of 256 KiB" } else { "(take a text of 4 MiB)" };
        let text = "All work and no play makes a long letter. ".repeat(kib * 1024 / 42);
        let large = post.receive(vault, account, None, "Large ones.".into());
        for _ in 0..LARGE {
            let text = text.clone();
            table.time(name, || post.receive(vault, account, Some(large), text));
        }
    }
    let mut many = letter(0x2_0000_0000, None, "Many files.".into());
    for _ in 0..FILES {
        let writer = vault.begin_blob().unwrap();
        let blob = vault.finish_blob(writer).unwrap();
        many.attachments.push(IncomingAttachment { name: "ß".repeat(120), form: None, blob });
    }
    let _ =
        table.time("take a letter of 1,000 files", || vault.receive_post(account, &many).unwrap());
    for n in 0..5 {
        let mut many = letter(0x2_0000_1000 + n, None, "Many readers.".into());
        many.cc = readers("RDR", READERS);
        let _ = table
            .time("take a letter to 1,000 readers", || vault.receive_post(account, &many).unwrap());
    }
    for n in 0..10 {
        let _ =
            table.time("take a ping", || vault.receive_ping(account, &ping(PINGS + n)).unwrap());
    }
    for some in (0..CONTACTS).collect::<Vec<_>>().chunks(1_000) {
        let contacts: Vec<String> = some
            .iter()
            .map(|n| {
                let uid = uid("FRND", *n as u64);
                format!(r#"{{"uid":"{uid}","alias":"Friend Number {n}","since_ms":1}}"#)
            })
            .collect();
        let notice = format!(r#"{{"mnm":1,"contacts":[{}]}}"#, contacts.join(","));
        let msgid = MessageId(0x3_0000_0000_u64 + some[0] as u64);
        let (told, mut from) = (SyncNotice::read(&notice), Some(0));
        while let Some(next) = from {
            let apply = || vault.receive_sync(account, msgid, &told, next).unwrap().value;
            from = table.time("take a notice of 1,000 contacts, one slice", apply);
        }
    }
    let mut writer = vault.begin_blob().unwrap();
    let bytes = vec![7; 256 * 1024];
    for _ in 0..64 {
        table.time("take 256 KiB of a file", || vault.append_blob(&mut writer, &bytes).unwrap());
    }
    vault.discard_blob(writer);
    while table.time("tidy up, one slice", || vault.tidy().value) {}
}

/// A group that fills.
fn group(vault: &mut Vault, account: AccountId, table: &mut Table) {
    for number in 0..MEMBERS {
        let join = MemberNotice {
            msgid: MessageId(0x4_0000_0000 + number),
            from_uid: uid("JNR", number).into(),
            gid: "the whole town".into(),
            alias: format!("Member Number {number}"),
            uid: None,
            act: MemberAct::Join,
        };
        let _ = table.time("take a notice that one of 10,000 has joined a group", || {
            vault.receive_member(account, &join).unwrap()
        });
    }
    let mut after = None;
    loop {
        let ask = || {
            vault.members(account, &"the whole town".into(), after.as_ref(), Some(1_000)).unwrap()
        };
        after = table.time("list 1,000 members of a group", ask).next;
        if after.is_none() {
            break;
        }
    }
}

/// A thread of 16 MiB, forwarded and taken in.
fn forward(vault: &mut Vault, account: AccountId, post: &mut Post, table: &mut Table) {
    let text = "All work and no play makes a long letter. ".repeat((255 << 10) / 42);
    let first = post.receive(vault, account, None, "To forward.".into());
    for _ in 0..FORWARDED {
        post.receive(vault, account, Some(first), text.clone());
    }
    let threads = vault.threads(None, None, None).unwrap();
    let thread = threads.iter().find(|row| row.subject == format!("Thread {first}")).unwrap().id;
    let to = ["Friend Number 1".to_owned()];
    let begin = || vault.begin_copy(thread, &to, 9).unwrap();
    let mut copying = table.time("begin to copy a thread of 16 MiB", begin);
    let mut writer = vault.begin_blob().unwrap();
    loop {
        let slice = || vault.copy_slice(&mut copying).unwrap();
        let (bytes, more) = table.time("copy it, one slice", slice);
        table.time("stage a slice of the copy", || vault.append_blob(&mut writer, &bytes).unwrap());
        if !more {
            break;
        }
    }
    let blob = table.time("end the copy", || vault.finish_blob(writer).unwrap());
    let queue = || vault.queue_forward(&copying, blob, &to, 9).unwrap().value;
    let row = table.time("queue the copy", queue).unwrap();
    for _ in 0..3 {
        let item = table.time("take a copy of 16 MiB from the outbox", || {
            vault.next_outbox(account, 9).unwrap()
        });
        assert_eq!(item.unwrap().id, row, "it is the first");
        let _ = table.time("a forward was interrupted", || vault.outbox_interrupted(row).unwrap());
    }
    let _ = table.time("a forward was sent", || vault.outbox_sent(row, None).unwrap());
    let letters = (0..FORWARDED).map(|number| ForwardedLetter {
        id: format!("{:016x}", 0x6_0000_0000 + number),
        author_uid: uid("WRT", 1).into(),
        alias: "Author".into(),
        posted_ms: Some(1),
        subject: String::new(),
        text: text.clone(),
        files: Vec::new(),
    });
    let forward = IncomingForward {
        msgid: MessageId(0x5_0000_0000_u64),
        from_uid: uid("FRND", 1).into(),
        posted_ms: 9,
        thread_id: format!("{:016x}", 0x6_0000_0000_u64),
        cc: readers("WRT", 7),
        letters: letters.collect(),
    };
    let mut from = Some(0);
    while let Some(next) = from {
        from = table.time("take in a thread of 16 MiB that was forwarded, one slice", || {
            vault.receive_forward(account, &forward, next).unwrap().value
        });
    }
}

/// What is asked for.
fn show(vault: &mut Vault, account: AccountId, table: &mut Table) {
    for _ in 0..5 {
        let rows = table
            .time("list threads, the longest page", || vault.threads(None, None, Some(500)))
            .unwrap();
        table.time("list threads", || vault.threads(None, None, None).unwrap());
        table.time("first screen", || vault.state("").unwrap());
        for row in &rows {
            for place in [Place::Unread, Place::End] {
                let open = || vault.thread_page(row.id, place, None).unwrap();
                table.time("open a thread", open);
            }
        }
        let longest = rows.iter().max_by_key(|row| row.count).unwrap().id;
        let page = vault.thread_page(longest, Place::End, Some(1)).unwrap();
        let middle = page.messages[0].id / 2;
        table.time("open the longest thread in its middle", || {
            vault.thread_page(longest, Place::Around(middle), Some(200)).unwrap()
        });
        table.time("list pings", || vault.pings(&PingQuery::default()).unwrap());
        let find = PingQuery { find: Some("nobody".into()), ..PingQuery::default() };
        table.time("find a ping", || vault.pings(&find).unwrap());
        table.time("list contacts", || vault.contacts(None).unwrap());
        table.time("list groups", || vault.groups(None).unwrap());
        for (name, words) in [
            ("search a common word", "message words"),
            ("search a beginning of a common word", "m"),
            ("search a word that large letters have", "play letter"),
            ("search a word that is nowhere", "xylophone"),
        ] {
            let mut search =
                Search::new(&SearchArgs { words: words.into(), ..SearchArgs::default() }).unwrap();
            while table.time(name, || vault.search_slice(&mut search).unwrap()) {}
        }
        table.time("what would be lost with an account", || vault.losses(account).unwrap());
    }
}

/// What the member does.
fn write(vault: &mut Vault, account: AccountId, table: &mut Table) {
    let _ = table.time("put 200 pings away", || vault.ignore_some(None, None).unwrap());
    let rows = vault.threads(None, None, Some(500)).unwrap();
    let last = rows.last().unwrap().id;
    let content = DraftContent { text: "An answer.".into(), ..DraftContent::default() };
    let save = || {
        vault.save_draft(Upon::Anything, None, account, Some(last), &content, 9).unwrap().value.id
    };
    let draft = table.time("save a draft", save);
    let _ = table.time("send it", || vault.queue_draft(draft, None, 10, 0).unwrap());
    let text = "All work and no play makes a long letter. ".repeat((256 << 10) / 42);
    let content = DraftContent { text, ..DraftContent::default() };
    let save = || {
        vault.save_draft(Upon::Anything, None, account, Some(last), &content, 9).unwrap().value.id
    };
    let draft = table.time("save a draft of 256 KiB", save);
    let _ =
        table.time("send a letter of 256 KiB", || vault.queue_draft(draft, None, 10, 0).unwrap());
    let online: Vec<Uid> = (0..CONTACTS).map(|n| uid("FRND", n as u64).into()).collect();
    for online in [online.as_slice(), &[]] {
        let compare = || vault.changes_of_online(account, online);
        let changes = table.time("who of 10,000 contacts came or went", compare);
        for some in changes.chunks(200) {
            let note = || vault.set_some_online(account, some).unwrap();
            table.time("200 contacts come or go", note);
        }
    }
    let text = |large: &str| rows.iter().find(|row| row.snippet.contains(large)).unwrap().id;
    let large = text("long letter");
    let mut mark = || vault.mark_read(large, None).unwrap().value.more;
    while table.time("mark large letters as read, one slice", &mut mark) {}
    let longest = rows.iter().max_by_key(|row| row.count).unwrap().id;
    let _ =
        table.time("mark the longest thread as read", || vault.mark_read(longest, None).unwrap());
}
