//! Letter format inside the data of a post: a second header, the text, the attachments.
//!
//! A service never looks inside. The data of a post is `datahead` + text + the bytes of each
//! attachment in the order of `Attach`, so the text is what is left of `datalen`.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::id::Uid;

/// Longest second header that an app takes, in bytes.
pub const LETTER_HEAD_MAX_BYTES: u64 = 1 << 20;

/// A subscriber of a thread.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Subscriber {
    /// Alias; the group's name for a group.
    pub who: String,
    /// Uid; the group's name for a group.
    pub who_uid: String,
    /// Alias of whoever included them.
    pub by: String,
    /// Uid of whoever included them.
    pub by_uid: String,
    /// When, RFC 3339.
    pub date: String,
    /// A comment.
    pub note: String,
    /// Whether they receive new messages of the thread.
    pub subscribe: bool,
}

impl Subscriber {
    /// Whether it is a group. A member may be called by their own id.
    pub fn is_group(&self) -> bool {
        self.who == self.who_uid && !Uid::is_made(&self.who_uid)
    }
}

/// A reader of a thread, as a later message of it names them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Named {
    /// Alias; the group's name for a group.
    pub who: String,
    /// Uid; the group's name for a group.
    pub who_uid: String,
}

/// An attachment as announced.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Attach {
    /// `u:` (a file), `f:` (a blank form) or `r:` (a filled form), then the name.
    pub name: String,
    /// Bytes.
    pub size: u64,
    /// Name of the filled form, where the name begins with `r:`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub ffn: String,
}

impl Attach {
    /// A file.
    pub fn file(name: &str, size: u64) -> Self {
        Self { name: format!("u:{name}"), size, ffn: String::new() }
    }

    /// The name without its kind.
    pub fn file_name(&self) -> &str {
        match self.name.split_at_checked(2) {
            Some(("u:" | "f:" | "r:", name)) => name,
            _ => &self.name,
        }
    }
}

/// The second header of a post.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct LetterHead {
    /// Id of the first message of the thread; empty when this is it.
    pub thread_id: String,
    /// The author's alias. A claim: what the service vouches for is `from`.
    pub alias: String,
    /// Subject; may be empty in an answer.
    pub subject: String,
    /// Subscribers, on the first message of a thread.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cc: Vec<Subscriber>,
    /// Readers of the thread, on later messages: they identify the thread for a receiver that lacks the
    /// first message. They subscribe nobody to a thread. Ours beyond revision 1.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub readers: Vec<Named>,
    /// Attachments.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attach: Vec<Attach>,
    /// Id of a message that was forwarded and is confirmed by its author with this copy.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub confirm_id: String,
    /// When the confirmed message was posted.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub confirm_posted: String,
    /// Whether it is from one device of a member to the others, and no letter.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub node_sync: bool,
}

/// A second header that is not of the agreed form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadLetter {
    /// Not an object, or a key of the wrong type.
    #[error("the letter's header is not of the agreed form")]
    Form,
    /// The attachments are larger than the data.
    #[error("the letter's attachments are larger than the letter")]
    Size,
}

impl LetterHead {
    /// Reads the first `datahead` bytes of a post's data. Keys are matched without regard to case.
    ///
    /// # Errors
    /// [`BadLetter::Form`].
    pub fn read(bytes: &[u8]) -> Result<Self, BadLetter> {
        // An array would be read as the members in order.
        if bytes.trim_ascii_start().first() != Some(&b'{') {
            return Err(BadLetter::Form);
        }
        read_known(bytes)
    }

    /// Whether a post that others are notified of is a forwarded thread, and no letter: its header
    /// says which thread, and nothing more.
    pub fn is_forward(&self) -> bool {
        let thread = Self { thread_id: self.thread_id.clone(), ..Self::default() };
        !self.thread_id.is_empty() && *self == thread
    }

    /// The bytes to put before the text.
    pub fn pack(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Bytes of text in a post with `data_len` bytes of data, of which `head_len` are this header.
    ///
    /// # Errors
    /// [`BadLetter::Size`].
    pub fn text_len(&self, data_len: u64, head_len: u64) -> Result<u64, BadLetter> {
        self.attach
            .iter()
            .try_fold(data_len.checked_sub(head_len), |left, attach| {
                Some(left.and_then(|left| left.checked_sub(attach.size)))
            })
            .flatten()
            .ok_or(BadLetter::Size)
    }
}

/// Reads JSON whose keys are matched without regard to case.
///
/// # Errors
/// [`BadLetter::Form`].
pub(crate) fn read_known<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, BadLetter> {
    let value: Value = serde_json::from_slice(bytes).map_err(|_| BadLetter::Form)?;
    serde_json::from_value(with_known_keys(value)).map_err(|_| BadLetter::Form)
}

/// Every key that has a meaning somewhere in a letter's header or in a forwarded thread.
const KEYS: [&str; 26] = [
    "ThreadId",
    "Alias",
    "Subject",
    "Cc",
    "Readers",
    "Attach",
    "ConfirmId",
    "ConfirmPosted",
    "NodeSync",
    "Who",
    "WhoUid",
    "By",
    "ByUid",
    "Date",
    "Note",
    "Subscribe",
    "Name",
    "Size",
    "Ffn",
    "Id",
    "Len",
    "Posted",
    "From",
    "SubHead",
    "Offset",
    "ForwardBy",
];

/// Respells known keys as we do, drops unknown ones and nulls.
fn with_known_keys(value: Value) -> Value {
    match value {
        Value::Object(members) => Value::Object(
            members
                .into_iter()
                .filter(|(_, value)| !value.is_null())
                .filter_map(|(key, value)| {
                    let known = KEYS.iter().find(|known| known.eq_ignore_ascii_case(&key))?;
                    Some(((*known).to_owned(), with_known_keys(value)))
                })
                .collect::<Map<_, _>>(),
        ),
        Value::Array(items) => Value::Array(items.into_iter().map(with_known_keys).collect()),
        value @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_a_deployed_app_writes() {
        let head = br#"{"ThreadId":"","Alias":"ada lovelace","Subject":"Hi","Cc":[{"Who":"crew club","WhoUid":"crew club","By":"ada lovelace","ByUid":"U","Date":"2020-01-01T00:00:00Z","Note":"","Subscribe":true}],"Attach":[{"Name":"u:a.png","Size":3}],"Later":1}"#;
        let letter = LetterHead::read(head).unwrap();
        assert_eq!(letter.alias, "ada lovelace");
        assert!(letter.cc[0].is_group() && letter.cc[0].subscribe);
        assert_eq!(letter.attach[0].file_name(), "a.png");
        assert_eq!(letter.text_len(head.len() as u64 + 8, head.len() as u64), Ok(5));
        assert_eq!(letter.text_len(head.len() as u64 + 2, head.len() as u64), Err(BadLetter::Size));
    }

    #[test]
    fn a_group_is_called_by_its_id() {
        let is_group = |who: &str, who_uid: &str| {
            let (who, who_uid) = (who.to_owned(), who_uid.to_owned());
            Subscriber { who, who_uid, ..Subscriber::default() }.is_group()
        };
        assert!(is_group("crew club", "crew club"));
        assert!(!is_group("ada lovelace", "U"));
        assert!(!is_group("ada lovelace", Uid::SERVICE));
        // A member without an alias.
        assert!(!is_group(Uid::SERVICE, Uid::SERVICE));
    }

    #[test]
    fn a_forward_says_which_thread_and_nothing_more() {
        let of = |thread_id: &str, subject: &str| {
            let (thread_id, subject) = (thread_id.to_owned(), subject.to_owned());
            LetterHead { thread_id, subject, ..LetterHead::default() }.is_forward()
        };
        assert!(of("18ec1739a3e57a19", ""));
        assert!(!of("18ec1739a3e57a19", "Hi") && !of("", "") && !of("", "Hi"));
    }

    #[test]
    fn keys_fold_case_and_round_trip() {
        let letter = LetterHead::read(
            br#"{"threadid":"1","ATTACH":[{"name":"r:x","size":1,"FFN":"f"}],"nodesync":true}"#,
        )
        .unwrap();
        assert_eq!(
            (letter.thread_id.as_str(), letter.attach[0].ffn.as_str(), letter.node_sync),
            ("1", "f", true)
        );
        assert_eq!(LetterHead::read(&letter.pack()).unwrap(), letter);
        let nulls = br#"{"Subject":null,"Attach":null,"NodeSync":null}"#;
        assert_eq!(LetterHead::read(nulls).unwrap(), LetterHead::default());
        for wrong in ["[]", "{", "{\"Subject\":1}", "{\"Attach\":[{\"Size\":-1}]}"] {
            assert_eq!(LetterHead::read(wrong.as_bytes()), Err(BadLetter::Form), "{wrong}");
        }
        let huge = LetterHead {
            attach: vec![Attach::file("a", u64::MAX), Attach::file("b", 2)],
            ..LetterHead::default()
        };
        assert_eq!(huge.text_len(100, 10), Err(BadLetter::Size));
    }
}
