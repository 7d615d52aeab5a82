//! Fuzz target of a forwarded thread, as a service delivers it behind the second header.

use tmtp::forward::{ForwardedThread, LETTERS_MAX};

/// Reads it; what is read is written in the form of deployed apps, and read again as it was.
pub fn run(input: &[u8]) {
    let Ok(thread) = ForwardedThread::read(input) else { return };
    assert!(thread.letters.len() <= LETTERS_MAX);
    let texts: usize = thread.letters.iter().map(|letter| letter.text.len()).sum();
    assert!(texts <= input.len(), "{texts} bytes of text in {}", input.len());
    // Fields that are not written, such as the other recipients, are lost the first time only.
    let written = thread.pack();
    let again = ForwardedThread::read(&written);
    assert_eq!(again.map(|again| again.pack()), Ok(written));
}
