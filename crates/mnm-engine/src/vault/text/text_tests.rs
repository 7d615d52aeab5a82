//! Tests of short texts, as written by people and by attackers.

use super::*;

#[test]
fn ping_texts_are_counted_in_utf16_units_and_bytes() {
    assert!(check_ping(&"a".repeat(140)).is_ok());
    assert!(check_ping(&"a".repeat(141)).is_err());
    assert!(check_ping(&"𝄞".repeat(70)).is_ok());
    assert!(check_ping(&"𝄞".repeat(71)).is_err());
    assert!(check_ping(&"€".repeat(140)).is_ok());
    assert!(check_ping("two\nlines").is_ok());
    assert!(check_ping("bell\u{7}").is_err());
    assert_eq!(clean_ping(&"a".repeat(500)).len(), 140);
    assert_eq!(clean_ping(&"𝄞".repeat(71)), "𝄞".repeat(70));
    assert_eq!(clean_ping("a\u{202e}b\u{7}c\nd"), "abc\nd");
}

#[test]
fn a_new_name_is_refused_with_what_is_wrong_about_it() {
    for (name, wrong) in [
        ("Bob", "3 bytes"),
        (&"x".repeat(257), "257 bytes"),
        ("Bob\u{200b}Jones", "invisible"),
        ("Bob Jones ", "space"),
        ("Bob  Jones", "space"),
        ("Bob\u{301}\u{301}Jones", "accent"),
        ("%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%", "id of an account"),
    ] {
        let error = check_new_name("The alias", name).unwrap_err().to_string();
        assert!(error.starts_with("The alias ") && error.contains(wrong), "{error}");
    }
    check_new_name("The alias", "Bob Jones").unwrap();
    // Existing members have such names, and can be written to.
    check_old_name("The alias", "Bob  Jones ").unwrap();
    for bad in ["Bob\nJones", "Bob", &"x".repeat(257)] {
        assert!(check_old_name("The alias", bad).is_err(), "{bad:?}");
    }
}

#[test]
fn labels_and_subjects_are_one_line_of_bounded_length() {
    assert_eq!(clean_label(" a\nb\u{202e}c\u{200b} d "), "abc d");
    assert_eq!(clean_label(&"x".repeat(256)), "x".repeat(255));
    assert_eq!(clean_subject(" a\tb\u{202e}c\u{2066}d\u{200b} ", 100), "a bcd\u{200b}");
    assert_eq!(clean_subject("abäd", 3), "ab");
    assert_eq!(clean_subject("abäd", 4), "abä");
}

#[test]
fn an_authors_own_text_is_known_however_it_was_shown() {
    let in_part = |text: &str| LONG_FORWARDED.to_owned() + text;
    for (shown, own, is_same) in [
        ("a\nb".to_owned(), "a\r\nb\n\n", true),
        ("a\r\nb\r\n".into(), "a\nb", true),
        ("".into(), "", true),
        ("a".into(), "b", false),
        ("a".into(), "ab", false),
        ("a\nb".into(), "a", false),
        ("a".into(), "a\nb", false),
        (in_part("a\nb"), "a\nbc\nd", true),
        (in_part("a\nb"), "a\nb", true),
        (in_part("a\nb"), "a\ncb", false),
        (in_part("a\nb"), "ac\nb", false),
        (in_part("a\nb"), "a", false),
    ] {
        assert_eq!(is_same_text(&shown, own), is_same, "{shown:?} {own:?}");
        assert_eq!(is_same_text(&shown, &(LONG_TEXT.to_owned() + own)), is_same, "{own:?}");
    }
}

#[test]
fn joiners_stay_where_they_are_part_of_the_spelling() {
    let text = "می\u{200c}آیم 👨\u{200d}👩\u{200d}👧";
    assert_eq!(clean_ping(text), text);
    let alias = "مهدی نیک\u{200c}پور";
    assert_eq!(clean_label(alias), alias);
    assert_eq!(clean_label("Dora\u{200d}Dorn\u{200c}"), "DoraDorn");
}

#[test]
fn heaps_of_accents_are_cut_in_whatever_has_a_name() {
    let heap = format!("Zalgo{}!", "\u{301}".repeat(100));
    let cut = format!("Zalgo{}!", "\u{301}".repeat(30));
    assert_eq!(clean_label(&heap), cut);
    assert_eq!(clean_subject(&heap, 1000), cut);
    assert_eq!(clean_ping(&heap), cut);
}

#[test]
fn two_texts_together_say_once_what_they_share() {
    for (one, other, together) in [
        ("a", "b", "a\n\nb"),
        ("", "b", "b"),
        ("a", "", "a"),
        ("a", "a b", "a b"),
        ("a b", "a", "a b"),
        ("a\nb", "a\nc", "a\nb\n\nc"),
        ("a\nx\nz", "a\ny\nz", "a\nx\n\ny\nz"),
        ("a\n\nx", "a\n\nx\n\ny", "a\n\nx\n\ny"),
        ("a\na", "a\nb\na", "a\nb\na"),
        ("a\na\n1", "a\n2", "a\na\n1\n\n2"),
        // No line counts for the beginning and the end.
        ("a\nb\na", "a\nb\nc\nb\na", "a\nb\nc\nb\na"),
        ("x\n1\n2\nx", "x\n1\n3\n2\nx", "x\n1\n3\n2\nx"),
    ] {
        assert_eq!(both(one, other), together, "{one:?} {other:?}");
    }
}
