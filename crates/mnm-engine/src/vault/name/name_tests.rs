//! Tests of names as they are shown, and of those that look alike.

use super::*;

#[test]
fn invisible_characters_of_a_name_are_written_out() {
    for (name, expected) in [
        ("Dora Dorn", "Dora Dorn"),
        ("Dora Dorn ", "Dora Dorn␣"),
        (" Dora  Dorn", "␣Dora ␣Dorn"),
        ("Dora\u{a0}Dorn", "Dora‹U+00A0›Dorn"),
        ("Dora\u{3164}Dorn", "Dora‹U+3164›Dorn"),
        // Letters and symbols that are blank, and bytes that were no text.
        ("Dora\u{13441}Dorn", "Dora‹U+13441›Dorn"),
        ("Dora\u{16fe4}Dorn", "Dora‹U+16FE4›Dorn"),
        ("Dora\u{fffd}Dorn", "Dora‹U+FFFD›Dorn"),
        ("Dora\u{202e}Dorn\0", "Dora‹U+202E›Dorn‹U+0000›"),
        ("Žofie-Ω アリアス", "Žofie-Ω アリアス"),
        // Joiners are part of the spelling, also in an unusual name.
        ("مهدی نیک\u{200c}پور", "مهدی نیک\u{200c}پور"),
        ("अक्\u{200d}षय कुमार", "अक्\u{200d}षय कुमार"),
        ("نیک\u{200c}پور ", "نیک\u{200c}پور␣"),
        ("Dora\u{200c}Dorn", "Dora‹U+200C›Dorn"),
        ("Dora Dorn #7MW4MQ%1", "Dora Dorn ‹#›7MW4MQ%1"),
        ("Dora (Dorn) (struck)", "Dora ‹(›Dorn) ‹(›struck)"),
        ("Dora (Dorn) #1", "Dora (Dorn) #1"),
        ("you", "‹you›"),
        ("", ""),
    ] {
        assert_eq!(shown(name), expected);
        assert_eq!(is_written_out(expected), expected != name);
        assert_eq!(shown(expected), expected);
    }
    assert!(shown(&"x".repeat(70_000)).len() <= 255);
    assert_eq!(tagged("Dora Dorn", &"7MW4MQ%1234567890".into()), "Dora Dorn #7MW4MQ%1");
}

#[test]
fn names_that_a_reader_takes_for_each_other_have_one_look() {
    for twin in [
        "Dora Dorn ",
        " Dora  Dorn",
        "dora dorn",
        "Dora\u{200b} Dorn",
        "Dora\u{fe0f} Dorn",
        "Dora\u{13441} Dorn",
    ] {
        assert_eq!(look(twin), look("Dora Dorn"), "{twin:?}");
    }
    assert_ne!(look("Dora Dorn"), look("Dora Born"));
}

#[test]
fn a_clean_name_says_nothing_that_this_app_says() {
    for good in ["Dora Dorn", "Dora (Dorn)", "you and me", "Dora Dorn #1"] {
        assert!(is_clean(good) && !imitates(good), "{good}");
    }
    for bad in ["Dora\u{200b} Dorn", "Dora", "Dora\u{202e} Dorn"] {
        assert!(!is_clean(bad) && !imitates(bad), "{bad:?}");
    }
    for (bad, name) in [
        ("You", "you"),
        ("Dora Dorn (You)", "dora dorn"),
        ("Dora Dorn\u{200b}（struck）", "dora dorn"),
        ("Dora Dorn #7mw4mq", "dora dorn"),
        ("Dora Dorn (left) #7MW4MQ%1 (not confirmed)", "dora dorn"),
        // Nothing of it would be left.
        ("Dora (group) (removed)", "dora"),
        ("#7MW4MQ%1 (you)", "#7mw4mq%1"),
    ] {
        assert!(imitates(bad) && !is_clean(bad), "{bad:?}");
        assert_eq!(look(bad), name, "{bad:?}");
    }
    assert!(!imitates("(you)"));
    assert_eq!(shown(" YOU\u{200b}"), "‹you›");
    assert_eq!(shown("Dora Dorn（struck）"), "Dora Dorn‹（›struck）");
}

#[test]
fn a_plain_name_steers_no_screen() {
    for good in ["", "Dora  Dorn ", "مهدی نیک\u{200c}پور", "Dora\u{3164}Dorn"] {
        assert!(is_plain_name(good), "{good:?}");
    }
    for bad in ["Dora\nDorn", "Dora\u{202e}Dorn", "Dora\u{200c}Dorn", "\0"] {
        assert!(!is_plain_name(bad), "{bad:?}");
    }
}

#[test]
fn an_odd_name_is_cut_where_a_clean_one_is_not() {
    let odd = |len: usize| shown(&format!("{} ", "x".repeat(len)));
    assert_eq!(odd(252), format!("{}␣", "x".repeat(252)));
    assert_eq!(odd(253), format!("{}…", "x".repeat(252)));
    let clean = "x".repeat(256);
    assert_eq!(shown(&clean), clean);
}

#[test]
fn a_tag_is_read_as_it_was_put_there() {
    assert_eq!(tag_of(&tagged("Dora Dorn", &"7MW4MQ%1234567890".into())), Some("7MW4MQ%1"));
    for other in ["Dora Dorn", "Dora Dorn #7MW4MQ%", "Dora Dorn #7MW4MQ%12", "Dora#7MW4MQ%1"] {
        assert_eq!(tag_of(other), None, "{other}");
    }
}

#[test]
fn the_database_looks_as_we_do() {
    let db = Connection::open_in_memory().unwrap();
    register(&db).unwrap();
    let said: (String, String) = db
        .query_row("SELECT look('Dora  DORN '), clean_label(' a' || char(10) || 'b')", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .unwrap();
    assert_eq!(said, ("dora dorn".to_owned(), "ab".to_owned()));
}
