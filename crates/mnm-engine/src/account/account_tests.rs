//! Tests of how the end of a link is evaluated, and of the pause after it.

use super::*;
use tmtp::certificate::CertificateHash;
use tmtp::id::NodeSecret;

fn quit(reason: &str) -> Verdict {
    verdict(&Ended::Quit(reason.into()))
}

#[test]
fn only_errors_that_the_member_can_fix_end_the_retries() {
    assert!(
        matches!(quit("login failed"), Verdict::Refused { error, .. } if error.contains("device"))
    );
    let seen = Some(CertificateHash::of(b"a certificate"));
    let distrust = ConnectError::Distrust { why: "another certificate".into(), seen };
    let refused = Verdict::Refused {
        error: "another certificate".into(),
        seen: seen.map(|seen| seen.to_string()),
    };
    assert_eq!(verdict(&Ended::Connect(distrust)), refused);
    let busy = quit("node already connected");
    assert!(
        matches!(busy, Verdict::Retry(text) if text.contains("another process of this device"))
    );
    assert!(matches!(quit("never heard"), Verdict::Retry(text) if text.contains("never heard")));
    for ended in [Ended::Closed, Ended::Silent] {
        assert!(matches!(verdict(&ended), Verdict::Retry(_)));
    }
}

#[test]
fn trust_follows_the_address() {
    let credentials = |address: &str, fingerprint: Option<&str>| Credentials {
        address: address.into(),
        fingerprint: fingerprint.map(Into::into),
        uid: "u".into(),
        node: NodeSecret::from("n"),
    };
    let pin = "ab".repeat(32);
    let trust =
        |address, fingerprint| address_and_trust(&credentials(address, fingerprint)).map(|t| t.1);
    assert_eq!(trust("+h.example:1", None).unwrap(), Trust::Public);
    assert_eq!(trust("=h.example:1", None).unwrap(), Trust::FirstUse);
    assert!(matches!(trust("=h.example:1", Some(pin.as_str())).unwrap(), Trust::Pinned(_)));
    assert!(trust("=h.example:1", Some("rubbish")).is_err());
}
