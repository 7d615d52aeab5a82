//! Tests of silence: how long each side may say nothing, on a simulated clock.

#![allow(clippy::unwrap_used, reason = "tests, their helpers included")]

use tmtp::event::Event;
use tmtp::id::MessageId;
use tmtp::request::{Data, Recipient, Request};
use tmtp::session::Millis;
use tmtp::session::app::{AppSession, LinkError};
use tmtp_testkit::pair::{Asked, Pair, Received, delivery, login};

fn greeting() -> Event {
    Event::TmtpRev {
        revision: "1".into(),
        name: Some("Harbour".into()),
        authby: None,
        groups: false,
    }
}

#[test]
fn the_whole_way_in_and_a_message_both_ways() {
    for fragment_bytes in [1, 3, 64, usize::MAX] {
        let mut pair = Pair::new(&login(), fragment_bytes).unwrap();
        pair.pump().unwrap();
        assert_eq!(
            pair.asked,
            [Asked::Request(Request::TmtpRev { revision: "1".into() }, Vec::new())]
        );
        pair.answer(&greeting()).unwrap();
        pair.pump().unwrap();
        assert_eq!(pair.asked[1], Asked::Request(login(), Vec::new()));
        assert!(!pair.app.is_on() && !pair.service.is_on());
        pair.service.authenticated();
        pair.answer(&Event::LoginOk { ohi: vec!["V".into()] }).unwrap();
        pair.pump().unwrap();
        assert!(pair.app.is_on() && pair.service.is_on());

        let post = Request::Post {
            id: "p".into(),
            to: vec![Recipient::Member("V".into())],
            not_alone: false,
            data: Data::of_len(5),
        };
        pair.send(&post, b"hello").unwrap();
        pair.deliver(&delivery(7, 5), b"olleh").unwrap();
        pair.pump().unwrap();
        assert_eq!(pair.asked[2], Asked::Request(post, b"hello".to_vec()));
        assert_eq!(pair.received[2], Received::Message(delivery(7, 5), b"olleh".to_vec()));
    }
}

#[test]
fn five_seconds_to_log_in_whatever_is_sent() {
    let mut pair = Pair::new(&login(), usize::MAX).unwrap();
    pair.advance_ms(2_000).unwrap();
    pair.pump().unwrap();
    pair.advance_ms(2_000).unwrap();
    // Half a request, byte by byte, buys no time.
    for byte in b"00ff{" {
        pair.send_raw(&[*byte]);
        pair.pump().unwrap();
    }
    assert_eq!(pair.service.deadline(), Millis(5_000));
    pair.advance_ms(999).unwrap();
    assert!(!pair.is_overdue());
    pair.advance_ms(1).unwrap();
    assert!(pair.is_overdue());
}

#[test]
fn two_minutes_of_silence_and_each_read_begins_them_anew() {
    let mut pair = Pair::logged_in(usize::MAX).unwrap();
    assert_eq!(pair.service.deadline(), Millis(120_000));
    pair.advance_ms(100_000).unwrap();
    // Not even a whole header.
    pair.send_raw(b"0");
    pair.pump().unwrap();
    assert_eq!(pair.service.deadline(), Millis(220_000));
    pair.service.handle_read(Millis(219_999));
    assert_eq!(pair.service.deadline(), Millis(339_999));
}

#[test]
fn silence_ends_a_link_at_two_minutes_sharp() {
    let mut pair = Pair::logged_in(usize::MAX).unwrap();
    // An app that is stuck: its clock is not asked.
    pair.service.handle_read(Millis(0));
    assert!(pair.service.deadline() > Millis(119_999));
    assert!(pair.service.deadline() <= Millis(120_000));
}

#[test]
fn a_pulse_every_115_seconds_keeps_a_link_for_a_day() {
    let mut pair = Pair::logged_in(usize::MAX).unwrap();
    let day_ms = 24 * 3_600_000;
    let mut pulses = 0;
    while pair.now() < Millis(day_ms) {
        pair.advance_ms(1_000).unwrap();
        pair.pump().unwrap();
        assert!(!pair.is_overdue(), "at {:?}", pair.now());
        pulses += pair.asked.drain(..).filter(is_pulse).count();
    }
    assert_eq!(pulses as u64, day_ms / 115_000);
}

fn is_pulse(asked: &Asked) -> bool {
    *asked == Asked::Request(Request::Pulse, Vec::new())
}

#[test]
fn pulse_is_sent_only_after_silence() {
    let mut pair = Pair::logged_in(usize::MAX).unwrap();
    pair.advance_ms(114_999).unwrap();
    pair.send(&Request::Ack { id: Some(MessageId(1)), kind: "ok".into() }, b"").unwrap();
    pair.advance_ms(114_999).unwrap();
    pair.pump().unwrap();
    assert!(!pair.asked.iter().any(is_pulse), "{:?}", pair.asked);
    pair.advance_ms(1).unwrap();
    pair.pump().unwrap();
    assert!(pair.asked.iter().any(is_pulse));
}

#[test]
fn an_app_does_not_wait_for_ever_to_be_let_in() {
    let mut silent = Pair::new(&login(), usize::MAX).unwrap();
    silent.advance_ms(29_999).unwrap();
    assert_eq!(silent.advance_ms(1), Err(LinkError::LoginTimeout));

    let mut undecided = Pair::new(&login(), usize::MAX).unwrap();
    undecided.answer(&greeting()).unwrap();
    undecided.pump().unwrap();
    undecided.advance_ms(29_999).unwrap();
    assert_eq!(undecided.advance_ms(1), Err(LinkError::LoginTimeout));
}

#[test]
fn an_app_leaves_a_service_of_another_revision() {
    let mut pair = Pair::new(&login(), usize::MAX).unwrap();
    pair.answer(&Event::TmtpRev { revision: "0".into(), name: None, authby: None, groups: false })
        .unwrap();
    assert_eq!(pair.pump(), Err(LinkError::Revision("0".into())));
    assert!(pair.asked.len() <= 1, "no secret is sent: {:?}", pair.asked);
}

#[test]
fn an_app_passes_over_what_it_does_not_know() {
    let mut pair = Pair::logged_in(3).unwrap();
    pair.answer(&Event::Unknown { op: "weather".into(), datalen: 0 }).unwrap();
    pair.answer(&Event::Ohi { from: "V".into(), online: true }).unwrap();
    pair.pump().unwrap();
    assert_eq!(pair.received, [Received::Event(Event::Ohi { from: "V".into(), online: true })]);
}

#[test]
fn an_app_passes_over_data_it_does_not_know() {
    let mut app = AppSession::new(Millis(0));
    let mut stream = Event::Unknown { op: "weather".into(), datalen: 9 }.pack().unwrap();
    stream.extend_from_slice(b"0008{\"a\":");
    stream.extend(Event::Quit { error: "logout ok".into() }.pack().unwrap());
    for fragment in [1, 5, 1_000] {
        let mut received = Vec::new();
        for piece in stream.chunks(fragment) {
            tmtp_testkit::pair::receive(&mut app, &login(), piece, &mut received).unwrap();
        }
        assert_eq!(received, [Received::Event(Event::Quit { error: "logout ok".into() })]);
    }
}
