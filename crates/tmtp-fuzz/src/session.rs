//! Fuzz target of sessions: sequences of requests for a service's, bytes for an app's.

use arbitrary::{Arbitrary, Unstructured};
use tmtp::event::Event;
use tmtp::request::Request;
use tmtp::session::Millis;
use tmtp::session::app::{AppSession, LinkError};
use tmtp::session::service::{Input, ServiceSession, Timing};
use tmtp_testkit::pair::{self, Received};

use crate::ask::{Ask, Cast};
use crate::cut::cut;

#[derive(Debug, Arbitrary)]
struct Case {
    lengths: [u8; 4],
    stream: Stream,
}

#[derive(Debug, Arbitrary)]
enum Stream {
    ToService(Vec<Ask>),
    ToApp(Vec<Tell>),
}

/// One thing that a service sends.
#[derive(Debug, Arbitrary)]
enum Tell {
    Greeting,
    LoginOk(Vec<Box<str>>),
    Ack(Box<str>, Option<Box<str>>),
    Ohi(Box<str>, bool),
    Delivery(u64, Box<[u8]>),
    Head(Box<[u8]>),
    Bytes(Box<[u8]>),
}

/// What a service was asked, its data joined.
#[derive(Debug, PartialEq)]
enum Asked {
    Request(Request, Vec<u8>),
    End(&'static str, bool),
}

/// Reads the stream cut and whole.
pub fn run(input: &[u8]) {
    let Ok(case) = Case::arbitrary_take_rest(Unstructured::new(input)) else { return };
    match case.stream {
        Stream::ToService(asks) => {
            let cast = Cast::default();
            let stream: Vec<u8> = asks.iter().flat_map(|ask| ask.bytes(&cast)).collect();
            assert_eq!(as_service(&cut(&stream, &case.lengths)), as_service(&[&stream]));
        }
        Stream::ToApp(tells) => {
            let stream: Vec<u8> = tells.iter().flat_map(Tell::bytes).collect();
            assert_eq!(as_app(&cut(&stream, &case.lengths)), as_app(&[&stream]));
        }
    }
}

fn as_service(pieces: &[&[u8]]) -> (Vec<Asked>, bool) {
    let mut session = ServiceSession::new(Millis(0), Timing::default());
    let mut asked: Vec<Asked> = Vec::new();
    for piece in pieces {
        let mut rest = *piece;
        while let Some(input) = session.handle_input(&mut rest) {
            assert!(!matches!(asked.last(), Some(Asked::End(..))), "after the end");
            match input {
                Input::Request { request, data } => {
                    if matches!(request, Request::Register { .. } | Request::Login { .. }) {
                        session.authenticated();
                    }
                    asked.push(Asked::Request(request, data.into_text().into_bytes()));
                }
                Input::Begin(request) => asked.push(Asked::Request(request, Vec::new())),
                Input::Data { bytes, last } => {
                    let Some(Asked::Request(request, data)) = asked.last_mut() else {
                        panic!("data of no request")
                    };
                    data.extend_from_slice(bytes);
                    assert_eq!(last, data.len() as u64 == request.data_len());
                }
                Input::Violation(violation) => {
                    let farewell = violation.farewell();
                    assert_eq!(violation.is_reported, !farewell.is_empty());
                    asked.push(Asked::End(violation.quit.reason(), violation.is_reported));
                }
            }
        }
        assert!(rest.is_empty(), "all is taken or something is given");
    }
    (asked, session.is_on())
}

fn as_app(pieces: &[&[u8]]) -> (Vec<Received>, Result<(), LinkError>) {
    let mut session = AppSession::new(Millis(0));
    let mut received = Vec::new();
    for piece in pieces {
        if let Err(error) = pair::receive(&mut session, &pair::login(), piece, &mut received) {
            return (received, Err(error));
        }
    }
    (received, Ok(()))
}

impl Tell {
    fn bytes(&self) -> Vec<u8> {
        let event = match self {
            Self::Greeting => {
                Event::TmtpRev { revision: "1".into(), name: None, authby: None, groups: false }
            }
            Self::LoginOk(ohi) => {
                Event::LoginOk { ohi: ohi.iter().map(|uid| uid.to_string().into()).collect() }
            }
            Self::Ack(id, error) => {
                let outcome = match error {
                    None => tmtp::event::Outcome::Done,
                    Some(error) => {
                        tmtp::event::Outcome::Refused { error: error.to_string(), of: Vec::new() }
                    }
                };
                Event::Ack { id: id.to_string().into(), outcome }
            }
            Self::Ohi(from, online) => {
                Event::Ohi { from: from.to_string().into(), online: *online }
            }
            Self::Delivery(id, data) => {
                let mut bytes = pair::delivery(*id, data.len()).pack().unwrap_or_default();
                bytes.extend_from_slice(data);
                return bytes;
            }
            Self::Head(head) => {
                let head = String::from_utf8_lossy(head);
                return tmtp_testkit::wire::frame(&head, b"").unwrap_or_default();
            }
            Self::Bytes(bytes) => return bytes.to_vec(),
        };
        event.pack().unwrap_or_default()
    }
}
