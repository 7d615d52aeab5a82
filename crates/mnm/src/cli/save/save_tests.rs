//! Tests of file names chosen by senders.

use super::*;

#[test]
fn names_are_harmless_on_every_system() {
    let rows = [
        ("report.pdf", "report.pdf"),
        ("Grüße aus Köln.txt", "Grüße aus Köln.txt"),
        ("../../etc/passwd", "_.._.._etc_passwd"),
        ("/etc/passwd", "_etc_passwd"),
        ("..\\up.exe", "_.._up.exe"),
        ("..", "_"),
        (".", "_"),
        ("", "_"),
        ("...", "_"),
        (".bashrc", "_.bashrc"),
        ("-rf", "_-rf"),
        ("~root", "_~root"),
        ("C:file", "C_file"),
        ("file:stream", "file_stream"),
        ("con.txt", "_con.txt"),
        ("COM1", "_COM1"),
        ("comb.txt", "comb.txt"),
        ("trailing. . ", "trailing"),
        ("a\nb\u{0}c", "a b_u{0}c"),
        ("gnp.\u{202e}exe", "gnp._u{202e}exe"),
    ];
    for (name, expected) in rows {
        assert_eq!(safe_name(name), expected, "{name:?}");
    }
    let long = format!("{}.pdf", "ü".repeat(200));
    let safe = safe_name(&long);
    assert!(safe.len() <= NAME_MAX + 1 && safe.ends_with("ü.pdf"), "{safe}");
}

#[test]
fn equal_names_get_numbers() {
    let mut taken = HashSet::new();
    let names = ["a.txt", "A.TXT", "a.txt", "noext", "noext", ".x"];
    let own: Vec<_> = names.iter().map(|name| own_name(name, &mut taken)).collect();
    assert_eq!(own, ["a.txt", "A (2).TXT", "a (3).txt", "noext", "noext (2)", ".x"]);
}

#[test]
fn the_newest_attachment_of_a_name_is_chosen() {
    let file = |id, name: &str| Attachment {
        id,
        name: name.to_owned(),
        wire_name: None,
        size: 1,
        form: None,
        picture: None,
        inline: false,
    };
    let attachments = [file(1, "a.txt"), file(2, "a.txt"), file(3, "b:c.txt")];
    let chosen =
        |target: &str| one(&attachments, &[], Path::new(target)).map(|(found, _)| found.id);
    assert_eq!(chosen("somewhere/a.txt").unwrap(), 2);
    // Under the name it would have in a directory, too.
    assert_eq!(chosen("b_c.txt").unwrap(), 3);
    let missing = chosen("d.txt").unwrap_err();
    assert_eq!(missing.exit, Exit::NotFound);
    assert!(missing.message.contains("\na.txt"), "{}", missing.message);
}
