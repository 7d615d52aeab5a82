//! Unpacker for the data of a post: second header, text, files.
//!
//! Files are passed on in chunks, so only header and text are held in memory. Malformed data is not
//! lost: all of it becomes a file of a letter that says so. Nor are files beyond the number that a
//! letter can have: they become one archive.

mod archive;

use std::borrow::Cow;
use std::collections::VecDeque;

use tmtp::forward::ForwardedThread;
use tmtp::letter::{Attach, LETTER_HEAD_MAX_BYTES, LetterHead};
use tmtp::request::Data;

use crate::vault::{LONG_FORWARDED, LONG_TEXT};
use crate::view::Form;

/// Longest text of a letter, in bytes. A longer one becomes a file, and its beginning the text:
/// nothing after it would be rendered, and the store handles a text in one piece.
pub(crate) const TEXT_MAX_BYTES: u64 = 256 << 10;
/// Bytes of that beginning.
const BEGINNING_BYTES: usize = 255 << 10;
/// Longest notice of another device, in bytes.
const NOTICE_MAX_BYTES: u64 = 4 << 20;
/// Most files of one letter; the others become one more, an archive.
const FILES_MAX: usize = 1_000;
/// Longest forwarded thread, in bytes; it is held in memory while it is received.
const FORWARD_MAX_BYTES: u64 = 32 << 20;

const UNREADABLE: &str = "*This message could not be read: its data is not of the form that letters have. All of it is attached as `message.bin`; ask the sender to send it again.*";
const UNKNOWN: &str = "*The service delivered something that this version of the app does not understand. It is kept here: what it holds is attached as `message.bin`, if it holds anything. A newer version may be able to read it; ask the sender what it is.*";
const BAD_FORWARD: &str = "*A thread was forwarded to you here, but it could not be read: its data is not of the form that forwarded threads have, or it is longer or has too many letters (over 2,000) for this app. All of it is attached as `message.bin`; ask the sender to forward it again, or to send you the letters themselves.*";
const NOT_UTF8: &str =
    "\n\n*Parts of this text could not be read. As it came, it is attached as `message.txt`.*";
const CUT: &str = "\n\n*A file of this letter is larger than this app takes, so it is attached without its bytes; ask the sender for it in smaller parts.*";

/// Name of the file with what follows [`FILES_MAX`] files.
const ARCHIVE: &str = "more-files.tar";

/// The next step for the bytes of a letter.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum UnpackStep<'a> {
    /// A file begins.
    Begin {
        /// Its name, as the author gave it.
        name: String,
        /// Which form it is, if it is one.
        form: Option<Form>,
    },
    /// Bytes of that file.
    Bytes(Cow<'a, [u8]>),
    /// It is complete.
    End,
}

/// A letter without its files.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unpacked {
    /// The second header; empty when there was none or it made no sense.
    pub(crate) head: LetterHead,
    /// Markdown.
    pub(crate) text: String,
    /// The forwarded thread, if it is one.
    pub(crate) forward: Option<ForwardedThread>,
}

/// Unpacks one letter.
#[derive(Debug)]
pub(crate) struct Unpacker {
    data: Data,
    /// Whether others were notified of it, as of a forwarded thread.
    notify: bool,
    part: Part,
    head: LetterHead,
    text: Vec<u8>,
    /// Files to come.
    files: VecDeque<Attach>,
    /// How many files have begun.
    begun: usize,
    /// Steps that are due without new bytes.
    ready: VecDeque<UnpackStep<'static>>,
    forward: Option<ForwardedThread>,
    /// Shown instead of a text that could not be read.
    unreadable: Option<&'static str>,
    /// Whether the text is the beginning of the next file, and how many bytes of it are missing.
    beginning: Option<usize>,
    cut: bool,
}

/// What the next bytes belong to, and how many are to come.
#[derive(Debug, PartialEq, Eq)]
enum Part {
    Head {
        bytes: Vec<u8>,
        left: u64,
    },
    Text {
        left: u64,
    },
    File {
        left: u64,
        keep: bool,
    },
    /// A file in the archive, of `size` bytes.
    Archived {
        size: u64,
        left: u64,
        keep: bool,
    },
    /// Second header and forwarded thread.
    Forward {
        bytes: Vec<u8>,
        left: u64,
    },
    Done,
}

impl Unpacker {
    /// For data announced like this. `notify`: the delivery says that others were notified of it.
    pub(crate) fn new(data: Data, notify: bool) -> Self {
        let mut unpacker = Self {
            data,
            notify,
            part: Part::Head { bytes: Vec::new(), left: data.head },
            head: LetterHead::default(),
            text: Vec::new(),
            files: VecDeque::new(),
            begun: 0,
            ready: VecDeque::new(),
            forward: None,
            unreadable: None,
            beginning: None,
            cut: false,
        };
        if data.head > LETTER_HEAD_MAX_BYTES {
            unpacker.give_up(UNREADABLE, Vec::new());
        } else if data.head == 0 {
            unpacker.plan_text(data.len, TEXT_MAX_BYTES);
        }
        unpacker
    }

    /// For data of unknown meaning: all of it becomes a file.
    pub(crate) fn unknown(data: Data) -> Self {
        let mut unpacker = Self::new(Data::of_len(data.len), false);
        if data.len > 0 {
            unpacker.give_up(UNKNOWN, Vec::new());
        } else {
            unpacker.unreadable = Some(UNKNOWN);
        }
        unpacker
    }

    /// Replaces the subject.
    pub(crate) fn set_subject(&mut self, subject: String) {
        self.head.subject = subject;
    }

    /// The next step. None: all of `input` is consumed; call again with more.
    pub(crate) fn step<'a>(&mut self, input: &mut &'a [u8]) -> Option<UnpackStep<'a>> {
        loop {
            if let Some(step) = self.ready.pop_front() {
                return Some(step);
            }
            match &mut self.part {
                Part::Head { bytes, left } => {
                    bytes.extend_from_slice(take(input, left)?);
                    if *left == 0 {
                        let bytes = std::mem::take(bytes);
                        self.read_head(bytes);
                    }
                }
                Part::Text { left: 0 } => self.end_text(),
                Part::Text { left } => self.text.extend_from_slice(take(input, left)?),
                Part::File { left: 0, .. } => {
                    self.next_file();
                    return Some(UnpackStep::End);
                }
                Part::File { left, keep } => {
                    let bytes = take(input, left)?;
                    if let Some(missing) = &mut self.beginning {
                        let beginning = bytes.get(..*missing).unwrap_or(bytes);
                        self.text.extend_from_slice(beginning);
                        *missing -= beginning.len();
                    }
                    if *keep {
                        return Some(UnpackStep::Bytes(Cow::Borrowed(bytes)));
                    }
                }
                &mut Part::Archived { size, left: 0, keep } => {
                    self.archive_bytes(keep, archive::padding(size));
                    self.next_archived(keep);
                }
                Part::Archived { left, keep, .. } => {
                    let bytes = take(input, left)?;
                    if *keep {
                        return Some(UnpackStep::Bytes(Cow::Borrowed(bytes)));
                    }
                }
                Part::Forward { bytes, left: 0 } => {
                    let bytes = std::mem::take(bytes);
                    self.end_forward(bytes);
                }
                Part::Forward { bytes, left } => bytes.extend_from_slice(take(input, left)?),
                Part::Done => return None,
            }
        }
    }

    /// Drops the rest of the current file, which is too large.
    pub(crate) fn cut_file(&mut self) {
        if let Part::File { keep, .. } | Part::Archived { keep, .. } = &mut self.part {
            *keep = false;
            self.cut = true;
        }
    }

    /// The letter, once all data is consumed.
    pub(crate) fn finish(self) -> Unpacked {
        let mut text = match (self.unreadable, String::from_utf8(self.text)) {
            (Some(instead), _) => instead.to_owned(),
            (None, text) if self.beginning.is_some() => {
                let text = text.unwrap_or_else(|error| {
                    // The cut may be within a character.
                    let end = error.utf8_error().valid_up_to();
                    let whole = error.utf8_error().error_len().is_none();
                    let bytes = error.as_bytes();
                    let shown = if whole { bytes.get(..end).unwrap_or(bytes) } else { bytes };
                    String::from_utf8_lossy(shown).into_owned()
                });
                LONG_TEXT.to_owned() + &text
            }
            (None, Ok(text)) => text,
            (None, Err(error)) => String::from_utf8_lossy(error.as_bytes()).into_owned() + NOT_UTF8,
        };
        if let Some(more) = self.begun.checked_sub(FILES_MAX).filter(|&more| more > 0) {
            text.push_str(&many(more));
        }
        if self.cut {
            text.push_str(CUT);
        }
        // A text column cannot hold it, and no author means it.
        let text = text.replace('\0', "\u{fffd}");
        Unpacked { head: self.head, text, forward: self.forward }
    }

    fn read_head(&mut self, bytes: Vec<u8>) {
        let read = LetterHead::read(&bytes).ok().and_then(|head| {
            let text = head.text_len(self.data.len, self.data.head).ok()?;
            Some((head, text))
        });
        match read {
            Some((head, text_len)) if self.notify && head.is_forward() => {
                self.head = head;
                if text_len > FORWARD_MAX_BYTES {
                    self.give_up(BAD_FORWARD, bytes);
                } else {
                    self.part = Part::Forward { bytes, left: text_len };
                }
            }
            Some((head, text_len)) => {
                self.files = head.attach.iter().cloned().collect();
                let max = if head.node_sync { NOTICE_MAX_BYTES } else { TEXT_MAX_BYTES };
                self.head = head;
                self.plan_text(text_len, max);
            }
            None => self.give_up(UNREADABLE, bytes),
        }
    }

    /// A forwarded thread is complete, with its second header.
    fn end_forward(&mut self, bytes: Vec<u8>) {
        let at = usize::try_from(self.data.head).unwrap_or(usize::MAX);
        let read = ForwardedThread::read(bytes.get(at..).unwrap_or_default());
        match read.ok().filter(|thread| !thread.letters.is_empty()) {
            Some(thread) => {
                self.forward = Some(thread);
                self.part = Part::Done;
            }
            None => self.give_up(BAD_FORWARD, bytes),
        }
    }

    fn plan_text(&mut self, len: u64, max: u64) {
        if len <= max {
            self.part = Part::Text { left: len };
            return;
        }
        self.beginning = Some(BEGINNING_BYTES);
        self.begin_file("message.md", None, len);
    }

    fn end_text(&mut self) {
        if str::from_utf8(&self.text).is_err() {
            self.ready.push_back(UnpackStep::Begin { name: "message.txt".into(), form: None });
            self.ready.push_back(UnpackStep::Bytes(Cow::Owned(self.text.clone())));
            self.ready.push_back(UnpackStep::End);
        }
        self.next_file();
    }

    fn next_file(&mut self) {
        self.beginning = self.beginning.map(|_| 0);
        if self.begun == FILES_MAX && !self.files.is_empty() {
            self.ready.push_back(UnpackStep::Begin { name: ARCHIVE.to_owned(), form: None });
            self.next_archived(true);
            return;
        }
        match self.files.pop_front() {
            Some(file) => {
                self.begun += 1;
                self.begin_file(file.file_name(), form_of(&file), file.size);
            }
            None => self.part = Part::Done,
        }
    }

    fn next_archived(&mut self, keep: bool) {
        let Some(file) = self.files.pop_front() else {
            self.archive_bytes(keep, archive::end());
            self.ready.push_back(UnpackStep::End);
            self.part = Part::Done;
            return;
        };
        self.begun += 1;
        self.archive_bytes(keep, archive::header(self.begun, file.file_name(), file.size));
        self.part = Part::Archived { size: file.size, left: file.size, keep };
    }

    fn archive_bytes(&mut self, keep: bool, bytes: Vec<u8>) {
        if keep && !bytes.is_empty() {
            self.ready.push_back(UnpackStep::Bytes(Cow::Owned(bytes)));
        }
    }

    fn begin_file(&mut self, name: &str, form: Option<Form>, size: u64) {
        self.part = Part::File { left: size, keep: true };
        self.ready.push_back(UnpackStep::Begin { name: name.to_owned(), form });
    }

    /// All data becomes one file: what was consumed so far, and what is to come. The text is
    /// `instead`.
    fn give_up(&mut self, instead: &'static str, taken: Vec<u8>) {
        self.unreadable = Some(instead);
        self.begin_file("message.bin", None, self.data.len.saturating_sub(taken.len() as u64));
        if !taken.is_empty() {
            self.ready.push_back(UnpackStep::Bytes(Cow::Owned(taken)));
        }
    }
}

/// The text of a forwarded letter: the beginning of a long one.
pub(crate) fn forwarded_text(text: &str) -> String {
    if text.len() as u64 <= TEXT_MAX_BYTES {
        return text.to_owned();
    }
    let end = text.floor_char_boundary(BEGINNING_BYTES);
    LONG_FORWARDED.to_owned() + text.get(..end).unwrap_or_default()
}

/// The note about a letter with this many files in its archive.
fn many(more: usize) -> String {
    format!(
        "\n\n*This letter has more files than the app can list. The last {more} of them are in the archive `{ARCHIVE}`, which a program that opens archives takes apart.*"
    )
}

/// Which form a file is, by the beginning of its name.
fn form_of(file: &Attach) -> Option<Form> {
    let filled = match file.name.get(..2) {
        Some("f:") => false,
        Some("r:") => true,
        _ => return None,
    };
    Some(Form { filled, name: file.ffn.clone() })
}

/// Splits off what belongs to the part; none when there is nothing.
fn take<'a>(input: &mut &'a [u8], left: &mut u64) -> Option<&'a [u8]> {
    if input.is_empty() {
        return None;
    }
    let count = usize::try_from(*left).map_or(input.len(), |left| left.min(input.len()));
    let (bytes, rest) = input.split_at(count);
    *input = rest;
    *left -= count as u64;
    Some(bytes)
}

#[cfg(test)]
#[path = "unpack/unpack_tests.rs"]
mod tests;
