//! Tests of file names as people and attackers give them.

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
        (". .bashrc. .", "bashrc"),
        ("invoice\u{202e}fdp.exe", "invoicefdp.exe"),
        ("a\0b\nc.txt", "abc.txt"),
        ("C:notes*?.txt", "C_notes__.txt"),
    ] {
        assert_eq!(clean_file_name(given), expected, "{given:?}");
    }
    let cut = clean_file_name(&long);
    assert!(cut.len() <= 255 && cut.ends_with("ä.pdf"), "{cut}");
    // Of sixteen bytes an end is kept, of more it may be anything.
    let x = |count: usize| "x".repeat(count);
    assert_eq!(
        clean_file_name(&format!("{}.{}", x(255), "e".repeat(15))),
        x(239) + "." + &"e".repeat(15)
    );
    assert_eq!(clean_file_name(&format!("{}.{}", x(255), "e".repeat(16))), x(255));
}

#[test]
fn a_number_stands_before_the_extension_of_a_name_that_stays_as_long() {
    let mut names = FileNames::default();
    let long = "x".repeat(251) + ".pdf";
    assert_eq!(names.add(&long), long);
    let room = 255 - " (1000000).pdf".len();
    for number in 2..4 {
        assert_eq!(names.add(&long), format!("{} ({number}).pdf", "x".repeat(room)));
    }
    assert_eq!(names.add("a.txt") + &names.add("a.txt"), "a.txta (2).txt");
}

#[test]
fn file_names_become_unique_ignoring_case() {
    let mut names = FileNames::of(["a.txt", "A (2).txt"]);
    assert_eq!(names.add("A.txt"), "A (3).txt");
    assert_eq!(names.add("a.TXT"), "a (4).TXT");
    assert_eq!(names.add("b.txt"), "b.txt");
}

#[test]
fn numbering_costs_the_same_for_every_file() {
    let long = "ß".repeat(120);
    let kinds: [&dyn Fn(u32) -> String; 5] = [
        &|_| "a".into(),
        &|_| long.clone(),
        // Different, but equal after truncation.
        &|n| format!("{long}{:03}", n / 2),
        // The first half uses the names that the second half would get.
        &|n| if n < 500 { format!("a ({n})") } else { "a".into() },
        &|n| if n % 2 == 0 { "A.Txt".into() } else { "a.tXT".into() },
    ];
    for (kind, name) in kinds.iter().enumerate() {
        let mut names = FileNames::default();
        let given: HashSet<String> =
            (0..1000).map(|n| names.add(&name(n)).to_lowercase()).collect();
        assert_eq!(given.len(), 1000, "kind {kind}: all are different");
        assert!(given.iter().all(|name| name.len() <= 255), "kind {kind}");
        // Once for each file, and once for each conflict that its sender made.
        let tries = names.tries;
        assert!((500..=1500).contains(&tries), "kind {kind}: {tries} numbers were tried");
    }
}
