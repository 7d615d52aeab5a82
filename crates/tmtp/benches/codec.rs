//! Frames per second, for a post of 1 KiB as letters are: to a few members, with a second header.
//!
//! - `service decodes`: a stream of posts as a service reads it, in reads of 64 KiB
//! - `app decodes`: a stream of deliveries as an app reads it, headsums checked
//! - `app encodes`, `service encodes`: one header; data is never copied by the codec
//! - `baseline`: the least anybody would do, in the same minute: cut the stream of posts and parse
//!   each header as any JSON, without looking at what it says

#![allow(missing_docs, clippy::unwrap_used, reason = "criterion's macros; not a product")]

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use tmtp::event::{Event, Message, MessageKind};
use tmtp::frame::{Decoder, Piece};
use tmtp::id::{MessageId, NodeSecret, Uid};
use tmtp::request::{Data, Recipient, Request};
use tmtp::session::Millis;
use tmtp::session::app::{AppSession, Output};
use tmtp::session::service::{Input, ServiceSession, Timing};

const FRAMES: usize = 1_000;
const READ_BYTES: usize = 0x1_0000;
const DATA: Data = Data { len: 1_024, head: 150, sum: 0 };

fn uid(n: u8) -> Uid {
    Uid::from_bytes(&[n; 20])
}

fn post() -> Request {
    let to = (1..=3).map(|n| Recipient::Member(uid(n))).collect();
    Request::Post { id: "1700000000000-17".into(), to, not_alone: false, data: DATA }
}

fn delivery() -> Message {
    let kind = MessageKind::Delivery { notify: None, groups: Vec::new() };
    Message::new(MessageId(0x17a1_b2c3_d4e5_f607), uid(9), 1_700_000_000_000, DATA, kind)
}

fn stream(head: &[u8]) -> Vec<u8> {
    [head, &[b'x'; 1_024]].concat().repeat(FRAMES)
}

fn service_on() -> ServiceSession {
    let mut service = ServiceSession::new(Millis(0), Timing::default());
    let greeting = Request::TmtpRev { revision: "1".into() }.pack().unwrap();
    while let Some(input) = service.handle_input(&mut &greeting[..]) {
        assert!(matches!(input, Input::Request { .. }));
        service.authenticated();
        if service.is_on() {
            break;
        }
    }
    service
}

fn app_on() -> AppSession {
    let node = NodeSecret::from_bytes(&[7; 25]);
    let entry = Request::Login { uid: uid(1), node };
    let mut app = AppSession::new(Millis(0));
    for event in [
        Event::TmtpRev { revision: "1".into(), name: None, authby: None, groups: false },
        Event::LoginOk { ohi: Vec::new() },
    ] {
        let bytes = event.pack().unwrap();
        let mut rest = &bytes[..];
        while let Some(output) = app.handle_input(&mut rest).unwrap() {
            if matches!(output, Output::Greeted(_)) {
                app.enter(&entry).unwrap();
            }
        }
    }
    assert!(app.is_on());
    app
}

fn service_decodes(stream: &[u8]) -> usize {
    let mut service = service_on();
    let mut complete = 0;
    for mut read in stream.chunks(READ_BYTES) {
        while let Some(input) = service.handle_input(&mut read) {
            if let Input::Data { last: true, .. } = black_box(input) {
                complete += 1;
            }
        }
    }
    complete
}

fn app_decodes(stream: &[u8]) -> usize {
    let mut app = app_on();
    let mut complete = 0;
    for mut read in stream.chunks(READ_BYTES) {
        while let Some(output) = app.handle_input(&mut read).unwrap() {
            if let Output::Data { last: true, .. } = black_box(output) {
                complete += 1;
            }
        }
    }
    complete
}

fn baseline(stream: &[u8]) -> usize {
    let mut decoder = Decoder::new();
    let mut complete = 0;
    for mut read in stream.chunks(READ_BYTES) {
        while let Some(piece) = decoder.next_piece(&mut read).unwrap() {
            match piece {
                Piece::Head(head) => {
                    let head: serde_json::Value = serde_json::from_slice(head.as_bytes()).unwrap();
                    decoder.expect_data(head["datalen"].as_u64().unwrap());
                }
                Piece::Data { last, .. } => complete += usize::from(last),
            }
        }
    }
    complete
}

fn codec(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("codec, 1 KiB");
    group.warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(4));

    let posts = stream(&post().pack().unwrap());
    let deliveries = stream(&delivery().pack().unwrap());
    assert_eq!((service_decodes(&posts), app_decodes(&deliveries)), (FRAMES, FRAMES));
    group.throughput(Throughput::Elements(FRAMES as u64));
    assert_eq!(baseline(&posts), FRAMES);
    group.bench_function("baseline: any JSON", |b| b.iter(|| baseline(&posts)));
    group.bench_function("service decodes posts", |b| b.iter(|| service_decodes(&posts)));
    group.bench_function("app decodes deliveries", |b| b.iter(|| app_decodes(&deliveries)));

    let (post, delivery) = (post(), delivery());
    group.throughput(Throughput::Elements(1));
    group.bench_function("app encodes a post", |b| b.iter(|| black_box(&post).pack()));
    group.bench_function("service encodes a delivery", |b| b.iter(|| black_box(&delivery).pack()));
    group.finish();
}

criterion_group!(benches, codec);
criterion_main!(benches);
