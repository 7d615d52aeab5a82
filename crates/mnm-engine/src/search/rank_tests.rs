//! Tests of the rank of a message.

use super::*;

fn of(words: &str, texts: &[&str]) -> f64 {
    rank(texts, &Query::new(words).unwrap())
}

#[test]
fn more_occurrences_in_fewer_words_are_better() {
    let often = of("harbour", &["", "Harbour, harbour: the HARBOUR at night."]);
    let once = of("harbour", &["", "The harbour at night, and its ships."]);
    let in_a_long_one = of("harbour", &["", &format!("harbour {}", "other words ".repeat(200))]);
    assert!(often > once && once > in_a_long_one, "{often} {once} {in_a_long_one}");
    assert!(in_a_long_one > of("harbour", &["", "Nothing of it."]));
}

#[test]
fn subject_counts_and_every_word_counts() {
    assert!(of("plan", &["The plan", "as told"]) > of("plan", &["The idea", "as told"]));
    // One word often is worth less than two words once each.
    let both = of("plan ship", &["", "The plan of the ship is here now"]);
    assert!(both > of("plan ship", &["", "plan plan plan plan plan plan plan plan"]));
}

#[test]
fn a_beginning_and_a_phrase_count_where_they_stand() {
    assert!(of("harb", &["", "harbour harbours"]) > of("harb", &["", "harbour there"]));
    let phrase = of("\"night ship\"", &["", "the night ship, a night ship"]);
    assert!(phrase > of("\"night ship\"", &["", "the night of the ship"]));
    assert_eq!(of("\"night ship\"", &["night", "ship"]), 0.0);
}
