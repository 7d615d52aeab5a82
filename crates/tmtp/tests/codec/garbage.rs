//! Tests with garbage: whatever arrives, nobody panics, and a link that was ended stays ended.

use proptest::collection::vec;
use proptest::prelude::*;
use tmtp::event::Event;
use tmtp::letter::LetterHead;
use tmtp::request::Request;
use tmtp::revision::Revision;
use tmtp_testkit::pair::{Asked, ask, login, receive};

use crate::strategy;
use crate::stream::{app_on, cut, lengths, service_on};

/// A stream that was right until somebody changed, dropped or doubled some bytes.
fn damaged(stream: Vec<u8>, damage: &[(u16, u8, u8)]) -> Vec<u8> {
    damage.iter().fold(stream, |mut stream, (at, byte, how)| {
        let at = usize::from(*at) % stream.len().max(1);
        match how % 3 {
            _ if stream.is_empty() => {}
            0 => stream[at] = *byte,
            1 => drop(stream.remove(at)),
            _ => stream.insert(at, *byte),
        }
        stream
    })
}

fn damage() -> impl Strategy<Value = Vec<(u16, u8, u8)>> {
    vec(any::<(u16, u8, u8)>(), 1..4)
}

fn read_as_service(stream: &[u8], lengths: &[usize]) -> Vec<Asked> {
    let mut service = service_on();
    let mut asked = Vec::new();
    for piece in cut(stream, lengths) {
        ask(&mut service, piece, &mut asked);
    }
    asked
}

fn read_as_app(stream: &[u8], lengths: &[usize]) {
    let mut app = app_on();
    let mut told = Vec::new();
    for piece in cut(stream, lengths) {
        if receive(&mut app, &login(), piece, &mut told).is_err() {
            return;
        }
    }
}

fn violations(asked: &[Asked]) -> usize {
    asked.iter().filter(|asked| matches!(asked, Asked::Violation(_))).count()
}

proptest! {
    #[test]
    fn bytes_without_sense(stream in vec(any::<u8>(), 0..2000), lengths in lengths()) {
        prop_assert!(violations(&read_as_service(&stream, &lengths)) <= 1);
        read_as_app(&stream, &lengths);
    }

    /// Garbage in a frame of the right length reaches the readers of headers.
    #[test]
    fn headers_without_sense(head in prop_oneof![vec(any::<u8>(), 8..200), "[{}\\[\\]\",:0-9a-z\\\\]{8,80}".prop_map(String::into_bytes)]) {
        let stream = [format!("{:04x}", head.len()).as_bytes(), &head].concat();
        read_as_service(&stream, &[usize::MAX]);
        read_as_app(&stream, &[usize::MAX]);
        let _ = LetterHead::read(&head);
    }

    #[test]
    fn damaged_requests(
        requests in vec(strategy::on_link(200, 140), 1..6),
        damage in damage(),
        lengths in lengths(),
    ) {
        let mut stream = Vec::new();
        for request in requests {
            stream.extend(request.pack().unwrap());
            stream.extend(vec![b'd'; usize::try_from(request.data_len()).unwrap()]);
        }
        let asked = read_as_service(&damaged(stream, &damage), &lengths);
        let last = asked.len().saturating_sub(1);
        let ended_early = asked.iter().take(last).any(|asked| matches!(asked, Asked::Violation(_)));
        prop_assert!(!ended_early, "{asked:?}");
    }

    #[test]
    fn damaged_messages(
        messages in vec(strategy::message(0..200_u64), 1..6),
        damage in damage(),
        lengths in lengths(),
    ) {
        let mut stream = Vec::new();
        for message in messages {
            stream.extend(message.pack().unwrap());
            stream.extend(vec![b'd'; usize::try_from(message.data.len).unwrap()]);
        }
        read_as_app(&damaged(stream, &damage), &lengths);
    }

    #[test]
    fn damaged_letters(text in strategy::text(), size in any::<u64>(), damage in damage()) {
        let letter = LetterHead {
            subject: text.clone(),
            attach: vec![tmtp::letter::Attach::file(&text, size)],
            ..LetterHead::default()
        };
        if let Ok(letter) = LetterHead::read(&damaged(letter.pack(), &damage)) {
            let _ = letter.text_len(size, 10);
        }
    }

    /// No header of the right form is longer than it may be, whatever is put into it.
    #[test]
    fn long_texts_do_not_fit(text in strategy::full_text(), times in 1..20_000_usize) {
        let id = text.repeat(times.min(200_000 / text.len()));
        if let Ok(packed) = (Event::Quit { error: id.clone() }).pack() {
            prop_assert!(packed.len() <= 4 + 0xffff);
            prop_assert_eq!(Event::read(&packed[4..], Revision::One), Ok(Event::Quit { error: id.clone() }));
        }
        if let Ok(packed) = (Request::TmtpRev { revision: id.clone() }).pack() {
            prop_assert!(packed.len() <= 4 + 0xffff);
            prop_assert_eq!(Request::read(&packed[4..], Revision::One), Ok(Request::TmtpRev { revision: id }));
        }
    }
}

/// Deep nesting where anything is allowed must not exhaust the stack.
#[test]
fn deep_nesting_is_refused() {
    for opening in ["[", "{\"a\":"] {
        let deep = opening.repeat(60_000 / opening.len());
        let head = format!("{{\"op\":1,\"newnode\":\"n\",\"newalias\":\"_\",\"oidc\":{deep}");
        assert!(Request::read(head.as_bytes(), Revision::One).is_err());
        let head = format!("{{\"op\":1,\"newnode\":\"n\",\"newalias\":\"_\",\"other\":{deep}");
        assert!(Request::read(head.as_bytes(), Revision::One).is_err());
        assert!(LetterHead::read(deep.as_bytes()).is_err());
    }
}
