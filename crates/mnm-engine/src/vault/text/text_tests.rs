//! Tables of names as people and attackers give them.

use super::*;

#[test]
fn file_names_lose_directories_and_tricks() {
    let long = format!("{}.pdf", "ä".repeat(300));
    for (given, expected) in [
        ("report.pdf", "report.pdf"),
        ("/etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("..", "file"),
        ("", "file"),
        ("a/", "file"),
        (".bashrc", "bashrc"),
        ("invoice\u{202e}fdp.exe", "invoicefdp.exe"),
        ("a\0b\nc.txt", "abc.txt"),
        ("C:notes*?.txt", "C_notes__.txt"),
    ] {
        assert_eq!(clean_file_name(given), expected, "{given:?}");
    }
    let cut = clean_file_name(&long);
    assert!(cut.len() <= 255 && cut.ends_with("ä.pdf"), "{cut}");
}

#[test]
fn file_names_become_unique_ignoring_case() {
    let taken = ["a.txt".to_owned(), "A (2).txt".to_owned()];
    assert_eq!(unique_file_name("A.txt", &taken), "A (3).txt");
    assert_eq!(unique_file_name("b.txt", &taken), "b.txt");
}

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
    // Members of before have such names, and can be written to.
    check_old_name("The alias", "Bob  Jones ").unwrap();
    assert!(check_old_name("The alias", "Bob\nJones").is_err());
}

#[test]
fn joiners_stay_where_they_are_part_of_the_spelling() {
    let text = "می\u{200c}آیم 👨\u{200d}👩\u{200d}👧";
    assert_eq!(clean_ping(text), text);
    let alias = "مهدی نیک\u{200c}پور";
    assert_eq!(clean_label(alias), alias);
    assert_eq!(clean_label("Dora\u{200d}Dorn\u{200c}"), "DoraDorn");
}
