//! Header of a message, a JSON object: tolerant reading, canonical writing, the headsum.
//!
//! Reading follows the deployed peers: keys without regard to case, unknown keys ignored, the last
//! of a repeated key wins, `null` means absent, a known key of the wrong type spoils the whole.
//! Writing is canonical, because a headsum covers it: lower-case keys in byte order, no white
//! space, and `<`, `>`, `&`, U+2028, U+2029 escaped.

use std::fmt;
use std::io::Write;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};

/// Bytes of `hhhh`.
pub const LENGTH_BYTES: usize = 4;
/// Shortest header, in bytes: `{"op":1}`.
pub const HEAD_MIN_BYTES: usize = 8;
/// Longest header, in bytes: what four hex digits can say.
pub const HEAD_MAX_BYTES: usize = 0xffff;

/// A header that would exceed [`HEAD_MAX_BYTES`]: what was echoed in it is too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the header would be {0} bytes long, the protocol's bound is 65535")]
pub struct HeadTooLong(pub usize);

/// Longest key that means anything, in bytes.
const KEY_MAX_BYTES: usize = 10;

/// A key of a header, folded to lower case; empty for one that is too long to be known.
struct Key([u8; KEY_MAX_BYTES], usize);

impl Key {
    fn as_bytes(&self) -> &[u8] {
        self.0.get(..self.1).unwrap_or_default()
    }
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyVisitor;
        impl Visitor<'_> for KeyVisitor {
            type Value = Key;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }
            fn visit_str<E>(self, text: &str) -> Result<Key, E> {
                let mut key = Key([0; KEY_MAX_BYTES], 0);
                if let Some(room) = key.0.get_mut(..text.len()) {
                    room.copy_from_slice(text.as_bytes());
                    room.make_ascii_lowercase();
                    key.1 = text.len();
                }
                Ok(key)
            }
        }
        deserializer.deserialize_str(KeyVisitor)
    }
}

/// Defines a header as read: each field is optional, found by its lower-case key.
macro_rules! raw_head {
    ($(#[$doc:meta])* $name:ident { $($field:ident: $type:ty = $key:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Default)]
        pub(crate) struct $name { $(pub(crate) $field: Option<$type>,)* }

        // A longer one would be taken for an unknown key.
        $(const _: () = assert!($key.len() <= KEY_MAX_BYTES);)*

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct HeadVisitor;
                impl<'de> Visitor<'de> for HeadVisitor {
                    type Value = $name;
                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str("an object")
                    }
                    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<$name, A::Error> {
                        let mut head = $name::default();
                        while let Some(key) = map.next_key::<Key>()? {
                            match key.as_bytes() {
                                $($key => head.$field = map.next_value()?,)*
                                _ => { map.next_value::<IgnoredAny>()?; }
                            }
                        }
                        Ok(head)
                    }
                }
                deserializer.deserialize_map(HeadVisitor)
            }
        }
    };
}

raw_head! {
    /// One element of `for` or `notefor`.
    RawRecipient {
        id: String = b"id",
        kind: i8 = b"type",
    }
}

raw_head! {
    /// The header of a request, before anything is required of it.
    RawRequest {
        op: u8 = b"op",
        id: String = b"id",
        uid: String = b"uid",
        gid: String = b"gid",
        node: String = b"node",
        newnode: String = b"newnode",
        newalias: String = b"newalias",
        from: String = b"from",
        to: String = b"to",
        kind: String = b"type",
        act: String = b"act",
        to_list: Vec<RawRecipient> = b"for",
        note_to_list: Vec<RawRecipient> = b"notefor",
        not_self: bool = b"fornotself",
        // Ours beyond revision 1, so that nothing is wrong with it whatever it holds.
        not_alone: serde_json::Value = b"notalone",
        datalen: i64 = b"datalen",
        datahead: i64 = b"datahead",
        datasum: u64 = b"datasum",
        notelen: i64 = b"notelen",
        notehead: i64 = b"notehead",
        notesum: u64 = b"notesum",
        oidc: serde_json::Value = b"oidc",
    }
}

raw_head! {
    /// The header of a message from a service, before anything is required of it.
    RawEvent {
        op: String = b"op",
        id: String = b"id",
        name: String = b"name",
        auth: i64 = b"auth",
        authby: serde_json::Value = b"authby",
        uid: String = b"uid",
        nodeid: String = b"nodeid",
        node: String = b"node",
        error: String = b"error",
        info: String = b"info",
        ohi: Vec<String> = b"ohi",
        msgid: String = b"msgid",
        posted: String = b"posted",
        from: String = b"from",
        status: i64 = b"status",
        headsum: u32 = b"headsum",
        datalen: u64 = b"datalen",
        datahead: u64 = b"datahead",
        datasum: u64 = b"datasum",
        newnode: String = b"newnode",
        newalias: String = b"newalias",
        to_list: Vec<RawRecipient> = b"for",
        kind: String = b"type",
        gid: String = b"gid",
        // Ours beyond revision 1, so that nothing is wrong with it whatever it holds.
        groups: serde_json::Value = b"groups",
        refused: serde_json::Value = b"refused",
        copied: serde_json::Value = b"copied",
        act: String = b"act",
        alias: String = b"alias",
        to: String = b"to",
        notify: u64 = b"notify",
        postid: String = b"postid",
    }
}

/// Writes one canonical header. The caller names the keys in byte order.
#[derive(Debug)]
pub(crate) struct HeadWriter {
    /// `hhhh{…`, the digits not yet known.
    bytes: Vec<u8>,
    /// Where `,"headsum":N` belongs, once a key behind it was written.
    headsum_at: Option<usize>,
    last_key: &'static str,
}

/// Most heads are shorter.
const HEAD_BYTES: usize = 320;

impl HeadWriter {
    pub(crate) fn new() -> Self {
        let mut bytes = Vec::with_capacity(HEAD_BYTES);
        bytes.extend_from_slice(b"0000{");
        Self { bytes, headsum_at: None, last_key: "" }
    }

    fn key(&mut self, key: &'static str) {
        debug_assert!(self.last_key < key, "{key} after {}", self.last_key);
        if key > "headsum" && self.headsum_at.is_none() {
            self.headsum_at = Some(self.bytes.len());
        }
        self.last_key = key;
        if self.bytes.last() != Some(&b'{') {
            self.bytes.push(b',');
        }
        self.bytes.push(b'"');
        self.bytes.extend_from_slice(key.as_bytes());
        self.bytes.extend_from_slice(b"\":");
    }

    pub(crate) fn text(&mut self, key: &'static str, text: &str) -> &mut Self {
        self.key(key);
        write_text(&mut self.bytes, text);
        self
    }

    pub(crate) fn text_if(&mut self, key: &'static str, text: Option<&str>) -> &mut Self {
        if let Some(text) = text {
            self.text(key, text);
        }
        self
    }

    pub(crate) fn number(&mut self, key: &'static str, number: u64) -> &mut Self {
        self.key(key);
        // Into a vector it cannot fail.
        let _ = write!(self.bytes, "{number}");
        self
    }

    pub(crate) fn number_if(&mut self, key: &'static str, number: Option<u64>) -> &mut Self {
        if let Some(number) = number {
            self.number(key, number);
        }
        self
    }

    /// A key that is `true` or not there.
    pub(crate) fn flag_if(&mut self, key: &'static str, is_set: bool) -> &mut Self {
        if is_set {
            self.key(key);
            self.bytes.extend_from_slice(b"true");
        }
        self
    }

    /// A list; `write` is given the buffer for each element.
    pub(crate) fn list<T>(
        &mut self,
        key: &'static str,
        items: impl IntoIterator<Item = T>,
        mut write: impl FnMut(&mut Vec<u8>, T),
    ) -> &mut Self {
        self.key(key);
        self.bytes.push(b'[');
        for (n, item) in items.into_iter().enumerate() {
            if n > 0 {
                self.bytes.push(b',');
            }
            write(&mut self.bytes, item);
        }
        self.bytes.push(b']');
        self
    }

    /// A value that is JSON already.
    pub(crate) fn value(&mut self, key: &'static str, value: &serde_json::Value) -> &mut Self {
        self.key(key);
        self.bytes.extend_from_slice(value.to_string().as_bytes());
        self
    }

    /// Closes the object and writes its length in front.
    pub(crate) fn finish(mut self) -> Result<Vec<u8>, HeadTooLong> {
        self.bytes.push(b'}');
        write_length(&mut self.bytes)?;
        Ok(self.bytes)
    }

    /// As [`Self::finish`], with the headsum of the header as it stands inserted in its place.
    pub(crate) fn finish_with_headsum(mut self) -> Result<Vec<u8>, HeadTooLong> {
        let at = self.headsum_at.unwrap_or(self.bytes.len());
        self.bytes.push(b'}');
        write_length(&mut self.bytes)?;
        let member = format!(",\"headsum\":{}", crc32c::crc32c(&self.bytes));
        self.bytes.splice(at..at, member.bytes());
        write_length(&mut self.bytes)?;
        Ok(self.bytes)
    }
}

/// Puts the length of the header into the four digits before it.
fn write_length(bytes: &mut [u8]) -> Result<(), HeadTooLong> {
    let length = bytes.len().saturating_sub(LENGTH_BYTES);
    if length > HEAD_MAX_BYTES {
        return Err(HeadTooLong(length));
    }
    let digits = format!("{length:04x}");
    bytes.iter_mut().zip(digits.bytes()).for_each(|(byte, digit)| *byte = digit);
    Ok(())
}

/// Whether a character that begins with `byte` may have to be escaped; most text has none.
fn may_need_escape(byte: u8) -> bool {
    // The last is how U+2028 begins.
    matches!(byte, ..b' ' | b'"' | b'\\' | b'<' | b'>' | b'&' | 0xe2)
}

/// Writes a JSON string the way the deployed services do.
pub(crate) fn write_text(bytes: &mut Vec<u8>, text: &str) {
    bytes.push(b'"');
    // A byte that may need one begins a character, so the text can be split there.
    let (plain, text) = text.split_at(text.bytes().position(may_need_escape).unwrap_or(text.len()));
    bytes.extend_from_slice(plain.as_bytes());
    let mut plain_from = 0;
    for (at, c) in text.char_indices() {
        let escape: &[u8] = match c {
            '"' => b"\\\"",
            '\\' => b"\\\\",
            '\u{8}' => b"\\b",
            '\u{c}' => b"\\f",
            '\n' => b"\\n",
            '\r' => b"\\r",
            '\t' => b"\\t",
            '<' => b"\\u003c",
            '>' => b"\\u003e",
            '&' => b"\\u0026",
            '\u{2028}' => b"\\u2028",
            '\u{2029}' => b"\\u2029",
            c if c < ' ' => &format!("\\u{:04x}", c as u32).into_bytes(),
            _ => continue,
        };
        bytes.extend_from_slice(text.get(plain_from..at).unwrap_or_default().as_bytes());
        bytes.extend_from_slice(escape);
        plain_from = at + c.len_utf8();
    }
    bytes.extend_from_slice(text.get(plain_from..).unwrap_or_default().as_bytes());
    bytes.push(b'"');
}

/// Whether the headsum of a received header is right: the checksum of the same header without
/// that member, its length digits adjusted.
///
/// Works on the bytes as they came, so it holds for every peer that writes canonically, however
/// it escapes. `head` is the JSON object without `hhhh`.
pub(crate) fn headsum_holds(head: &[u8], headsum: u32) -> bool {
    let member = format!("\"headsum\":{headsum}");
    let Some(at) = find(head, member.as_bytes()) else { return false };
    let (before, rest) = head.split_at(at);
    let after = rest.get(member.len()..).unwrap_or_default();
    // One of the two commas goes with the member.
    let (before, after) = match (before.strip_suffix(b","), after.strip_prefix(b",")) {
        (Some(before), _) => (before, after),
        (None, Some(after)) => (before, after),
        (None, None) => (before, after),
    };
    let digits = format!("{:04x}", before.len() + after.len());
    let sum = crc32c::crc32c(digits.as_bytes());
    let sum = crc32c::crc32c_append(sum, before);
    crc32c::crc32c_append(sum, after) == headsum
}

/// Where `needle` begins. A text member cannot hold it: its quotes would be escaped.
fn find(hay: &[u8], needle: &[u8]) -> Option<usize> {
    hay.windows(needle.len()).position(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_what_a_deployed_service_escapes() {
        let mut out = Vec::new();
        write_text(&mut out, "a\"b\\c\n\r\t<>&\u{2028}\u{2029}\u{1}\u{7f}é🦀");
        let want = "\"a\\\"b\\\\c\\n\\r\\t\\u003c\\u003e\\u0026\\u2028\\u2029\\u0001\u{7f}é🦀\"";
        assert_eq!(String::from_utf8(out).unwrap(), want);
    }

    #[test]
    fn keys_fold_case_last_wins_null_is_absent() {
        let read = |text: &str| serde_json::from_str::<RawRequest>(text);
        let head = read(r#"{"Op":7,"DATALEN":3,"dataLen":4,"Id":"a","iD":null,"fOr":[{"ID":"u","Type":1}],"x":{"y":[1]}}"#).unwrap();
        assert_eq!((head.op, head.datalen, head.id), (Some(7), Some(4), None));
        assert_eq!(head.to_list.unwrap()[0].id.as_deref(), Some("u"));
        for wrong in [
            r#"{"op":"7"}"#,
            r#"{"op":256}"#,
            r#"{"op":-1}"#,
            r#"{"op":1.0}"#,
            r#"{"op":1}x"#,
            r#"{"op":1"#,
            "[]",
            r#"{"op":1,"datalen":9223372036854775808}"#,
            r#"{"op":1,"uid":5}"#,
            r#"{"op":1,"for":{}}"#,
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn headsum_covers_the_head_without_itself() {
        let mut head = HeadWriter::new();
        head.number("datalen", 0).text("from", "<u>").text("id", "1").text("op", "login");
        let packed = head.finish_with_headsum().unwrap();
        let raw: RawEvent = serde_json::from_slice(&packed[4..]).unwrap();
        let mut bare = HeadWriter::new();
        bare.number("datalen", 0).text("from", "<u>").text("id", "1").text("op", "login");
        assert_eq!(raw.headsum, Some(crc32c::crc32c(&bare.finish().unwrap())));
        assert!(headsum_holds(&packed[4..], raw.headsum.unwrap()));
        let broken: Vec<u8> =
            packed[4..].iter().map(|b| if *b == b'g' { b'h' } else { *b }).collect();
        assert!(!headsum_holds(&broken, raw.headsum.unwrap()));
    }

    #[test]
    fn a_header_has_a_bound() {
        let of_text = |len: usize| {
            let mut head = HeadWriter::new();
            head.text("id", &"x".repeat(len));
            head.finish().map(|bytes| bytes.len())
        };
        let around = r#"{"id":""}"#.len();
        assert_eq!(of_text(HEAD_MAX_BYTES - around), Ok(LENGTH_BYTES + HEAD_MAX_BYTES));
        assert_eq!(of_text(HEAD_MAX_BYTES - around + 1), Err(HeadTooLong(HEAD_MAX_BYTES + 1)));
    }
}
