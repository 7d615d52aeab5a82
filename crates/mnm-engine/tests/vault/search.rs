//! Search over what was received and written.

use mnm_engine::vault::IncomingAttachment;
use mnm_engine::view::PartyKind;

use crate::cast::{App, BOB, CAROL};

#[test]
fn all_words_must_occur_and_the_last_may_be_a_beginning() {
    let mut app = App::with_bob();
    for text in ["The café budget for May", "Only the café", "Budget of **Zürich**"] {
        let letter = app.letter(BOB, "Bob Jones", text);
        app.receive(&letter);
    }
    let texts = |words: &str| app.vault.search(None, words, None).unwrap().len();
    for (words, hits) in [
        ("cafe", 2),
        ("CAFÉ budg", 1),
        ("bud", 2),
        ("zurich", 1),
        ("budget café", 1),
        ("bud café", 0),
        ("nothing", 0),
        ("\"café\" OR", 0),
        ("text:café*", 0),
        ("(", 0),
        ("'; DROP TABLE message; --", 0),
    ] {
        assert_eq!(texts(words), hits, "{words}");
    }
}

#[test]
fn a_hit_names_thread_and_author_and_is_escaped() {
    let mut app = App::with_bob();
    let letter = app.letter(CAROL, "Carol Brown", "see <b>treasure</b> & more");
    app.receive(&letter);
    let hits = app.vault.search(Some(app.account), "treas", Some(10)).unwrap();
    let hit = &hits[0];
    assert_eq!(hit.from.kind, PartyKind::Stranger);
    assert_eq!(hit.service, "Test Service");
    assert!(
        hit.snippet.contains("&lt;b&gt;<mark>treasure</mark>&lt;/b&gt; &amp;"),
        "{}",
        hit.snippet
    );
    assert!(app.vault.search(Some(99), "treas", None).unwrap().is_empty());
}

#[test]
fn an_unsent_message_is_not_found() {
    let mut app = App::with_bob();
    let message = app.queue(&["Bob Jones"], "unicorn");
    assert_eq!(app.vault.search(None, "unicorn", None).unwrap().len(), 1);
    let _ = app.vault.unsend(message.id, 50).unwrap();
    assert!(app.vault.search(None, "unicorn", None).unwrap().is_empty());
    app.vault.check().unwrap();
}

#[test]
fn file_names_are_searched() {
    let mut app = App::with_bob();
    let mut letter = app.letter(BOB, "Bob Jones", "see the files");
    for name in ["Jahresbericht_2026-final.pdf", "Fotos vom Sommer.zip"] {
        let writer = app.vault.begin_blob().unwrap();
        let blob = app.vault.finish_blob(writer).unwrap();
        letter.attachments.push(IncomingAttachment { name: name.into(), form: None, blob });
    }
    let message = app.receive(&letter);
    for words in ["jahresbericht", "2026 FINAL", "sommer fo", "pdf"] {
        let hits = app.vault.search(None, words, None).unwrap();
        assert_eq!(hits.len(), 1, "{words}");
        assert_eq!(hits[0].message, message.id);
        assert!(hits[0].snippet.contains("<mark>"), "{words}: {}", hits[0].snippet);
    }
    // In the text and in a name: one hit.
    assert_eq!(app.vault.search(None, "files", None).unwrap().len(), 1);
    assert!(app.vault.search(None, "bericht sommer", None).unwrap().is_empty());
    app.vault.check().unwrap();
}

#[test]
fn a_repetitive_letter_does_not_slow_search() {
    let mut app = App::with_bob();
    let text = format!("Harbour. {} Anchor is last.", "play ".repeat(40_000));
    let letter = app.letter(BOB, "Bob Jones", &text);
    app.receive(&letter);
    let begin = std::time::Instant::now();
    for words in ["play", "anchor"] {
        let hits = app.vault.search(None, words, None).unwrap();
        assert_eq!(hits.len(), 1);
        assert!(hits[0].snippet.to_lowercase().contains(words), "{}", hits[0].snippet);
    }
    // Comparing all places with each other takes minutes.
    assert!(begin.elapsed().as_secs() < 5, "{:?}", begin.elapsed());
}
