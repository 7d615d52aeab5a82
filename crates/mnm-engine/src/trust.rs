//! Trust: which service is believed, by what a carrier says of the other end of a link.

use crate::address::{Fingerprint, Proof};
use crate::platform::Peer;

/// What is believed about a service's certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trust {
    /// It has this fingerprint.
    Pinned(Fingerprint),
    /// Whatever is seen first; the caller pins it.
    FirstUse,
    /// A public authority vouches for the host name.
    Public,
}

/// Why a peer is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Distrust {
    /// It has another certificate, of which this is the fingerprint where the carrier tells it.
    Another(Option<Fingerprint>),
    /// Its carrier does not tell which certificate it has, and there is no other proof of it.
    Unproved,
}

impl Trust {
    /// For a service that proves itself so, and the fingerprint known of it.
    pub(crate) fn new(proof: Proof, fingerprint: Option<Fingerprint>) -> Self {
        match (proof, fingerprint) {
            (Proof::Public, _) => Self::Public,
            (Proof::Pinned, Some(fingerprint)) => Self::Pinned(fingerprint),
            (Proof::Pinned, None) => Self::FirstUse,
        }
    }

    /// What a carrier is asked for.
    pub(crate) fn proof(self) -> Proof {
        match self {
            Self::Pinned(_) | Self::FirstUse => Proof::Pinned,
            Self::Public => Proof::Public,
        }
    }

    /// Decides whether a peer is believed.
    pub(crate) fn judge(self, peer: Peer) -> Result<(), Distrust> {
        let (fingerprint, public) = match peer {
            Peer::Itself => return Ok(()),
            Peer::Certificate { fingerprint, public } => (fingerprint, public),
        };
        let believed = match self {
            Self::Public => public,
            Self::FirstUse => fingerprint.is_some(),
            Self::Pinned(pin) => fingerprint == Some(pin),
        };
        match (believed, self) {
            (true, _) => Ok(()),
            (false, Self::Pinned(_)) if fingerprint.is_some() => {
                Err(Distrust::Another(fingerprint))
            }
            (false, Self::Pinned(_) | Self::FirstUse | Self::Public) => Err(Distrust::Unproved),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_proved_is_believed() {
        let (known, other) = (Fingerprint::of(b"known"), Fingerprint::of(b"other"));
        let peer = |fingerprint, public| Peer::Certificate { fingerprint, public };
        let pinned = Trust::Pinned(known);
        assert_eq!(pinned.judge(peer(Some(known), false)), Ok(()));
        // Whoever vouches for it: it is not the one that was pinned.
        assert_eq!(pinned.judge(peer(Some(other), true)), Err(Distrust::Another(Some(other))));
        assert_eq!(pinned.judge(peer(None, true)), Err(Distrust::Unproved));
        assert_eq!(Trust::FirstUse.judge(peer(Some(other), false)), Ok(()));
        assert_eq!(Trust::FirstUse.judge(peer(None, true)), Err(Distrust::Unproved));
        assert_eq!(Trust::Public.judge(peer(None, true)), Ok(()));
        assert_eq!(Trust::Public.judge(peer(Some(known), false)), Err(Distrust::Unproved));
        assert_eq!(pinned.judge(Peer::Itself), Ok(()));
    }
}
