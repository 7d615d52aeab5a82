//! Fuzzing entry points into private parts of this crate. Only with the feature `fuzz`.
//!
//! Each function panics when an invariant is broken.

use tmtp::forward::ForwardedThread;
use tmtp::letter::LetterHead;
use tmtp::request::Data;

use crate::address::Pasted;
use crate::device_code::DeviceCode;
use crate::inbox::unpack::{UnpackStep, Unpacker};

/// An unpacked letter.
#[derive(Debug, PartialEq, Eq)]
pub struct LetterWithFiles {
    /// The second header.
    pub head: LetterHead,
    /// The text, Markdown.
    pub text: String,
    /// The forwarded thread, if it is one.
    pub forward: Option<ForwardedThread>,
    /// Name and bytes of each file; whether it is complete.
    pub files: Vec<(String, Vec<u8>, bool)>,
}

/// Parses pasted text as the address of a service.
///
/// # Panics
/// When parsing the written form gives another result.
pub fn address(text: &str) {
    let Ok(pasted) = text.parse::<Pasted>() else { return };
    let fingerprint = pasted.fingerprint.map(|fingerprint| format!("#{fingerprint}"));
    let written = format!("{}{}", pasted.address, fingerprint.unwrap_or_default());
    assert_eq!(written.parse(), Ok(pasted), "{written}");
}

/// Parses pasted text as a device code, and the rest of it as the content of one with a valid
/// checksum.
///
/// # Panics
/// When parsing the written form gives another result.
pub fn device_code(text: &str) {
    for text in [text.to_owned(), DeviceCode::checked(text.as_bytes())] {
        let Ok(code) = DeviceCode::read(&text) else { continue };
        let again = DeviceCode::read(&code.pack());
        assert_eq!(again.map(|again| again.pack()), Ok(code.pack()));
    }
}

/// Unpacks the data of a letter or forwarded thread that arrives in these pieces. Bytes after its
/// end are ignored.
///
/// # Panics
/// When steps come out of order, or a file's bytes are not those that arrived.
pub fn unpack(data: Data, notify: bool, pieces: &[&[u8]]) -> LetterWithFiles {
    let mut unpacker = Unpacker::new(data, notify);
    let mut files: Vec<(String, Vec<u8>, bool)> = Vec::new();
    for piece in pieces {
        let mut rest = *piece;
        while let Some(step) = unpacker.step(&mut rest) {
            let open = files.last_mut().filter(|(_, _, complete)| !complete);
            match (step, open) {
                (UnpackStep::Begin { name, .. }, None) => files.push((name, Vec::new(), false)),
                (UnpackStep::Bytes(bytes), Some((_, file, _))) => file.extend_from_slice(&bytes),
                (UnpackStep::End, Some((_, _, complete))) => *complete = true,
                (step, open) => panic!("{step:?} while {open:?} is open"),
            }
        }
    }
    let unpacked = unpacker.finish();
    LetterWithFiles { head: unpacked.head, text: unpacked.text, forward: unpacked.forward, files }
}
