//! Channel binding: the text that a login signs, so that the signature is good on one link only.
//!
//! For revision 2, which is the first to use it; no operation of revision 1 signs anything, so nothing outside
//! of the tests calls this yet. The text names the certificate that the
//! app saw. A service builds it with the certificate that it showed on the link, so a login that
//! somebody in between passes on, behind a certificate of their own, does not verify. Why not the
//! exporter of TLS: `docs/decisions/0023-channel-binding-by-certificate.md`.

use crate::certificate::CertificateHash;
use crate::id::Uid;

/// Bytes of the number that a service gives for one login.
pub const NONCE_BYTES: usize = 32;

/// Begins the text, so that no other signature of the same key can be taken for a login.
const LOGIN_CONTEXT: &[u8] = b"TMTP 2 login\0";

/// What a login signs.
#[derive(Debug, Clone, Copy)]
pub struct LoginBinding<'a> {
    /// The service's, new for every link.
    pub nonce: &'a [u8; NONCE_BYTES],
    /// The certificate that the app saw; at the service, the one that it showed.
    pub certificate: CertificateHash,
    /// Who logs in.
    pub uid: &'a Uid,
    /// With which device, as the member's device list names it.
    pub device: &'a str,
}

impl LoginBinding<'_> {
    /// The text to be signed: context, nonce, hash, uid, device. Each of the last two has its length in
    /// bytes before it, eight bytes, big-endian.
    pub fn text(&self) -> Vec<u8> {
        let mut text = [LOGIN_CONTEXT, self.nonce, self.certificate.as_bytes()].concat();
        for part in [self.uid.as_str(), self.device] {
            text.extend_from_slice(&(part.len() as u64).to_be_bytes());
            text.extend_from_slice(part.as_bytes());
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UID: &str = "%+123456789BCDFGHJKLMNPQRSTVWXYZ";
    const NONCE: [u8; NONCE_BYTES] = [
        0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24,
        25, 26, 27, 28, 29, 30, 31,
    ];

    fn text(nonce: &[u8; NONCE_BYTES], der: &[u8], uid: &str, device: &str) -> Vec<u8> {
        let (uid, certificate) = (Uid::from(uid), CertificateHash::of(der));
        LoginBinding { nonce, certificate, uid: &uid, device }.text()
    }

    /// The bytes come from another program.
    #[test]
    fn text_of_a_login_is_as_described() {
        let want = concat!(
            "544d54502032206c6f67696e00",
            "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
            "81acd762140fa692a142822d2fbe4dc6f54bcaa501f68ab37e5aeed0bafe4d99",
            "0000000000000020",
            "252b3132333435363738394243444647484a4b4c4d4e5051525354565758595a",
            "0000000000000006",
            "6c6170746f70",
        );
        let text = text(&NONCE, b"a certificate", UID, "laptop");
        assert_eq!(data_encoding::HEXLOWER.encode(&text), want);
    }

    #[test]
    fn text_differs_by_each_of_its_parts() {
        let text = [
            text(&NONCE, b"a certificate", UID, "laptop"),
            text(&[0; NONCE_BYTES], b"a certificate", UID, "laptop"),
            text(&NONCE, b"another", UID, "laptop"),
            text(&NONCE, b"a certificate", "U", "laptop"),
            text(&NONCE, b"a certificate", UID, "phone"),
            // The same bytes, parted otherwise.
            text(&NONCE, b"a certificate", &UID[..31], "Zlaptop"),
        ];
        for (n, one) in text.iter().enumerate() {
            assert!(!text[..n].contains(one), "{n}");
        }
    }
}
