//! Queries and excerpts as people and attackers write them.

use super::*;

#[test]
fn words_become_literal_phrases() {
    for (words, expected) in [
        ("budget", Some("\"budget\"*")),
        ("  big   bud ", Some("\"big\" \"bud\"*")),
        ("AND OR NOT", Some("\"AND\" \"OR\" \"NOT\"*")),
        ("text:x NEAR(a b)", Some("\"text:x\" \"NEAR(a\" \"b)\"*")),
        ("say \"hi\"", Some("\"say\" \"\"\"hi\"\"\"*")),
        ("a* -b ^c", Some("\"a*\" \"-b\" \"^c\"*")),
        ("— … !", None),
        ("", None),
        ("x\0y", Some("\"xy\"*")),
    ] {
        assert_eq!(query(words).as_deref(), expected, "{words:?}");
    }
}

#[test]
fn many_or_endless_words_are_bounded() {
    assert_eq!(query(&"w ".repeat(1000)).unwrap().matches("\"w\"").count(), 32);
    assert_eq!(query(&"w".repeat(1000)), None);
}

#[test]
fn excerpts_are_escaped_and_marks_balanced() {
    for (excerpt, expected) in [
        ("a \u{e000}b\u{e001} c", "a <mark>b</mark> c"),
        ("<b>\u{e000}x\u{e001}</b> & \"'", "&lt;b&gt;<mark>x</mark>&lt;/b&gt; &amp; &quot;&#39;"),
        ("\u{e001}x\u{e000}y\u{e000}z", "x<mark>yz</mark>"),
    ] {
        assert_eq!(mark(excerpt), expected);
    }
}
