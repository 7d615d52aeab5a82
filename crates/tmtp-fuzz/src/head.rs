//! Fuzz target of headers, read as a request, as an event, and as the head of a letter.

use serde_json::Value;
use tmtp::event::{Event, head_of};
use tmtp::letter::LetterHead;
use tmtp::request::Request;
use tmtp::revision::Revision;
use tmtp_testkit::wire;

/// Reads it in each way, and what was read once more after writing it.
pub fn run(input: &[u8]) {
    if let Ok(request) = Request::read(input, Revision::One)
        && !holds_fraction(&request)
        && let Ok(packed) = request.pack()
    {
        assert_eq!(Request::read(head_of(&packed), Revision::One), Ok(request));
    }
    if let Ok(event) = Event::read(input, Revision::One) {
        event_again(event);
    }
    if let Ok(letter) = LetterHead::read(input) {
        let _ = letter.text_len(input.len() as u64, 0);
        assert_eq!(LetterHead::read(&letter.pack()), Ok(letter));
    }
}

fn event_again(event: Event) {
    // What is not known is not sent on.
    if matches!(event, Event::Unknown { .. } | Event::TmtpRev { authby: Some(_), .. }) {
        return;
    }
    let Ok(packed) = event.pack() else { return };
    let text = std::str::from_utf8(head_of(&packed)).unwrap();
    wire::check_head(text).unwrap();
    assert_eq!(Event::read(text.as_bytes(), Revision::One), Ok(event));
}

/// Numbers with a fraction may come back with another last digit; nobody uses them.
fn holds_fraction(request: &Request) -> bool {
    fn within(value: &Value) -> bool {
        match value {
            Value::Number(number) => number.is_f64(),
            Value::Array(items) => items.iter().any(within),
            Value::Object(members) => members.values().any(within),
            Value::Null | Value::Bool(_) | Value::String(_) => false,
        }
    }
    matches!(request, Request::Register { oidc: Some(token), .. } if within(token.expose()))
}
