//! Fuzz target of framing: four lengths to cut a stream by, then its bytes.
//!
//! How much data follows a header is taken from the header's bytes, whatever they mean.

use tmtp::frame::{Decoder, InvalidLength, Piece};
use tmtp::head::{HEAD_MAX_BYTES, LENGTH_BYTES};

use crate::cut::{cut, lengths};

/// A message, its data joined.
#[derive(Debug, PartialEq, Eq)]
struct Message {
    head: Vec<u8>,
    data: Vec<u8>,
    complete: bool,
}

/// Reads the stream cut and whole.
pub fn run(mut input: &[u8]) {
    let Some(lengths) = lengths(&mut input) else { return };
    assert_eq!(read(&cut(input, lengths)), read(&[input]));
}

fn read(pieces: &[&[u8]]) -> (Vec<Message>, Result<(), InvalidLength>) {
    let mut decoder = Decoder::new();
    let mut messages = Vec::new();
    let mut held = 0;
    for piece in pieces {
        let mut rest = *piece;
        loop {
            let before = rest.len();
            let found = match decoder.next_piece(&mut rest) {
                Ok(found) => found,
                Err(error) => return (messages, Err(error)),
            };
            held += before - rest.len();
            match found {
                None => break,
                Some(Piece::Head(head)) => {
                    let head = head.as_bytes().to_vec();
                    held -= LENGTH_BYTES + head.len();
                    let follows = head.iter().map(|byte| u64::from(*byte)).sum::<u64>() % 600;
                    decoder.expect_data(follows);
                    messages.push(Message { head, data: Vec::new(), complete: follows == 0 });
                }
                Some(Piece::Data { bytes, last }) => {
                    held -= bytes.len();
                    let message = messages.last_mut().expect("data follows a header");
                    assert!(!bytes.is_empty() && !message.complete);
                    message.data.extend_from_slice(bytes);
                    message.complete = last;
                }
            }
            assert!(held <= LENGTH_BYTES + HEAD_MAX_BYTES);
            assert!(held == 0 || decoder.inside_message());
        }
        assert!(rest.is_empty(), "all is taken or something is given");
    }
    (messages, Ok(()))
}
