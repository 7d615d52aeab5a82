//! Ids and secrets as they stand on the wire.
//!
//! A header is read into these once. They say what a text is meant as, not that it is well formed:
//! either side must take ids of the other's making, and looks them up or not. What a peer sends is
//! not empty and fits a header ([`HEAD_MAX_BYTES`](crate::head::HEAD_MAX_BYTES)).

use std::fmt;
use std::sync::LazyLock;

use data_encoding::{Encoding, Specification};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// Longest device secret that is taken from a peer, in bytes once decoded. Other services may make
/// longer ones than ours; nothing honest is longer than this.
pub const SECRET_MAX_BYTES: usize = 1024;
/// Characters of an id that `Debug` shows at most.
const SHOWN_MAX_CHARS: usize = 8;

/// What ids consist of: digits and consonants.
const SYMBOLS: &str = "%+123456789BCDFGHJKLMNPQRSTVWXYZ";

/// The protocol's base 32: 32 symbols without vowels, `=` padding.
#[expect(clippy::expect_used, reason = "the specification is a constant; a test builds it")]
static BASE32: LazyLock<Encoding> = LazyLock::new(|| {
    let mut spec = Specification::new();
    spec.symbols.push_str(SYMBOLS);
    spec.padding = Some('=');
    spec.encoding().expect("32 distinct ASCII symbols")
});

/// Whether a uid may hold this, were it in capitals.
pub(crate) fn is_of_uids(byte: u8) -> bool {
    SYMBOLS.as_bytes().contains(&byte.to_ascii_uppercase())
}

/// The text is not base 32 in the protocol's alphabet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not base 32 in the protocol's alphabet")]
pub struct CorruptBase32;

/// Defines an id that is text: kept as it stood on the wire, and cut short by `Debug`, so that a
/// message can be shown in a log or a panic without saying who it is about.
macro_rules! text_id {
    ($(#[$attribute:meta])* $name:ident) => {
        $(#[$attribute])*
        #[derive(Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Box<str>);

        impl $name {
            /// As on the wire.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// As on the wire.
            pub fn into_string(self) -> String {
                self.0.into_string()
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text.into_boxed_str())
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.into())
            }
        }

        impl PartialEq<str> for $name {
            fn eq(&self, other: &str) -> bool {
                &*self.0 == other
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, other: &&str) -> bool {
                &*self.0 == *other
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        /// As on the wire.
        #[cfg(feature = "rusqlite")]
        impl rusqlite::ToSql for $name {
            fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
                self.as_str().to_sql()
            }
        }

        /// Any text.
        #[cfg(feature = "rusqlite")]
        impl rusqlite::types::FromSql for $name {
            fn column_result(
                value: rusqlite::types::ValueRef<'_>,
            ) -> rusqlite::types::FromSqlResult<Self> {
                value.as_str().map(Self::from)
            }
        }

        /// Only the beginning.
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({}…)", stringify!($name), beginning(&self.0))
            }
        }
    };
}

/// At most a quarter of a text.
fn beginning(text: &str) -> String {
    text.chars().take(SHOWN_MAX_CHARS.min(text.chars().count() / 4)).collect()
}

text_id! {
    /// A member's permanent id. Public to everyone the member writes to.
    Uid
}

text_id! {
    /// A name by which members find each other. Not judged: see [`check_name`](crate::text::check_name).
    /// Empty where a service leaves out a name that it should give.
    Alias
}

text_id! {
    /// The id of a group, which is its name. Not judged: see [`check_name`](crate::text::check_name).
    Gid
}

text_id! {
    /// A member or a group, in a list that does not say which of them each element is.
    UidOrGid
}

text_id! {
    /// The id of a request, which its ack repeats. Any text of the app's choice.
    RequestId
}

impl Uid {
    /// The uid that a service makes of twenty random bytes.
    pub fn from_bytes(bytes: &[u8; 20]) -> Self {
        Self(BASE32.encode(bytes).into_boxed_str())
    }

    /// The account that a service writes from itself: of twenty zero bytes, which no member gets.
    pub const SERVICE: &str = "%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%";

    /// The uid [`Uid::SERVICE`].
    pub fn service() -> Self {
        Self(Self::SERVICE.into())
    }

    /// Whether it is [`Uid::SERVICE`].
    pub fn is_service(&self) -> bool {
        *self == Self::SERVICE
    }

    /// Whether a text has the form of the uids that services like ours make. An app must take others
    /// too.
    pub fn is_made(text: &str) -> bool {
        BASE32.decode(text.as_bytes()).is_ok_and(|bytes| bytes.len() == 20)
    }
}

impl From<Uid> for UidOrGid {
    fn from(uid: Uid) -> Self {
        Self(uid.0)
    }
}

impl From<Gid> for UidOrGid {
    fn from(gid: Gid) -> Self {
        Self(gid.0)
    }
}

impl PartialEq<Uid> for UidOrGid {
    fn eq(&self, other: &Uid) -> bool {
        self.0 == other.0
    }
}

impl PartialEq<Gid> for UidOrGid {
    fn eq(&self, other: &Gid) -> bool {
        self.0 == other.0
    }
}

impl UidOrGid {
    /// As the member that something else says it is.
    pub fn to_uid(&self) -> Uid {
        Uid(self.0.clone())
    }

    /// As the group that something else says it is.
    pub fn to_gid(&self) -> Gid {
        Gid(self.0.clone())
    }
}

/// A device's secret (TMTP: node id), as it stands on the wire: who has it is that device. Wiped from
/// memory when dropped, never shown by `Debug`, compared in constant time.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct NodeSecret(String);

impl NodeSecret {
    /// Bytes of a secret that a service makes.
    pub const LEN_BYTES: usize = 25;

    /// A secret made of bytes from the service's random source.
    pub fn from_bytes(bytes: &[u8; Self::LEN_BYTES]) -> Self {
        Self(BASE32.encode(bytes))
    }

    /// As on the wire. The caller keeps a copy as secret as this.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The bytes that a service hashes and compares.
    ///
    /// # Errors
    /// [`CorruptBase32`] for what is not base 32, empty, or longer than [`SECRET_MAX_BYTES`].
    pub fn bytes(&self) -> Result<Zeroizing<Vec<u8>>, CorruptBase32> {
        let bytes = BASE32.decode(self.0.as_bytes()).map(Zeroizing::new);
        bytes
            .ok()
            .filter(|bytes| (1..=SECRET_MAX_BYTES).contains(&bytes.len()))
            .ok_or(CorruptBase32)
    }
}

impl From<String> for NodeSecret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for NodeSecret {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl PartialEq for NodeSecret {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }
}

impl Eq for NodeSecret {}

impl fmt::Debug for NodeSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NodeSecret(…)")
    }
}

/// What a third party that authenticates members answered to an app (OpenID Connect: token response).
/// Wiped from memory when dropped, never shown by `Debug`.
#[derive(Clone, PartialEq)]
pub struct TokenResponse(serde_json::Value);

impl TokenResponse {
    /// As on the wire.
    pub fn expose(&self) -> &serde_json::Value {
        &self.0
    }
}

impl From<serde_json::Value> for TokenResponse {
    fn from(value: serde_json::Value) -> Self {
        Self(value)
    }
}

impl fmt::Debug for TokenResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenResponse(…)")
    }
}

impl Drop for TokenResponse {
    fn drop(&mut self) {
        wipe(&mut self.0);
    }
}

/// Wipes the texts in a value. How deep it nests is bounded by its reader.
fn wipe(value: &mut serde_json::Value) {
    match value {
        serde_json::Value::String(text) => text.zeroize(),
        serde_json::Value::Array(items) => items.iter_mut().for_each(wipe),
        serde_json::Value::Object(members) => members.values_mut().for_each(wipe),
        serde_json::Value::Null | serde_json::Value::Bool(_) | serde_json::Value::Number(_) => {}
    }
}

/// Number of a message, strictly rising over the whole service and over restarts.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MessageId(pub u64);

impl MessageId {
    /// From its sixteen lower-case hex digits; nothing else is one.
    pub fn from_wire(text: &str) -> Option<Self> {
        let digits = |b: &u8| b.is_ascii_digit() || (b'a'..=b'f').contains(b);
        (text.len() == 16 && text.as_bytes().iter().all(digits))
            .then(|| u64::from_str_radix(text, 16).ok().map(Self))
            .flatten()
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// As on the wire: in order of the numbers, as text too.
#[cfg(feature = "rusqlite")]
impl rusqlite::ToSql for MessageId {
    fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
        Ok(self.to_string().into())
    }
}

/// Only the end, by which messages of one moment differ.
impl fmt::Debug for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MessageId(…{:04x})", self.0 & 0xffff)
    }
}

/// The `posted` text of a moment given in Unix milliseconds: RFC 3339, UTC, milliseconds. Moments
/// outside of the years 1 to 9999 become the epoch.
pub fn posted_text(unix_ms: i64) -> String {
    let moment = jiff::Timestamp::from_millisecond(unix_ms).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    format!("{moment:.3}")
}

/// The moment that a `posted` text names, in Unix milliseconds.
pub fn posted_ms(text: &str) -> Option<i64> {
    text.parse::<jiff::Timestamp>().ok().map(|moment| moment.as_millisecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_services_own_uid_is_of_zeros() {
        assert_eq!(Uid::service(), Uid::from_bytes(&[0; 20]));
        assert!(Uid::service().is_service());
        assert!(!Uid::from_bytes(&[1; 20]).is_service());
        assert_eq!(Uid::service().to_string(), Uid::SERVICE);
    }

    #[test]
    fn uid_has_thirty_two_symbols() {
        assert!(Uid::is_made(Uid::from_bytes(&[0xa5; 20]).as_str()));
        assert_eq!(Uid::from_bytes(&[0; 20]).as_str(), "%".repeat(32));
        assert_eq!(Uid::from_bytes(&[0xff; 20]).as_str(), "Z".repeat(32));
        for other in
            ["", "U", "of another service", &"%".repeat(31), &"%".repeat(40), &"a".repeat(32)]
        {
            assert!(!Uid::is_made(other), "{other}");
        }
    }

    #[test]
    fn debug_shows_at_most_a_quarter_of_an_id() {
        let uid = Uid::from_bytes(&[0xa5; 20]);
        assert_eq!(format!("{uid:?}"), format!("Uid({}…)", &uid.as_str()[..8]));
        assert_eq!(format!("{:?}", Alias::from("ada lovelace")), "Alias(ada…)");
        assert_eq!(format!("{:?}", Gid::from("語語語語")), "Gid(語…)");
        assert_eq!(format!("{:?}", RequestId::from("1")), "RequestId(…)");
        assert_eq!(format!("{:?}", UidOrGid::from("x".repeat(99))), "UidOrGid(xxxxxxxx…)");
        assert_eq!(format!("{:?}", MessageId(0x0123_4567_89ab_cdef)), "MessageId(…cdef)");
    }

    #[test]
    fn secret_has_forty_symbols_and_is_not_shown() {
        let secret = NodeSecret::from_bytes(&[7; 25]);
        assert_eq!(secret.expose().len(), 40);
        assert_eq!(secret.bytes().unwrap().as_slice(), [7; 25]);
        assert_eq!(secret, NodeSecret::from(secret.expose().to_owned()));
        assert_ne!(secret, NodeSecret::from_bytes(&[8; 25]));
        assert_eq!(format!("{secret:?}"), "NodeSecret(…)");
        let token = TokenResponse::from(serde_json::json!({"id_token": ["hidden"]}));
        assert_eq!(format!("{token:?}"), "TokenResponse(…)");
    }

    #[test]
    fn secret_of_a_peer_is_base_32_of_bounded_length() {
        let bytes = |text: &str| NodeSecret::from(text.to_owned()).bytes().map(|bytes| bytes.len());
        // Shorter than ours, but well formed: a matter for login, not for the alphabet.
        assert_eq!(bytes("LB27ML46"), Ok(5));
        assert_eq!(bytes("none"), Err(CorruptBase32));
        assert_eq!(bytes(""), Err(CorruptBase32));
        let of_len = |len: usize| bytes(&BASE32.encode(&vec![1; len]));
        assert_eq!(of_len(SECRET_MAX_BYTES), Ok(SECRET_MAX_BYTES));
        assert_eq!(of_len(SECRET_MAX_BYTES + 1), Err(CorruptBase32));
    }

    #[test]
    fn wiping_leaves_no_text_of_a_token() {
        let mut value = serde_json::json!({"a": "hidden", "b": [{"c": "hidden"}], "n": 1});
        wipe(&mut value);
        assert_eq!(value, serde_json::json!({"a": "", "b": [{"c": ""}], "n": 1}));
    }

    #[test]
    fn message_id_is_sixteen_lower_case_digits() {
        assert_eq!(MessageId(0x1f).to_string(), "000000000000001f");
        assert_eq!(MessageId::from_wire("000000000000001f"), Some(MessageId(0x1f)));
        for wrong in ["", "1f", "000000000000001F", "+00000000000001f", "000000000000001f0"] {
            assert_eq!(MessageId::from_wire(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn posted_has_milliseconds_always() {
        assert_eq!(posted_text(1_136_214_245_000), "2006-01-02T15:04:05.000Z");
        assert_eq!(posted_ms("2006-01-02T15:04:05.678Z"), Some(1_136_214_245_678));
        assert_eq!(posted_ms("yesterday"), None);
    }
}
