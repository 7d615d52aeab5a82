//! Tests of quit reasons: every rule that the service's session watches over, broken once each.
//!
//! The reasons that a session cannot give by itself (login failed, …) are the service's.

#![allow(clippy::unwrap_used, reason = "tests, their helpers included")]

use serde_json::{Value, json};
use tmtp::id::RequestId;
use tmtp::quit::Quit;
use tmtp::request::{Op, Request};
use tmtp::revision::Revision;
use tmtp::session::Millis;
use tmtp::session::service::{ServiceSession, Timing, Violation};
use tmtp_testkit::pair::{Asked, ask};
use tmtp_testkit::wire;

#[derive(Clone, Copy)]
enum Start {
    New,
    Greeted,
    On,
}

fn session(start: Start) -> ServiceSession {
    let mut service = ServiceSession::new(Millis(0), Timing::default());
    if !matches!(start, Start::New) {
        let greeting = wire::frame(r#"{"op":0,"id":"1"}"#, b"").unwrap();
        let mut asked = Vec::new();
        ask(&mut service, &greeting, &mut asked);
        assert_eq!(asked, [Asked::Request(Request::TmtpRev { revision: "1".into() }, Vec::new())]);
    }
    if matches!(start, Start::On) {
        service.authenticated();
    }
    service
}

fn asked(start: Start, bytes: &[u8]) -> Vec<Asked> {
    let mut asked = Vec::new();
    ask(&mut session(start), bytes, &mut asked);
    asked
}

/// Sends the bytes and expects the end for that reason, reported unless the link is new.
#[track_caller]
fn ends(start: Start, bytes: &[u8], quit: Quit) {
    let is_reported = !matches!(start, Start::New);
    let want = Violation { quit, is_reported };
    let text = String::from_utf8_lossy(bytes);
    assert_eq!(asked(start, bytes).last(), Some(&Asked::Violation(want)), "{text}");
    let reason = quit.reason();
    let head = format!(r#"{{"error":"{reason}","op":"quit"}}"#);
    let farewell = if is_reported { wire::frame(&head, b"").unwrap() } else { Vec::new() };
    assert_eq!(want.farewell(), farewell);
}

#[track_caller]
fn head_ends(start: Start, head: &Value, data: &[u8], quit: Quit) {
    ends(start, &wire::frame(&head.to_string(), data).unwrap(), quit);
}

fn read(head: &[u8]) -> Result<Request, Quit> {
    Request::read(head, Revision::One)
}

fn invalid(head: &str) {
    ends(Start::On, &wire::frame(head, b"").unwrap(), Quit::InvalidHeader);
}

/// A request of every op with everything that is required, and what is.
fn requests() -> Vec<(Value, &'static [&'static str])> {
    let to = json!([{"id": "u", "type": 1}]);
    vec![
        (json!({"op": 0, "id": "1"}), &["id"]),
        (json!({"op": 1, "newnode": "n", "newalias": "_"}), &["newnode", "newalias"]),
        (json!({"op": 2, "uid": "u", "node": "n"}), &["uid", "node"]),
        (json!({"op": 3, "id": "i", "newnode": "n"}), &["id", "newnode"]),
        (json!({"op": 3, "id": "i", "newalias": "n"}), &["id", "newalias"]),
        (json!({"op": 4, "id": "i", "for": [{"id": "u"}], "type": "add"}), &["id", "for", "type"]),
        (
            json!({"op": 5, "id": "i", "gid": "g", "from": "f", "to": "t"}),
            &["id", "gid", "from", "to"],
        ),
        (json!({"op": 6, "id": "i", "act": "join", "gid": "g"}), &["id", "act", "gid"]),
        (json!({"op": 6, "id": "i", "act": "alias", "gid": "g", "newalias": "n"}), &["newalias"]),
        (json!({"op": 6, "id": "i", "act": "drop", "gid": "g", "to": "t"}), &["to"]),
        (json!({"op": 7, "id": "i", "for": to, "datalen": 1}), &["id", "for", "datalen"]),
        (
            json!({"op": 8, "id": "i", "for": to, "notefor": to, "notelen": 1, "datalen": 2}),
            &["id", "for", "notelen", "datalen"],
        ),
        (json!({"op": 9, "id": "i", "from": "f", "to": "t"}), &["id", "from", "to"]),
        (json!({"op": 10, "id": "i", "type": "ok"}), &["id", "type"]),
        (json!({"op": 11}), &[]),
        (json!({"op": 12}), &[]),
    ]
}

#[test]
fn every_operation_is_in_the_table() {
    for op in Op::ALL {
        let is_op = |(request, _): &(Value, _)| request["op"] == op.number();
        assert!(requests().iter().any(is_op), "{} is missing from requests()", op.name());
    }
}

#[test]
fn operations_are_called_as_the_protocol_calls_them() {
    let names = Op::ALL.map(Op::name);
    let first = ["TmtpRev", "Register", "Login", "UserEdit", "OhiEdit", "GroupInvite"];
    let others = ["GroupEdit", "Post", "PostNotify", "Ping", "Ack", "Pulse", "Quit"];
    assert_eq!(names.to_vec(), [&first[..], &others].concat());
    for (request, _) in requests() {
        let op = usize::try_from(request["op"].as_u64().unwrap()).unwrap();
        assert_eq!(read(request.to_string().as_bytes()).unwrap().name(), names[op]);
    }
}

#[test]
fn a_reason_is_known_by_its_words() {
    for quit in Quit::ALL {
        assert_eq!(Quit::from_reason(quit.reason()), Some(quit));
    }
    assert_eq!(Quit::from_reason("tired"), None);
}

#[test]
fn requests_that_are_acknowledged_have_an_id() {
    for (request, _) in requests() {
        let is_acknowledged = matches!(request["op"].as_u64().unwrap(), 3..=9);
        let read = read(request.to_string().as_bytes()).unwrap();
        assert_eq!(read.id().map(RequestId::as_str), is_acknowledged.then_some("i"), "{request}");
    }
}

#[test]
fn a_missing_key_an_empty_one_and_null_are_the_same() {
    for (request, required) in requests() {
        assert!(read(request.to_string().as_bytes()).is_ok(), "{request}");
        for key in required.iter().chain(&["op"]) {
            let empty = match &request[key] {
                Value::String(_) => json!(""),
                Value::Array(_) if request["op"] == 4 => json!([]),
                // [] is a list of recipients, and op 0 is an op.
                Value::Array(_) => Value::Null,
                _ if *key == "op" => Value::Null,
                _ => json!(0),
            };
            let mut without = request.clone();
            without.as_object_mut().unwrap().remove(*key);
            for broken in [without, with(&request, key, Value::Null), with(&request, key, empty)] {
                let read = read(broken.to_string().as_bytes());
                assert_eq!(read, Err(Quit::InvalidHeader), "{broken}");
            }
        }
    }
}

fn with(request: &Value, key: &str, value: Value) -> Value {
    let mut request = request.clone();
    request[key] = value;
    request
}

#[test]
fn a_key_of_the_wrong_type_spoils_the_header() {
    for (request, _) in requests() {
        for (key, wrong) in [
            ("op", json!("7")),
            ("op", json!(13)),
            ("op", json!(-1)),
            ("op", json!(7.5)),
            ("id", json!(1)),
            ("uid", json!([])),
            ("for", json!("u")),
            ("for", json!([[]])),
            ("for", json!([{"id": 1, "type": 1}])),
            ("for", json!([{"id": "u", "type": "1"}])),
            ("notefor", json!({})),
            ("datalen", json!("1")),
            ("datalen", json!(1.5)),
            ("datalen", json!(-1)),
            ("datahead", json!(-1)),
            ("notelen", json!(-1)),
            ("fornotself", json!("yes")),
        ] {
            let broken = with(&request, key, wrong).to_string();
            assert_eq!(read(broken.as_bytes()), Err(Quit::InvalidHeader), "{broken}");
        }
    }
}

#[test]
fn a_header_is_one_object() {
    for head in [
        "{\"op\":11}x",
        "{\"op\":11}{}",
        "{\"op\":11",
        "[{\"op\":11}]",
        "\"op: 11\"",
        "{op: 11}  ",
        "{'op':11}",
        "{\"op\":11,}",
        "        ",
        "null    ",
        "\u{feff}{\"op\":11}",
    ] {
        invalid(head);
    }
    ends(Start::On, b"000a{\"op\":11\xff}", Quit::InvalidHeader);
    // White space around and inside is no offence.
    assert_eq!(
        asked(Start::On, &wire::frame(" {\n\t\"op\" : 11 }\r ", b"").unwrap()),
        [Asked::Request(Request::Pulse, Vec::new())]
    );
}

#[test]
fn lengths_of_a_header() {
    for digits in ["0000", "0007", "000g", "0x0f", " 00f", "+00f", "-00f", "{\"op", "\0\0\0\0"] {
        ends(Start::On, digits.as_bytes(), Quit::InvalidHeaderLength);
    }
    let pulse = |length: usize| {
        let head = format!("{{\"op\":11{}}}", " ".repeat(length - 9));
        let mut asked = Vec::new();
        ask(&mut session(Start::On), &wire::frame(&head, b"").unwrap(), &mut asked);
        asked
    };
    assert_eq!(pulse(9), [Asked::Request(Request::Pulse, Vec::new())]);
    assert_eq!(pulse(0xffff), [Asked::Request(Request::Pulse, Vec::new())]);
    // Eight bytes are a header, if only of the wrong state here.
    head_ends(Start::On, &json!({"op": 0}), b"", Quit::InvalidHeader);
    // Digits may be large.
    assert_eq!(asked(Start::On, b"000A{\"op\":11 }").len(), 1);
}

#[test]
fn state_of_the_link() {
    let (new, greeted, on) = (Start::New, Start::Greeted, Start::On);
    let opening = ["TmtpRev", "Register", "Login"];
    for (request, _) in requests() {
        let op = usize::try_from(request["op"].as_u64().unwrap()).unwrap();
        match opening.get(op) {
            Some(&"TmtpRev") => {
                head_ends(greeted, &request, b"", Quit::Repetition);
                head_ends(on, &request, b"", Quit::Repetition);
            }
            Some(_) => {
                head_ends(new, &request, b"", Quit::TmtpRevOmitted);
                head_ends(on, &request, b"", Quit::AlreadyConnected);
            }
            None => {
                head_ends(new, &request, b"", Quit::Unauthenticated);
                head_ends(greeted, &request, b"", Quit::Unauthenticated);
            }
        }
    }
}

/// The form is looked at before the state.
#[test]
fn a_wrong_header_is_wrong_in_any_state() {
    for start in [Start::New, Start::Greeted, Start::On] {
        head_ends(start, &json!({"op": 7}), b"", Quit::InvalidHeader);
        head_ends(start, &json!({"op": 99}), b"", Quit::InvalidHeader);
        head_ends(
            start,
            &json!({"op": 2, "uid": "u", "node": "n", "datalen": 1}),
            b"x",
            Quit::InvalidHeader,
        );
        ends(start, b"0007", Quit::InvalidHeaderLength);
    }
}

#[test]
fn data_where_none_belongs_and_none_where_it_does() {
    for (request, _) in requests() {
        let op = request["op"].as_u64().unwrap();
        if !matches!(op, 5 | 7 | 8 | 9) {
            let broken = with(&request, "datalen", json!(1)).to_string();
            assert_eq!(read(broken.as_bytes()), Err(Quit::InvalidHeader), "{broken}");
        }
        if op != 8 {
            let broken = with(&request, "notelen", json!(1)).to_string();
            assert_eq!(read(broken.as_bytes()), Err(Quit::InvalidHeader), "{broken}");
        }
        let broken = with(&request, "datahead", json!(1000)).to_string();
        assert_eq!(read(broken.as_bytes()), Err(Quit::InvalidHeader), "{broken}");
    }
    let notify = |notelen: u64, datalen: u64, head: (&str, u64)| {
        let mut request = json!({"op": 8, "id": "i", "for": [], "notefor": []});
        request["notelen"] = json!(notelen);
        request["datalen"] = json!(datalen);
        request[head.0] = json!(head.1);
        read(request.to_string().as_bytes()).map(|_| ())
    };
    assert_eq!(notify(3, 4, ("notehead", 3)), Ok(()));
    assert_eq!(notify(3, 4, ("notehead", 4)), Err(Quit::InvalidHeader));
    assert_eq!(notify(3, 4, ("datahead", 1)), Ok(()));
    assert_eq!(notify(3, 4, ("datahead", 2)), Err(Quit::InvalidHeader));
}

#[test]
fn types_of_recipients() {
    for kind in [json!(0), json!(4), json!(-1), Value::Null] {
        for list in ["for", "notefor"] {
            let mut request = json!({"op": 8, "id": "i", "for": [], "notelen": 1, "datalen": 2});
            request[list] = json!([{"id": "u", "type": kind}]);
            head_ends(Start::On, &request, b"nd", Quit::InvalidHeader);
            request[list] = json!([{"type": 1}]);
            head_ends(Start::On, &request, b"nd", Quit::InvalidHeader);
        }
        let any = json!({"op": 4, "id": "i", "type": "init", "for": [{"id": "u", "type": kind}]});
        assert!(read(any.to_string().as_bytes()).is_ok(), "{any}");
    }
}

fn ping(op: u8, data: &[u8]) -> Vec<u8> {
    let head =
        json!({"op": op, "id": "i", "gid": "g", "from": "f", "to": "t", "datalen": data.len()});
    wire::frame(&head.to_string(), data).unwrap()
}

#[test]
fn texts_of_pings() {
    for op in [5, 9] {
        for good in ["", "x", &"x".repeat(140), &"語".repeat(140), &"🦀".repeat(70)] {
            let asked = asked(Start::On, &ping(op, good.as_bytes()));
            let [Asked::Request(_, text)] = &asked[..] else { panic!("{asked:?}") };
            assert_eq!(text, good.as_bytes());
        }
        for long in ["x".repeat(141), "語".repeat(141), "🦀".repeat(71), "x".repeat(420)] {
            ends(Start::On, &ping(op, long.as_bytes()), Quit::DataTooLong);
        }
        for broken in [&b"\xff"[..], b"\xc3", b"ab\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xc0\x80"] {
            ends(Start::On, &ping(op, broken), Quit::DataNotUtf8);
        }
    }
}

/// What is too long is refused by its header; nobody waits for the data.
#[test]
fn a_ping_that_announces_too_much_is_not_read() {
    let head = json!({"op": 9, "id": "i", "from": "f", "to": "t", "datalen": 421});
    head_ends(Start::On, &head, b"", Quit::DataTooLong);
}

#[test]
fn posts_that_announce_too_little() {
    let short = json!({"op": 8, "id": "i", "for": [], "notefor": [], "notelen": 2, "datalen": 2});
    head_ends(Start::On, &short, b"nn", Quit::DataTooShort);
    let mut shorter = with(&short, "datalen", json!(1));
    head_ends(Start::On, &shorter, b"n", Quit::DataTooShort);
    shorter["datahead"] = json!(1);
    head_ends(Start::On, &shorter, b"n", Quit::DataTooShort);
    // Not a matter of form: the state of the link is asked first.
    head_ends(Start::Greeted, &short, b"nn", Quit::Unauthenticated);
}

#[test]
fn a_post_that_reaches_nobody() {
    let mut request = json!({"op": 8, "id": "i", "for": [], "notelen": 1, "datalen": 2});
    request["fornotself"] = json!(true);
    head_ends(Start::On, &request, b"nd", Quit::ForEmpty);
    request["notefor"] = json!([{"id": "u", "type": 1}]);
    head_ends(Start::On, &request, b"nd", Quit::ForEmpty);
    request["fornotself"] = json!(false);
    assert!(read(request.to_string().as_bytes()).is_ok());
}

#[test]
fn after_the_end_nothing_is_read() {
    let mut service = session(Start::Greeted);
    let mut asked = Vec::new();
    ask(&mut service, b"zzzz", &mut asked);
    assert_eq!(asked.len(), 1);
    service.authenticated();
    let login = wire::frame(r#"{"op":2,"uid":"u","node":"n"}"#, b"").unwrap();
    ask(&mut service, &login, &mut asked);
    assert_eq!(asked.len(), 1, "{asked:?}");
    assert!(!service.is_on());
}
