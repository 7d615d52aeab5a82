//! Hash of the certificate that a link is made by: what apps pin, and what a login of revision 2 signs.
//!
//! Both sides have it of a handshake: the service of the certificate that it showed, the app of the one that
//! it saw. People read it as a fingerprint.

use std::fmt;
use std::str::FromStr;

use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE, HEXUPPER};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// SHA-256 of a certificate in DER, the peer's own and not those above it. Compared in constant time.
///
/// `Display` writes 64 lower-case hex digits, as in the address that members join by; `{:#}` writes
/// upper-case pairs with colons, as other programs show it. `Debug` shows the beginning only.
#[derive(Clone, Copy)]
pub struct CertificateHash([u8; 32]);

/// The text is not a SHA-256 in hex.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a SHA-256 of 64 hex digits")]
pub struct CorruptHash;

impl CertificateHash {
    /// Of a certificate in DER.
    pub fn of(der: &[u8]) -> Self {
        Self(Sha256::digest(der).into())
    }

    /// As it was computed elsewhere, or given by hand.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// 64 hex digits of either case; colons are passed over, which some tools print between them.
impl FromStr for CertificateHash {
    type Err = CorruptHash;

    fn from_str(text: &str) -> Result<Self, CorruptHash> {
        let digits = text.replace(':', "");
        let bytes = HEXLOWER_PERMISSIVE.decode(digits.as_bytes()).ok();
        bytes.and_then(|bytes| bytes.try_into().ok()).map(Self).ok_or(CorruptHash)
    }
}

impl fmt::Display for CertificateHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !f.alternate() {
            return f.write_str(&HEXLOWER.encode(&self.0));
        }
        let pairs = self.0.map(|byte| HEXUPPER.encode(&[byte]));
        f.write_str(&pairs.join(":"))
    }
}

impl PartialEq for CertificateHash {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for CertificateHash {}

impl fmt::Debug for CertificateHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, ..] = self.0;
        write!(f, "CertificateHash({a:02x}{b:02x}{c:02x}{d:02x}…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From another program: `printf 'a certificate' | sha256sum`.
    const DIGITS: &str = "81acd762140fa692a142822d2fbe4dc6f54bcaa501f68ab37e5aeed0bafe4d99";
    const PAIRS: &str = "81:AC:D7:62:14:0F:A6:92:A1:42:82:2D:2F:BE:4D:C6:\
                         F5:4B:CA:A5:01:F6:8A:B3:7E:5A:EE:D0:BA:FE:4D:99";

    fn hash() -> CertificateHash {
        CertificateHash::of(b"a certificate")
    }

    #[test]
    fn hashes_are_equal_when_every_bit_is() {
        assert_eq!(hash(), CertificateHash::from_bytes(*hash().as_bytes()));
        for bit in [0, 255] {
            let mut other = *hash().as_bytes();
            other[bit / 8] ^= 1 << (bit % 8);
            assert_ne!(hash(), CertificateHash::from_bytes(other), "{bit}");
        }
    }

    #[test]
    fn display_gives_both_usual_forms_and_debug_the_beginning() {
        assert_eq!(hash().to_string(), DIGITS);
        assert_eq!(format!("{:#}", hash()), PAIRS);
        assert_eq!(format!("{:?}", hash()), "CertificateHash(81acd762…)");
    }

    #[test]
    fn both_usual_forms_are_parsed_and_nothing_else() {
        for text in [DIGITS, &DIGITS.to_uppercase(), PAIRS] {
            assert_eq!(text.parse(), Ok(hash()), "{text}");
        }
        for text in ["", &DIGITS[2..], &format!("{DIGITS}00"), &DIGITS.replace('8', "g")] {
            assert_eq!(text.parse::<CertificateHash>(), Err(CorruptHash), "{text}");
        }
    }
}
