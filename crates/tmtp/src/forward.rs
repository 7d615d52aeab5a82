//! A forwarded thread: what a PostNotify carries behind its second header.
//!
//! ```text
//! each message:   hhhh, head (JSON), LF, text, LF
//! the index:      a JSON array that says where each message begins and how long it is
//! subscribers:    a JSON array, as `Cc` of a letter
//! the tail:       lengths of index and subscribers, eight hex digits each
//! ```
//!
//! Who wrote which letter, and when, is what the forwarder says. Files are named and do not come
//! along; each author posts the own letters again, with `ConfirmId`, to whoever is new.
//!
//! Deployed apps compare a confirmed letter with the forwarded one by a checksum over the message as
//! it stands here, so it is written with their keys, order and escapes.

use serde::{Deserialize, Serialize};

use crate::letter::{Attach, LetterHead, Subscriber, read_known};

/// Most letters of a forwarded thread that are read, and that are worth forwarding. Each costs its reader far
/// more than the few bytes it may consist of.
pub const LETTERS_MAX: usize = 2_000;
/// Bytes of the tail.
const TAIL_BYTES: usize = 16;
/// Hex digits of each length in the tail.
const DIGITS: usize = 8;
/// Longest head of a message, in bytes: what four hex digits can say.
const HEAD_MAX_BYTES: usize = 0xffff;

/// The letters of a thread, oldest first, and who subscribes to it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ForwardedThread {
    /// Letters.
    pub letters: Vec<ForwardedLetter>,
    /// Subscribers, without those it is forwarded to.
    pub cc: Vec<Subscriber>,
}

/// One letter, as the forwarder has it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ForwardedLetter {
    /// Id that the service gave it.
    pub id: String,
    /// Uid of the author.
    pub from: String,
    /// When the service accepted it, RFC 3339.
    pub posted: String,
    /// Uid of whoever forwarded it to the forwarder, while its author has not confirmed it.
    pub forward_by: String,
    /// Its second header, without `Cc` and `ConfirmId`.
    pub head: LetterHead,
    /// Its text, Markdown.
    pub text: Vec<u8>,
}

/// Data that is not a forwarded thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the forwarded thread is not of the agreed form")]
pub struct BadForward;

/// An entry of the index. One with an offset below zero is a draft, which is not sent along.
#[derive(Debug, Serialize, Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct Entry {
    id: String,
    from: String,
    alias: String,
    date: String,
    subject: String,
    seen: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    forward_by: String,
    offset: i64,
    size: u64,
    checksum: u32,
}

/// The head of a message.
#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct MessageHead {
    id: String,
    /// Bytes of the text. Earlier apps call it `Len`.
    #[serde(alias = "Len")]
    size: u64,
    posted: String,
    from: String,
    sub_head: LetterHead,
}

/// As [`MessageHead`], the way deployed apps write it.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct WrittenHead<'a> {
    id: &'a str,
    size: usize,
    posted: &'a str,
    from: &'a str,
    sub_head: WrittenSubHead<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct WrittenSubHead<'a> {
    alias: &'a str,
    thread_id: &'a str,
    subject: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    attach: Vec<WrittenAttach<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct WrittenAttach<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "is_zero")]
    size: u64,
    #[serde(skip_serializing_if = "str::is_empty")]
    ffn: &'a str,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_zero(size: &u64) -> bool {
    *size == 0
}

impl ForwardedThread {
    /// Reads what stands behind the second header. Letters may not overlap, so what this makes is no
    /// larger than `body`.
    ///
    /// # Errors
    /// [`BadForward`].
    pub fn read(body: &[u8]) -> Result<Self, BadForward> {
        let (rest, tail) = split_end(body, TAIL_BYTES)?;
        let (index_len, cc_len) = tail.split_at_checked(DIGITS).ok_or(BadForward)?;
        let (rest, cc) = split_end(rest, hex(cc_len)?)?;
        let (messages, index) = split_end(rest, hex(index_len)?)?;
        let index: Vec<Entry> = read_known(index).map_err(|_| BadForward)?;
        let cc: Option<Vec<Subscriber>> = read_known(cc).map_err(|_| BadForward)?;
        if index.len() > LETTERS_MAX {
            return Err(BadForward);
        }
        let mut letters = Vec::new();
        let mut end = 0;
        for entry in index.iter().filter(|entry| entry.offset >= 0) {
            let at = usize::try_from(entry.offset).map_err(|_| BadForward)?;
            let size = usize::try_from(entry.size).map_err(|_| BadForward)?;
            let next = at.checked_add(size).filter(|_| at >= end).ok_or(BadForward)?;
            letters.push(entry.read(messages.get(at..next).ok_or(BadForward)?)?);
            end = next;
        }
        Ok(Self { letters, cc: cc.unwrap_or_default() })
    }

    /// The bytes to put behind the second header.
    pub fn pack(&self) -> Vec<u8> {
        let (mut packer, mut bytes) = (Packer::default(), Vec::new());
        for letter in &self.letters {
            packer.letter(letter, &mut bytes);
        }
        packer.finish(&self.cc, &mut bytes);
        bytes
    }
}

/// Packs a forwarded thread letter by letter, so that not all of it need be in memory at once. What it
/// appends, one after the other, is what [`ForwardedThread::pack`] gives.
#[derive(Debug, Default)]
pub struct Packer {
    offset: usize,
    index: Vec<Entry>,
}

impl Packer {
    /// Appends the next letter.
    pub fn letter(&mut self, letter: &ForwardedLetter, bytes: &mut Vec<u8>) {
        let from = bytes.len();
        letter.write(bytes);
        let checksum = crc32c::crc32c(bytes.get(from..).unwrap_or_default());
        bytes.push(b'\n');
        let size = bytes.len() - from;
        self.index.push(Entry {
            id: letter.id.clone(),
            from: letter.from.clone(),
            alias: letter.head.alias.clone(),
            date: letter.posted.clone(),
            subject: letter.head.subject.clone(),
            seen: String::new(),
            forward_by: letter.forward_by.clone(),
            offset: i64::try_from(self.offset).unwrap_or(i64::MAX),
            size: size as u64,
            checksum,
        });
        self.offset += size;
    }

    /// Appends what stands behind the last letter: the index, who subscribes, and the tail.
    pub fn finish(self, cc: &[Subscriber], bytes: &mut Vec<u8>) {
        let (index, cc) = (json(&self.index), json(&cc));
        bytes.extend_from_slice(&index);
        bytes.extend_from_slice(&cc);
        bytes.extend_from_slice(format!("{:08x}{:08x}", index.len(), cc.len()).as_bytes());
    }
}

impl Entry {
    fn read(&self, bytes: &[u8]) -> Result<ForwardedLetter, BadForward> {
        let (digits, rest) = bytes.split_at_checked(4).ok_or(BadForward)?;
        let (head, rest) = rest.split_at_checked(hex(digits)?).ok_or(BadForward)?;
        let head: MessageHead = read_known(head).map_err(|_| BadForward)?;
        let text = rest.strip_prefix(b"\n").and_then(|rest| rest.strip_suffix(b"\n"));
        let text = text.filter(|text| text.len() as u64 == head.size).ok_or(BadForward)?;
        if head.id != self.id || head.from != self.from {
            return Err(BadForward);
        }
        Ok(ForwardedLetter {
            id: head.id,
            from: head.from,
            posted: head.posted,
            forward_by: self.forward_by.clone(),
            head: head.sub_head,
            text: text.to_vec(),
        })
    }
}

impl ForwardedLetter {
    /// Head and text, without the line end behind them.
    fn write(&self, bytes: &mut Vec<u8>) {
        let mut head = self.head_with(&self.head.attach);
        if head.len() > HEAD_MAX_BYTES {
            // So many files that their names do not fit.
            head = self.head_with(&[]);
        }
        bytes.extend_from_slice(format!("{:04x}", head.len()).as_bytes());
        bytes.extend_from_slice(&head);
        bytes.push(b'\n');
        bytes.extend_from_slice(&self.text);
    }

    fn head_with(&self, attach: &[Attach]) -> Vec<u8> {
        let attach = attach.iter().map(|file| WrittenAttach {
            name: &file.name,
            size: file.size,
            ffn: &file.ffn,
        });
        json(&WrittenHead {
            id: &self.id,
            size: self.text.len(),
            posted: &self.posted,
            from: &self.from,
            sub_head: WrittenSubHead {
                alias: &self.head.alias,
                thread_id: &self.head.thread_id,
                subject: &self.head.subject,
                attach: attach.collect(),
            },
        })
    }
}

/// JSON with the escapes of deployed apps. These characters stand nowhere but in texts.
fn json(value: &impl Serialize) -> Vec<u8> {
    let mut json = serde_json::to_string(value).unwrap_or_default();
    let escapes = [
        ("<", "\\u003c"),
        (">", "\\u003e"),
        ("&", "\\u0026"),
        ("\u{2028}", "\\u2028"),
        ("\u{2029}", "\\u2029"),
    ];
    for (plain, escaped) in escapes {
        if json.contains(plain) {
            json = json.replace(plain, escaped);
        }
    }
    json.into_bytes()
}

fn split_end(bytes: &[u8], len: usize) -> Result<(&[u8], &[u8]), BadForward> {
    let at = bytes.len().checked_sub(len).ok_or(BadForward)?;
    bytes.split_at_checked(at).ok_or(BadForward)
}

fn hex(digits: &[u8]) -> Result<usize, BadForward> {
    let text = str::from_utf8(digits).map_err(|_| BadForward)?;
    // A sign would be read as well.
    if !digits.iter().all(u8::is_ascii_hexdigit) {
        return Err(BadForward);
    }
    usize::from_str_radix(text, 16).map_err(|_| BadForward)
}

#[cfg(test)]
#[path = "forward/forward_tests.rs"]
mod tests;
