//! Lines that the member types, or that a pipe gives.

use std::io::{self, BufRead, Read as _};

use tokio::sync::mpsc;

use crate::exit::Failure;

/// Longest line, bytes: the most that a letter carries.
const LINE_MAX: usize = 256 * 1024;

/// A line.
#[derive(Debug)]
pub(super) enum Line {
    /// To be sent.
    Text(String),
    /// One that no letter can carry, and why.
    Unusable(String),
    /// There are no more, because reading failed.
    Failed(Failure),
}

impl Line {
    /// What a line means; none where it ends the chat.
    pub(super) fn read(line: String) -> Option<Self> {
        match line.len() {
            _ if line.trim() == "/quit" => None,
            0..=LINE_MAX => Some(Self::Text(line)),
            _ => Some(Self::Unusable(TOO_LONG.to_owned())),
        }
    }
}

const TOO_LONG: &str = "the line is longer than 256 KiB. Send it as a file: mnm send --attach FILE";

/// Lines of standard input until it ends, or until `/quit`. Empty ones are passed over.
pub(super) fn from_pipe() -> mpsc::Receiver<Line> {
    let (give, lines) = mpsc::channel(1);
    // Ends with the process.
    std::thread::spawn(move || {
        let mut input = io::stdin().lock();
        loop {
            let line = match next(&mut input) {
                Ok(Some(Ok(line))) if line.trim().is_empty() => continue,
                Ok(Some(Ok(line))) => match Line::read(line) {
                    Some(line) => line,
                    None => return,
                },
                Ok(Some(Err(why))) => Line::Unusable(why.to_owned()),
                Ok(None) => return,
                Err(error) => Line::Failed(Failure::io("Can't read standard input", &error)),
            };
            let is_last = matches!(line, Line::Failed(_));
            if give.blocking_send(line).is_err() || is_last {
                return;
            }
        }
    });
    lines
}

/// The next line, or why it is none; none at the end.
fn next(input: &mut impl BufRead) -> io::Result<Option<Result<String, &'static str>>> {
    let mut line = Vec::new();
    input.take(LINE_MAX as u64 + 1).read_until(b'\n', &mut line)?;
    if line.is_empty() {
        return Ok(None);
    }
    if line.len() > LINE_MAX && !line.ends_with(b"\n") {
        input.skip_until(b'\n')?;
        return Ok(Some(Err(TOO_LONG)));
    }
    let line = String::from_utf8(line).map(|line| line.trim_end_matches(['\n', '\r']).to_owned());
    Ok(Some(line.map_err(|_| "the line is not UTF-8")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_bounded_and_text() {
        let long = "x".repeat(LINE_MAX + 10);
        let fits = "y".repeat(LINE_MAX);
        let bytes =
            [b"one\r\n\n", long.as_bytes(), b"\n\xff\n", fits.as_bytes(), b"\nlast"].concat();
        let mut input = io::Cursor::new(bytes);
        let mut read = || next(&mut input).unwrap();
        assert_eq!(read(), Some(Ok("one".into())));
        assert_eq!(read(), Some(Ok(String::new())));
        assert_eq!(read(), Some(Err(TOO_LONG)));
        assert_eq!(read(), Some(Err("the line is not UTF-8")));
        assert_eq!(read(), Some(Ok(fits)));
        assert_eq!(read(), Some(Ok("last".into())));
        assert_eq!(read(), None);
    }
}
