//! Service address, as members share it.
//!
//! `=host:port` is a service with a self-signed certificate, pinned by its fingerprint;
//! `+host:port` one whose certificate public authorities vouch for. Either may be followed by `#`
//! and the SHA-256 of the certificate in hex. Spaces, quotes or `tmtp://` around a pasted address
//! are ignored; anything else is an error.

use std::fmt;
use std::str::FromStr;

use tmtp::certificate::{CertificateHash, CorruptHash};

/// Longest input that is parsed, in bytes.
const ADDRESS_MAX_BYTES: usize = 512;

/// How a service is authenticated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// `=`: by the pinned fingerprint of its certificate.
    Pinned,
    /// `+`: by the public authorities, for its host name.
    Public,
}

/// Host and port of a service, and how it is authenticated. [`fmt::Display`] gives the form that is
/// shown and stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    /// How it is authenticated.
    pub(crate) proof: Proof,
    /// Host name or IP address, without brackets.
    pub(crate) host: String,
    /// Port, not 0.
    pub(crate) port: u16,
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = match self.proof {
            Proof::Pinned => '=',
            Proof::Public => '+',
        };
        if self.host.contains(':') {
            write!(f, "{mark}[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{mark}{}:{}", self.host, self.port)
        }
    }
}

impl FromStr for Address {
    type Err = BadAddress;

    fn from_str(text: &str) -> Result<Self, BadAddress> {
        let (proof, place) = match text.split_at_checked(1) {
            Some(("=", place)) => (Proof::Pinned, place),
            Some(("+", place)) => (Proof::Public, place),
            _ => return Err(BadAddress::Mark),
        };
        let (host, port) = place.rsplit_once(':').ok_or(BadAddress::Port)?;
        let host = match host.strip_prefix('[') {
            Some(rest) => rest.strip_suffix(']').ok_or(BadAddress::Host)?,
            None if host.contains(':') => return Err(BadAddress::Host),
            None => host,
        };
        let host = ascii(host)?;
        let port = port.parse().ok().filter(|port| *port != 0).ok_or(BadAddress::Port)?;
        if rustls_pki_types::ServerName::try_from(host.as_str()).is_err() {
            return Err(BadAddress::Host);
        }
        Ok(Self { proof, host: host.to_ascii_lowercase(), port })
    }
}

/// The host name as it is resolved and compared: non-ASCII letters in their encoded form (IDNA), so
/// that both spellings are one address and no look-alike letter can pass for another.
fn ascii(host: &str) -> Result<String, BadAddress> {
    if host.is_ascii() {
        return Ok(host.to_owned());
    }
    idna::domain_to_ascii_strict(host).map_err(|_| BadAddress::Host)
}

/// An address with an optional fingerprint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pasted {
    pub(crate) address: Address,
    /// The certificate to expect at the first contact.
    pub(crate) fingerprint: Option<CertificateHash>,
}

impl FromStr for Pasted {
    type Err = BadAddress;

    fn from_str(text: &str) -> Result<Self, BadAddress> {
        if text.len() > ADDRESS_MAX_BYTES {
            return Err(BadAddress::TooLong);
        }
        let text = bare(text);
        let (address, fingerprint) = match text.split_once('#') {
            Some((address, digits)) => (address, Some(digits.parse()?)),
            None => (text, None),
        };
        Ok(Self { address: address.trim().parse()?, fingerprint })
    }
}

/// Strips what surrounds a pasted address.
fn bare(text: &str) -> &str {
    let around = |c: char| c.is_whitespace() || "\"'`<>“”„‘’«»".contains(c);
    let text = text.trim_matches(around);
    match text.split_at_checked(7) {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("tmtp://") => {
            rest.trim_matches(around).trim_end_matches('/')
        }
        _ => text,
    }
}

/// Why a text is not the address of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadAddress {
    /// Longer than any address.
    #[error(
        "This is too long for the address of a service. Paste only the address: =host:port or +host:port, perhaps with # and a fingerprint."
    )]
    TooLong,
    /// Neither `=` nor `+`.
    #[error(
        "The address of a service begins with = or +, as in =mail.example.org:7654. Copy it again from whoever runs the service, with that first sign."
    )]
    Mark,
    /// No port, or none that exists.
    #[error(
        "The address needs a port at its end, a number from 1 to 65535, as in =mail.example.org:7654. Copy it again."
    )]
    Port,
    /// No host, or none that can be looked up.
    #[error(
        "The address names no host that could be looked up. It should look like =mail.example.org:7654 or =[2001:db8::1]:7654. Copy it again."
    )]
    Host,
    /// Not 64 hex digits.
    #[error(
        "That is no certificate's fingerprint, which has 64 digits 0-9 and a-f and stands behind the # of an address. Copy all of it again."
    )]
    Fingerprint,
}

impl From<CorruptHash> for BadAddress {
    fn from(_: CorruptHash) -> Self {
        Self::Fingerprint
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGITS: &str = "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF";

    #[test]
    fn both_forms_with_and_without_fingerprint() {
        let pasted: Pasted = format!("=127.0.0.1:7654#{DIGITS}").parse().unwrap();
        assert_eq!(pasted.address.to_string(), "=127.0.0.1:7654");
        assert_eq!(pasted.fingerprint.unwrap().to_string(), DIGITS.to_lowercase());
        let pasted: Pasted = "+Mail.Example.org:443".parse().unwrap();
        assert_eq!(pasted.address.to_string(), "+mail.example.org:443");
        assert_eq!((pasted.address.proof, pasted.fingerprint), (Proof::Public, None));
        let pasted: Pasted = "=[2001:db8::1]:7654".parse().unwrap();
        assert_eq!(pasted.address.to_string(), "=[2001:db8::1]:7654");
    }

    #[test]
    fn quotes_and_blanks_around_a_pasted_address_are_ignored() {
        for text in [
            "  =h.example:1\n",
            "\"=h.example:1\"",
            "<tmtp://=h.example:1/>",
            "TMTP://=h.example:1",
            "“=h.example:1”",
        ] {
            let pasted: Pasted = text.parse().unwrap();
            assert_eq!(pasted.address.to_string(), "=h.example:1", "{text}");
        }
    }

    #[test]
    fn both_spellings_of_a_name_outside_of_ascii_are_one_address() {
        let spelled = |text: &str| text.parse::<Pasted>().map(|pasted| pasted.address.to_string());
        for text in ["=bücher.example:5050", "=BÜCHER.example:5050", "=bu\u{308}cher.example:5050"]
        {
            assert_eq!(spelled(text).as_deref(), Ok("=xn--bcher-kva.example:5050"), "{text}");
        }
        assert_eq!(
            spelled("=xn--bcher-kva.example:5050").as_deref(),
            Ok("=xn--bcher-kva.example:5050")
        );
        assert_eq!(spelled("=例え。テスト:1").as_deref(), Ok("=xn--r8jz45g.xn--zckzah:1"));
        // Not a look-alike letter, but its encoded form.
        assert_eq!(spelled("=pаypal.example:1").as_deref(), Ok("=xn--pypal-4ve.example:1"));
        for text in ["=bü cher.example:1", "=bü\u{202e}cher.example:1", "=ü_.example:1"] {
            assert_eq!(spelled(text), Err(BadAddress::Host), "{text}");
        }
    }

    #[test]
    fn anything_else_is_refused_by_name() {
        let refused = |text: &str| text.parse::<Pasted>().unwrap_err();
        for text in ["", "h.example:1", "tmtp://h.example:1"] {
            assert_eq!(refused(text), BadAddress::Mark, "{text}");
        }
        for text in ["=h.example", "=h.example:", "=h.example:0", "=h.example:65536", "=h:1x"] {
            assert_eq!(refused(text), BadAddress::Port, "{text}");
        }
        for text in ["=:1", "=a b:1", "=2001:db8::1:1", "=[::1:1", "+h/../x:1"] {
            assert_eq!(refused(text), BadAddress::Host, "{text}");
        }
        for text in ["=h.example:1#", "=h.example:1#12", "=h.example:1#zz"] {
            assert_eq!(refused(text), BadAddress::Fingerprint, "{text}");
        }
        assert_eq!(refused(&format!("={}:1", "h".repeat(600))), BadAddress::TooLong);
    }

    #[test]
    fn lengths_are_limited() {
        let read = |text: &str| text.parse::<Pasted>().map(|pasted| pasted.address.host.len());
        // A name has labels of at most 63 letters, and at most 253 in all.
        let label = "h".repeat(63);
        let host = [label.as_str(), &label, &label, &"h".repeat(61)].join(".");
        assert_eq!(read(&format!("={host}:1")), Ok(253));
        assert_eq!(read(&format!("=h{host}:1")), Err(BadAddress::Host));
        let padded = format!("{:512}", "=h.example:1");
        assert_eq!(read(&padded), Ok(9));
        assert_eq!(read(&format!("{padded} ")), Err(BadAddress::TooLong));
    }
}
