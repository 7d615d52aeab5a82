//! Times of the app's commands on the home that `large_home` fills.
//!
//!     cargo run --release -p mnm-native --example large_home_times HOME [ROUNDS]
//!
//! Prints the time of each command as the pages ask it, and of each letter of a word that is searched: the
//! least and the median of some rounds, in ms, so that what else runs on the machine matters less.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a program for those who measure")]

use std::path::Path;
use std::time::Instant;

use mnm_engine::command::{Place, SearchOrder, ThreadFilter, ThreadMark};
use mnm_engine::vault::{Incoming, Search, SearchArgs, Vault};
use mnm_engine::view::{AccountId, ThreadId};
use tmtp::id::MessageId;

const ACCOUNT: AccountId = 1;
const LONGEST: ThreadId = 1;
/// Hits and messages of a page, as the pages ask for them.
const HITS: u32 = 50;
const PAGE: u32 = 100;
const WORDS: [&str; 5] = ["harbour", "rowing", "bare", "reti", "sander"];
const CONDITIONS: [&str; 6] =
    ["from:ada", "from:zora", "has:file", "is:unread", "before:2020-01-01", "in:\"group 7\""];

struct Table {
    rounds: usize,
}

impl Table {
    /// Times an act, first with what the act before it has left in the cache.
    fn time<T>(&self, what: &str, mut act: impl FnMut(usize) -> T) {
        let mut times: Vec<f64> = (0..self.rounds)
            .map(|round| {
                let begin = Instant::now();
                drop(act(round));
                begin.elapsed().as_secs_f64() * 1e3
            })
            .collect();
        let first = times.first().copied().unwrap_or_default();
        times.sort_unstable_by(f64::total_cmp);
        let least = times.first().copied().unwrap_or_default();
        let median = times.get(times.len() / 2).copied().unwrap_or_default();
        println!("{first:>9.2} {least:>9.2} {median:>9.2}  {what}");
    }
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let home = arguments.next().expect("the directory of a home");
    let rounds = arguments.next().map_or(5, |n| n.parse().unwrap());
    let mut vault = mnm_native::open_vault(Path::new(&home)).unwrap();
    let (begin, mut slices, mut longest) = (Instant::now(), 0, 0.0_f64);
    loop {
        let slice = Instant::now();
        if !vault.tidy().value {
            break;
        }
        longest = longest.max(slice.elapsed().as_secs_f64() * 1e3);
        slices += 1;
    }
    println!(
        "chores: {:.1} s in {slices} slices, at most {longest:.0} ms",
        begin.elapsed().as_secs_f64()
    );
    println!("{:>9} {:>9} {:>9}  ms", "first", "least", "median");
    let table = Table { rounds };
    lists(&mut vault, &table);
    searches(&vault, &table);
    writes(&mut vault, &table);
}

fn lists(vault: &mut Vault, table: &Table) {
    table.time("state", |_| vault.state_left("").unwrap());
    let inbox = ThreadFilter::default();
    table
        .time("threads, the first page", |_| vault.threads_left(None, &inbox, None, None).unwrap());
    let rows = vault.threads(None, None, None).unwrap();
    let ids: Vec<ThreadId> = rows.iter().map(|row| row.id).filter(|id| *id != LONGEST).collect();
    table.time("thread, another each time", |round| {
        let thread = ids[round * 7 % ids.len()];
        vault.thread_left(thread, Place::Unread, Some(PAGE)).unwrap()
    });
    table.time("thread, the longest", |_| {
        vault.thread_left(LONGEST, Place::Unread, Some(PAGE)).unwrap()
    });
    let middle = vault.thread(LONGEST).unwrap().messages[0].id;
    table.time("thread, the longest in its middle", |_| {
        vault.thread_left(LONGEST, Place::Around(middle / 2), Some(PAGE)).unwrap()
    });
    table.time("drafts", |_| vault.drafts(None, None).unwrap());
    table.time("contacts", |_| vault.contacts(None).unwrap());
}

fn all(vault: &Vault, search: Option<Search>) -> (usize, u64, f64) {
    let Some(mut search) = search else { return (0, 0, 0.0) };
    let mut longest = 0.0_f64;
    loop {
        let begin = Instant::now();
        let more = vault.search_slice(&mut search).unwrap();
        longest = longest.max(begin.elapsed().as_secs_f64() * 1e3);
        if !more {
            let count = search.count();
            return (search.into_hits().len(), count, longest);
        }
    }
}

fn searches(vault: &Vault, table: &Table) {
    let prefixes = WORDS.iter().flat_map(|word| (1..=word.len()).map(|end| word[..end].to_owned()));
    let conditions = CONDITIONS.iter().map(|&words| words.to_owned());
    for words in prefixes.chain(conditions) {
        for order in [SearchOrder::Best, SearchOrder::Newest] {
            let args = SearchArgs {
                words: words.clone(),
                order,
                limit: Some(HITS),
                ..SearchArgs::default()
            };
            let (hits, _, longest) = all(vault, Search::new(&args));
            table.time(
                &format!("search {words}, {order:?}: {hits} hits, slice of {longest:.1}"),
                |_| all(vault, Search::new(&args)),
            );
        }
        let args = SearchArgs { words: words.clone(), ..SearchArgs::default() };
        let (_, count, longest) = all(vault, Search::counting(&args));
        table.time(&format!("count {words}: {count}, slice of {longest:.1}"), |_| {
            all(vault, Search::counting(&args))
        });
    }
}

/// What changes the home, a little.
fn writes(vault: &mut Vault, table: &Table) {
    let mut number = u64::try_from(vault.thread(LONGEST).unwrap().row.last_at_ms).unwrap();
    let rows = vault.threads(None, None, None).unwrap();
    let other = rows.iter().map(|row| row.id).find(|id| *id != LONGEST).unwrap();
    for (what, thread) in [("the longest thread", LONGEST), ("another thread", other)] {
        let (named, author) = {
            let thread = vault.thread(thread).unwrap();
            (thread.messages[0].msgid.clone().unwrap(), thread.messages[0].from.uid.clone())
        };
        table.time(&format!("take a letter into {what}"), |_| {
            number += 1;
            let letter = Incoming {
                msgid: MessageId(number),
                from_uid: author.as_str().into(),
                posted_ms: i64::try_from(number).unwrap(),
                thread_id: named.clone(),
                alias: "Ada Writer".into(),
                text: "Harbour and rowing, once more.".into(),
                ..Incoming::default()
            };
            vault.receive_post(ACCOUNT, &letter).unwrap()
        });
        table.time(&format!("mark {what} as unread"), |_| {
            vault.mark_threads(&[thread], ThreadMark::Unread, true, 1).unwrap()
        });
        table.time(&format!("mark {what} as read"), |_| vault.mark_read(thread, None).unwrap());
    }
}
