//! Fuzzing entry points into what this crate keeps to itself. Only with the feature `fuzz`.
//!
//! Each function panics when something is found that must never be.

use tmtp::forward::ForwardedThread;
use tmtp::letter::LetterHead;
use tmtp::request::Data;

use crate::address::Pasted;
use crate::device_code::DeviceCode;
use crate::inbox::unpack::{Step, Unpacker};

/// A letter that was taken apart.
#[derive(Debug, PartialEq, Eq)]
pub struct Unpacked {
    /// The second header.
    pub head: LetterHead,
    /// The text, Markdown.
    pub text: String,
    /// The thread that was forwarded, if it is that.
    pub forward: Option<ForwardedThread>,
    /// Name and bytes of each file; whether it is complete.
    pub files: Vec<(String, Vec<u8>, bool)>,
}

/// Reads what somebody pasted as the address of a service.
///
/// # Panics
/// When it is not read again as it was written.
pub fn address(text: &str) {
    let Ok(pasted) = text.parse::<Pasted>() else { return };
    let fingerprint = pasted.fingerprint.map(|fingerprint| format!("#{fingerprint}"));
    let written = format!("{}{}", pasted.address, fingerprint.unwrap_or_default());
    assert_eq!(written.parse(), Ok(pasted), "{written}");
}

/// Reads what somebody pasted as the code that adds a device, and the rest of it as one whose
/// checksum is right.
///
/// # Panics
/// When it is not read again as it was written.
pub fn device_code(text: &str) {
    for text in [text.to_owned(), DeviceCode::checked(text.as_bytes())] {
        let Ok(code) = DeviceCode::read(&text) else { continue };
        let again = DeviceCode::read(&code.pack());
        assert_eq!(again.map(|again| again.pack()), Ok(code.pack()));
    }
}

/// Takes a letter, or a forwarded thread, apart that was announced so and comes in these pieces.
/// What comes after its end is left.
///
/// # Panics
/// When steps come out of order, or a file's bytes are not those that came.
pub fn unpack(data: Data, notify: bool, pieces: &[&[u8]]) -> Unpacked {
    let mut unpacker = Unpacker::new(data, notify);
    let mut files: Vec<(String, Vec<u8>, bool)> = Vec::new();
    for piece in pieces {
        let mut rest = *piece;
        while let Some(step) = unpacker.step(&mut rest) {
            let open = files.last_mut().filter(|(_, _, complete)| !complete);
            match (step, open) {
                (Step::Begin { name, .. }, None) => files.push((name, Vec::new(), false)),
                (Step::Bytes(bytes), Some((_, file, _))) => file.extend_from_slice(&bytes),
                (Step::End, Some((_, _, complete))) => *complete = true,
                (step, open) => panic!("{step:?} while {open:?} is open"),
            }
        }
    }
    let unpacked = unpacker.finish();
    Unpacked { head: unpacked.head, text: unpacked.text, forward: unpacked.forward, files }
}
