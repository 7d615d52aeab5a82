//! Device code, which adds a device to an account: `mnm1:` and base64url.
//!
//! It carries everything the new device needs to log in, its secret included, so it is as secret as
//! a password: shown once, never stored, never logged. A checksum detects typing mistakes before
//! any service is contacted.

use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use tmtp::certificate::CertificateHash;
use tmtp::id::{NodeSecret, Uid};
use zeroize::Zeroizing;

use crate::address::{Address, Proof};
use crate::vault::NewAccount;

const PREFIX: &str = "mnm1:";
/// Length of the checksum, in bytes.
const SUM_BYTES: usize = 4;
/// Longest input that is parsed, in bytes.
const CODE_MAX_BYTES: usize = 16 * 1024;
/// Longest uid that is accepted, in bytes. Those of services have 32.
const UID_MAX_BYTES: usize = 1024;
/// Most aliases, and most devices, that are accepted.
const NAMES_MAX: usize = 100;

/// The content of a code.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DeviceCode {
    /// `=host:port` or `+host:port`.
    pub(crate) address: String,
    /// Fingerprint of the certificate, for `=`.
    pub(crate) fingerprint: Option<String>,
    /// The service's name.
    pub(crate) service: String,
    /// The member.
    pub(crate) uid: Uid,
    /// The new device's secret.
    pub(crate) node: Zeroizing<String>,
    /// The new device's label.
    pub(crate) label: String,
    /// The member's aliases, the one for new letters first.
    pub(crate) aliases: Vec<String>,
    /// Labels of the member's existing devices.
    #[serde(default)]
    pub(crate) devices: Vec<String>,
}

/// Why a text is not a device code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadCode {
    /// It does not start like one.
    #[error(
        "This is not a device code; one begins with mnm1: and is made on another device of yours under Devices. Copy it from there."
    )]
    Prefix,
    /// The checksum is wrong.
    #[error(
        "This device code is incomplete or was mistyped. Copy the whole code again from the other device."
    )]
    Checksum,
    /// The checksum is right, but this version cannot read the content.
    #[error(
        "This device code was made by a version of mnm that this one does not understand. Update mnm on both devices and make a new code."
    )]
    Form,
}

impl DeviceCode {
    /// The text to show once.
    pub(crate) fn pack(&self) -> Zeroizing<String> {
        code_of(Zeroizing::new(serde_json::to_vec(self).unwrap_or_default()))
    }

    /// A code of any content whose checksum is right.
    #[cfg(feature = "fuzz")]
    pub(crate) fn checked(json: &[u8]) -> String {
        code_of(Zeroizing::new(json.to_vec())).to_string()
    }

    /// Parses pasted text; white space anywhere is ignored.
    pub(crate) fn read(text: &str) -> Result<Self, BadCode> {
        if text.len() > CODE_MAX_BYTES {
            return Err(BadCode::Prefix);
        }
        let text: Zeroizing<String> =
            Zeroizing::new(text.chars().filter(|c| !c.is_whitespace()).collect());
        let body = text.strip_prefix(PREFIX).ok_or(BadCode::Prefix)?;
        let bytes = BASE64URL_NOPAD
            .decode(body.as_bytes())
            .map(Zeroizing::new)
            .map_err(|_| BadCode::Checksum)?;
        let (json, sum) = bytes.split_last_chunk::<SUM_BYTES>().ok_or(BadCode::Checksum)?;
        if checksum(json) != *sum {
            return Err(BadCode::Checksum);
        }
        let code: Self = serde_json::from_slice(json).map_err(|_| BadCode::Form)?;
        code.is_sound().then_some(code).ok_or(BadCode::Form)
    }

    /// The account this makes on the new device.
    pub(crate) fn into_account(self) -> NewAccount {
        NewAccount {
            address: self.address,
            fingerprint: self.fingerprint,
            service: self.service,
            uid: self.uid,
            node: NodeSecret::from(self.node.as_str().to_owned()),
            device: self.label,
            aliases: self.aliases,
        }
    }

    fn is_sound(&self) -> bool {
        let pin_is_right = match self.address.parse::<Address>().map(|address| address.proof) {
            Ok(Proof::Pinned) => {
                self.fingerprint.as_ref().is_some_and(|pin| pin.parse::<CertificateHash>().is_ok())
            }
            Ok(Proof::Public) => self.fingerprint.is_none(),
            Err(_) => false,
        };
        pin_is_right
            && self.aliases.len() <= NAMES_MAX
            && self.devices.len() <= NAMES_MAX
            && (1..=UID_MAX_BYTES).contains(&self.uid.as_str().len())
            && NodeSecret::from(self.node.as_str().to_owned()).bytes().is_ok()
    }
}

fn code_of(mut bytes: Zeroizing<Vec<u8>>) -> Zeroizing<String> {
    let sum = checksum(&bytes);
    bytes.extend_from_slice(&sum);
    let mut code = Zeroizing::new(PREFIX.to_owned());
    BASE64URL_NOPAD.encode_append(&bytes, &mut code);
    code
}

fn checksum(bytes: &[u8]) -> [u8; SUM_BYTES] {
    let digest: [u8; 32] = Sha256::digest(bytes).into();
    let [a, b, c, d, ..] = digest;
    [a, b, c, d]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code() -> DeviceCode {
        DeviceCode {
            address: "=h.example:7654".into(),
            fingerprint: Some("ab".repeat(32)),
            service: "Harbour".into(),
            uid: "%".repeat(32).into(),
            node: Zeroizing::new("1".repeat(40)),
            label: "tablet".into(),
            aliases: vec!["ada lovelace".into()],
            devices: vec!["laptop".into()],
        }
    }

    #[test]
    fn a_code_survives_wrapping_and_gives_the_account() {
        let text = code().pack();
        let (front, back) = text.split_at(30);
        let read = DeviceCode::read(&format!(" {front}\n  {back} ")).unwrap();
        assert!(read == code());
        let account = read.into_account();
        assert_eq!((account.device.as_str(), account.aliases.len()), ("tablet", 1));
        assert_eq!(account.node.expose(), "1".repeat(40));
    }

    #[test]
    fn a_changed_cut_or_foreign_code_is_refused() {
        let text = code().pack();
        let refused = |text: &str| DeviceCode::read(text).err().unwrap();
        assert_eq!(refused("=h.example:7654"), BadCode::Prefix);
        assert_eq!(refused(&text[..text.len() - 4]), BadCode::Checksum);
        assert_eq!(refused(&text.replacen("ey", "ez", 1)), BadCode::Checksum);
        assert_eq!(refused("mnm1:"), BadCode::Checksum);
        let unsound = [
            DeviceCode { fingerprint: None, ..code() },
            DeviceCode { address: "h.example:1".into(), ..code() },
            DeviceCode { uid: "".into(), ..code() },
            DeviceCode { node: Zeroizing::new("not base 32!".into()), ..code() },
            DeviceCode { fingerprint: Some("ab".into()), ..code() },
            DeviceCode { address: "+h.example:7654".into(), ..code() },
        ];
        for code in unsound {
            assert_eq!(refused(&code.pack()), BadCode::Form);
        }
    }

    #[test]
    fn a_service_with_a_public_certificate_needs_no_fingerprint() {
        let code = DeviceCode { address: "+h.example:7654".into(), fingerprint: None, ..code() };
        assert!(DeviceCode::read(&code.pack()).is_ok());
    }

    #[test]
    fn lengths_are_limited() {
        let is_read = |text: &str| DeviceCode::read(text).is_ok();
        let padded = format!("{:width$}", *code().pack(), width = CODE_MAX_BYTES);
        assert!(is_read(&padded) && !is_read(&format!("{padded} ")));
        let names = |count| vec!["ada lovelace".to_owned(); count];
        for (over, is_sound) in [(0, true), (1, false)] {
            for code in [
                DeviceCode { uid: "%".repeat(UID_MAX_BYTES + over).into(), ..code() },
                DeviceCode { aliases: names(NAMES_MAX + over), ..code() },
                DeviceCode { devices: names(NAMES_MAX + over), ..code() },
            ] {
                assert_eq!(is_read(&code.pack()), is_sound, "{}", *code.pack());
            }
        }
    }
}
