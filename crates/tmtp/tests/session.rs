//! Tests of both sessions: the two steps of the way in, what belongs to no step, and data by the rule of each
//! operation.

#![allow(clippy::unwrap_used, reason = "tests, their helpers included")]

use tmtp::event::{Event, Message, MessageKind};
use tmtp::id::{MessageId, Uid};
use tmtp::request::{Data, Request};
use tmtp::revision::Revision;
use tmtp::session::Millis;
use tmtp::session::app::{AppSession, EnterError, Greeting, Output};
use tmtp_testkit::pair::{Asked, Pair, Received, login};

fn greeting() -> Event {
    Event::TmtpRev {
        revision: "1".into(),
        name: Some("Harbour".into()),
        authby: None,
        groups: true,
    }
}

fn greeted() -> Greeting {
    let name = Some("Harbour".into());
    Greeting { revision: Revision::One, name, authby: None, groups: true }
}

/// All that an app hands out of these bytes.
fn outputs(app: &mut AppSession, event: &Event) -> usize {
    let bytes = event.pack().unwrap();
    let (mut rest, mut count) = (bytes.as_slice(), 0);
    while app.handle_input(&mut rest).unwrap().is_some() {
        count += 1;
    }
    count
}

#[test]
fn login_is_made_from_what_the_greeting_brought() {
    let mut app = AppSession::new(Millis(0));
    assert_eq!(app.take_output(), b"0011{\"id\":\"1\",\"op\":0}");
    assert_eq!(app.enter(&login()), Err(EnterError::NotDue));
    let bytes = greeting().pack().unwrap();
    assert_eq!(app.handle_input(&mut &bytes[..]), Ok(Some(Output::Greeted(greeted()))));
    assert_eq!(app.take_output(), b"", "nothing is sent before the caller has seen the greeting");
    assert_eq!(app.enter(&Request::Pulse), Err(EnterError::NotDue));
    app.enter(&login()).unwrap();
    assert_eq!(app.take_output(), login().pack().unwrap());
    assert_eq!(app.enter(&login()), Err(EnterError::NotDue));
}

#[test]
fn an_entry_too_long_for_a_header_leaves_the_link_greeted() {
    let mut app = AppSession::new(Millis(0));
    assert_eq!(outputs(&mut app, &greeting()), 1);
    app.take_output();
    let long = Request::Login { uid: "U".repeat(70_000).into(), node: "LB27ML46".into() };
    assert!(matches!(app.enter(&long), Err(EnterError::TooLong(_))));
    assert_eq!(app.take_output(), b"");
    app.enter(&login()).unwrap();
}

#[test]
fn answers_of_the_way_in_are_passed_over_out_of_turn() {
    let ok = Event::LoginOk { ohi: Vec::new() };
    let registered = Event::Registered { uid: "U".into(), nodeid: "N".into(), error: None };
    let mut app = AppSession::new(Millis(0));
    assert_eq!(outputs(&mut app, &ok) + outputs(&mut app, &registered), 0);
    assert_eq!(outputs(&mut app, &greeting()), 1);
    assert_eq!(outputs(&mut app, &ok) + outputs(&mut app, &greeting()), 0);
    assert!(!app.is_on());
    app.enter(&login()).unwrap();
    assert_eq!(outputs(&mut app, &registered) + outputs(&mut app, &ok), 2);
    assert!(app.is_on());
    assert_eq!(outputs(&mut app, &ok) + outputs(&mut app, &registered), 0);
}

#[test]
fn service_answers_a_newer_app_with_its_own_revision() {
    for wanted in ["1", "2", "0"] {
        let mut pair = Pair::logged_in(usize::MAX).unwrap();
        pair.service = tmtp::session::service::ServiceSession::new(Millis(0), Default::default());
        pair.send(&Request::TmtpRev { revision: wanted.into() }, b"").unwrap();
        pair.pump().unwrap();
        assert!(matches!(&pair.asked[..], [Asked::Request(Request::TmtpRev { .. }, _)]));
        assert_eq!(pair.service.revision().as_str(), "1", "{wanted}");
    }
}

fn message(len: usize, kind: MessageKind) -> Message {
    Message::new(MessageId(7), Uid::service(), 0, Data::of_len(len as u64), kind)
}

#[test]
fn small_data_comes_whole_and_cut_at_the_bound_of_its_operation() {
    let kind = MessageKind::Ping { alias: "a".into(), to: "b".into() };
    for (len, kept) in [(0, 0), (1, 1), (4_096, 4_096), (4_097, 4_096), (9_000, 4_096)] {
        for fragment_bytes in [1_000, usize::MAX] {
            let mut pair = Pair::logged_in(fragment_bytes).unwrap();
            let (ping, data) = (message(len, kind.clone()), vec![b'p'; len]);
            pair.deliver(&ping, &data).unwrap();
            pair.answer(&Event::Ohi { from: "V".into(), online: true }).unwrap();
            pair.pump().unwrap();
            let want = match kept {
                0 => Received::Event(Event::Message(Box::new(ping))),
                kept => Received::Message(ping, data[..kept].to_vec()),
            };
            assert_eq!(pair.received[0], want, "{len}");
            assert_eq!(pair.received.len(), 2, "what follows is read as a header again: {len}");
        }
    }
}

#[test]
fn data_where_an_operation_has_none_is_passed_over() {
    let mut pair = Pair::logged_in(5).unwrap();
    let login = message(9, MessageKind::Login { node: "tbd".into() });
    pair.deliver(&login, b"0008{\"a\":").unwrap();
    pair.answer(&Event::Ohi { from: "V".into(), online: true }).unwrap();
    pair.pump().unwrap();
    assert_eq!(pair.received[0], Received::Event(Event::Message(Box::new(login))));
    assert_eq!(pair.received.len(), 2);
}

#[test]
fn a_message_without_data_is_complete_with_its_header() {
    let mut pair = Pair::logged_in(usize::MAX).unwrap();
    let kinds = [
        MessageKind::Delivery { notify: None, groups: Vec::new() },
        MessageKind::Other { op: "weather".into() },
    ];
    for kind in kinds {
        let empty = message(0, kind);
        pair.deliver(&empty, b"").unwrap();
        pair.pump().unwrap();
        assert_eq!(pair.received.pop(), Some(Received::Event(Event::Message(Box::new(empty)))));
    }
}

#[test]
fn a_message_has_begun_with_its_first_byte() {
    let mut pair = Pair::logged_in(usize::MAX).unwrap();
    assert!(!pair.service.inside_message());
    let ping =
        Request::Ping { id: "p".into(), from: "a".into(), to: "b".into(), data: Data::of_len(2) };
    let stream = [ping.pack().unwrap(), b"hi".to_vec()].concat();
    for (n, byte) in stream.iter().enumerate() {
        pair.send_raw(&[*byte]);
        pair.pump().unwrap();
        assert_eq!(pair.service.inside_message(), n + 1 < stream.len(), "{n}");
    }
}
