//! Cost of searches: what they read, how far they count, and what they leave out.

use super::*;
use crate::command::SearchOrder;

/// Different words in each message that begin alike.
const WORDS: u32 = 20;

/// A home of so many messages, each with words that no other has.
fn home_of_words(messages: u32) -> Home {
    let home = home(10);
    let (account, thread) = (home.account, home.longest);
    home.vault
        .db
        .execute_batch(&format!(
            "BEGIN;
             WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {messages}),
                 w (w) AS (SELECT 1 UNION ALL SELECT w + 1 FROM w WHERE w < {WORDS})
             INSERT INTO message (account, thread, msgid, author_uid, author_alias, at_ms, subject, text,
                     html, state, unread)
                 SELECT {account}, {thread}, printf('%016x', 4000000 + n), 'BB', 'Some Body', 3 + n, '',
                     (SELECT group_concat(printf('quay%dx%d', w, n), ' ') FROM w), '', 'received', 0
                 FROM n;
             COMMIT;
             PRAGMA cache_size = 20;"
        ))
        .unwrap();
    home
}

/// The index works within one step of the machine, so what is read is counted, with nearly no cache.
#[test]
fn a_beginning_of_many_words_is_looked_up_without_reading_all_of_them() {
    let (mut small, mut large) = (home_of_words(1_500), home_of_words(12_000));
    for words in ["q", "qu", "qua"] {
        for order in [SearchOrder::Best, SearchOrder::Newest] {
            let args = SearchArgs { words: words.into(), order, ..SearchArgs::default() };
            let slice = |home: &mut Home| {
                let mut search = Search::new(&args).unwrap();
                let _ = home.vault.search_slice(&mut search).unwrap();
                search.count()
            };
            assert_eq!((slice(&mut small), slice(&mut large)), (50, 50));
            let (of_small, of_large) = (small.cost(slice), large.cost(slice));
            assert!(
                of_large.bytes <= 2 * of_small.bytes,
                "{words} {order:?}: {of_small:?} {of_large:?}"
            );
        }
    }
}

#[test]
fn matches_are_counted_as_far_as_they_can_be_listed() {
    let home = home(LARGE);
    let args = SearchArgs { words: "common".into(), ..SearchArgs::default() };
    let (mut search, mut slices) = (Search::counting(&args).unwrap(), 1);
    while home.vault.search_slice(&mut search).unwrap() {
        slices += 1;
    }
    assert_eq!((search.count(), slices), (1_001, 3));
}

#[test]
fn a_search_without_words_says_when_it_left_older_messages_out() {
    let home = home_of_words(20_100);
    home.vault
        .db
        .execute_batch(
            "INSERT INTO blob (size) VALUES (1), (1), (1);
             INSERT INTO attachment (message, ord, name, blob)
                 VALUES (5, 0, 'a', 1), (5, 1, 'b', 2), (20060, 0, 'c', 3);
             INSERT INTO absent_file (message, ord, name, size, ffn)
                 VALUES (4, 0, 'd', 1, ''), (5, 2, 'e', 1, '');",
        )
        .unwrap();
    for (words, is_cut, found) in [
        ("from:nobody", true, &[] as &[_]),
        ("from:nobody quay7x5", false, &[]),
        // These have a list of their own, however old.
        ("has:file", false, &[20_060, 5, 4]),
        ("has:file from:nobody", false, &[]),
    ] {
        let mut search = search(None, words);
        while home.vault.search_slice(&mut search).unwrap() {}
        assert_eq!(search.is_cut(), is_cut, "{words}");
        let ids: Vec<_> = search.into_hits().into_iter().map(|hit| hit.message).collect();
        assert_eq!(ids, found, "{words}");
    }
    home.vault.db.execute("DELETE FROM message WHERE id <= 1000", []).unwrap();
    let mut search = search(None, "from:nobody");
    while home.vault.search_slice(&mut search).unwrap() {}
    assert!(!search.is_cut(), "there are none left");
}
