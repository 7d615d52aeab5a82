//! Trust: whether a service is the expected one, judged by what the carrier reports of the peer.

use tmtp::certificate::CertificateHash;

use crate::address::Proof;
use crate::platform::Peer;

/// The expected certificate of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trust {
    /// This one.
    Pinned(CertificateHash),
    /// Any; the caller pins the first one seen.
    FirstUse,
    /// One that a public authority issued for the host name.
    Public,
}

/// Why a peer is not trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Distrust {
    /// It has another certificate, this one.
    Another(CertificateHash),
    /// Its carrier does not report its certificate, and there is no other proof.
    Unproved,
}

impl Trust {
    /// For a service with this kind of proof, and its known certificate.
    pub(crate) fn new(proof: Proof, known: Option<CertificateHash>) -> Self {
        match (proof, known) {
            (Proof::Public, _) => Self::Public,
            (Proof::Pinned, Some(known)) => Self::Pinned(known),
            (Proof::Pinned, None) => Self::FirstUse,
        }
    }

    /// The proof that the carrier has to verify.
    pub(crate) fn proof(self) -> Proof {
        match self {
            Self::Pinned(_) | Self::FirstUse => Proof::Pinned,
            Self::Public => Proof::Public,
        }
    }

    /// Decides whether a peer is trusted.
    pub(crate) fn judge(self, peer: Peer) -> Result<(), Distrust> {
        let (certificate, public) = match peer {
            Peer::Itself => return Ok(()),
            Peer::Certificate { certificate, public } => (certificate, public),
        };
        match (self, certificate) {
            (Self::Public, _) if public => Ok(()),
            (Self::FirstUse, Some(_)) => Ok(()),
            (Self::Pinned(pin), Some(shown)) if pin == shown => Ok(()),
            (Self::Pinned(_), Some(shown)) => Err(Distrust::Another(shown)),
            (Self::Public, _) | (Self::FirstUse | Self::Pinned(_), None) => Err(Distrust::Unproved),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> CertificateHash {
        CertificateHash::of(b"known")
    }

    fn other() -> CertificateHash {
        CertificateHash::of(b"other")
    }

    /// A peer with this certificate, for which public authorities vouch or not.
    fn peer(certificate: Option<CertificateHash>, public: bool) -> Peer {
        Peer::Certificate { certificate, public }
    }

    #[test]
    fn pinned_service_is_believed_by_its_certificate_alone() {
        let pinned = Trust::Pinned(known());
        for public in [false, true] {
            assert_eq!(pinned.judge(peer(Some(known()), public)), Ok(()));
            // Not the pinned one, whoever vouches for it.
            let another = Err(Distrust::Another(other()));
            assert_eq!(pinned.judge(peer(Some(other()), public)), another);
            assert_eq!(pinned.judge(peer(None, public)), Err(Distrust::Unproved));
        }
    }

    #[test]
    fn first_use_takes_any_certificate_that_can_be_pinned() {
        for public in [false, true] {
            assert_eq!(Trust::FirstUse.judge(peer(Some(other()), public)), Ok(()));
            assert_eq!(Trust::FirstUse.judge(peer(None, public)), Err(Distrust::Unproved));
        }
    }

    #[test]
    fn public_service_is_believed_when_an_authority_vouches_for_it() {
        for certificate in [None, Some(known())] {
            assert_eq!(Trust::Public.judge(peer(certificate, true)), Ok(()));
            assert_eq!(Trust::Public.judge(peer(certificate, false)), Err(Distrust::Unproved));
        }
    }

    #[test]
    fn carrier_that_leads_to_nobody_else_is_believed() {
        for trust in [Trust::Pinned(known()), Trust::FirstUse, Trust::Public] {
            assert_eq!(trust.judge(Peer::Itself), Ok(()));
        }
    }

    #[test]
    fn trust_and_the_proof_asked_for_follow_the_address() {
        for (proof, certificate, trust) in [
            (Proof::Pinned, Some(known()), Trust::Pinned(known())),
            (Proof::Pinned, None, Trust::FirstUse),
            (Proof::Public, None, Trust::Public),
            // A pin from before the address became a public one.
            (Proof::Public, Some(known()), Trust::Public),
        ] {
            assert_eq!(Trust::new(proof, certificate), trust);
            assert_eq!(trust.proof(), proof);
        }
    }
}
