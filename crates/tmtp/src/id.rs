//! Ids as they stand on the wire.
//!
//! An app must take any uid a service gives it, so [`Uid`] is text with a bound; the service that
//! made it knows the twenty bytes inside.

use std::fmt;
use std::sync::LazyLock;

use data_encoding::{Encoding, Specification};
use zeroize::{Zeroize, ZeroizeOnDrop};

/// Longest id of any kind that is taken from a peer, in bytes. A header could carry more; nothing
/// honest does.
pub const ID_MAX_BYTES: usize = 1024;

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

/// A member's permanent id. Public to everyone the member writes to.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Uid(Box<str>);

impl Uid {
    /// The uid that a service makes of twenty random bytes.
    pub fn from_bytes(bytes: &[u8; 20]) -> Self {
        Self(BASE32.encode(bytes).into_boxed_str())
    }

    /// The account that a service writes from itself: of twenty zero bytes, which no member gets.
    pub const SERVICE: &str = "%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%";

    /// Of [`Uid::SERVICE`].
    pub fn service() -> Self {
        Self(Self::SERVICE.into())
    }

    /// Whether it is [`Uid::SERVICE`].
    pub fn is_service(uid: &str) -> bool {
        uid == Self::SERVICE
    }

    /// A uid as a peer sent it; none if it is empty or longer than [`ID_MAX_BYTES`].
    pub fn from_wire(text: &str) -> Option<Self> {
        ((1..=ID_MAX_BYTES).contains(&text.len())).then(|| Self(text.into()))
    }

    /// The twenty bytes inside, if a service like ours made it.
    pub fn bytes(&self) -> Option<[u8; 20]> {
        BASE32.decode(self.0.as_bytes()).ok()?.try_into().ok()
    }

    /// As on the wire.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Only the beginning: whole uids stay out of logs.
impl fmt::Debug for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Uid({}…)", self.0.chars().take(8).collect::<String>())
    }
}

/// A device's secret (TMTP: node id): who has it is that device. Wiped from memory when dropped,
/// never shown by `Debug`.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct NodeSecret(Vec<u8>);

impl NodeSecret {
    /// Bytes of a secret that a service makes.
    pub const LEN_BYTES: usize = 25;

    /// From the service's random source.
    pub fn from_bytes(bytes: [u8; Self::LEN_BYTES]) -> Self {
        Self(bytes.to_vec())
    }

    /// From the wire. Other services may use other lengths.
    pub fn from_wire(text: &str) -> Result<Self, CorruptBase32> {
        match BASE32.decode(text.as_bytes()) {
            Ok(bytes) if !bytes.is_empty() && bytes.len() <= ID_MAX_BYTES => Ok(Self(bytes)),
            _ => Err(CorruptBase32),
        }
    }

    /// As on the wire. The caller keeps the copy as secret as this.
    pub fn to_wire(&self) -> String {
        BASE32.encode(&self.0)
    }

    /// What a service hashes and compares.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for NodeSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NodeSecret(…)")
    }
}

/// Number of a message, strictly rising over the whole service and over restarts.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
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

impl fmt::Debug for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MessageId({:016x})", self.0)
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
        assert!(Uid::is_service(Uid::service().as_str()));
    }

    #[test]
    fn uid_has_thirty_two_symbols_and_keeps_its_bytes() {
        let uid = Uid::from_bytes(&[0xa5; 20]);
        assert_eq!(uid.as_str().len(), 32);
        assert_eq!(uid.bytes(), Some([0xa5; 20]));
        assert_eq!(Uid::from_bytes(&[0; 20]).as_str(), "%".repeat(32));
        assert_eq!(Uid::from_bytes(&[0xff; 20]).as_str(), "Z".repeat(32));
    }

    #[test]
    fn secret_has_forty_symbols_and_is_not_shown() {
        let secret = NodeSecret::from_bytes([7; 25]);
        assert_eq!(secret.to_wire().len(), 40);
        assert_eq!(NodeSecret::from_wire(&secret.to_wire()).unwrap(), secret);
        assert!(!format!("{secret:?}").contains(&secret.to_wire()));
        assert_eq!(NodeSecret::from_wire("none"), Err(CorruptBase32));
        assert_eq!(NodeSecret::from_wire(""), Err(CorruptBase32));
        // Shorter than ours, but well formed: a matter for login, not for the alphabet.
        assert!(NodeSecret::from_wire("LB27ML46").is_ok());
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
