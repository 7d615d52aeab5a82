//! Tests of names as they are shown, and of those that look alike.

use super::{is_clean, is_written_out, look, shown, tagged};

#[test]
fn what_is_overlooked_is_written_out() {
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
    assert_eq!(tagged("Dora Dorn", "7MW4MQ%1234567890"), "Dora Dorn #7MW4MQ%1");
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
    assert!(is_clean("Dora Dorn"));
    assert!(!is_clean("Dora\u{200b} Dorn"));
}
