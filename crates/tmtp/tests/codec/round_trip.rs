//! Round trip: what is packed is read again as it was.

use proptest::prelude::*;
use tmtp::event::{Event, head_of};
use tmtp::id::RequestId;
use tmtp::letter::{Attach, LetterHead, Subscriber};
use tmtp::request::{Data, Recipient, Request};
use tmtp::revision::Revision;
use tmtp_testkit::wire;

use crate::strategy;

proptest! {
    #[test]
    fn requests(request in strategy::request()) {
        let packed = request.pack().unwrap();
        prop_assert_eq!(Request::read(head_of(&packed), Revision::One), Ok(request));
    }

    #[test]
    fn requests_in_any_case(request in strategy::request(), capitals in any::<u64>()) {
        let packed = request.pack().unwrap();
        let mixed = respell_keys(head_of(&packed), capitals);
        prop_assert_eq!(Request::read(&mixed, Revision::One), Ok(request));
    }

    #[test]
    fn answers(event in strategy::answer()) {
        let packed = event.pack().unwrap();
        prop_assert_eq!(Event::read(head_of(&packed), Revision::One), Ok(event));
    }

    /// The independent implementation finds the header canonical and its headsum right.
    #[test]
    fn messages(message in strategy::message(any::<u64>())) {
        let packed = message.pack().unwrap();
        let text = std::str::from_utf8(head_of(&packed)).unwrap();
        prop_assert!(wire::check_head(text).is_ok(), "{:?}", wire::check_head(text));
        let digits = format!("{:04x}", text.len());
        prop_assert_eq!(&packed[..4], digits.as_bytes());
        prop_assert_eq!(Event::read(text.as_bytes(), Revision::One), Ok(Event::Message(Box::new(message))));
    }

    #[test]
    fn letters(
        texts in proptest::collection::vec(strategy::text(), 7),
        size in any::<u64>(),
        subscribe in any::<bool>(),
    ) {
        let letter = LetterHead {
            thread_id: texts[0].clone(),
            alias: texts[1].clone(),
            subject: texts[2].clone(),
            cc: vec![Subscriber { who: texts[3].clone(), note: texts[4].clone(), subscribe, ..Subscriber::default() }],
            attach: vec![Attach::file(&texts[5], size)],
            confirm_id: texts[6].clone(),
            ..LetterHead::default()
        };
        prop_assert_eq!(LetterHead::read(&letter.pack()), Ok(letter));
    }
}

#[test]
fn absent_options_are_not_written() {
    let (id, to) = (RequestId::from("p"), vec![Recipient::Group("crew club".into())]);
    let (plain, full) = (Data::of_len(5), Data { len: 5, head: 2, sum: 3 });
    let post = |not_alone, data| Request::Post { id: id.clone(), to: to.clone(), not_alone, data };
    let notify = |is, note, data| Request::PostNotify {
        id: id.clone(),
        to: to.clone(),
        note_to: Vec::new(),
        not_self: is,
        not_alone: is,
        note,
        data,
    };
    for (request, head) in [
        (
            post(false, plain),
            r#"{"datalen":5,"for":[{"id":"crew club","type":3}],"id":"p","op":7}"#,
        ),
        (
            post(true, full),
            r#"{"datahead":2,"datalen":5,"datasum":3,"for":[{"id":"crew club","type":3}],"id":"p","notalone":true,"op":7}"#,
        ),
        (
            notify(false, plain, plain),
            r#"{"datalen":10,"for":[{"id":"crew club","type":3}],"id":"p","notefor":[],"notelen":5,"op":8}"#,
        ),
        (
            notify(true, full, full),
            r#"{"datahead":2,"datalen":10,"datasum":3,"for":[{"id":"crew club","type":3}],"fornotself":true,"id":"p","notalone":true,"notefor":[],"notehead":2,"notelen":5,"notesum":3,"op":8}"#,
        ),
    ] {
        let packed = request.pack().unwrap();
        assert_eq!(std::str::from_utf8(head_of(&packed)).unwrap(), head);
    }
}

/// Writes the letters of keys large or small, as the bits say; values stay as they are.
fn respell_keys(head: &[u8], bits: u64) -> Vec<u8> {
    let respell = |(at, byte): (usize, &u8)| {
        let capital = is_in_top_key(head, at) && bits >> (at % 64) & 1 == 1;
        if capital { byte.to_ascii_uppercase() } else { *byte }
    };
    head.iter().enumerate().map(respell).collect()
}

/// Whether the byte is in a key of the outermost object: inside a text that a colon follows.
fn is_in_top_key(head: &[u8], at: usize) -> bool {
    let (mut depth, mut start, mut escaped) = (0, None, false);
    for (n, byte) in head.iter().enumerate() {
        match (start, byte) {
            (Some(_), _) if escaped => escaped = false,
            (Some(_), b'\\') => escaped = true,
            (Some(from), b'"') => {
                if (from..n).contains(&at) {
                    return depth == 1 && head.get(n + 1) == Some(&b':');
                }
                start = None;
            }
            (Some(_), _) => {}
            (None, b'"') => start = Some(n + 1),
            (None, b'{' | b'[') => depth += 1,
            (None, b'}' | b']') => depth -= 1,
            (None, _) => {}
        }
    }
    false
}
