//! Tests of queries, as people and attackers write them.

use super::*;
use crate::command::ThreadView;

#[test]
fn words_become_literal_phrases() {
    for (words, expected) in [
        ("budget", Some("\"budget\"*")),
        ("  big   bud ", Some("\"big\" \"bud\"*")),
        ("AND OR NOT", Some("\"and\" \"or\" \"not\"*")),
        ("text:x NEAR(a b)", Some("\"text x\" \"near a\" \"b\"*")),
        ("say \"hi you\"", Some("\"say\" \"hi you\"")),
        ("\"never closed", Some("\"never closed\"")),
        ("a* -b ^c", Some("\"a\" \"b\" \"c\"*")),
        ("don’t cafe\u{301}s", Some("\"don t\" \"cafes\"*")),
        ("東 x", Some("\"東\"* \"x\"*")),
        ("会議室", Some("\"会議 議室\"*")),
        ("年2026", Some("\"年 2026\"*")),
        ("— … !", None),
        ("", None),
        ("x\0y", Some("\"x y\"*")),
    ] {
        assert_eq!(
            Query::new(words).map(|query| query.phrases()).as_deref(),
            expected,
            "{words:?}"
        );
    }
}

#[test]
fn operators_become_conditions() {
    let phrase = |text: &str| phrase(text, true).unwrap();
    let query =
        Query::new("from:\"Ada Lovelace\" plan in:archive has:file before:1970-01-02").unwrap();
    assert_eq!(query.phrases(), "\"plan\"*");
    assert_eq!(
        query.conditions,
        [
            Condition::From(phrase("ada lovelace")),
            Condition::List(ThreadView::Archive),
            Condition::File,
            Condition::Before(86_400_000),
        ]
    );
    let query = Query::new("IN:Gardeners after:1970 is:unread").unwrap();
    let after = Condition::After(365 * 86_400_000);
    assert_eq!(query.conditions, [Condition::In(phrase("gardeners")), after, Condition::Unread]);
    // What no operator takes is a word.
    assert_eq!(Query::new("has:nothing before:soon \"from:a\"").unwrap().conditions, []);
    assert_eq!(Query::new(&"has:file ".repeat(100)).unwrap().conditions.len(), CONDITIONS_MAX);
}

#[test]
fn query_of_any_text_has_few_tokens_and_none_twice() {
    let numbers = (0..1000).map(|n| n.to_string());
    for (words, phrases) in [
        ("w ".repeat(1000), 2),
        ("W w ".repeat(1000), 2),
        ("0.0.0.0 ".repeat(1000), 2),
        ("0.".repeat(50), 1),
        (numbers.collect::<Vec<_>>().join(" "), 16),
        ("東".repeat(100), 1),
    ] {
        let query = Query::new(&words).unwrap();
        assert!(query.phrases.len() <= phrases, "{query:?}");
        assert!(query.count() <= TOKENS_MAX, "{query:?}");
        let parts = query.parts();
        let parts: Vec<_> = parts.split(' ').collect();
        assert_eq!(parts.iter().collect::<HashSet<_>>().len(), parts.len(), "{query:?}");
    }
}
