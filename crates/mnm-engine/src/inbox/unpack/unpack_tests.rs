//! Letters in every cut, and data that is no letter.

use super::*;

/// Unpacks `data` fed in pieces of `piece` bytes: the letter, and the files with their bytes.
fn unpack(data: &[u8], head: usize, piece: usize) -> (Unpacked, Vec<(String, Vec<u8>)>) {
    let mut unpacker =
        Unpacker::new(Data { len: data.len() as u64, head: head as u64, sum: 0 }, false);
    let mut files: Vec<(String, Vec<u8>)> = Vec::new();
    let mut open = false;
    for mut input in data.chunks(piece) {
        while let Some(step) = unpacker.step(&mut input) {
            match step {
                Step::Begin { name, .. } => {
                    assert!(!open);
                    open = true;
                    files.push((name, Vec::new()));
                }
                Step::Bytes(bytes) => files.last_mut().unwrap().1.extend_from_slice(&bytes),
                Step::End => open = false,
            }
        }
        assert!(input.is_empty());
    }
    assert!(!open);
    (unpacker.finish(), files)
}

fn letter(attach: Vec<Attach>, body: &[u8]) -> (Vec<u8>, usize) {
    let head = LetterHead { subject: "S".into(), attach, ..LetterHead::default() };
    let mut data = head.pack();
    let head = data.len();
    data.extend_from_slice(body);
    (data, head)
}

#[test]
fn any_fragmentation_gives_the_same_letter() {
    let files = vec![Attach::file("a.png", 3), Attach::file("empty", 0), Attach::file("b", 2)];
    let (data, head) = letter(files, "grüße123xy".as_bytes());
    for piece in [1, 2, 3, 7, data.len()] {
        let (letter, files) = unpack(&data, head, piece);
        assert_eq!((letter.head.subject.as_str(), letter.text.as_str()), ("S", "grüße"));
        let want = [("a.png", &b"123"[..]), ("empty", b""), ("b", b"xy")];
        assert_eq!(files, want.map(|(name, bytes)| (name.to_owned(), bytes.to_vec())), "{piece}");
    }
}

#[test]
fn data_without_a_header_is_text() {
    let (letter, files) = unpack(b"just text", 0, 4);
    assert_eq!((letter.text.as_str(), files.len()), ("just text", 0));
    assert_eq!(letter.head, LetterHead::default());
}

#[test]
fn what_makes_no_sense_is_kept_whole() {
    let too_large = LetterHead { attach: vec![Attach::file("a", 99)], ..LetterHead::default() };
    let head = too_large.pack();
    let oversized = [&head[..], b"short"].concat();
    let cases: [(&[u8], usize); 3] =
        [(b"{not json}rest", 10), (&oversized, head.len()), (b"[]x", 2)];
    for (data, head) in cases {
        for piece in [1, 5, data.len()] {
            let (letter, files) = unpack(data, head, piece);
            assert!(letter.text.contains("could not be read"));
            assert_eq!(files, [("message.bin".to_owned(), data.to_vec())]);
        }
    }
}

#[test]
fn files_beyond_the_most_a_letter_has_come_in_one_archive() {
    let attach: Vec<Attach> =
        (1..=FILES_MAX + 3).map(|n| Attach::file(&format!("{n}.txt"), n as u64 % 3)).collect();
    let body = "text".to_owned() + &"x".repeat(attach.iter().map(|file| file.size as usize).sum());
    let (data, head) = letter(attach, body.as_bytes());
    let (whole, files) = unpack(&data, head, data.len());
    assert!(whole.text.starts_with("text") && whole.text.contains("last 3 of them"));
    assert_eq!(files.len(), FILES_MAX + 1);
    let pair = (whole, files);
    for piece in [1, 7, 512] {
        assert!(unpack(&data, head, piece) == pair, "{piece}");
    }
    let (_, files) = pair;
    let archive = &files[FILES_MAX].1;
    // Three headers, of two files bytes in a block of their own, and the end.
    assert_eq!(archive.len(), (3 + 2 + 2) * 512);
}

#[test]
fn an_endless_header_is_not_collected() {
    let data = vec![b' '; LETTER_HEAD_MAX_BYTES as usize + 2];
    let (letter, files) = unpack(&data, data.len() - 1, 1 << 16);
    assert!(letter.text.contains("could not be read"));
    assert_eq!(files[0].1.len(), data.len());
}

#[test]
fn a_text_of_any_length_or_encoding_is_kept() {
    // One that is too long to be a text is a file, and its beginning is shown; no character is cut.
    for unit in ["x", "漢"] {
        let long = unit.repeat(TEXT_MAX_BYTES as usize / unit.len() + 1);
        for piece in [1 << 16, long.len()] {
            let (letter, files) = unpack(long.as_bytes(), 0, piece);
            let beginning = letter.text.strip_prefix(LONG_TEXT).unwrap();
            assert!(long.starts_with(beginning) && beginning.len() > BEGINNING_BYTES - 4);
            assert!(letter.text.len() as u64 <= TEXT_MAX_BYTES, "{}", letter.text.len());
            assert_eq!(files, [("message.md".to_owned(), long.clone().into_bytes())]);
        }
    }

    let (letter, files) = unpack(b"caf\xe9", 0, 2);
    assert!(letter.text.starts_with("caf\u{fffd}"));
    assert_eq!(files, [("message.txt".to_owned(), b"caf\xe9".to_vec())]);
}

#[test]
fn a_file_can_be_cut_and_the_next_one_is_whole() {
    let files = vec![Attach::file("big", 4), Attach::file("next", 2)];
    let (data, head) = letter(files, b"textBIG!ok");
    let mut unpacker =
        Unpacker::new(Data { len: data.len() as u64, head: head as u64, sum: 0 }, false);
    let mut kept = Vec::new();
    for mut input in data.chunks(2) {
        while let Some(step) = unpacker.step(&mut input) {
            if let Step::Bytes(bytes) = step {
                kept.extend_from_slice(&bytes);
                if kept == b"BI" {
                    unpacker.cut_file();
                }
            }
        }
    }
    assert_eq!(kept, b"BIok");
    let text = unpacker.finish().text;
    assert!(text.starts_with("text") && text.contains("larger than this app takes"));
}
