//! Stamp in the body of a post: which run it belongs to, its number, when it was meant to be sent.

use std::time::Instant;

/// Bytes of a stamp, and so the shortest body.
pub const STAMP_BYTES: usize = 32;
const MAGIC: &[u8; 8] = b"TMTPLOAD";

/// The first bytes of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// Which run of the generator sent it.
    pub run: u64,
    /// Its number within the run.
    pub number: u64,
    /// When it was meant to be sent, in nanoseconds of the run's [`Clock`].
    pub at_ns: u64,
}

impl Stamp {
    /// As in the body.
    #[must_use]
    pub fn to_bytes(self) -> [u8; STAMP_BYTES] {
        let mut bytes = [0; STAMP_BYTES];
        let words = [u64::from_le_bytes(*MAGIC), self.run, self.number, self.at_ns];
        for (place, word) in bytes.chunks_exact_mut(8).zip(words) {
            place.copy_from_slice(&word.to_le_bytes());
        }
        bytes
    }

    /// From the beginning of a body; none if a load generator did not write it.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut words = bytes.chunks_exact(8).map_while(|word| word.try_into().ok());
        let mut word = || words.next().map(u64::from_le_bytes);
        (word()? == u64::from_le_bytes(*MAGIC)).then_some(())?;
        Some(Self { run: word()?, number: word()?, at_ns: word()? })
    }
}

/// Nanoseconds since the run began.
#[derive(Debug, Clone, Copy)]
pub struct Clock(Instant);

impl Clock {
    /// Starts at zero.
    #[must_use]
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// Now, in nanoseconds.
    #[must_use]
    pub fn now_ns(&self) -> u64 {
        u64::try_from(self.0.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::Stamp;

    #[test]
    fn stamp_is_read_back_from_a_body() {
        let stamp = Stamp { run: 7, number: u64::MAX, at_ns: 12 };
        assert_eq!(Stamp::from_bytes(&stamp.to_bytes()), Some(stamp));
        assert_eq!(Stamp::from_bytes(&[0; 32]), None);
        assert_eq!(Stamp::from_bytes(b"TMTPLOAD"), None);
    }
}
