//! Tests of forwarded threads, as deployed apps send them and as nobody honest does.

use super::*;

const HANNA: &str = "7MW4MQ3333333333333333333333333H";
const HUBERT: &str = "8NX5NR4444444444444444444444444B";

/// The bytes of a deployed app, which calls the length of a text so: two letters, the first with a
/// file.
fn deployed(len: &str) -> Vec<u8> {
    let first = format!(
        "{{\"Id\":\"18ec1739a3e57a19\",\"{len}\":13,\"Posted\":\"2026-11-28T03:31:53.291Z\",\"From\":\"{HANNA}\",\"SubHead\":{{\"Alias\":\"Hanna One\",\"ThreadId\":\"18ec1739a3e57a19\",\"Subject\":\"a \\u003c b\",\"Attach\":[{{\"Name\":\"u:plan.bin\",\"Size\":204800}}]}}}}"
    );
    let second = format!(
        "{{\"Id\":\"18ec1739a3e57a1a\",\"{len}\":16,\"Posted\":\"2026-11-28T03:31:54.001Z\",\"From\":\"{HUBERT}\",\"SubHead\":{{\"Alias\":\"Hubert Two\",\"ThreadId\":\"18ec1739a3e57a19\",\"Subject\":\"\"}}}}"
    );
    let first = format!("{:04x}{first}\norig by hanna", first.len());
    let second = format!("{:04x}{second}\nanswer by hubert", second.len());
    let entry = |id: &str,
                 from: &str,
                 alias: &str,
                 date: &str,
                 subject: &str,
                 offset,
                 text: &str| {
        let sum = crc32c::crc32c(text.as_bytes());
        let size = text.len() + 1;
        format!(
            "{{\"Id\":\"{id}\",\"From\":\"{from}\",\"Alias\":\"{alias}\",\"Date\":\"{date}\",\"Subject\":\"{subject}\",\"Seen\":\"\",\"Offset\":{offset},\"Size\":{size},\"Checksum\":{sum}}}"
        )
    };
    let index = [
        entry(
            "18ec1739a3e57a19",
            HANNA,
            "Hanna One",
            "2026-11-28T03:31:53.291Z",
            "a \\u003c b",
            0,
            &first,
        ),
        entry(
            "18ec1739a3e57a1a",
            HUBERT,
            "Hubert Two",
            "2026-11-28T03:31:54.001Z",
            "",
            first.len() + 1,
            &second,
        ),
    ]
    .join(",");
    let cc = format!(
        "{{\"Who\":\"Hanna One\",\"WhoUid\":\"{HANNA}\",\"By\":\"Hanna One\",\"ByUid\":\"{HANNA}\",\"Date\":\"2026-11-28T03:31:53.291Z\",\"Note\":\"author\",\"Subscribe\":true}}"
    );
    with_tail(&format!("{first}\n{second}\n"), &format!("[{index}]"), &format!("[{cc}]"))
}

fn with_tail(messages: &str, index: &str, cc: &str) -> Vec<u8> {
    format!("{messages}{index}{cc}{:08x}{:08x}", index.len(), cc.len()).into_bytes()
}

#[test]
fn reads_and_writes_what_a_deployed_app_forwards() {
    let bytes = deployed("Size");
    let thread = ForwardedThread::read(&bytes).unwrap();
    let texts: Vec<_> = thread.letters.iter().map(|letter| letter.text.as_slice()).collect();
    assert_eq!(texts, [&b"orig by hanna"[..], b"answer by hubert"]);
    let first = &thread.letters[0];
    assert_eq!((first.from.as_str(), first.head.subject.as_str()), (HANNA, "a < b"));
    assert_eq!(first.head.attach, [Attach::file("plan.bin", 204_800)]);
    assert_eq!(thread.cc[0].note, "author");
    // Byte for byte, because it is compared by a checksum.
    assert_eq!(String::from_utf8(thread.pack()).unwrap(), String::from_utf8(bytes).unwrap());
}

#[test]
fn an_earlier_app_and_a_thread_without_subscribers_are_read() {
    let thread = ForwardedThread::read(&deployed("Len")).unwrap();
    assert_eq!(thread, ForwardedThread::read(&deployed("Size")).unwrap());
    assert_eq!(ForwardedThread::read(&with_tail("", "[]", "null")), Ok(ForwardedThread::default()));
}

#[test]
fn forwards_with_wrong_offsets_or_sizes_are_refused() {
    let whole = String::from_utf8(deployed("Size")).unwrap();
    let tail = whole.len() - 16;
    let mut cases = vec![
        String::new(),
        "0000000000000000".into(),
        format!("{}ffffffffffffffff", &whole[..tail]),
        format!("{}+0000001+0000001", &whole[..tail]),
        whole.replacen("\"Offset\":0", "\"Offset\":9", 1),
        whole.replacen(HANNA, HUBERT, 1),
        whole.replacen("\"Size\":13", "\"Size\":12", 1),
        whole.replacen("\"Size\":13", "\"Size\":-3", 1),
    ];
    // The same letter twice: twice the bytes from the same.
    let again = "\"Offset\":0";
    let at = whole.rfind("\"Offset\":").unwrap();
    let digits = whole[at + 9..].find(',').unwrap();
    let moved = format!("{}{again}{}", &whole[..at], &whole[at + 9 + digits..]);
    let shorter = whole.len() - moved.len();
    let index_len = usize::from_str_radix(&whole[tail..tail + 8], 16).unwrap() - shorter;
    let moved_tail = moved.len() - 16;
    cases.push(format!("{}{index_len:08x}{}", &moved[..moved_tail], &moved[moved_tail + 8..]));
    for case in cases {
        assert_eq!(ForwardedThread::read(case.as_bytes()), Err(BadForward), "{case}");
    }
    for cut in 0..whole.len() {
        let _ = ForwardedThread::read(&whole.as_bytes()[..cut]);
        let _ = ForwardedThread::read(&whole.as_bytes()[cut..]);
    }
}

/// A thread of one letter with these files.
fn with_files(attach: Vec<Attach>) -> ForwardedThread {
    let head = LetterHead { attach, ..LetterHead::default() };
    let letter = ForwardedLetter { id: "1".into(), head, ..ForwardedLetter::default() };
    ForwardedThread { letters: vec![letter], cc: Vec::new() }
}

#[test]
fn more_files_than_a_head_can_name_are_left_out() {
    let of_name = |len: usize| {
        let bytes = with_files(vec![Attach::file(&"x".repeat(len), 1)]).pack();
        let files = ForwardedThread::read(&bytes).unwrap().letters[0].head.attach.len();
        (hex(&bytes[..4]).unwrap(), files)
    };
    let (shortest, _) = of_name(0);
    assert_eq!(of_name(HEAD_MAX_BYTES - shortest), (HEAD_MAX_BYTES, 1));
    assert_eq!(of_name(HEAD_MAX_BYTES - shortest + 1).1, 0);
}

#[test]
fn an_empty_file_is_written_without_its_size() {
    let thread = with_files(vec![Attach::file("empty", 0)]);
    let bytes = thread.pack();
    assert!(String::from_utf8_lossy(&bytes).contains(r#""Attach":[{"Name":"u:empty"}]"#));
    assert_eq!(ForwardedThread::read(&bytes), Ok(thread));
}

#[test]
fn a_thread_has_two_thousand_letters_at_most() {
    for (count, is_read) in
        [(LETTERS_MAX, true), (LETTERS_MAX + 1, false), (2 * LETTERS_MAX, false)]
    {
        let letters = vec![ForwardedLetter::default(); count];
        let bytes = ForwardedThread { letters, cc: Vec::new() }.pack();
        assert_eq!(ForwardedThread::read(&bytes).is_ok(), is_read, "{count}");
    }
}
