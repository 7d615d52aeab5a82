//! Member: uid, devices, aliases.

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use tmtp::id::Uid;

use tmtp_store::DeviceNumber;

/// Number of a member within this store; never on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MemberNumber(pub u32);

/// SHA-256 of a device's secret. A secret has 200 random bits, so a slow password hash is not
/// needed.
#[derive(Debug, Clone, Copy)]
pub struct SecretHash([u8; 32]);

impl SecretHash {
    /// Hashes a decoded secret.
    pub fn of(secret: &[u8]) -> Self {
        Self(Sha256::digest(secret).into())
    }

    /// As stored.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// To be stored.
    pub(crate) fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Compares in constant time.
    pub(crate) fn matches(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

/// One installation of an app on a member's account.
#[derive(Debug, Clone)]
pub struct Device {
    /// Its number within this store.
    pub number: DeviceNumber,
    /// Hash of its secret.
    pub secret: SecretHash,
    /// The member's name for it.
    pub label: String,
    /// When it was added, Unix milliseconds.
    pub added_ms: i64,
}

/// Somebody with an account.
#[derive(Debug, Clone)]
pub struct Member {
    /// Permanent id.
    pub uid: Uid,
    /// Devices, oldest first; never empty.
    pub devices: Vec<Device>,
    /// Aliases, oldest first.
    pub aliases: Vec<Box<str>>,
}

impl Member {
    /// When the account was made, Unix milliseconds: when its first device was added.
    #[must_use]
    pub(crate) fn since_ms(&self) -> Option<i64> {
        self.devices.first().map(|device| device.added_ms)
    }

    /// Whether the alias is this member's.
    pub(crate) fn has_alias(&self, alias: &str) -> bool {
        self.aliases.iter().any(|own| &**own == alias)
    }

    /// The device with this secret. Compares with every device, so that the time it takes reveals
    /// nothing.
    pub(crate) fn device_with(&self, secret: &SecretHash) -> Option<DeviceNumber> {
        self.devices.iter().fold(None, |found, device| {
            if device.secret.matches(secret) { Some(device.number) } else { found }
        })
    }
}
