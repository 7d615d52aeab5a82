//! Tests of queries and excerpts, as people and attackers write them.

use super::*;

#[test]
fn words_become_literal_phrases() {
    for (words, expected) in [
        ("budget", Some("\"budget\"*")),
        ("  big   bud ", Some("\"big\" \"bud\"*")),
        ("AND OR NOT", Some("\"AND\" \"OR\" \"NOT\"*")),
        ("text:x NEAR(a b)", Some("\"text x\" \"NEAR a\" \"b\"*")),
        ("say \"hi\"", Some("\"say\" \"hi\"*")),
        ("a* -b ^c", Some("\"a\" \"b\" \"c\"*")),
        ("don’t cafe\u{301}s", Some("\"don t\" \"cafe\u{301}s\"*")),
        ("— … !", None),
        ("", None),
        ("x\0y", Some("\"x y\"*")),
    ] {
        assert_eq!(query(words).map(|query| query.phrases).as_deref(), expected, "{words:?}");
    }
}

#[test]
fn a_query_knows_its_parts() {
    let found = query("text:x NEAR(a b) a x").unwrap();
    assert_eq!(found.phrases, "\"text x\" \"NEAR a\" \"b\" \"a\" \"x\"*");
    assert_eq!(found.parts, "\"text\" \"NEAR\" \"a\" \"b\" \"x\"*");
    assert_eq!((found.count, found.composed), (7, 2));
    let longest = "w".repeat(100);
    assert_eq!(query(&format!("{longest}w {longest} z")).unwrap().count, 2);
}

#[test]
fn a_query_ends_with_the_first_part_that_does_not_fit() {
    let fifteen = "a.b.c.d.e.f.g.h.i.j.k.l.m.n.o";
    let last = |words: &str| query(&format!("{fifteen} {words}")).unwrap();
    assert_eq!((last("p z").count, last("p z").composed), (16, 1));
    // One that the index may part in two.
    assert_eq!((last("p¡q z").count, last("p¡q z").phrases.contains('z')), (15, false));
}

#[test]
fn query_of_any_text_has_few_parts_and_none_twice() {
    let numbers = (0..1000).map(|n| n.to_string());
    for (words, phrases) in [
        ("w ".repeat(1000), 1),
        ("W w ".repeat(1000), 1),
        ("0.0.0.0 ".repeat(1000), 1),
        ("0.".repeat(50), 1),
        ("0.0 0.0.0 0.0.0.0 0.0.0.0.0 0.0.0.0.0.0 0.0.0.0.0.0.0".into(), 4),
        (numbers.clone().collect::<Vec<_>>().join(" "), 16),
        (numbers.take(20).collect::<Vec<_>>().join("–"), 1),
        ("0¡0¡0¡0¡0 ".repeat(9), 1),
    ] {
        let query = query(&words).unwrap();
        assert_eq!(query.phrases.matches('"').count(), 2 * phrases, "{query:?}");
        assert!(query.count <= 16, "{query:?}");
        let found =
            query.phrases.split(['"', ' ', '*', '¡']).filter(|part| !part.is_empty()).count();
        assert_eq!(found, query.count, "{query:?}");
        let parts: Vec<_> = query.parts.split(' ').map(|part| part.trim_end_matches('*')).collect();
        assert_eq!(parts.iter().collect::<HashSet<_>>().len(), parts.len(), "{query:?}");
    }
    for words in ["w".repeat(1000), "0¡".repeat(30)] {
        assert_eq!(query(&words), None, "{words}");
    }
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
