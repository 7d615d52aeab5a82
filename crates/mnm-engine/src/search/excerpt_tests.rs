//! Tests of excerpts.

use super::*;

fn shown(text: &str, words: &str) -> String {
    passage(text, &Query::new(words).unwrap()).map_or_else(|| "none".into(), |text| mark(&text))
}

#[test]
fn what_was_found_is_marked_as_it_is_written() {
    for (text, words, expected) in [
        ("At the Café tonight", "cafe", "At the <mark>Café</mark> tonight"),
        ("in der Straße", "strasse der", "in <mark>der</mark> <mark>Straße</mark>"),
        ("来週の会議は図書室で", "図書室", "来週の会議は<mark>図書室</mark>で"),
        ("来週の会議", "会", "来週の<mark>会</mark>議"),
        ("我们明天在图书馆门口", "图书馆门口", "我们明天在<mark>图书馆门口</mark>"),
        ("か が", "か", "<mark>か</mark> <mark>が</mark>"),
        ("plan planning", "plan", "<mark>plan</mark> <mark>planning</mark>"),
        ("we say good night", "\"good night\"", "we say <mark>good night</mark>"),
        ("مُحَمَّد هنا", "محمد", "<mark>مُحَمَّد</mark> هنا"),
        ("yes 👍🏽 no", "👍", "yes <mark>👍</mark>🏽 no"),
        ("nothing here", "other", "none"),
    ] {
        assert_eq!(shown(text, words), expected, "{text} {words}");
    }
}

#[test]
fn the_passage_with_most_of_the_words_is_shown() {
    let text = format!("budget {} the harbour budget {}", "x ".repeat(300), "y ".repeat(300));
    let shown = shown(&text, "harbour budget");
    assert!(shown.contains("<mark>harbour</mark> <mark>budget</mark>"), "{shown}");
    assert!(shown.starts_with('…') && shown.ends_with('…') && shown.len() < 300, "{shown}");
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
