//! Tests of unpacking: letters split at every size, and malformed data.

use tmtp::forward::ForwardedLetter;

use super::*;

/// Unpacks `data` fed in pieces of `piece` bytes: the letter, and the files with their bytes.
fn unpack(data: &[u8], head: usize, piece: usize) -> (Unpacked, Vec<(String, Vec<u8>)>) {
    run(Unpacker::new(announced(data, head), false), data, piece)
}

fn announced(data: &[u8], head: usize) -> Data {
    Data { len: data.len() as u64, head: head as u64, sum: 0 }
}

/// Feeds an unpacker `data` in pieces of `piece` bytes.
fn run(mut unpacker: Unpacker, data: &[u8], piece: usize) -> (Unpacked, Vec<(String, Vec<u8>)>) {
    let mut files: Vec<(String, Vec<u8>)> = Vec::new();
    let mut open = false;
    // Without data there may be a step all the same.
    for mut input in data.chunks(piece).chain([&[][..]]) {
        while let Some(step) = unpacker.step(&mut input) {
            match step {
                UnpackStep::Begin { name, .. } => {
                    assert!(!open);
                    open = true;
                    files.push((name, Vec::new()));
                }
                UnpackStep::Bytes(bytes) => files.last_mut().unwrap().1.extend_from_slice(&bytes),
                UnpackStep::End => open = false,
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
fn malformed_data_is_kept_whole() {
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
    // Three headers, two files that each need a block, and the end.
    assert_eq!(archive.len(), (3 + 2 + 2) * 512);
}

#[test]
fn an_overlong_header_is_not_collected() {
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
    let mut unpacker = Unpacker::new(announced(&data, head), false);
    let mut kept = Vec::new();
    for mut input in data.chunks(2) {
        while let Some(step) = unpacker.step(&mut input) {
            if let UnpackStep::Bytes(bytes) = step {
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

#[test]
fn limits_are_those_that_are_written_down() {
    let limits = [TEXT_MAX_BYTES, BEGINNING_BYTES as u64, NOTICE_MAX_BYTES, FORWARD_MAX_BYTES];
    assert_eq!(limits, [262_144, 261_120, 4_194_304, 33_554_432]);
}

#[test]
fn a_header_of_the_greatest_length_is_read() {
    let (packed, _) = letter(Vec::new(), b"");
    let mut data = packed.clone();
    data.resize(LETTER_HEAD_MAX_BYTES as usize, b' ');
    data.extend_from_slice(b"text");
    let (letter, files) = unpack(&data, LETTER_HEAD_MAX_BYTES as usize, 1 << 16);
    assert_eq!((letter.head.subject.as_str(), letter.text.as_str()), ("S", "text"));
    assert!(files.is_empty());
}

#[test]
fn a_text_of_the_greatest_length_is_no_file() {
    let text = "x".repeat(TEXT_MAX_BYTES as usize);
    let (letter, files) = unpack(text.as_bytes(), 0, 1 << 16);
    assert_eq!((letter.text == text, files.len()), (true, 0));
}

#[test]
fn a_notice_between_devices_may_be_longer_than_a_letter() {
    let head = LetterHead { node_sync: true, ..LetterHead::default() }.pack();
    for (over, files_max) in [(0, 0), (1, 1)] {
        let text = "x".repeat(NOTICE_MAX_BYTES as usize + over);
        let data = [&head[..], text.as_bytes()].concat();
        let (letter, files) = unpack(&data, head.len(), 1 << 20);
        assert_eq!((letter.text == text, files.len()), (files_max == 0, files_max));
    }
}

#[test]
fn a_long_text_that_is_not_utf8_is_shown_as_far_as_it_goes() {
    let mut long = vec![b'x'; TEXT_MAX_BYTES as usize + 1];
    long[5] = 0xff;
    let (letter, files) = unpack(&long, 0, 1 << 16);
    let beginning = letter.text.strip_prefix(LONG_TEXT).unwrap();
    assert!(beginning.starts_with("xxxxx\u{fffd}xxx"), "{}", &beginning[..20]);
    assert_eq!(beginning.chars().count(), BEGINNING_BYTES);
    assert_eq!(files, [("message.md".to_owned(), long)]);
}

#[test]
fn files_behind_a_long_text_do_not_get_into_its_beginning() {
    let attach = vec![Attach::file("a", 3)];
    let text = "x".repeat(TEXT_MAX_BYTES as usize + 1);
    let (data, head) = letter(attach, format!("{text}abc").as_bytes());
    let (letter, files) = unpack(&data, head, 1 << 10);
    assert!(!letter.text.contains("abc"));
    assert_eq!(files[1], ("a".to_owned(), b"abc".to_vec()));
}

#[test]
fn a_nul_in_a_text_is_replaced() {
    assert_eq!(unpack(b"a\0b", 0, 3).0.text, "a\u{fffd}b");
}

#[test]
fn data_of_unknown_meaning_becomes_a_file() {
    let run_unknown =
        |data: &[u8]| run(Unpacker::unknown(Data::of_len(data.len() as u64)), data, 2);
    let (letter, files) = run_unknown(b"what?");
    assert!(letter.text.contains("does not understand"));
    assert_eq!(files, [("message.bin".to_owned(), b"what?".to_vec())]);
    let (letter, files) = run_unknown(b"");
    assert!(letter.text.contains("does not understand") && files.is_empty());
}

#[test]
fn a_subject_can_be_given() {
    let mut unpacker = Unpacker::unknown(Data::of_len(0));
    unpacker.set_subject("Unknown".into());
    assert_eq!(unpacker.finish().head.subject, "Unknown");
}

#[test]
fn forms_are_told_by_their_names() {
    let attach = |name: &str| Attach { name: name.into(), size: 0, ffn: "entry".into() };
    let (data, head) = letter(vec![attach("f:a"), attach("r:b"), attach("u:c"), attach("x")], b"");
    let mut unpacker = Unpacker::new(announced(&data, head), false);
    let (mut input, mut forms) = (&data[..], Vec::new());
    while let Some(step) = unpacker.step(&mut input) {
        if let UnpackStep::Begin { form, .. } = step {
            forms.push(form);
        }
    }
    let form = |filled| Some(Form { filled, name: "entry".into() });
    assert_eq!(forms, [form(false), form(true), None, None]);
}

/// A forwarded thread of so many letters behind its second header, and the length of that.
fn forward(letters: usize, text: &[u8]) -> (Vec<u8>, usize) {
    let one = |number| ForwardedLetter {
        id: format!("{number:016x}"),
        from: "BBB22222222222222222222222222222".into(),
        posted: "2026-11-28T12:00:00Z".into(),
        text: text.to_vec(),
        ..ForwardedLetter::default()
    };
    let thread = ForwardedThread { letters: (0..letters).map(one).collect(), cc: Vec::new() };
    let mut data =
        LetterHead { thread_id: "0000000000000001".into(), ..LetterHead::default() }.pack();
    let head = data.len();
    data.extend_from_slice(&thread.pack());
    (data, head)
}

#[test]
fn a_forwarded_thread_is_read_where_others_were_told_of_it() {
    let (data, head) = forward(2, b"hello");
    for piece in [1, 7, data.len()] {
        let (unpacked, files) = run(Unpacker::new(announced(&data, head), true), &data, piece);
        let thread = unpacked.forward.unwrap();
        assert_eq!((thread.letters.len(), files.len()), (2, 0));
        assert_eq!(thread.letters[1].text, b"hello");
    }
    assert!(unpack(&data, head, 7).0.forward.is_none());
}

#[test]
fn a_letter_of_which_others_were_told_is_a_letter() {
    let (data, head) = letter(Vec::new(), b"text");
    let (letter, _) = run(Unpacker::new(announced(&data, head), true), &data, 3);
    assert_eq!((letter.text.as_str(), letter.forward), ("text", None));
}

#[test]
fn a_forwarded_thread_that_cannot_be_read_is_kept_as_a_file() {
    let (empty, empty_head) = forward(0, b"");
    let (mut cut, cut_head) = forward(1, b"hello");
    cut.pop();
    for (data, head) in [(empty, empty_head), (cut, cut_head)] {
        let (letter, files) = run(Unpacker::new(announced(&data, head), true), &data, 5);
        assert!(letter.forward.is_none() && letter.text.contains("could not be read"));
        assert_eq!(files, [("message.bin".to_owned(), data)]);
    }
}

#[test]
fn a_forwarded_thread_over_the_limit_is_not_collected() {
    let (data, head) = forward(1, b"hello");
    for (over, is_collected) in [(0, true), (1, false)] {
        let len = head as u64 + FORWARD_MAX_BYTES + over;
        let mut unpacker = Unpacker::new(Data { len, head: head as u64, sum: 0 }, true);
        let mut input = &data[..head];
        assert_eq!(unpacker.step(&mut input).is_none(), is_collected);
    }
}

#[test]
fn as_many_files_as_a_letter_may_have_need_no_archive() {
    let (data, head) = letter(vec![Attach::file("a", 0); FILES_MAX], b"text");
    let (letter, files) = unpack(&data, head, data.len());
    assert_eq!((letter.text.as_str(), files.len()), ("text", FILES_MAX));
}

#[test]
fn a_file_in_the_archive_can_be_cut() {
    let mut attach = vec![Attach::file("a", 0); FILES_MAX];
    attach.extend([Attach::file("first", 4), Attach::file("second", 4)]);
    let (data, head) = letter(attach, b"textBIG!more");
    let mut unpacker = Unpacker::new(announced(&data, head), false);
    let (mut archive, mut ends) = (Vec::new(), 0);
    for mut input in data.chunks(1) {
        while let Some(step) = unpacker.step(&mut input) {
            match step {
                UnpackStep::Bytes(bytes) => archive.extend_from_slice(&bytes),
                UnpackStep::End => ends += 1,
                UnpackStep::Begin { .. } => {}
            }
            if archive.ends_with(b"BI") {
                unpacker.cut_file();
            }
        }
    }
    assert_eq!(ends, FILES_MAX + 1);
    assert_eq!((archive.len(), &archive[512..]), (514, &b"BI"[..]));
    let text = unpacker.finish().text;
    assert!(text.contains("larger than this app takes") && text.contains("last 2 of them"));
}

#[test]
fn a_forwarded_text_is_cut_between_characters() {
    let whole = "x".repeat(TEXT_MAX_BYTES as usize);
    assert_eq!(forwarded_text(&whole), whole);
    let cut = forwarded_text(&"漢".repeat(TEXT_MAX_BYTES as usize / 3 + 1));
    let beginning = cut.strip_prefix(LONG_FORWARDED).unwrap();
    assert_eq!(beginning, "漢".repeat(BEGINNING_BYTES / 3));
}

#[test]
fn headers_of_an_archive_are_those_of_tar() {
    let field = |block: &[u8], at: usize, end: &[u8]| {
        let text = &block[at..];
        let length = text.windows(end.len()).position(|window| window == end).unwrap();
        String::from_utf8(text[..length].to_vec()).unwrap()
    };
    let block = archive::header(7, "a/b\\c\u{7}.txt", 1_000);
    assert_eq!(field(&block, 0, b"\0"), "7-a_b_c_.txt");
    assert_eq!(field(&block, 100, b"\0"), "0000600");
    assert_eq!(field(&block, 124, b"\0"), "00000001750");
    assert_eq!((&block[156..157], &block[257..265]), (&b"0"[..], &b"ustar\x0000"[..]));
    let said = u32::from_str_radix(&field(&block, 148, b"\0 "), 8).unwrap();
    let blank = [&block[..148], b"        ", &block[156..]].concat();
    assert_eq!(said, blank.iter().copied().map(u32::from).sum::<u32>());
    // More than eleven octal digits.
    assert_eq!(field(&archive::header(1, "a", 1 << 40), 124, b"\0"), "77777777777");

    // The end of a long name stays, and no character of it is cut.
    let name = field(&archive::header(12, &format!("{}.txt", "ä".repeat(80)), 0), 0, b"\0");
    assert_eq!(name, format!("12-{}.txt", "ä".repeat(46)));
    let name = field(&archive::header(1, &"n".repeat(98), 0), 0, b"0000600");
    assert_eq!(name.len(), 100);
    let sizes = [0, 1, 511, 512, 513].map(|size| archive::padding(size).len());
    assert_eq!(sizes, [0, 511, 1, 0, 511]);
}
