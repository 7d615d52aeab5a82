//! Tests of framing: any cut of a stream gives the same, and memory stays bounded.

use proptest::collection::vec;
use proptest::prelude::*;
use tmtp::event::Event;
use tmtp::frame::{Decoder, Head, Piece};
use tmtp::head::{HEAD_MAX_BYTES, LENGTH_BYTES};
use tmtp::request::{DataRule, Request};
use tmtp::session::Millis;
use tmtp::session::app::AppSession;
use tmtp::session::service::{ServiceSession, Timing};
use tmtp_testkit::pair::{Asked, Received, ask, login, receive};

use crate::strategy;

/// Cuts bytes into pieces of these lengths, over and over.
pub(crate) fn cut<'a>(mut bytes: &'a [u8], lengths: &[usize]) -> Vec<&'a [u8]> {
    let mut pieces = Vec::new();
    for length in lengths.iter().cycle() {
        if bytes.is_empty() {
            break;
        }
        let (piece, rest) = bytes.split_at((*length).min(bytes.len()));
        pieces.push(piece);
        bytes = rest;
    }
    pieces
}

pub(crate) fn lengths() -> impl Strategy<Value = Vec<usize>> {
    prop_oneof![
        Just(vec![1]),
        vec(1..12_usize, 1..9),
        vec(1..700_usize, 1..9),
        Just(vec![usize::MAX])
    ]
}

/// A service's side that has let an app in.
pub(crate) fn service_on() -> ServiceSession {
    let mut service = ServiceSession::new(Millis(0), Timing::default());
    let mut greeting: &[u8] = b"0011{\"id\":\"1\",\"op\":0}";
    assert!(service.handle_input(&mut greeting).is_some());
    service.authenticated();
    assert!(service.is_on());
    service
}

/// An app's side that was let in.
pub(crate) fn app_on() -> AppSession {
    let mut app = AppSession::new(Millis(0));
    let greeting = Event::TmtpRev { revision: "1".into(), name: None, authby: None, groups: false }
        .pack()
        .unwrap();
    let info = Event::LoginOk { ohi: Vec::new() }.pack().unwrap();
    receive(&mut app, &login(), &[greeting, info].concat(), &mut Vec::new()).unwrap();
    assert!(app.is_on());
    app.take_output();
    app
}

/// Data that belongs to a request: ASCII, which any ping may hold, and headers in it mean nothing.
fn filling(len: u64) -> Vec<u8> {
    b"0008{\"op\":1}".iter().copied().cycle().take(usize::try_from(len).unwrap()).collect()
}

fn inside(piece: &[u8], input: &[u8]) -> bool {
    input.as_ptr_range().contains(&piece.as_ptr())
}

proptest! {
    #[test]
    fn requests_in_any_fragmentation(
        requests in vec(strategy::on_link(600, 140), 1..12),
        lengths in lengths(),
    ) {
        let mut stream = Vec::new();
        let mut want = Vec::new();
        for request in requests {
            let data = filling(request.data_len());
            stream.extend(request.pack().unwrap());
            stream.extend_from_slice(&data);
            want.push(Asked::Request(request, data));
        }
        let mut service = service_on();
        let mut asked = Vec::new();
        for piece in cut(&stream, &lengths) {
            ask(&mut service, piece, &mut asked);
        }
        prop_assert_eq!(asked, want);
    }

    #[test]
    fn messages_in_any_fragmentation(
        messages in vec(strategy::message(0..600_u64), 1..8),
        answers in vec(strategy::answer(), 0..8),
        lengths in lengths(),
    ) {
        let mut stream = Vec::new();
        let mut want = Vec::new();
        for message in messages {
            let data = filling(message.data.len);
            stream.extend(message.pack().unwrap());
            stream.extend_from_slice(&data);
            let event = Event::Message(Box::new(message.clone()));
            let has_data = !data.is_empty() && event.data_rule() != DataRule::None;
            want.push(if has_data { Received::Message(message, data) } else { Received::Event(event) });
        }
        for answer in answers {
            stream.extend(answer.pack().unwrap());
            // What belongs to the way in is passed over on a link that is on.
            if !matches!(
                answer,
                Event::TmtpRev { .. } | Event::Registered { .. } | Event::LoginOk { .. }
            ) {
                want.push(Received::Event(answer));
            }
        }
        let mut app = app_on();
        let mut received = Vec::new();
        for piece in cut(&stream, &lengths) {
            receive(&mut app, &login(), piece, &mut received).unwrap();
        }
        prop_assert_eq!(received, want);
    }

    /// Data and whole headers are handed out where they lie; what is held back is never more than
    /// one header, and nothing once a message is complete.
    #[test]
    fn a_decoder_holds_at_most_one_header(
        messages in vec((8..3000_usize, 0..5000_usize), 1..6),
        lengths in lengths(),
    ) {
        let mut stream = Vec::new();
        for (head, data) in &messages {
            stream.extend(format!("{head:04X}").bytes());
            stream.extend(vec![b'h'; *head]);
            stream.extend(vec![b'd'; *data]);
        }
        let mut decoder = Decoder::new();
        let mut next = messages.iter();
        let mut held = 0_usize;
        for piece in cut(&stream, &lengths) {
            let mut rest = piece;
            loop {
                let before = rest.len();
                let found = decoder.next_piece(&mut rest).unwrap();
                held += before - rest.len();
                match found {
                    None => break,
                    Some(Piece::Data { bytes, .. }) => {
                        prop_assert!(inside(bytes, piece), "data was copied");
                        held -= bytes.len();
                    }
                    Some(Piece::Head(head)) => {
                        let (head_len, data_len) = next.next().unwrap();
                        prop_assert_eq!(head.as_bytes().len(), *head_len);
                        if let Head::Whole(bytes) = head {
                            prop_assert!(inside(bytes, piece), "a whole header was copied");
                        }
                        held -= LENGTH_BYTES + head_len;
                        decoder.expect_data(*data_len as u64);
                    }
                }
                prop_assert!(held <= LENGTH_BYTES + HEAD_MAX_BYTES);
                prop_assert!(held == 0 || decoder.inside_message());
            }
        }
        prop_assert_eq!((held, decoder.inside_message(), next.next()), (0, false, None));
    }
}

/// Four gigabytes are announced and not waited for: what came is handed on at once.
#[test]
fn data_is_handed_on_as_it_comes() {
    let mut service = service_on();
    let head = r#"{"datalen":4294967296,"for":[],"id":"1","op":7}"#;
    let mut asked = Vec::new();
    ask(&mut service, format!("{:04x}{head}first", head.len()).as_bytes(), &mut asked);
    ask(&mut service, b" second", &mut asked);
    let [Asked::Request(Request::Post { .. }, data)] = &asked[..] else { panic!("{asked:?}") };
    assert_eq!(data, b"first second");
}
